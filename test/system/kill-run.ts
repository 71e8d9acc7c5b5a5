/**
 * A real neighbourhood in scaled time whose processes are killed with SIGKILL at the worst moments
 * and started again a little later. It collects what is left of it when it has ended.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Interface } from 'ethers';
import { compileContracts } from '../../build/contracts.ts';
import { ASSETS_ABI, MATCHING_ABI } from '../../chain/abi.ts';
import { readKeyFile } from '../../host/key-file.ts';
import type { SqlRow } from '../../host/ports.ts';
import { openSql } from '../../host/sqlite.ts';
import { parseGridFile } from '../../market/grid-json.ts';
import { type ChainRecord, collectChain } from '../../testbed/audit/collect.ts';
import type { Child } from '../../testbed/children.ts';
import { chooseCommunity } from '../../testbed/choose-community.ts';
import { INTERVAL_SECONDS } from '../../testbed/neighbourhood.ts';
import { readOptions } from '../../testbed/options.ts';
import { figuresOf, homesByAddress, type RunFigures } from '../../testbed/report.ts';
import { prepareRun, type Run, startHome, startOperator } from '../../testbed/run.ts';
import { type Fate, type Sent, type TappedEndpoint, tapEndpoint } from './tapped-endpoint.ts';

const INTERVAL_MS = INTERVAL_SECONDS * 1000;
const matching = new Interface(MATCHING_ABI);
const assets = new Interface(ASSETS_ABI);

/** A moment at which processes are killed: a transaction that they send or wait for. */
export interface Blow {
  name: string;
  /** Interval of the run, from 0, in which it is waited for at the earliest. */
  from: number;
  /** Which function's transaction it is; null: none, as soon as a third of the interval is over. */
  call: 'grant' | 'submitSolution' | 'postOffer' | null;
  /** What becomes of the transaction. */
  fate: Fate;
  /** Who is killed: `home` is the one that sent it, or whose grant is the first, or the first. */
  victims: ('dso' | 'solver' | 'home')[];
  /** Real time until they are started again. */
  downMs: number;
}

export interface Kill {
  blow: string;
  name: string;
  pid: number;
  /** Market time of the kill and of the start of what replaced it, ms. */
  atMs: number;
  backAtMs: number;
  /** Exit code of the killed process: null, as it ended by a signal. */
  code: number | null;
}

/** What a run leaves behind: on the chain, in the books, in the wallets. */
export interface Remains {
  figures: RunFigures;
  firstInterval: number;
  lastInterval: number;
  sent: readonly Sent[];
  chain: ChainRecord;
  homes: string[];
  /** Home by address that was ever granted, lower case. */
  homeOf: Map<string, string>;
  /** Home by meter. */
  meters: Map<string, string>;
  /** Tables of the DSO's books. */
  books: Record<'meters' | 'ledger' | 'deposits' | 'withdrawals' | 'grants' | 'outbox', SqlRow[]>;
  solverOutbox: SqlRow[];
  /** By home. */
  wallets: Map<string, { outbox: SqlRow[]; addresses: SqlRow[] }>;
}

export interface Aftermath extends Remains {
  kills: Kill[];
  /** Processes that ended although nobody killed them. */
  fallen: string[];
  /** Readings of the run's intervals that the DSO did not acknowledge, in words. */
  unacknowledged: string[];
  /** The last lines of each log, for who must find out what happened. */
  tails: string;
}

/** How long agents get after the last interval to have its readings countersigned, real ms. */
const SETTLE_MS = 60_000;

/** @param args options of `npm start` */
export async function playWithBlows(args: string[], blows: Blow[]): Promise<Aftermath> {
  const options = readOptions(args);
  if (options === null) throw new Error('no options');
  await compileContracts();
  const taps: TappedEndpoint[] = [];
  const endpoint = async (url: string) => {
    const tap = await tapEndpoint(url);
    taps.push(tap);
    return tap.url;
  };
  const never = new AbortController().signal;
  const support = { say: () => {}, signal: never, endpoint };
  const run = await prepareRun(options, chooseCommunity(options), support);
  const [tap] = taps;
  if (tap === undefined) throw new Error('the run asked for no endpoint');
  try {
    const trouble = new Trouble(run, blows);
    tap.onSend = (sent) => trouble.onSend(sent);
    await run.play(never, () => trouble.step());
    await trouble.over();
    const unacknowledged = await settled(run);
    trouble.isOver = true;
    await run.stop();
    return {
      ...(await collectRemains(run, options.intervals, tap)),
      ...{ kills: trouble.kills, fallen: trouble.fallen, unacknowledged },
      tails: run.neighbourhood.homes
        .map(({ spec }) => run.children.find(spec.name)?.tail() ?? '')
        .join('\n'),
    };
  } finally {
    await run.remove();
    await tap.close();
  }
}

/** Deals the blows, one after the other. */
class Trouble {
  readonly kills: Kill[] = [];
  readonly fallen: string[] = [];
  isOver = false;
  readonly #run: Run;
  readonly #waiting: Blow[];
  readonly #restarts: Promise<void>[] = [];

  constructor(run: Run, blows: Blow[]) {
    this.#run = run;
    this.#waiting = [...blows];
  }

  /** Looks whether a blow is due that waits for no transaction. */
  async step(): Promise<void> {
    const due = this.#due();
    const { homes } = this.#run.neighbourhood;
    const third = due === null ? 0 : this.#startOf(due) + INTERVAL_MS / 3;
    if (due?.call === null && this.#run.now() >= third) {
      await this.#strike(due, homes[0]?.spec.name ?? '');
    }
  }

