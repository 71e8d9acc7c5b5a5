/**
 * Whether loads do as told, seen by the meter: a mismatch is told, and three in a row make a load
 * count as broken: it is neither switched nor planned until a person sees to it.
 */
import type { Log } from '../../host/ports.ts';
import { Feedback, MOST_MISSING } from '../loads/feedback.ts';
import type { LoadHand, LoadTime } from '../loads/load-hand.ts';
import type { LoadModel } from '../loads/model.ts';
import type { NeedBook } from './need-book.ts';
import type { OrderBook } from './order-book.ts';

export class FeedbackDesk {
  readonly #watches: readonly (Feedback | null)[];
  readonly #models: readonly LoadModel[];
  readonly #orders: OrderBook;
  readonly #needs: NeedBook;
  readonly #log: Log;

  constructor(models: readonly LoadModel[], orders: OrderBook, needs: NeedBook, log: Log) {
    this.#models = models;
    this.#watches = models.map(({ feedback }) =>
      feedback === null ? null : new Feedback(feedback),
    );
    this.#orders = orders;
    this.#needs = needs;
    this.#log = log;
  }

  /** @param beforeW what the home drew without its battery; null: not known */
  turned(index: number, isOn: boolean, beforeW: number | null, time: LoadTime): void {
    for (const watch of this.#watches) watch?.disturb();
    const isBroken = this.#orders.fault(this.#models[index]?.name ?? '') !== null;
    if (beforeW === null || isBroken) return;
    this.#watches[index]?.turned(isOn, time.steadyMs, beforeW);
  }

  /** A look at the meter. @param powerW what the home draws without its battery */
  look(powerW: number, time: LoadTime, hands: readonly LoadHand[]): void {
    for (const [index, watch] of this.#watches.entries()) {
      const result = watch?.look(time.steadyMs, powerW) ?? null;
      const load = this.#models[index];
      if (watch === null || watch === undefined || result === null || load === undefined) continue;
      if (result.verdict !== 'missing') continue;
      const isOn = hands[index]?.isOn === true;
      if (isOn && load.kind === 'thermostatic') {
        // Its own thermostat is open: hot already, and a broken heater looks the same.
        watch.forget();
        this.#needs.satisfied(index, time.atMs);
        this.#log.info('the load draws nothing: its thermostat is open', { load: load.name });
        continue;
      }
      this.#tell(load, isOn, result.sawW, watch.missing, time);
    }
  }

  /** A person saw to it. */
  forget(index: number): void {
    this.#watches[index]?.forget();
  }

  #tell(load: LoadModel, isOn: boolean, sawW: number | null, missing: number, time: LoadTime) {
    const expectW = load.feedback?.expectW ?? load.powerW;
    const saw = Math.round(sawW ?? 0);
    this.#log.warn('the meter does not see what the relay was told', {
      ...{ load: load.name, isOn, expectedW: expectW, sawW: saw, inARow: missing },
    });
    if (missing < MOST_MISSING) return;
    const reason = `turned ${isOn ? 'on' : 'off'}, the meter saw ${saw} W instead of ${expectW} W`;
    this.#orders.setFault(load.name, { atMs: time.atMs, reason });
    this.#log.error('the load counts as broken: it is neither switched nor planned', {
      ...{ load: load.name, reason },
    });
  }
}
