/**
 * What people may say of loads while the agent runs (`transax-agent load ...`), and the operator of
 * the grid of the home: modes with an end, a click for commissioning, the safe state, a limit.
 */
import type { Clock, UnixMs } from '../../host/ports.ts';
import type { LoadMode, PowerLimit } from '../journal/load-records.ts';
import type { LoadHand, LoadTime } from '../loads/load-hand.ts';
import type { LoadDesk, LoadStatus, Situation } from './load-desk.ts';

/** A command that is not obeyed. */
export class LoadRefusal extends Error {
  /**
   * `unknown`: no such load. `not-switched`: it is only watched. `limit`: a limit, a minimum time,
   * an interlock or a fuse stands against it. `unreachable`: its relay does not answer.
   */
  readonly code: 'unknown' | 'not-switched' | 'limit' | 'unreachable';
  constructor(code: LoadRefusal['code'], message: string) {
    super(message);
    this.name = 'LoadRefusal';
    this.code = code;
  }
}

/** One half of a click. */
export interface ClickStep {
  /** What the relay said when it was asked back; null: it did not answer. */
  readsOn: boolean | null;
  /** By how much the home drew more than before, W; null: no look at the meter in time. */
  deltaW: number | null;
}

export interface LoadTest {
  load: string;
  expectedW: number;
  on: ClickStep;
  off: ClickStep;
  /** Both steps were read back, and the meter saw what is expected, within the tolerance. */
  isGood: boolean;
}

interface Ports {
  desk: LoadDesk;
  clock: Clock;
  now(): LoadTime;
  inTurn(work: () => Promise<void>): Promise<void>;
  /** Lets the ladder decide again, now. */
  act(): Promise<void>;
  situation(): Situation;
}

/** After a switch the meter is given so long to show it. Real ms. */
const SEEN_MS = 4_000;
const TOLERANCE = 0.3;
const NO_END = new AbortController().signal;

export class LoadCommands {
  readonly #ports: Ports;

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  list(): LoadStatus[] {
    return this.#ports.desk.status(this.#ports.now());
  }

  /**
   * A person's word on a load; done as soon as its limits let it.
   * @param untilMs market time; null: until told otherwise. @throws LoadRefusal
   */
  async setMode(name: string, mode: LoadMode, untilMs: UnixMs | null): Promise<void> {
    const { desk, now, inTurn, act } = this.#ports;
    this.#hand(name);
    await inTurn(async () => {
      const sinceMs = now().atMs;
      desk.orders.setOrder(name, mode === 'auto' ? null : { mode, sinceMs, untilMs });
      await act();
    });
  }

  /** A load that counted as broken was seen to. @throws LoadRefusal */
  clearFault(name: string): void {
    const hand = this.#hand(name);
    const { desk } = this.#ports;
    desk.orders.setFault(name, null);
    desk.feedback.forget(desk.hands.indexOf(hand));
  }

  limit(): PowerLimit | null {
    const { desk, now } = this.#ports;
    return desk.orders.limit(now().atMs);
  }

  /**
   * The operator of the grid allows the home to draw so much, W: it outranks schedule and people.
   * @param limitW null: no limit any more, @param untilMs null: until told otherwise
   */
  async setLimit(limitW: number | null, untilMs: UnixMs | null): Promise<void> {
    const { desk, now, inTurn, act } = this.#ports;
    await inTurn(async () => {
      const sinceMs = now().atMs;
      desk.orders.setLimit(limitW === null ? null : { limitW, sinceMs, untilMs });
      await act();
    });
  }

  /** All loads safe at once, and so until then. @param untilMs market time */
  async safe(untilMs: UnixMs): Promise<void> {
    const { desk, now, inTurn } = this.#ports;
    await inTurn(async () => {
      const time = now();
      desk.heldSafeUntilMs = untilMs;
      await desk.forceSafe('set safe', time);
    });
  }

  /**
   * Turns a load on for some seconds and off again, reads back, and looks at the meter.
   * @param isForced whatever its minimum times; limits, fuses and interlocks hold all the same
   * @throws LoadRefusal
   */
  async test(name: string, seconds: number, isForced: boolean): Promise<LoadTest> {
    const { desk, inTurn } = this.#ports;
    const hand = this.#hand(name);
    await inTurn(async () => this.#check(hand, seconds, isForced));
    desk.testing = hand;
    try {
      const on = await this.#click(hand, true);
      await this.#wait(Math.max(0, seconds * 1000 - SEEN_MS));
      const off = await this.#click(hand, false);
      const { powerW } = hand.load;
      const isSeen = ({ deltaW }: ClickStep, sign: number) =>
        deltaW !== null && Math.abs(deltaW * sign - powerW) <= TOLERANCE * powerW;
      const isReadBack = on.readsOn === true && off.readsOn === false;
      const isGood = isReadBack && isSeen(on, 1) && isSeen(off, -1);
      if (isGood) this.clearFault(name);
      return { load: name, expectedW: powerW, on, off, isGood };
    } finally {
      await inTurn(async () => {
        await hand.force('off', 'tested', this.#ports.now());
        desk.testing = null;
      });
    }
  }

  #hand(name: string): LoadHand {
    const { desk } = this.#ports;
    const hand = desk.hands.find(({ load }) => load.name === name);
    if (hand !== undefined) return hand;
    const isKnown = desk.status(this.#ports.now()).some((load) => load.name === name);
    if (isKnown) throw new LoadRefusal('not-switched', `${name} is only watched, never switched`);
    throw new LoadRefusal('unknown', `there is no load "${name}"`);
  }

  #check(hand: LoadHand, seconds: number, isForced: boolean): void {
    const { desk, now, situation } = this.#ports;
    const { load } = hand;
    const refuse = (message: string) => {
      throw new LoadRefusal('limit', `${load.name} is not tested: ${message}`);
    };
    if (desk.testing !== null) refuse('another test runs');
    if (hand.level === null) {
      throw new LoadRefusal('unreachable', `the relay of ${load.name} does not answer`);
    }
    const reason = desk.refusal(load.name, situation());
    if (reason !== null) refuse(reason);
    if (isForced) return;
    if (!hand.mayTurn(now()))
      refuse('its minimum time, or its starts in an hour, stand against it');
    if (hand.isOn === true) refuse('it is on');
    if (load.minimumOnMs > seconds * 1000) {
      refuse(`it must stay on for ${load.minimumOnMs / 1000} s once it is on`);
    }
  }

  async #click(hand: LoadHand, on: boolean): Promise<ClickStep> {
    const { desk, now, inTurn } = this.#ports;
    const beforeW = desk.lastDrawW;
    await inTurn(async () => {
      await hand.force(on ? 'on' : 'off', 'tested', now());
    });
    if (hand.level === null) {
      throw new LoadRefusal('unreachable', `the relay of ${hand.load.name} does not answer`);
    }
    const readsOn = await hand.readBack();
    const looks = desk.looks;
    await this.#wait(SEEN_MS);
    const afterW = desk.looks > looks ? desk.lastDrawW : null;
    const deltaW = beforeW === null || afterW === null ? null : afterW - beforeW;
    return { readsOn, deltaW };
  }

  #wait(ms: number): Promise<void> {
    return this.#ports.clock.delay(ms, NO_END);
  }
}
