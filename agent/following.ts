/**
 * The following service (design: follow; when things go wrong): at each good look at the meter it
 * leads the metered energy of the running interval to where it should end, first with the battery,
 * then, when that does not suffice to keep the trades, with switched loads. Where it has no word
 * for the interval, or cannot trust the clock, the meter or the disk, battery and loads go their
 * own safe ways. It starts and ends there too.
 */
import type { Clock, Log, Pacer, Relay, UnixMs } from '../host/ports.ts';
import type { Interval, MarketCalendar } from '../market/intervals.ts';
import type { Battery, BatteryState } from './drivers/battery.ts';
import type { EventMap, Sample } from './events.ts';
import { LoadCommands } from './following/load-commands.ts';
import { type Draw, type Hold, LoadDesk, type LoadStatus } from './following/load-desk.ts';
import {
  drawsFor,
  endWs,
  type RunningEnd,
  setPointW,
  unmetW,
  type Worth,
} from './following/running-end.ts';
import { SteadyTime } from './following/steady-time.ts';
import { type Way, WayFinder } from './following/way-finder.ts';
import type { Journal } from './journal/journal.ts';
import { roomOf } from './loads/battery-control.ts';
import { type BatteryCare, BatteryHand, type BatteryOrder } from './loads/battery-hand.ts';
import { LoadEstimate } from './loads/load-estimate.ts';
import type { LoadTime } from './loads/load-hand.ts';
import type { LoadGroup, LoadModel } from './loads/model.ts';
import { ProvenTime } from './proven-time.ts';
import type { BatteryModel } from './strategy/battery.ts';

export interface FollowingPorts {
  clock: Clock;
  log: Log;
  journal: Journal;
  events: EventMap;
  calendar: Pick<MarketCalendar, 'intervalSeconds'>;
  battery: { device: Battery; limits: BatteryModel; care?: BatteryCare } | null;
  /** Relays: two for a heat pump, none for what is only watched, one otherwise. */
  loads: readonly { settings: LoadModel; relays: readonly Relay[] }[];
  groups?: readonly LoadGroup[];
  /** IANA zone of the home: loads want their energy by the local day. */
  zone: string;
  /** Spacing of looks at the meter, market ms. */
  pollMs: number;
  /** Of the connection, both ways: the battery never goes beyond it. */
  maxPowerW?: number;
  /** After a start no load is turned on for so long (chance, so that a street does not at once). */
  spreadMs?: number;
  /** Whether market time passes as real time does: not in a lab. */
  isRealPace?: boolean;
  /**
   * What the last plan says a stored kWh is worth in an interval; null where there is no such plan:
   * then what was planned is held as it stands.
   */
  worthIn?: (interval: Interval) => Worth | null;
  /** False: battery idle, loads as planned, commitments not held (a control run). */
  isEnabled: boolean;
}

export interface FollowingStatus {
  /**
   * `following`: a schedule is held. `automatic`: local automatic, for `reason`. `switched-off`: by
   * the settings.
   */
  way: Way['way'];
  /** Why it is automatic, in words; null otherwise. */
  reason: string | null;
  /** Where the running interval is to end, mean W; null when nothing is followed. */
  targetW: number | null;
  batteryOrder: BatteryOrder;
  battery: BatteryState | null;
  loads: LoadStatus[];
  /** What the operator of the grid allows the home to draw; null: no limit. */
  limitW: number | null;
}

type Following = Extract<Way, { way: 'following' }>;

/** Errors below this share of the target, and below this energy, do not move a relay. */
const TOLERANCE_SHARE = 0.02;
const TOLERANCE_WS = 36_000;
/** Between two looks no more counts for minimum times. */
const MOST_TICK_MS = 30_000;
const MOST_TICK_LOOKS = 3;
/** While the meter is silent, loads are seen to this often. */
const SILENT_TICK_MS = 30_000;
/** What the battery can give is reckoned over so long. */
const RESERVE_S = 900;

export class FollowingService {
  /** For the people of the house and the operator of the grid. */
  readonly commands: LoadCommands;
  readonly #ports: FollowingPorts;
  readonly #intervalMs: number;
  readonly #time: ProvenTime;
  readonly #steady: SteadyTime;
  readonly #ways: WayFinder;
  readonly #battery: BatteryHand | null;
  readonly #desk: LoadDesk;
  readonly #estimate = new LoadEstimate();
  readonly #stopping = new AbortController();
  #done: Promise<void> = Promise.resolve();
  /** What is to be done, one after the other: a look must not meet a stop half way. */
  #tail: Promise<unknown> = Promise.resolve();
  /** While the meter is silent: from when on loads go safe. */
  #silentSafeFromMs: UnixMs | null = null;
  #way: Way = { way: 'automatic', reason: 'nothing was metered yet' };
  #batteryState: BatteryState | null = null;
  #draw: Draw | null = null;
  #hold: Hold | null = null;
  /** Where the running interval was to end at the last look, Ws. */
  #endWs: number | null = null;

