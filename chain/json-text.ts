/**
 * JSON from an endpoint that may want to do harm: `JSON.parse` of 4 MiB of `{}` takes over half a
 * second and 90 MB, so the text is looked over first. Strings cost next to nothing; what counts is
 * how many values there are and how deep they stand. The look and the parsing are separate turns of
 * the loop, so that neither holds up what runs beside it.
 */

/** Commas, opening brackets and escapes: 2,000 logs, more than the gas of a block can write. */
export const MOST_TOKENS = 30_000;
/** An answer to any call of ours is 6 levels deep at most; an error's data may be more. */
export const MOST_DEPTH = 32;
/** Characters looked over in one turn. */
const STRIDE = 256 * 1024;

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** More values, or deeper ones, than any answer has. */
export class JsonTooMuch extends Error {
  /** `values` may be fewer when less is asked for. */
  readonly code: 'values' | 'depth';
  constructor(code: JsonTooMuch['code']) {
    super(code === 'depth' ? `over ${MOST_DEPTH} levels deep` : `over ${MOST_TOKENS} values`);
    this.name = 'JsonTooMuch';
    this.code = code;
  }
}

/**
 * @param nextTurn lets everything else that waits have its turn
 * @throws SyntaxError, JsonTooMuch
 */
export async function parseJsonText(text: string, nextTurn: () => Promise<void>): Promise<unknown> {
  const look = new Look(text);
  while (!look.advance()) await nextTurn();
  if (text.length <= STRIDE) return JSON.parse(text);
  await nextTurn();
  const value: unknown = JSON.parse(text);
  await nextTurn();
  return value;
}

/** Need not know whether the text is JSON: that shows in parsing. */
class Look {
  readonly #text: string;
  #at = 0;
  #tokens = 0;
  #depth = 0;

  /** @throws JsonTooMuch */
  constructor(text: string) {
    this.#text = text;
    for (let at = text.indexOf('\\'); at >= 0; at = text.indexOf('\\', at + 1)) this.#count();
  }

  /** @returns whether it is through. @throws JsonTooMuch */
  advance(): boolean {
    const text = this.#text;
    const until = Math.min(text.length, this.#at + STRIDE);
    while (this.#at < until) {
      switch (text.charCodeAt(this.#at)) {
        case QUOTE:
          this.#at = endOfString(text, this.#at);
          break;
        case OPEN_LIST:
        case OPEN_OBJECT:
          this.#depth += 1;
          if (this.#depth > MOST_DEPTH) throw new JsonTooMuch('depth');
          this.#count();
          break;
        case CLOSE_LIST:
        case CLOSE_OBJECT:
          this.#depth -= 1;
          break;
        case COMMA:
          this.#count();
          break;
      }
      this.#at += 1;
    }
    return this.#at >= text.length;
  }

  #count(): void {
    this.#tokens += 1;
    if (this.#tokens > MOST_TOKENS) throw new JsonTooMuch('values');
  }
}

/** @param from where its opening quote stands */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; ; at += 1) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    let before = at - 1;
    while (before > from && text.charCodeAt(before) === BACKSLASH) before -= 1;
    if ((at - before) % 2 === 1) return at;
  }
}
