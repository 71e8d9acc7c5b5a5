/**
 * All loads of the home together: gathers what matters to each, asks the ladder, sees to groups
 * and limits, and turns them: those that go off first, so that two of an interlock are never on.
 */
import type { Log, Relay, UnixMs } from '../../host/ports.ts';
import type { Interval } from '../../market/intervals.ts';
import type { Journal } from '../journal/journal.ts';
import type { LoadMode } from '../journal/load-records.ts';
import { allowedOn, type Member, overloaded, shedByLimit } from '../loads/groups.ts';
import { type Decision, decide, type LoadFacts, rankOf, type Wish } from '../loads/ladder.ts';
import { LoadHand, type LoadTime } from '../loads/load-hand.ts';
import type { Level, LoadGroup, LoadModel } from '../loads/model.ts';
import { openOutput } from '../loads/output.ts';
import { aimOf } from '../loads/switching.ts';
import { FeedbackDesk } from './feedback-desk.ts';
import { NeedBook } from './need-book.ts';
import { OrderBook } from './order-book.ts';

export interface LoadDeskOptions {
  loads: readonly { settings: LoadModel; relays: readonly Relay[] }[];
  groups: readonly LoadGroup[];
  journal: Journal;
  log: Log;
  /** IANA zone of the home. */
  zone: string;
  intervalMs: number;
  /** After a start nothing is turned on for so long: a street must not switch at once. */
  spreadMs: number;
}

/** What the home draws. */
export interface Draw {
  /** Without its battery, at the last look, W. */
  seenW: number;
  /** The same, as a mean of the last minute, W. */
  meanW: number;
  /** The battery, charge positive, W. */
  batteryW: number;
  /** The least that the battery can be brought to, W; 0 where there is none. */
  leastBatteryW: number;
}

/** What must be held in the running interval. */
export interface Hold {
  remainingMs: number;
  toleranceWs: number;
  strayWs: number;
  /** For what a load is turned on that draws what is unmet. */
  drawsFor: 'commitment' | 'surplus';
  /** What the battery cannot make up for, W, when the home draws `shiftW` more than expected. */
  unmetW(shiftW: number): number;
}

/** What is going on in the home at a look. */
export interface Situation {
  time: LoadTime;
  interval: Interval;
  /** Why loads must be let go; null: they need not. */
  letGo: string | null;
  /** Whether the interval has a schedule, or plans are kept without one. */
  isScheduled: boolean;
  /** What must be held; null: loads run as planned. */
  hold: Hold | null;
  draw: Draw | null;
}

export interface LoadStatus {
  name: string;
  kind: LoadModel['kind'];
  /** Null: not known, or never switched. */
  isOn: boolean | null;
  level: Level | null;
  sinceMs: UnixMs | null;
  mode: LoadMode;
  /** Until when the mode holds; null: until told otherwise. */
  modeUntilMs: UnixMs | null;
  /** Who decides now, and why. */
  rung: Decision['rung'];
  why: string;
  /** Until when its limits keep it as it is; null: they do not. */
  keptUntilMs: UnixMs | null;
  /** How often it was turned on, ever. */
  cycles: number;
  fault: string | null;
}

/** An overload of a fuse must last so long before loads are cut for it. */
const OVERLOAD_MS = 10_000;
/** Surplus must cover this part of a load before it is turned on for it. */
const SURPLUS_SHARE = 0.9;

export class LoadDesk {
  readonly hands: readonly LoadHand[];
  readonly needs: NeedBook;
  readonly orders: OrderBook;
  readonly feedback: FeedbackDesk;
  /** A load that is being tested: the ladder leaves it alone. */
  testing: LoadHand | null = null;
  /** Until when a person wants all loads safe. */
  heldSafeUntilMs: UnixMs = 0;
  /** What the home drew without its battery at the last look, W, and how many looks there were. */
  lastDrawW: number | null = null;
  looks = 0;
  readonly #o: LoadDeskOptions;
  readonly #models: readonly LoadModel[];
  readonly #decisions = new Map<string, Decision>();
  /** Loads that were turned, or kept, against the plan in this interval. */
  #turned: { interval: Interval; names: Set<string> } = { interval: -1, names: new Set() };
  #overloadSinceMs: number | null = null;

