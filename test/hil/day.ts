/**
 * A day with the built agent on meters that are not ours: houses by pymodbus on Modbus TCP and on a
 * serial line, in a real market of scaled time, with one fault after the other. What is left of it
 * is collected when it is over.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSql } from '../../host/sqlite.ts';
import { parseGridFile } from '../../market/grid-json.ts';
import { readAddressBook } from '../../testbed/audit/books.ts';
import { collectChain } from '../../testbed/audit/collect.ts';
import { Findings } from '../../testbed/audit/findings.ts';
import { commitmentsOf } from '../../testbed/audit/following.ts';
import type { HomeSpec } from '../../testbed/homes/community.ts';
import { type InstalledHome, steadyHome } from '../system/installed-home.ts';
import { INTERVAL_MS, type Market, withMarket } from '../system/one-home.ts';
import { type Program, type Started, until } from '../system/processes.ts';
import type { HouseRecord, Span } from './compare.ts';
import { type Fault, type PlannedFault, planFaults } from './faults.ts';
import {
  HouseProcess,
  type HouseSettings,
  type HouseTruth,
  LINE_FAULTS,
  type LineFault,
} from './house-process.ts';

export interface DayOptions {
  intervals: number;
  /** Real time of an interval. */
  intervalRealMs: number;
  /** How the built agent is called in a folder. */
  program(folder: string): Program;
  say(line: string): void;
}

export interface Day {
  houses: HouseRecord[];
  span: Span;
  /** How often each kind of fault was dealt, and answers were spoilt by it. */
  dealt: Record<Fault, number>;
  spoilt: Record<LineFault, number>;
  /** Agents that ended although nobody killed them, in words. */
  fallen: string[];
}

interface House {
  spec: HomeSpec;
  settings: HouseSettings;
  /** The devices in the agent's settings; `BUS` stands for the connection. */
  devices: string;
  stepWs: number;
}

/** Looks in an interval. */
const LOOKS = 60;
/** An answer so late is one that nobody waits for any more, real ms. */
const LATE_MS = 450;
const TIMEOUT_MS = 300;
const MINIMUM_ON_MS = 600_000;
const MINIMUM_OFF_MS = 300_000;
/** What a busy machine may be late by, real ms. */
const LAG_REAL_MS = 100;
const TURN_LAG_REAL_MS = 300;
/** On a spoilt line: a look, a write and a read back that time out, and a connection anew. */
const FAULT_LAG_REAL_MS = 1_500;
const WS_PER_WH = 3_600;

const HOUSES: readonly House[] = [
  {
    spec: steadyHome({ name: 'producer', pvW: 5000, loadW: 500, hasBattery: true }),
    settings: {
      ...{ line: 'tcp', meter: 'eastron-sdm630', seed: 1, baseW: 500, pvW: 5000, lateMs: LATE_MS },
      ...{ importedWs: 1234 * 3.6e6, exportedWs: 567 * 3.6e6 },
      battery: { capacityWs: 36e6, chargeW: 5000, dischargeW: 5000 },
    },
    devices: `[buses.house]
BUS
[meters.house]
role = "grid"
profile = "eastron-sdm630"
bus = "house"
poll = "POLL"
[battery]
profile = "transax-lab-battery"
bus = "house"
unit = 2
capacity = "10 kWh"
charge = "5 kW"
discharge = "5 kW"
`,
    stepWs: 0.2 * WS_PER_WH,
  },
  {
    spec: steadyHome({ name: 'consumer', loadW: 1500, hasBoiler: true }),
    settings: {
      ...{ line: 'serial', meter: 'abb-b23', seed: 2, baseW: 1200, pvW: 0, lateMs: LATE_MS },
      ...{ importedWs: 8912 * 3.6e6, exportedWs: 0 },
      boiler: { powerW: 2000, tankWs: 72e6, drainW: 300 },
    },
    devices: `[buses.house]
BUS
[meters.house]
role = "grid"
profile = "abb-b23"
bus = "house"
poll = "POLL"
[loads.boiler]
power = "2 kW"
relay = { driver = "modbus-coil", bus = "house", unit = 3, coil = 0 }
energy_per_day = "8 kWh"
minimum_on = "10 min"
minimum_off = "5 min"
safe = "off"
`,
    stepWs: 10 * WS_PER_WH,
  },
];

