/**
 * On which line of a TOML text each key stands. The parser (smol-toml) gives values without places,
 * and a fault without a line is hard to find. The text is known to be good TOML when this runs.
 */

/** A place in the parsed value: table names, keys, array positions. */
export type KeyPath = readonly (string | number)[];

/** Lines (from 1) by path; ask with `lineOf`. */
export type KeyLines = ReadonlyMap<string, number>;

/** The line of a key, or of the nearest table around it; null when not even that is in the text. */
export function lineOf(lines: KeyLines, path: KeyPath): number | null {
  for (let length = path.length; length > 0; length -= 1) {
    const line = lines.get(nameOf(path.slice(0, length)));
    if (line !== undefined) return line;
  }
  return null;
}

/** @param text valid TOML; anything else gives some map, and never throws or hangs */
export function keyLines(text: string): KeyLines {
  return new Scanner(text).scan();
}

function nameOf(path: KeyPath): string {
  return JSON.stringify(path.map(String));
}

class Scanner {
  readonly #text: string;
  readonly #lines = new Map<string, number>();
  readonly #arrays = new Map<string, number>();
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  scan(): KeyLines {
    let table: (string | number)[] = [];
    for (this.#blank(true); this.#at < this.#text.length; this.#blank(true)) {
      const before = this.#at;
      if (this.#peek() === '[') table = this.#header();
      else this.#pair(table);
      if (this.#at === before) this.#step();
    }
    return this.#lines;
  }

  #header(): (string | number)[] {
    this.#step();
    const isArray = this.#peek() === '[';
    if (isArray) this.#step();
    let path = this.#inArrays(this.#key());
    if (isArray) {
      const name = nameOf(path);
      const index = this.#arrays.get(name) ?? 0;
      this.#arrays.set(name, index + 1);
      this.#mark(path);
      path = [...path, index];
    }
    this.#mark(path);
    while (this.#peek() === ']') this.#step();
    return path;
  }

  /** A header below an array of tables speaks of the array's last table. */
  #inArrays(key: string[]): (string | number)[] {
    const path: (string | number)[] = [];
    key.forEach((part, index) => {
      path.push(part);
      const count = this.#arrays.get(nameOf(path));
      if (count !== undefined && index < key.length - 1) path.push(count - 1);
    });
    return path;
  }

  #pair(table: KeyPath): void {
    const key = this.#key();
    if (key.length === 0) return;
    for (let length = 1; length <= key.length; length += 1) {
      this.#mark([...table, ...key.slice(0, length)]);
    }
    this.#blank(false);
    if (this.#peek() === '=') this.#step();
    this.#blank(false);
    this.#value([...table, ...key]);
  }

  #value(path: KeyPath): void {
    const first = this.#peek();
    if (first === '"' || first === "'") this.#string(first);
    else if (first === '[') this.#list(path, ']');
    else if (first === '{') this.#list(path, '}');
    else while (this.#at < this.#text.length && !/[\n,\]}#]/.test(this.#peek())) this.#step();
  }

  #list(path: KeyPath, end: string): void {
    this.#step();
    let index = 0;
    for (this.#blank(true); this.#at < this.#text.length; this.#blank(true)) {
      const next = this.#peek();
      const before = this.#at;
      if (next === end) {
        this.#step();
        return;
      }
      if (next === ',') {
        this.#step();
        continue;
      }
      if (end === '}') {
        this.#pair(path);
      } else {
        this.#mark([...path, index]);
        this.#value([...path, index]);
        index += 1;
      }
      if (this.#at === before) this.#step();
    }
  }

  #key(): string[] {
    const parts: string[] = [];
    for (;;) {
      this.#blank(false);
      const first = this.#peek();
      if (first === '"' || first === "'") {
        const start = this.#at;
        this.#string(first);
        parts.push(this.#text.slice(start + 1, this.#at - 1));
      } else {
        const bare = /^[A-Za-z0-9_-]+/.exec(this.#text.slice(this.#at, this.#at + 200))?.[0] ?? '';
        if (bare === '') return parts;
        parts.push(bare);
        this.#at += bare.length;
      }
      this.#blank(false);
      if (this.#peek() !== '.') return parts;
      this.#step();
    }
  }

  #string(quote: string): void {
    const isLong = this.#text.startsWith(quote.repeat(3), this.#at);
    const end = isLong ? quote.repeat(3) : quote;
    for (let count = 0; count < end.length; count += 1) this.#step();
    while (this.#at < this.#text.length && !this.#text.startsWith(end, this.#at)) {
      if (quote === '"' && this.#peek() === '\\') this.#step();
      this.#step();
    }
    for (let count = 0; count < end.length; count += 1) this.#step();
  }

  /** Skips spaces and comments, and line ends too where they mean nothing. */
  #blank(overLines: boolean): void {
    for (;;) {
      const next = this.#peek();
      if (next === '#') {
        while (this.#at < this.#text.length && this.#peek() !== '\n') this.#step();
      } else if (next === ' ' || next === '\t' || next === '\r' || (overLines && next === '\n')) {
        this.#step();
      } else {
        return;
      }
    }
  }

  #mark(path: KeyPath): void {
    const name = nameOf(path);
    if (!this.#lines.has(name)) this.#lines.set(name, this.#line);
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #step(): void {
    if (this.#text[this.#at] === '\n') this.#line += 1;
    this.#at += 1;
  }
}
