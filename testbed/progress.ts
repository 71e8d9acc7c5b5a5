/** What a run says in the terminal: one line per step of the set-up, one per interval. */

export interface IntervalLine {
  /** Local time of its start, `14:15`. */
  clock: string;
  number: number;
  of: number;
  trades: number;
  tradedKwh: number;
  loadKw: number;
  generationKw: number;
  limitViolations: number;
}

export class Progress {
  readonly #write: (line: string) => void;
  readonly #startMs = performance.now();

  /** @param write takes lines; with `--json` they must go to stderr */
  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  /** A step, with the seconds since the start. */
  say(text: string): void {
    const seconds = ((performance.now() - this.#startMs) / 1000).toFixed(1).padStart(5);
    this.#write(`${seconds} s  ${text}`);
  }

  interval(line: IntervalLine): void {
    const count = `${String(line.number).padStart(String(line.of).length)}/${line.of}`;
    const energy = `${line.tradedKwh.toFixed(2)} kWh in ${line.trades} trades`;
    const power =
      `load ${line.loadKw.toFixed(1)} kW, ` + `generation ${line.generationKw.toFixed(1)} kW`;
    const alarm = line.limitViolations > 0 ? `, ${line.limitViolations} LIMITS BROKEN` : '';
    this.say(`interval ${count} (${line.clock})  ${energy.padEnd(28)} ${power}${alarm}`);
  }
}
