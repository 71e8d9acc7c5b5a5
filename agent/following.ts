/**
 * The following service (design: follow; when things go wrong): at each good look at the meter it
 * holds the metered energy of the running interval on its target, first with the battery, then,
 * when that does not suffice, with switched loads. Where it has no word for the interval, or cannot
 * trust the clock, the meter or the disk, battery and loads go their own safe ways. It starts and
 * ends there too.
 */
import type { Clock, Log, Pacer, Relay, UnixMs } from '../host/ports.ts';
import type { Interval, MarketCalendar } from '../market/intervals.ts';
import type { Battery, BatteryState } from './drivers/battery.ts';
import type { EventMap, Sample } from './events.ts';
import type { Journal } from './journal/journal.ts';
import { followTarget, roomOf } from './loads/battery-control.ts';
import { BatteryHand, type BatteryOrder } from './loads/battery-hand.ts';
import { LoadEstimate } from './loads/load-estimate.ts';
import { RelayHand, type SwitchedLoadSettings } from './loads/relay-hand.ts';
import { SwitchPlan } from './loads/switch-plan.ts';
import { isBetterKept, lastResort } from './loads/switching.ts';
import { ProvenTime, type TimeReading } from './proven-time.ts';
import type { BatteryModel } from './strategy/battery.ts';

export interface FollowingPorts {
  clock: Clock;
  log: Log;
  journal: Journal;
  events: EventMap;
  calendar: Pick<MarketCalendar, 'intervalSeconds'>;
  battery: { device: Battery; limits: BatteryModel } | null;
  loads: readonly { settings: SwitchedLoadSettings; relay: Relay }[];
  /** IANA zone of the home: loads want their energy by the local day. */
  zone: string;
  /** Spacing of looks at the meter, market ms. */
  pollMs: number;
  /** False: battery idle, loads as planned, commitments not held (a control run). */
  isEnabled: boolean;
}

/**
 * `following`: a schedule is held. `automatic`: local automatic, for `reason`. `switched-off`: by
 * the settings.
 */
export type Way = 'following' | 'automatic' | 'switched-off';

export interface FollowingStatus {
  way: Way;
  /** Why it is automatic, in words; null otherwise. */
  reason: string | null;
  /** What the running interval is held to, mean W; null when nothing is. */
  targetW: number | null;
  batteryOrder: BatteryOrder;
  battery: BatteryState | null;
  loads: { name: string; isOn: boolean | null; sinceMs: UnixMs | null }[];
}

/** Errors below this share of the target, and below this energy, do not move a relay. */
const TOLERANCE_SHARE = 0.02;
const TOLERANCE_WS = 36_000;

type Decision =
  | { way: 'following'; targetWs: number }
  | { way: 'automatic'; reason: string }
  | { way: 'switched-off' };

/** What loads may be turned for. */
interface Hold {
  remainingMs: number;
  toleranceWs: number;
  /** What the battery cannot make up for, W, when the home draws `shiftW` more than expected. */
  unmetW(shiftW: number): number;
}

export class FollowingService {
  readonly #ports: FollowingPorts;
  readonly #intervalMs: number;
  readonly #time: ProvenTime;
  readonly #battery: BatteryHand | null;
  readonly #relays: RelayHand[];
  readonly #plan: SwitchPlan;
  readonly #estimate = new LoadEstimate();
  readonly #stopping = new AbortController();
  #done: Promise<void> = Promise.resolve();
  /** What is to be done, one after the other: a look must not meet a stop half way. */
  #tail: Promise<unknown> = Promise.resolve();
  #isSilent = false;
  /** The last interval that began or ran under a proven clock, and a disk that can be written. */
  #trustedInterval: Interval | null = null;
  #decision: Decision = { way: 'automatic', reason: 'nothing was metered yet' };
  #batteryState: BatteryState | null = null;
  /** Loads that were turned, or kept, against the plan in this interval. */
  #turned: { interval: Interval; names: Set<string> } = { interval: -1, names: new Set() };

