/** Comma-separated tables with a header line; what is wrong is said with file, line and column. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

export class DataError extends Error {
  /** `missing`: no such file. `shape`: not a folder we know. `malformed`: a cell or a line. */
  readonly code: 'missing' | 'shape' | 'malformed';
  constructor(code: DataError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'DataError';
    this.code = code;
  }
}

/** @throws DataError when the file cannot be read */
export function readData(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new DataError('missing', `${path} cannot be read: give a file that is there`, cause);
  }
}

export class CsvTable {
  readonly file: string;
  readonly header: string[];
  readonly rows: string[][];
  readonly #lines: number[];

  /** @param file its name for errors @throws DataError */
  constructor(file: string, text: string) {
    this.file = basename(file);
    const parsed = parse(this.file, text);
    const header = parsed.rows.shift();
    parsed.lines.shift();
    if (!header) throw new DataError('malformed', `${this.file} is empty`);
    this.header = header;
    this.rows = parsed.rows;
    this.#lines = parsed.lines;
  }

  static open(path: string): CsvTable {
    return new CsvTable(path, readData(path));
  }

  /** Index of a column. @throws DataError naming the columns there are */
  column(name: string): number {
    const index = this.header.indexOf(name);
    if (index >= 0) return index;
    const present = this.header.slice(0, 8).join(', ');
    throw this.fault(-1, `there is no column "${name}" (it begins ${present})`);
  }

  text(row: number, column: number): string {
    const cell = this.rows[row]?.[column];
    if (cell === undefined) throw this.fault(row, `column ${column + 1} is missing`);
    return cell.trim();
  }

  /** @param least smallest value that makes sense @throws DataError */
  number(row: number, column: number, least = Number.NEGATIVE_INFINITY): number {
    const text = this.text(row, column);
    const value = text === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(value) || value < least) {
      const name = this.header[column] ?? column + 1;
      const wanted = Number.isFinite(least) ? `a number of at least ${least}` : 'a number';
      throw this.fault(row, `"${text}" in column "${name}" is not ${wanted}`);
    }
    return value;
  }

  /** `null` where the cell is empty: a gap. */
  numberOrGap(row: number, column: number, least?: number): number | null {
    return this.text(row, column) === '' ? null : this.number(row, column, least);
  }

  /** @param row -1 for the header */
  fault(row: number, what: string): DataError {
    const line = row < 0 ? 1 : (this.#lines[row] ?? row + 2);
    return new DataError('malformed', `${this.file} line ${line}: ${what}`);
  }
}

function parse(file: string, text: string): { rows: string[][]; lines: number[] } {
  const rows: string[][] = [];
  const lines: number[] = [];
  const bare = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  const source = bare.split(/\r\n|\r|\n/);
  for (const [index, line] of source.entries()) {
    if (line.trim() === '') continue;
    rows.push(line.includes('"') ? quotedCells(file, index + 1, line) : line.split(','));
    lines.push(index + 1);
  }
  return { rows, lines };
}

/** A line with quoted cells; a quoted cell may hold commas and doubled quotes, no line break. */
function quotedCells(file: string, lineNumber: number, line: string): string[] {
  const cells: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (;;) {
    const match = cell.exec(line);
    if (!match) {
      throw new DataError(
        'malformed',
        `${file} line ${lineNumber}: a quotation mark is not closed`,
      );
    }
    cells.push(match[1] === undefined ? (match[2] ?? '') : match[1].replaceAll('""', '"'));
    if (match[3] === '') return cells;
  }
}