  constructor(options: LoadDeskOptions) {
    const { loads, journal, log, zone, intervalMs } = options;
    this.#o = options;
    const switched = loads.filter(({ settings }) => settings.kind !== 'monitor');
    this.#models = loads.map(({ settings }) => settings);
    this.hands = switched.map(
      ({ settings, relays }) => new LoadHand(settings, openOutput(settings, relays), journal, log),
    );
    const models = switched.map(({ settings }) => settings);
    this.needs = new NeedBook(models, journal, zone, intervalMs);
    this.orders = new OrderBook(journal, log);
    this.feedback = new FeedbackDesk(models, this.orders, this.needs, log);
  }

  async recall(time: LoadTime): Promise<void> {
    this.orders.recall();
    for (const hand of this.hands) await hand.recall(time);
  }

  /** At once, whatever the limits; off before on. */
  async forceSafe(why: string, time: LoadTime): Promise<void> {
    const order = [...this.hands].sort(
      (a, b) => Number(a.load.safe === 'on') - Number(b.load.safe === 'on'),
    );
    for (const hand of order) {
      this.#decisions.set(hand.load.name, { rung: 'safety', level: hand.load.safe, why });
      await hand.assure(hand.load.safe, why, time);
    }
  }

  /** Turns what is to be turned. @returns by how much the home draws more by that, W */
  async act(situation: Situation): Promise<number> {
    const { time } = situation;
    for (const hand of this.hands) await hand.look(time);
    if (situation.draw !== null) {
      this.looks += 1;
      this.lastDrawW = situation.draw.seenW;
      this.feedback.look(situation.draw.seenW, time, this.hands);
    }
    const decisions = this.#decide(situation);
    const shiftW = await this.#turnOff(situation, decisions);
    return shiftW + (await this.#turnOn(situation, decisions));
  }

  status(time: LoadTime): LoadStatus[] {
    return this.#models.map((load) => {
      const hand = this.hands.find((each) => each.load === load);
      const decision = this.#decisions.get(load.name);
      const order = this.orders.order(load.name, time.atMs);
      const keptMs = hand === undefined ? 0 : hand.mayTurnFromMs() - time.steadyMs;
      return {
        ...{ name: load.name, kind: load.kind, isOn: hand?.isOn ?? null },
        ...{ level: hand?.level ?? null, sinceMs: hand?.sinceMs ?? null },
        ...{ mode: order?.mode ?? 'auto', modeUntilMs: order?.untilMs ?? null },
        ...{ rung: decision?.rung ?? 'rest', why: decision?.why ?? hand?.why ?? '' },
        keptUntilMs: keptMs > 0 && Number.isFinite(keptMs) ? time.atMs + keptMs : null,
        ...{ cycles: hand?.cycles ?? 0, fault: this.orders.fault(load.name)?.reason ?? null },
      };
    });
  }

  /** Why a load may not be on now by limits and groups; null: it may. */
  refusal(name: string, situation: Situation): string | null {
    const members = this.#members(situation, this.#decide(situation)).map((member) =>
      member.name === name
        ? { ...member, isOn: false, wantsOn: true, mayGoOff: true, mayGoOn: true, rank: 0 }
        : member,
    );
    if (this.#shed(members, situation).has(name)) return "the operator's limit is below its power";
    const isAllowed = this.#allowed(members, situation).has(name);
    return isAllowed ? null : 'a group of loads (fuse or interlock) does not allow it now';
  }

  #decide(situation: Situation): Map<LoadHand, Decision> {
    const facts = new Map(
      this.hands.map((hand, index) => [hand, this.#facts(hand, index, situation)]),
    );
    const first = new Map([...facts].map(([hand, fact]) => [hand, decide(fact)]));
    const members = this.#members(situation, first);
    const shed = this.#shed(members, situation);
    const over = this.#overload(members, situation);
    for (const [hand, fact] of facts) {
      fact.isShed = shed.has(hand.load.name);
      fact.overload = over.get(hand.load.name) ?? null;
    }
    const decisions = new Map([...facts].map(([hand, fact]) => [hand, decide(fact)]));
    for (const [hand, decision] of decisions) this.#decisions.set(hand.load.name, decision);
    return decisions;
  }

  #facts(hand: LoadHand, index: number, situation: Situation): LoadFacts {
    const { load } = hand;
    const { time, interval } = situation;
    const letGo = time.atMs < this.heldSafeUntilMs ? 'set safe' : situation.letGo;
    const must = letGo === null ? this.needs.must(index, time.atMs, interval) : null;
    return {
      ...{ safe: load.safe, letGo, overload: null, isShed: false, must },
      fault: this.orders.fault(load.name)?.reason ?? null,
      isOnTooLong: hand.isOnTooLong(time),
      order: this.orders.order(load.name, time.atMs)?.mode ?? null,
      scheduled: situation.isScheduled ? this.#scheduled(hand, index, situation) : null,
      surplus: this.#surplus(hand, situation),
    };
  }

  #scheduled(hand: LoadHand, index: number, situation: Situation): Wish | null {
    const { load, isOn } = hand;
    const { time, interval, hold } = situation;
    const isPlanned = this.needs.isPlanned(index, time.atMs, interval);
    // A boost is a permission and no promise: nothing is ever planned of it.
    if (load.kind === 'sg-ready' && !isPlanned) return null;
    if (hold === null || isOn === null) return { isOn: isPlanned, why: 'planned' };
    const owedWs = () => this.needs.owedWs(index, time.atMs, interval);
    const aim = aimOf(load, {
      ...{ ...hold, isOn, isPlanned, intervalMs: this.#o.intervalMs },
      isTurned: this.#turnedIn(interval).has(load.name),
      hasUse: () => load.takesSurplus || owedWs() > 0,
      unmetW: (shiftW) => hold.unmetW(shiftW),
    });
    if (aim === null) return { isOn, why: hand.why };
    if (aim.isAgainstPlan && aim.isOn === isOn) this.#turnedIn(interval).add(load.name);
    return aim;
  }

  /** Where nothing is scheduled, what would be given away may be taken. */
  #surplus(hand: LoadHand, { draw, isScheduled, hold }: Situation): Wish | null {
    const { load, isOn } = hand;
    if (!load.takesSurplus || draw === null) return null;
    const why = 'takes surplus';
    if (isScheduled) {
      // What the battery cannot take either may go into a heat pump.
      if (load.kind !== 'sg-ready') return null;
      const leftW = (hold?.unmetW(0) ?? 0) + (isOn === true ? load.powerW : 0);
      return { isOn: leftW > SURPLUS_SHARE * load.powerW, why };
    }
    const drawnW = Math.max(draw.seenW, draw.meanW) + Math.max(0, draw.batteryW);
    const otherW = drawnW - (isOn === true ? load.powerW : 0);
    return { isOn: otherW <= -SURPLUS_SHARE * load.powerW, why };
  }

  #turnedIn(interval: Interval): Set<string> {
    if (this.#turned.interval !== interval) this.#turned = { interval, names: new Set() };
    return this.#turned.names;
  }

  #members({ time }: Situation, decisions: ReadonlyMap<LoadHand, Decision>): Member[] {
    const isSpread = time.steadyMs >= this.#o.spreadMs;
    return [...decisions].map(([hand, { rung, level }]) => {
      const isProgram = hand.load.kind === 'deadline' && hand.isOn === true && rung === 'comfort';
      const isKnown = hand.level !== null;
      return {
        ...{ name: hand.load.name, powerW: hand.load.powerW, isOn: hand.isOn },
        ...{ wantsOn: level === 'on', rank: rankOf(rung) },
        mayGoOff: isKnown && hand.mayTurn(time) && !isProgram,
        mayGoOn: isKnown && hand.mayTurn(time) && isSpread,
      };
    });
  }

  #allowed(members: readonly Member[], { draw }: Situation): Set<string> {
    return allowedOn(members, this.#o.groups, (group) => restW(group, members, draw));
  }

  #shed(members: readonly Member[], { draw, time }: Situation): Set<string> {
    const limit = this.orders.limit(time.atMs);
    if (limit === null || draw === null) return new Set();
    const onW = sumOn(members);
    return shedByLimit(members, limit.limitW, draw.meanW - onW + draw.leastBatteryW);
  }

  #overload(members: readonly Member[], { draw, time }: Situation): Map<string, string> {
    if (draw === null) return new Map();
    const over = overloaded(members, this.#o.groups, (group) => restW(group, members, draw));
    if (over.size === 0) this.#overloadSinceMs = null;
    else this.#overloadSinceMs ??= time.steadyMs;
    const since = this.#overloadSinceMs;
    return since !== null && time.steadyMs - since >= OVERLOAD_MS ? over : new Map();
  }

  async #turnOff(situation: Situation, decisions: ReadonlyMap<LoadHand, Decision>) {
    const { time } = situation;
    const allowed = this.#allowed(this.#members(situation, decisions), situation);
    let shiftW = 0;
    for (const [hand, { level, why, rung }] of decisions) {
      const isHindered = level === 'on' && !allowed.has(hand.load.name);
      if ((level === 'on' && !isHindered) || hand === this.testing) continue;
      const goal = isHindered ? 'off' : level;
      const because = isHindered ? 'its group has no room' : why;
      const isCut = rung === 'safety' && because.startsWith('the fuse of');
      const isDone = isCut
        ? await hand.force(goal, because, time)
        : await hand.turn(goal, because, time);
      if (isDone) shiftW += this.#noteTurn(hand, situation);
    }
    return shiftW;
  }

  /** By what is really off by now. */
  async #turnOn(situation: Situation, decisions: ReadonlyMap<LoadHand, Decision>) {
    const { time } = situation;
    const members = this.#members(situation, decisions);
    const allowed = this.#allowed(members, situation);
    let shiftW = 0;
    for (const [hand, { level, why }] of decisions) {
      const member = members.find(({ name }) => name === hand.load.name);
      const mayGoOn = hand.isOn === true || member?.mayGoOn === true;
      if (level !== 'on' || !allowed.has(hand.load.name) || !mayGoOn) continue;
      if (hand === this.testing) continue;
      if (await hand.turn('on', why, time)) shiftW += this.#noteTurn(hand, situation);
    }
    return shiftW;
  }

  #noteTurn(hand: LoadHand, { time, interval, draw }: Situation): number {
    const { load, isOn } = hand;
    const index = this.hands.indexOf(hand);
    const isPlanned = this.needs.isPlanned(index, time.atMs, interval);
    const isBySchedule = this.#decisions.get(load.name)?.rung === 'schedule';
    if (isBySchedule && isOn !== isPlanned) this.#turnedIn(interval).add(load.name);
    this.needs.switched(index);
    this.feedback.turned(index, isOn === true, draw?.seenW ?? null, time);
    return isOn === true ? load.powerW : -load.powerW;
  }
}

function sumOn(members: readonly Member[]): number {
  return members.reduce((sum, { isOn, powerW }) => sum + (isOn === false ? 0 : powerW), 0);
}

/** What flows through a group's fuse besides its members, W. */
function restW(group: LoadGroup, members: readonly Member[], draw: Draw | null): number {
  // Without the meter it may be anything: what is on stays, nothing is turned on.
  if (draw === null) return Number.POSITIVE_INFINITY;
  const own = members.filter(({ name }) => group.members.includes(name));
  // The higher of both: what was just turned on is not seen yet, what was turned off fades.
  return Math.max(draw.seenW, draw.meanW) + Math.max(0, draw.batteryW) - sumOn(own);
}