  constructor(ports: FollowingPorts) {
    const { clock, log, journal, battery, loads, pollMs, calendar, zone } = ports;
    this.#ports = ports;
    this.#intervalMs = calendar.intervalSeconds * 1000;
    this.#time = new ProvenTime(clock);
    this.#battery =
      battery === null ? null : new BatteryHand(battery.device, battery.limits, pollMs, log);
    this.#relays = loads.map(({ settings, relay }) => new RelayHand(settings, relay, journal, log));
    this.#plan = new SwitchPlan(
      loads.map(({ settings }) => settings),
      journal,
      zone,
      this.#intervalMs,
    );
  }

  /** Drives battery and loads to their safe ways, then follows until the signal or `stop`. */
  async start(signal: AbortSignal): Promise<void> {
    const { clock, events } = this.#ports;
    signal.addEventListener('abort', () => this.#stopping.abort(signal.reason), { once: true });
    if (signal.aborted) this.#stopping.abort(signal.reason);
    const pacer = clock.pacer('following');
    await this.#inTurn(async () => {
      const time = this.#time.read();
      for (const relay of this.#relays) await relay.recall(time);
      await this.#goSafe('starting', time);
    });
    events.on('sample', (sample) => this.#inTurn(() => this.#onSample(sample)));
    events.on('meter-silent', ({ silent }) => this.#inTurn(() => this.#onSilence(silent)));
    this.#done = this.#watchEdges(pacer, this.#stopping.signal);
  }

  /** Ends in the safe state. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  status(): FollowingStatus {
    const decision = this.#decision;
    return {
      way: decision.way,
      reason: decision.way === 'automatic' ? decision.reason : null,
      targetW: decision.way === 'following' ? (decision.targetWs * 1000) / this.#intervalMs : null,
      batteryOrder: this.#battery?.order ?? null,
      battery: this.#batteryState,
      loads: this.#relays.map(({ load, isOn, sinceMs }) => ({ name: load.name, isOn, sinceMs })),
    };
  }

  /** When no looks come, the end of an interval must still be noticed. */
  async #watchEdges(pacer: Pacer, signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    try {
      while (!signal.aborted) {
        const { atMs } = this.#time.read();
        const leftMs = this.#intervalMs - (atMs % this.#intervalMs);
        await pacer.until(clock.now() + leftMs, signal);
        await this.#inTurn(async () => {
          if (this.#isSilent) await this.#goSafe('the meter is silent', this.#time.read());
        });
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      pacer.close();
      await this.#afterAll(() => this.#goSafe('stopping', this.#time.read()));
    }
  }

  /** After a stop nothing is done any more. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    return this.#afterAll(async () => {
      if (!this.#stopping.signal.aborted) await work();
    });
  }

  #afterAll(work: () => Promise<void>): Promise<void> {
    const turn = this.#tail.then(work);
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  async #onSilence(isSilent: boolean): Promise<void> {
    this.#isSilent = isSilent;
    if (!isSilent) return;
    this.#decision = { way: 'automatic', reason: 'the meter is silent' };
    // Relays stay as they are to the end of the interval.
    await this.#battery?.automatic();
  }

  async #onSample(sample: Sample): Promise<void> {
    const time = { ...this.#time.read(), atMs: sample.at };
    const interval = Math.floor(time.atMs / this.#intervalMs);
    const wasHeld = this.#battery === null || this.#battery.order?.kind === 'hold';
    this.#batteryState = (await this.#battery?.read()) ?? null;
    const batteryW = this.#batteryState?.powerW ?? 0;
    const { powerW, runningNetWs } = sample;
    this.#estimate.observe({ atMs: time.atMs, powerW, batteryW, interval, runningNetWs }, wasHeld);
    this.#decision = this.#decide(time, interval);
    switch (this.#decision.way) {
      case 'following':
        await this.#follow(this.#decision.targetWs, sample, time, interval);
        break;
      case 'switched-off':
        await this.#battery?.hold(0);
        await this.#switchLoads(time, interval, null);
        break;
      case 'automatic':
        await this.#beAutomatic(this.#decision.reason, time, interval);
    }
  }

  #decide(time: TimeReading, interval: Interval): Decision {
    const { journal, isEnabled, calendar } = this.#ports;
    if (time.certainty === 'unknown') {
      return { way: 'automatic', reason: 'the clock is not proven' };
    }
    if (time.certainty === 'proven' && journal.isWritable) this.#trustedInterval = interval;
    if (this.#trustedInterval !== interval) {
      const cause = journal.isWritable ? 'the clock is not proven' : 'the disk cannot be written';
      return { way: 'automatic', reason: cause };
    }
    if (!isEnabled) return { way: 'switched-off' };
    const row = journal.schedule(interval);
    if (row === null) return { way: 'automatic', reason: 'nothing is scheduled' };
    const targetWs = (row.committedW + row.untradedW) * calendar.intervalSeconds;
    return { way: 'following', targetWs };
  }

  async #follow(
    targetWs: number,
    sample: Sample,
    time: TimeReading,
    interval: Interval,
  ): Promise<void> {
    const remainingMs = (interval + 1) * this.#intervalMs - time.atMs;
    // What was not metered is taken to have been on target.
    const elapsed = 1 - remainingMs / this.#intervalMs;
    const meteredWs = sample.runningNetWs ?? targetWs * elapsed;
    const outcome = (shiftW: number) =>
      followTarget({
        targetWs,
        meteredWs,
        remainingS: remainingMs / 1000,
        stepS: this.#ports.pollMs / 1000,
        loadW: (this.#estimate.loadW ?? sample.powerW) + shiftW,
        battery: this.#usableBattery(),
      });
    const isBatteryKnown = this.#battery === null || this.#usableBattery() !== null;
    if (isBatteryKnown) {
      const toleranceWs = Math.max(TOLERANCE_WS, Math.abs(targetWs) * TOLERANCE_SHARE);
      const unmetW = (shiftW: number) => outcome(shiftW).unmetW;
      await this.#switchLoads(time, interval, { remainingMs, toleranceWs, unmetW });
    } else {
      // A lost answer of the battery is no reason to move a relay against the plan.
      await this.#switchLoads(time, interval, null);
    }
    if (this.#battery === null) return;
    if (isBatteryKnown) await this.#battery.hold(outcome(0).setPointW);
    else await this.#battery.automatic();
  }

  #usableBattery() {
    const share = this.#batteryState?.stateOfCharge ?? null;
    if (this.#battery === null || share === null) return null;
    const { limits } = this.#battery;
    return { limits, room: roomOf(limits, share) };
  }

  /** @param hold what must be held; null to do as planned alone */
  async #switchLoads(time: TimeReading, interval: Interval, hold: Hold | null): Promise<void> {
    for (const [index, relay] of this.#relays.entries()) {
      const { isOn: wanted, isMust } = this.#plan.wish(index, time.atMs, interval);
      if (isMust || hold === null) {
        await this.#turn(relay, wanted, isMust ? 'needs its energy today' : 'planned', time);
        continue;
      }
      // Once in an interval is enough: a load is not played with.
      if (this.#isTurned(relay, interval)) continue;
      const owedWs = () => this.#plan.owedWs(index, time.atMs);
      const { isOn } = relay;
      const shiftW = wanted ? relay.load.powerW : -relay.load.powerW;
      const isKept =
        isOn !== null &&
        isOn !== wanted &&
        isBetterKept(hold.unmetW(0), hold.unmetW(shiftW), { ...hold, isOn, owedWs });
      // A late turn would reach into the next interval, which counts on the plan.
      const { minimumOnMs } = relay.load;
      const isLate = wanted && hold.remainingMs < Math.min(minimumOnMs, this.#intervalMs / 2);
      if (isKept) this.#turned.names.add(relay.load.name);
      else if (!isLate) await this.#turn(relay, wanted, 'planned', time);
      if (isKept || relay.isOn === null) continue;
      const unmetW = hold.unmetW(0);
      const turnTo = lastResort(relay.load, { ...hold, unmetW, isOn: relay.isOn, owedWs });
      if (turnTo === null) continue;
      const error = `${Math.abs(Math.round(unmetW))} W too ${unmetW > 0 ? 'little' : 'much'}`;
      const isDone = await this.#turn(relay, turnTo, `holds the commitment: ${error}`, time);
      if (isDone) this.#turned.names.add(relay.load.name);
    }
  }

  #isTurned(relay: RelayHand, interval: Interval): boolean {
    if (this.#turned.interval !== interval) this.#turned = { interval, names: new Set() };
    return this.#turned.names.has(relay.load.name);
  }

  async #turn(relay: RelayHand, on: boolean, why: string, time: TimeReading): Promise<boolean> {
    const isDone = await relay.turn(on, why, time);
    if (isDone) this.#estimate.shift(on ? relay.load.powerW : -relay.load.powerW);
    return isDone;
  }

  async #beAutomatic(reason: string, time: TimeReading, interval: Interval): Promise<void> {
    await this.#battery?.automatic();
    for (const [index, relay] of this.#relays.entries()) {
      const isSure = time.certainty === 'proven' && this.#ports.journal.isWritable;
      if (isSure && this.#plan.wish(index, time.atMs, interval).isMust) {
        await relay.turn(true, 'needs its energy today', time);
      } else if (relay.isOn === null || relay.mayTurn(time) || !isSure) {
        await relay.toSafe(reason, time);
      }
    }
  }

  async #goSafe(why: string, time: TimeReading): Promise<void> {
    await this.#battery?.automatic();
    for (const relay of this.#relays) await relay.toSafe(why, time);
  }
}
