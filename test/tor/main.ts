/**
 * `npm run test:tor -- [--homes N] [--intervals N] [--seconds S] [--json]`: agents, real processes,
 * trade through a private Tor network while each of its parts fails once. Exit code 1 when a claim
 * does not hold, 2 for wrong arguments.
 */
import { parseArgs } from 'node:util';
import { ensurePackages } from '../../build/debian-packages.ts';
import {
  identitiesAreApart,
  nothingLeftOutsideTor,
  tradesAreFinal,
  tradingResumed,
  writersAreAlone,
} from './claims.ts';
import { FAULTS, faultsFrom } from './faults.ts';
import { playThroughTor, type TorAftermath } from './tor-run.ts';

const USAGE = 'npm run test:tor -- [--homes 12] [--intervals 24] [--seconds 20] [--json]';
const NAMES = Object.keys(FAULTS) as (keyof typeof FAULTS)[];
const FIRST_FAULT = 3.3;
/** Intervals from one fault to the next: what comes back must have time to trade. */
const APART = 3;
const LEAST_INTERVALS = Math.ceil(FIRST_FAULT) + NAMES.length * APART;

interface Options {
  homes: number;
  intervals: number;
  seconds: number;
  json: boolean;
}

/** @throws Error with what is wrong */
function readArguments(argv: string[]): Options {
  const { values } = parseArgs({
    args: argv,
    options: {
      homes: { type: 'string', default: '12' },
      intervals: { type: 'string', default: '24' },
      seconds: { type: 'string', default: '20' },
      json: { type: 'boolean', default: false },
    },
  });
  const whole = (name: 'homes' | 'intervals' | 'seconds', least: number, most: number) => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new Error(`--${name} ${values[name]}: give a whole number from ${least} to ${most}`);
  };
  return {
    homes: whole('homes', 6, 100),
    intervals: whole('intervals', LEAST_INTERVALS, 1000),
    seconds: whole('seconds', 6, 900),
    json: values.json === true,
  };
}

async function main(): Promise<number> {
  let options: Options;
  try {
    options = readArguments(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}\n`);
    return 2;
  }
  if (!(await ensurePackages(['system']))) return 1;
  const { homes, intervals, seconds, json } = options;
  const beganAt = performance.now();
  const say = (line: string) => {
    const at = ((performance.now() - beganAt) / 1000).toFixed(1).padStart(6);
    (json ? process.stderr : process.stdout).write(`${at} s  ${line}\n`);
  };
  const after = await playThroughTor({
    ...{ homes, intervals, say },
    feeders: Math.ceil(homes / 4),
    speed: seconds,
    faults: faultsFrom(NAMES, FIRST_FAULT, APART),
  });
  const broken = [
    ...tradesAreFinal(after, intervals),
    ...identitiesAreApart(after, homes),
    ...writersAreAlone(after),
    ...nothingLeftOutsideTor(after),
    ...tradingResumed(after),
  ];
  const figures = figuresOf(after, options, (performance.now() - beganAt) / 1000);
  if (json) process.stdout.write(`${JSON.stringify({ ...figures, broken })}\n`);
  else for (const [name, value] of Object.entries(figures)) say(`${name}: ${value}`);
  for (const line of broken) say(`FAILED: ${line}`);
  if (broken.length > 0) say(`what the agents said last:\n${after.tails}`);
  return broken.length === 0 ? 0 : 1;
}

function figuresOf(after: TorAftermath, { homes, intervals }: Options, wallSeconds: number) {
  const { figures, tor, latency, faults, packets, connections } = after;
  const sum = (counts: Readonly<Record<string, number>>) =>
    Object.values(counts).reduce((total, count) => total + count, 0);
  return {
    ...{ homes, intervals },
    trades: figures.trades,
    tradedKwh: figures.tradedKwh,
    readySeconds: tor.readySeconds,
    firstCallMs: latency.firstMs,
    keptAliveCallMs: latency.keptAliveMs,
    identities: tor.identities,
    circuits: tor.circuits,
    sharedCircuits: tor.sharedCircuits,
    transactions: connections.reduce((total, { senders }) => total + senders.length, 0),
    packetsToMeters: packets.meters,
    /** Must be 0. */
    packetsElsewhere: sum(packets.others),
    packetsOfAgentWithoutTor: sum(after.clearNetPackets.others),
    faults: faults.length,
    torCpuSeconds: tor.cpuSeconds,
    torResidentMiB: tor.residentMiB,
    wallSeconds: Math.round(wallSeconds),
  };
}

process.exitCode = await main();
