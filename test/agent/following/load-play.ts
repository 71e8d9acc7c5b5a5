/**
 * A home with four loads under the follower, on which anything may happen: what `loads-law.test.ts`
 * plays. The cabinet keeps true time, and notes each turn against a limit: an error thrown there
 * would be taken for a relay that does not answer.
 */
import * as assert from 'uvu/assert';
import { EventMap } from '../../../agent/events.ts';
import { FollowingService } from '../../../agent/following.ts';
import { Journal } from '../../../agent/journal/journal.ts';
import { JOURNAL_MIGRATIONS } from '../../../agent/journal/schema.ts';
import { dailyNeed, type LoadGroup, loadModel } from '../../../agent/loads/model.ts';
import type { Log, Relay } from '../../../host/ports.ts';
import { openSql } from '../../../host/sqlite.ts';
import { fillable } from '../fillable-sql.ts';
import { ManualClock } from '../manual-clock.ts';

const FIRST = 1_980_000;
const START_MS = FIRST * 900_000;
const LOOK_MS = 10_000;
const FUSE_W = 5000;
const quiet: Log = { info() {}, warn() {}, error() {} };

export const MODELS = [
  loadModel({
    ...{ name: 'boiler', powerW: 2000, need: dailyNeed(4 * 3_600_000), startsPerHour: 3 },
    ...{ minimumOnMs: 120_000, minimumOffMs: 60_000, maximumOnMs: 1_800_000 },
  }),
  loadModel({
    ...{ name: 'rod', kind: 'interruptible', powerW: 3000, takesSurplus: true },
    ...{ minimumOnMs: 60_000, minimumOffMs: 60_000, startsPerHour: 6 },
  }),
  loadModel({
    ...{ name: 'washer', kind: 'deadline', powerW: 1000, programMs: 600_000 },
    need: { energyWs: 600_000, bySeconds: [7200], days: null, mustRun: true },
  }),
  loadModel({ name: 'fridge', powerW: 200, safe: 'on', minimumOnMs: 60_000, minimumOffMs: 60_000 }),
];
const GROUPS: LoadGroup[] = [
  { name: 'heat', members: ['boiler', 'rod'], isInterlock: true, maxW: null },
  { name: 'fuse', members: MODELS.map(({ name }) => name), isInterlock: false, maxW: FUSE_W },
];

export type Deed =
  | { kind: 'look'; restW: number; count: number }
  | { kind: 'plan'; loadsW: number; committedW: number | null }
  | { kind: 'order'; load: number; mode: 'auto' | 'off' | 'on'; seconds: number | null }
  | { kind: 'limit'; limitW: number | null }
  | { kind: 'clock'; proven: boolean; apartS: number }
  | { kind: 'disk'; full: boolean }
  | { kind: 'silence'; seconds: number }
  | { kind: 'relay'; load: number; fails: Failure }
  | { kind: 'restart' };

/** Whether a relay answers; `late`: it does as told, and the answer is lost. */
type Failure = 'no' | 'dead' | 'late';

interface Turn {
  atMs: number;
  isOn: boolean;
}

/** Relays that may fail, and what they did. */
export class Cabinet {
  readonly turns = MODELS.map((): Turn[] => []);
  readonly on = MODELS.map(() => false);
  readonly fails = MODELS.map((): Failure => 'no');
  /** Laws that were broken. */
  readonly broken: string[] = [];
  /** What the home draws besides. */
  restW = 0;
  isForced = false;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  relay(index: number): Relay {
    const answer = (failure: Failure) => {
      if (this.fails[index] === failure) throw new Error('no answer');
    };
    return {
      set: async (on) => {
        answer('dead');
        if (this.on[index] !== on) this.#turn(index, on);
        answer('late');
      },
      read: async () => {
        answer('dead');
        return this.on[index] === true;
      },
    };
  }

  #turn(index: number, on: boolean): void {
    // An overloaded fuse is cut whatever the limits.
    const isCut = !on && this.sumW() + Math.max(0, this.restW) > FUSE_W;
    this.on[index] = on;
    this.#check(index, on, isCut);
    this.turns[index]?.push({ atMs: this.#now(), isOn: on });
  }

  sumW(): number {
    return MODELS.reduce((sum, { powerW }, index) => sum + (this.on[index] ? powerW : 0), 0);
  }

  #check(index: number, on: boolean, isCut: boolean): void {
    const law = (holds: boolean, otherwise: string) => {
      if (!holds) this.broken.push(otherwise);
    };
    law(!(this.on[0] && this.on[1]), 'two of an interlock are on');
    const model = MODELS[index];
    const before = this.turns[index]?.at(-1);
    const nowMs = this.#now();
    if (model === undefined || this.isForced) return;
    const sinceMs = before === undefined ? Number.POSITIVE_INFINITY : nowMs - before.atMs;
    if (!on) {
      law(isCut || sinceMs >= model.minimumOnMs, `${model.name} was on too shortly`);
      return;
    }
    law(this.sumW() + Math.max(0, this.restW) <= FUSE_W, 'a start overloads the fuse');
    const starts = this.turns[index]?.filter((turn) => turn.isOn && nowMs - turn.atMs < 3_600_000);
    const most = model.startsPerHour ?? Number.POSITIVE_INFINITY;
    law((starts?.length ?? 0) < most, `${model.name} starts too often`);
    law(sinceMs >= model.minimumOffMs, `${model.name} was off too shortly`);
  }
}