  async onSend(sent: Sent): Promise<Fate> {
    const due = this.#due();
    if (due === null || due.call === null || sent.selector !== selectorOf(due.call)) {
      return 'passed';
    }
    const address = due.call === 'grant' ? granteeOf(sent) : sent.from;
    await this.#strike(due, this.#run.homeNames.of(address) ?? '');
    return due.fate;
  }

  /** All that was killed runs again. */
  async over(): Promise<void> {
    await Promise.all(this.#restarts);
  }

  #startOf(blow: Blow): number {
    return (this.#run.firstInterval + blow.from) * INTERVAL_MS;
  }

  #due(): Blow | null {
    const [next] = this.#waiting;
    return next !== undefined && this.#run.now() >= this.#startOf(next) ? next : null;
  }

  async #strike(blow: Blow, home: string): Promise<void> {
    this.#waiting.shift();
    const atMs = this.#run.now();
    const names = blow.victims.map((victim) => (victim === 'home' ? home : victim));
    const struck = await Promise.all(names.map((name) => this.#kill(name)));
    const restart = (async () => {
      await new Promise((resolve) => setTimeout(resolve, blow.downMs));
      for (const { name, pid, code } of struck) {
        const backAtMs = this.#run.now();
        this.#watch(this.#start(name));
        this.kills.push({ blow: blow.name, name, pid, atMs, backAtMs, code });
      }
    })();
    this.#restarts.push(restart);
  }

  async #kill(name: string): Promise<{ name: string; pid: number; code: number | null }> {
    const child = this.#run.children.find(name);
    if (child === undefined) throw new Error(`there is no process "${name}" to kill`);
    child.mayEnd = true;
    child.kill('SIGKILL');
    return { name, pid: child.pid, code: await child.ended };
  }

  #start(name: string): Child {
    if (name === 'dso' || name === 'solver') return startOperator(this.#run, name);
    const home = this.#run.neighbourhood.homes.find(({ spec }) => spec.name === name);
    if (home === undefined) throw new Error(`there is no home ${name}`);
    return startHome(this.#run, home);
  }

  #watch(child: Child): void {
    void child.ended.then((code) => {
      if (!this.isOver && !child.mayEnd) {
        this.fallen.push(`${child.name} ended with ${code}: ${child.tail()}`);
      }
    });
  }
}

function selectorOf(call: NonNullable<Blow['call']>): string {
  const contract = call === 'grant' ? assets : matching;
  return contract.getFunction(call)?.selector ?? '';
}

/** The first of those that a transaction grants to; lower case. */
function granteeOf(sent: Sent): string {
  const [[first]] = assets.decodeFunctionData('grant', sent.data);
  return String(first?.to).toLowerCase();
}

/** Waits until the run's readings are acknowledged. @returns those that were not in the end */
async function settled(run: Run): Promise<string[]> {
  const last = run.firstInterval + run.options.intervals - 1;
  const endsAt = performance.now() + SETTLE_MS;
  for (;;) {
    const open = run.neighbourhood.homes.flatMap(({ spec, directory }) =>
      readRows(
        join(directory, 'journal.db'),
        `SELECT i.interval, r.quality FROM (${intervalsSql(run.firstInterval, last)}) AS i
         LEFT JOIN readings AS r ON r.interval = i.interval AND r.acknowledged = 1
         WHERE r.interval IS NULL`,
      ).map((row) => `${spec.name}, interval ${row.interval}`),
    );
    if (open.length === 0 || performance.now() > endsAt) return open;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function intervalsSql(first: number, last: number): string {
  return `WITH RECURSIVE run(interval) AS (SELECT ${first} UNION ALL SELECT interval + 1 FROM run
            WHERE interval < ${last}) SELECT interval FROM run`;
}

function readRows(path: string, sql: string, key?: Uint8Array): SqlRow[] {
  const database = openSql(path, { readOnly: true, ...(key === undefined ? {} : { key }) });
  try {
    return database.all(sql);
  } finally {
    database.close();
  }
}

/** After the run's processes have ended. */
export async function collectRemains(
  run: Run,
  endedIntervals: number,
  tap: TappedEndpoint,
): Promise<Remains> {
  const operator = join(run.neighbourhood.operatorConfig, '..');
  const { facts } = parseGridFile(readFileSync(join(operator, 'grid.json'), 'utf8'));
  const measured = { wallSeconds: 0, maxRssMiB: 0, endedIntervals };
  const table = (name: string) => readRows(join(operator, 'books.db'), `SELECT * FROM ${name}`);
  const { homes } = run.neighbourhood;
  return {
    figures: await figuresOf(run, facts, measured),
    firstInterval: run.firstInterval,
    lastInterval: run.firstInterval + endedIntervals - 1,
    sent: tap.sent,
    chain: await collectChain(run.chain.anvil.url, facts.contracts, facts.deployedAtBlock),
    homes: homes.map(({ spec }) => spec.name),
    homeOf: homesByAddress(run),
    meters: new Map(homes.map(({ spec, meterId }) => [meterId, spec.name])),
    books: {
      meters: table('meters'),
      ledger: table('ledger'),
      deposits: table('deposits'),
      withdrawals: table('withdrawals'),
      grants: table('grants'),
      outbox: table('outbox'),
    },
    solverOutbox: readRows(join(operator, 'solver.db'), 'SELECT * FROM outbox'),
    wallets: new Map(
      homes.map(({ spec, directory }) => {
        const key = readKeyFile(join(directory, 'keystore.key'));
        const rows = (sql: string) => readRows(join(directory, 'wallet.db'), sql, key);
        const outbox = rows('SELECT * FROM outbox');
        return [spec.name, { outbox, addresses: rows('SELECT * FROM addresses') }];
      }),
    ),
  };
}