export async function liveDay(options: DayOptions): Promise<Day> {
  const { intervals, intervalRealMs, program } = options;
  const homes = HOUSES.map(({ spec }) => ({ spec, program }));
  let day: Day | undefined;
  await withMarket(homes, intervalRealMs, async (market) => {
    const live = new LiveDay(market, options, planFaults(intervals, HOUSES.length));
    day = await live.run();
  });
  if (day === undefined) throw new Error('there was no day');
  return day;
}

class LiveDay {
  readonly #market: Market;
  readonly #options: DayOptions;
  readonly #faults: readonly PlannedFault[];
  readonly #processes: HouseProcess[] = [];
  readonly #agents: Started[] = [];
  readonly #dealt = new Map<Fault, number>();
  readonly #fallen: string[] = [];
  #wholeInterval = 0;
  readonly #killed = new WeakSet<Started>();

  constructor(market: Market, options: DayOptions, faults: readonly PlannedFault[]) {
    this.#market = market;
    this.#options = options;
    this.#faults = faults;
  }

  async run(): Promise<Day> {
    const market = this.#market;
    try {
      for (const [index, house] of HOUSES.entries()) {
        const process = await HouseProcess.start(house.settings, market.scale);
        this.#processes.push(process);
        const home = this.#home(index);
        home.configure(this.#times(), (text) => settingsOf(house, process.connection, text));
        this.#agents.push(this.#start(index));
      }
      for (const [index] of HOUSES.entries()) await this.#seen(index);
      this.#wholeInterval = this.#market.interval() + 1;
      for (const fault of this.#faults) await this.#deal(fault);
      await this.#reach(this.#options.intervals);
      // The last interval is closed a look after its end, and read by the next.
      await this.#reach(this.#options.intervals + 3 / LOOKS);
      await Promise.all(this.#agents.map((agent) => this.#end(agent)));
      const truths = await Promise.all(this.#processes.map((process) => process.truth()));
      return await this.#collect(truths);
    } finally {
      for (const agent of this.#agents) agent.kill('SIGKILL');
      for (const process of this.#processes) process.close();
    }
  }

  #home(index: number): InstalledHome {
    const home = this.#market.homes[index];
    if (home === undefined) throw new Error(`there is no house ${index}`);
    return home;
  }

  #times() {
    const { startsAtMs, wallOriginMs, factor } = this.#market.scale;
    const blockSeconds = Math.ceil(0.2 * factor);
    return {
      ...{
        pollSeconds: INTERVAL_MS / 1000 / LOOKS,
        tradingPollSeconds: Math.max(30, blockSeconds),
      },
      ...{ blockSeconds, clock: `scaled:${startsAtMs}:${wallOriginMs}:${factor}` },
    };
  }

  #start(index: number): Started {
    const agent = this.#home(index).start();
    void agent.ended.then(({ code }) => {
      if (this.#killed.has(agent)) return;
      const words = agent.lines.slice(-5).join('\n');
      this.#fallen.push(`${HOUSES[index]?.spec.name} ended with ${code}: ${words}`);
    });
    return agent;
  }

  /** Its agent has looked at its meter. */
  async #seen(index: number): Promise<void> {
    await until('a first look', async () => {
      const status = await this.#home(index).status();
      return status !== null && status.meter.powerW !== null;
    });
  }

  async #end(agent: Started): Promise<void> {
    this.#killed.add(agent);
    const { code } = await agent.stop();
    if (code !== 0) this.#fallen.push(`an agent ended with ${code} when it was told to`);
  }

  /** @param at intervals since the start of the day */
  async #reach(at: number): Promise<void> {
    const { clock, scale } = this.#market;
    const ms = scale.startsAtMs + at * INTERVAL_MS;
    await until('the moment', () => clock.now() >= ms, 3_600_000);
  }

  async #deal({ fault, house: index, begins, ends }: PlannedFault): Promise<void> {
    const process = this.#processes[index];
    const agent = this.#agents[index];
    if (process === undefined || agent === undefined) throw new Error(`no house ${index}`);
    await this.#reach(begins);
    this.#dealt.set(fault, (this.#dealt.get(fault) ?? 0) + 1);
    this.#options.say(`${begins.toFixed(2)} ${HOUSES[index]?.spec.name}: ${fault}`);
    if (isLineFault(fault)) process.spoil(fault);
    if (fault === 'counter-reset') process.resetCounters();
    if (fault === 'power-cut') process.power(false);
    const isKilled = fault === 'power-cut' || fault === 'agent-killed';
    if (isKilled) {
      this.#killed.add(agent);
      agent.kill('SIGKILL');
      await agent.ended;
    }
    await this.#reach(ends);
    if (isLineFault(fault)) process.spoil(null);
    if (fault === 'power-cut') process.power(true);
    if (isKilled) this.#agents[index] = this.#start(index);
  }