/** Plays, and ends with a stop. @throws an assertion for a law that was broken */
export async function play(deeds: readonly Deed[]): Promise<Cabinet> {
  const scene = new Scene();
  try {
    await scene.start();
    for (const deed of deeds) await scene.perform(deed);
    await scene.end();
    return scene.cabinet;
  } finally {
    await scene.close();
  }
}

class Scene {
  readonly cabinet: Cabinet;
  readonly #clock = new ManualClock(START_MS);
  readonly #disk = { isFull: false };
  readonly #sql = openSql(':memory:', { migrations: JOURNAL_MIGRATIONS });
  readonly #journal: Journal;
  #events = new EventMap();
  #following: FollowingService;

  constructor() {
    this.#journal = new Journal(fillable(this.#sql, () => this.#disk.isFull));
    this.cabinet = new Cabinet(() => this.#clock.trueMs());
    this.#following = this.#open();
  }

  #open(): FollowingService {
    this.#events = new EventMap();
    const loads = MODELS.map((settings, index) => ({
      settings,
      relays: [this.cabinet.relay(index)],
    }));
    return new FollowingService({
      ...{ clock: this.#clock, log: quiet, journal: this.#journal, events: this.#events },
      ...{ calendar: { intervalSeconds: 900 }, battery: null, loads, groups: GROUPS },
      ...{ zone: 'UTC', pollMs: LOOK_MS, isEnabled: true, isRealPace: true },
    });
  }

  async start(): Promise<void> {
    this.cabinet.isForced = true;
    await this.#following.start(new AbortController().signal);
    this.cabinet.isForced = false;
  }

  async #stop(): Promise<void> {
    this.cabinet.isForced = true;
    await this.#following.stop();
    this.cabinet.isForced = false;
  }

  async end(): Promise<void> {
    this.cabinet.fails.fill('no');
    await this.#look(0);
    await this.#stop();
    for (const [index, { name, safe }] of MODELS.entries()) {
      assert.is(this.cabinet.on[index], safe === 'on', `${name} is not left safe`);
    }
    assert.equal(this.cabinet.broken, []);
  }

  async close(): Promise<void> {
    await this.#following.stop();
    this.#sql.close();
  }

  async #look(restW: number): Promise<void> {
    const clock = this.#clock;
    await clock.runTo(clock.trueMs() + LOOK_MS);
    this.cabinet.restW = restW;
    const powerW = restW + this.cabinet.sumW();
    const unread = { importedWs: null, exportedWs: null, runningNetWs: null };
    const monotonicMs = clock.monotonicMs();
    await this.#events.emit('sample', { at: clock.now(), monotonicMs, powerW, ...unread });
  }

  async perform(deed: Deed): Promise<void> {
    const { commands } = this.#following;
    const clock = this.#clock;
    switch (deed.kind) {
      case 'look':
        for (let n = 0; n < deed.count; n += 1) await this.#look(deed.restW);
        return;
      case 'plan':
        return this.#plan(deed.loadsW, deed.committedW);
      case 'order': {
        const untilMs = deed.seconds === null ? null : clock.now() + deed.seconds * 1000;
        return commands.setMode(MODELS[deed.load]?.name ?? '', deed.mode, untilMs);
      }
      case 'limit':
        return commands.setLimit(deed.limitW, null);
      case 'clock':
        clock.isTimeProven = deed.proven;
        // A clock that is proven is right.
        clock.setApartMs = deed.proven ? 0 : deed.apartS * 1000;
        return;
      case 'disk':
        this.#disk.isFull = deed.full;
        return;
      case 'silence':
        await this.#events.emit('meter-silent', { silent: true });
        await clock.runTo(clock.trueMs() + deed.seconds * 1000);
        return this.#events.emit('meter-silent', { silent: false });
      case 'relay':
        this.cabinet.fails[deed.load] = deed.fails;
        return;
      case 'restart':
        // On a full disk no agent starts.
        this.#disk.isFull = false;
        await this.#stop();
        this.#following = this.#open();
        await this.start();
    }
  }

  #plan(loadsW: number, committedW: number | null): void {
    if (this.#disk.isFull) return;
    const madeIn = Math.floor(this.#clock.now() / 900_000);
    const interval = madeIn + 1;
    const rest = { batteryW: 0, plannedW: 0, code: null, sentence: null };
    this.#journal.recordPlan(madeIn, [], [{ interval, madeIn, loadsW, ...rest }]);
    if (committedW === null) return;
    const decidedAtMs = this.#clock.now();
    this.#journal.recordSchedule({ interval, committedW, untradedW: 0, decidedAtMs });
  }
}