  constructor(ports: FollowingPorts) {
    const { clock, log, journal, battery, loads, pollMs, calendar, zone, isEnabled } = ports;
    const intervalMs = calendar.intervalSeconds * 1000;
    this.#ports = ports;
    this.#intervalMs = intervalMs;
    this.#time = new ProvenTime(clock);
    const mostTickMs = Math.max(MOST_TICK_MS, MOST_TICK_LOOKS * pollMs);
    this.#steady = new SteadyTime(ports.isRealPace === true ? null : mostTickMs);
    this.#ways = new WayFinder(journal, isEnabled, calendar.intervalSeconds);
    this.#battery =
      battery === null
        ? null
        : new BatteryHand(battery.device, battery.limits, pollMs, log, battery.care);
    this.#desk = new LoadDesk({
      ...{ loads, groups: ports.groups ?? [], journal, log, zone, intervalMs },
      spreadMs: ports.spreadMs ?? 0,
    });
    this.commands = new LoadCommands({
      ...{ desk: this.#desk, clock },
      now: () => this.#now(),
      inTurn: (work) => this.#inTurn(work),
      act: () => this.#act(this.#now()),
      situation: () => this.#situation(this.#now()),
    });
  }

  /** Drives battery and loads to their safe ways, then follows until the signal or `stop`. */
  async start(signal: AbortSignal): Promise<void> {
    const { clock, events } = this.#ports;
    signal.addEventListener('abort', () => this.#stopping.abort(signal.reason), { once: true });
    if (signal.aborted) this.#stopping.abort(signal.reason);
    const pacer = clock.pacer('following');
    await this.#inTurn(async () => {
      const time = this.#now();
      await this.#desk.recall(time);
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
    const way = this.#way;
    const time = this.#now();
    return {
      way: way.way,
      reason: way.way === 'automatic' ? way.reason : null,
      targetW: this.#endWs === null ? null : (this.#endWs * 1000) / this.#intervalMs,
      batteryOrder: this.#battery?.order ?? null,
      battery: this.#batteryState,
      loads: this.#desk.status(time),
      limitW: this.#desk.orders.limit(time.atMs)?.limitW ?? null,
    };
  }

  /** When no looks come, the end of an interval must still be noticed. */
  async #watchEdges(pacer: Pacer, signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    try {
      while (!signal.aborted) {
        const { atMs } = this.#time.read();
        const leftMs = this.#intervalMs - (atMs % this.#intervalMs);
        const isSilent = this.#silentSafeFromMs !== null;
        const waitMs = isSilent ? Math.min(leftMs, SILENT_TICK_MS) : leftMs;
        await pacer.until(clock.now() + waitMs, signal);
        await this.#inTurn(() => this.#whileSilent());
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      pacer.close();
      await this.#afterAll(() => this.#goSafe('stopping', this.#now()));
    }
  }

  /** Loads stay as they are to the end of the interval, then they go safe. */
  async #whileSilent(): Promise<void> {
    const fromMs = this.#silentSafeFromMs;
    const time = this.#now();
    if (fromMs === null || time.atMs < fromMs) return;
    this.#draw = null;
    await this.#act(time);
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

  #now(atMs?: UnixMs): LoadTime {
    const time = this.#time.read();
    const at = atMs ?? time.atMs;
    const steadyMs = this.#steady.tick(at, this.#ports.clock.monotonicMs());
    return { certainty: time.certainty, atMs: at, steadyMs };
  }

  async #onSilence(isSilent: boolean): Promise<void> {
    if (!isSilent) {
      this.#silentSafeFromMs = null;
      return;
    }
    const { atMs } = this.#time.read();
    this.#silentSafeFromMs = (Math.floor(atMs / this.#intervalMs) + 1) * this.#intervalMs;
    this.#way = { way: 'automatic', reason: 'the meter is silent' };
    this.#hold = null;
    this.#endWs = null;
    await this.#battery?.automatic();
  }

  async #onSample(sample: Sample): Promise<void> {
    const time = this.#now(sample.at);
    const interval = Math.floor(time.atMs / this.#intervalMs);
    const wasHeld = this.#battery === null || this.#battery.order?.kind === 'hold';
    this.#batteryState = (await this.#battery?.read()) ?? null;
    const batteryW = this.#batteryState?.powerW ?? 0;
    const { powerW, runningNetWs } = sample;
    this.#estimate.observe({ atMs: time.atMs, powerW, batteryW, interval, runningNetWs }, wasHeld);
    this.#draw = this.#drawNow(batteryW);
    this.#way = this.#ways.find(time, interval);
    this.#hold = null;
    this.#endWs = null;
    if (this.#way.way !== 'following') {
      if (this.#way.way === 'switched-off') await this.#battery?.hold(0, time);
      else await this.#battery?.automatic();
      await this.#act(time);
      return;
    }
    await this.#follow(this.#way, sample, time);
  }

  async #follow(way: Following, sample: Sample, time: LoadTime): Promise<void> {
    const remainingMs = this.#intervalMs - (time.atMs % this.#intervalMs);
    const remainingS = remainingMs / 1000;
    // What was not metered is taken to have been on target.
    const elapsed = 1 - remainingMs / this.#intervalMs;
    const battery = this.#usableBattery();
    const end = this.#endOf(way, time.atMs);
    const look = {
      ...{ meteredWs: sample.runningNetWs ?? way.targetWs * elapsed, remainingS, battery },
      ...{ stepS: this.#ports.pollMs / 1000, mostW: this.#mostW(time) },
      leastW: -(this.#ports.maxPowerW ?? Number.POSITIVE_INFINITY),
    };
    const meanW = this.#estimate.meanW(remainingS) ?? sample.powerW;
    this.#endWs = endWs(end, look, meanW);
    const isBatteryKnown = this.#battery === null || battery !== null;
    // A lost answer of the battery is no reason to move a relay against the plan.
    if (isBatteryKnown) {
      this.#hold = {
        remainingMs,
        toleranceWs: Math.max(TOLERANCE_WS, Math.abs(this.#endWs) * TOLERANCE_SHARE),
        strayWs: this.#estimate.strayWs(remainingS),
        drawsFor: drawsFor(end),
        unmetW: (shiftW) => unmetW(end, look, meanW + shiftW),
      };
    }
    await this.#act(time);
    if (this.#battery === null) return;
    const shiftedW = this.#estimate.meanW(remainingS) ?? sample.powerW;
    const loadW = this.#estimate.loadW ?? sample.powerW;
    if (isBatteryKnown) await this.#battery.hold(setPointW(end, look, loadW, shiftedW), time);
    else await this.#battery.automatic();
  }

  #endOf({ targetWs, tradedWs }: Following, atMs: UnixMs): RunningEnd {
    const worth = this.#ports.worthIn?.(Math.floor(atMs / this.#intervalMs)) ?? null;
    const share = this.#batteryState?.stateOfCharge ?? null;
    const isUnknown = worth === null || (this.#battery !== null && share === null);
    const storedWs = (share ?? 0) * (this.#battery?.limits.capacityWs ?? 0);
    return { targetWs, tradedWs, weighed: isUnknown ? null : { worth, storedWs } };
  }

  #usableBattery() {
    const share = this.#batteryState?.stateOfCharge ?? null;
    if (this.#battery === null || share === null) return null;
    const { limits } = this.#battery;
    return { limits, room: roomOf(limits, share) };
  }

  /** Most that the home may draw now, W. */
  #mostW({ atMs }: LoadTime): number {
    const limitW = this.#desk.orders.limit(atMs)?.limitW ?? Number.POSITIVE_INFINITY;
    return Math.min(limitW, this.#ports.maxPowerW ?? Number.POSITIVE_INFINITY);
  }

  #drawNow(batteryW: number): Draw | null {
    const { loadW, nowW } = this.#estimate;
    if (loadW === null || nowW === null) return null;
    const battery = this.#usableBattery();
    const giveW = (battery?.room.dischargeableWs ?? 0) / RESERVE_S;
    const leastBatteryW = -Math.min(battery?.limits.dischargeW ?? 0, giveW);
    return { seenW: nowW, meanW: loadW, batteryW, leastBatteryW };
  }

  async #act(time: LoadTime): Promise<void> {
    const shiftW = await this.#desk.act(this.#situation(time));
    if (shiftW === 0) return;
    this.#estimate.shift(shiftW);
    if (this.#draw === null) return;
    // The next look will show it; whoever decides before must know.
    const { seenW, meanW } = this.#draw;
    this.#draw = { ...this.#draw, seenW: seenW + shiftW, meanW: meanW + shiftW };
  }

  #situation(time: LoadTime) {
    const interval: Interval = Math.floor(time.atMs / this.#intervalMs);
    const way = this.#way;
    const isSure = time.certainty === 'proven' && this.#ports.journal.isWritable;
    // While nothing is followed, and needs cannot be told or kept, loads are let go.
    const letGo = way.way === 'automatic' && !(isSure && this.#silentSafeFromMs === null);
    return {
      ...{ time, interval, hold: this.#hold, draw: this.#draw },
      letGo: letGo && way.way === 'automatic' ? way.reason : null,
      isScheduled: way.way !== 'automatic',
    };
  }

  async #goSafe(why: string, time: LoadTime): Promise<void> {
    await this.#battery?.automatic();
    await this.#desk.forceSafe(why, time);
  }
}