  async #collect(truths: readonly HouseTruth[]): Promise<Day> {
    const { scale } = this.#market;
    const firstInterval = Math.floor(scale.startsAtMs / INTERVAL_MS);
    const committed = await this.#committed();
    const houses = HOUSES.map(({ spec, stepWs }, index): HouseRecord => {
      const truth = truths[index];
      if (truth === undefined) throw new Error(`${spec.name} told nothing`);
      const committedW = committed.get(spec.name) ?? new Map();
      const record = { name: spec.name, index, truth, committedW, stepWs };
      const times = { minimumOnMs: MINIMUM_ON_MS, minimumOffMs: MINIMUM_OFF_MS };
      return { ...record, ...times, ...readJournal(join(this.#home(index).folder, 'journal.db')) };
    });
    const spoilt = Object.fromEntries(
      LINE_FAULTS.map((fault) => [
        fault,
        truths.reduce((sum, truth) => sum + truth.spoilt[fault], 0),
      ]),
    ) as Record<LineFault, number>;
    return {
      houses,
      span: {
        firstInterval,
        wholeInterval: this.#wholeInterval,
        lastInterval: firstInterval + this.#options.intervals - 1,
        intervalMs: INTERVAL_MS,
        pollMs: INTERVAL_MS / LOOKS,
        lagMs: LAG_REAL_MS * scale.factor,
        turnLagMs: TURN_LAG_REAL_MS * scale.factor,
        faultLagMs: FAULT_LAG_REAL_MS * scale.factor,
        faults: this.#faults,
      },
      dealt: Object.fromEntries(this.#dealt) as Record<Fault, number>,
      spoilt,
      fallen: this.#fallen,
    };
  }

  /** By the chain, read apart from the agents. Only the utility's books know whose an offer is. */
  async #committed() {
    const { chain, utility, meterIds } = this.#market;
    const folder = join(utility.config, '..');
    const { facts } = parseGridFile(readFileSync(join(folder, 'grid.json'), 'utf8'));
    const { log } = await collectChain(chain.anvil.url, facts.contracts, facts.deployedAtBlock);
    const meterOf = readAddressBook(join(folder, 'books.db'));
    const homeOf = (address: string) => {
      const index = meterIds.indexOf(meterOf.get(address) ?? '');
      return HOUSES[index]?.spec.name ?? null;
    };
    return commitmentsOf(log, homeOf, new Findings());
  }
}

function isLineFault(fault: Fault): fault is LineFault {
  return LINE_FAULTS.some((each) => each === fault);
}

/** The settings of a home, with the devices of a house instead of those in them. */
function settingsOf(house: House, connection: string, text: string): string {
  const rest = text.slice(text.indexOf('[home]'));
  const poll = /poll = "(.*)"/.exec(text)?.[1] ?? '';
  const line = `connection = "${connection}"\ntimeout = "${TIMEOUT_MS} ms"`;
  return house.devices.replace('BUS', line).replace('POLL', poll) + rest;
}

function readJournal(path: string): Pick<HouseRecord, 'readings' | 'schedule' | 'switches'> {
  const sql = openSql(path, { readOnly: true });
  try {
    return {
      readings: sql.all('SELECT * FROM readings ORDER BY interval'),
      schedule: sql.all('SELECT * FROM schedule ORDER BY interval'),
      switches: sql.all('SELECT * FROM switches ORDER BY at_ms'),
    };
  } finally {
    sql.close();
  }
}
