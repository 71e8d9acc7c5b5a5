/**
 * Units that have stopped answering, and how long they are left alone. Each request to a dead unit
 * costs its time-out, and the others on the line wait for it. So it is asked less and less often,
 * but only while another unit does answer: a meter alone on its bus, and all of them when the cable
 * is cut, are asked at every poll and read again at once.
 */

const STEP_MS = 2_000;
const MAX_MS = 60_000;
/** Another unit that answered within this time is one to be protected. */
const LIVELY_MS = 60_000;

interface Unit {
  failuresInRow: number;
  /** The first of those in a row. */
  firstFailureMs: number;
  lastFailureMs: number;
  lastGoodMs: number;
}

export class UnitRest {
  readonly #units = new Map<number, Unit>();

  /** How long `unit` is still left alone; 0 when it may be asked. */
  leftMs(unit: number, nowMs: number): number {
    const { failuresInRow, lastFailureMs } = this.#of(unit);
    if (failuresInRow < 2 || !this.#hasLivelyOther(unit, nowMs)) return 0;
    const restMs = Math.min(MAX_MS, STEP_MS * (failuresInRow - 1));
    return Math.max(0, lastFailureMs + restMs - nowMs);
  }

  /** @returns whether it had failed before. */
  answered(unit: number, nowMs: number): boolean {
    const known = this.#of(unit);
    const isBack = known.failuresInRow > 0;
    this.#units.set(unit, { ...known, failuresInRow: 0, lastGoodMs: nowMs });
    // What brought this one back may have brought back the others.
    if (isBack) this.wake();
    return isBack;
  }

  /** @returns its failures in a row. */
  failed(unit: number, nowMs: number): number {
    const known = this.#of(unit);
    const failuresInRow = known.failuresInRow + 1;
    const firstFailureMs = failuresInRow === 1 ? nowMs : known.firstFailureMs;
    this.#units.set(unit, { ...known, failuresInRow, firstFailureMs, lastFailureMs: nowMs });
    return failuresInRow;
  }

  /** Every unit may be asked at once. */
  wake(): void {
    for (const unit of this.#units.values()) unit.lastFailureMs = Number.NEGATIVE_INFINITY;
  }

  #of(unit: number): Unit {
    const never = Number.NEGATIVE_INFINITY;
    const none = { failuresInRow: 0, firstFailureMs: never };
    return this.#units.get(unit) ?? { ...none, lastFailureMs: never, lastGoodMs: never };
  }

  /** One that has answered since this one does not: it is not the cable. */
  #hasLivelyOther(unit: number, nowMs: number): boolean {
    const { firstFailureMs } = this.#of(unit);
    return [...this.#units].some(
      ([other, { failuresInRow, lastGoodMs }]) =>
        other !== unit &&
        failuresInRow === 0 &&
        lastGoodMs >= firstFailureMs &&
        nowMs - lastGoodMs < LIVELY_MS,
    );
  }
}
