/**
 * `npm run test:crash -- [--injections N] [--homes N] [--speed SECONDS] [--json]`: real agents are
 * killed, or their disks fail, at every write and fsync of an interval, once in the run and once in
 * its recovery; afterwards nothing may be lost and nothing doubled. Ends with 1 when something was,
 * when a fault did not happen that should have, or when an agent ended by itself.
 */
import { parseArgs } from 'node:util';
import { ensurePackages } from '../../build/debian-packages.ts';
import { type CrashRun, playCrashes } from './crash-run.ts';
import { inWords } from './faults.ts';
import { findingsOf } from './findings.ts';

/** Of one market; then the day is over, and the next begins with fresh homes. */
const PER_RUN = 160;
const MOST_INTERVALS = 60;
const QUIET_INTERVALS = 7;
/** A fault may miss, such as a call that a life does not come to: so many, as a share. */
const MISSES = 0.1;

const { values } = parseArgs({
  options: {
    injections: { type: 'string', default: '500' },
    homes: { type: 'string', default: '6' },
    speed: { type: 'string', default: '12' },
    json: { type: 'boolean', default: false },
  },
});

const say = (line: string) => process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  if (!(await ensurePackages(['system']))) return 1;
  const wanted = Number(values.injections);
  const runs: CrashRun[] = [];
  const findings: string[] = [];
  const startedAt = performance.now();
  let skip = 0;
  while (count(runs) < wanted && runs.length < 3 + wanted / PER_RUN) {
    const injections = Math.min(PER_RUN, wanted - count(runs));
    const run = await playCrashes({
      homes: Number(values.homes),
      secondsPerInterval: Number(values.speed),
      blows: { injections, skip },
      ...{ mostIntervals: MOST_INTERVALS, quietIntervals: QUIET_INTERVALS },
      start: '2026-06-12T06:00:00Z',
      say,
    });
    skip += injections;
    runs.push(run);
    const found = findingsOf(run.remains);
    findings.push(...found, ...run.fallen);
    const missed = run.dealt.filter(({ hasHappened }) => !hasHappened);
    say(`run ${runs.length}: ${count([run])} injections, ${missed.length} missed`);
    for (const { home, fault, phase, code } of missed) {
      say(`  missed: ${home}, ${phase}: ${inWords(fault)}; ended with ${code}`);
    }
    for (const each of [...found, ...run.fallen]) say(`  FOUND: ${each}`);
  }
  return report(runs, findings, (performance.now() - startedAt) / 1000);
}

function count(runs: readonly CrashRun[]): number {
  return runs.flatMap(({ dealt }) => dealt).filter(({ hasHappened }) => hasHappened).length;
}

function report(runs: CrashRun[], findings: string[], seconds: number): number {
  const dealt = runs.flatMap((run) => run.dealt);
  const happened = dealt.filter(({ hasHappened }) => hasHappened);
  const tally = (key: (each: (typeof dealt)[number]) => string) => {
    const sums: Record<string, number> = {};
    for (const each of happened) sums[key(each)] = (sums[key(each)] ?? 0) + 1;
    return sums;
  };
  const figures = {
    injections: happened.length,
    missed: dealt.length - happened.length,
    byEffect: tally(({ fault }) => fault.effect),
    byCall: tally(({ fault }) => fault.call),
    byPhase: tally(({ phase }) => phase),
    points: new Set(happened.map(({ fault }) => `${fault.call} ${fault.at}`)).size,
    callsOfAnInterval: Object.fromEntries(runs[0]?.counts ?? []),
    offers: sum(runs, ({ chain }) => chain.log.offers.size),
    trades: sum(runs, ({ figures: { trades } }) => trades),
    transactions: sum(runs, ({ sent }) => sent.length),
    findings: findings.length,
    seconds: Math.round(seconds),
  };
  if (values.json) process.stdout.write(`${JSON.stringify({ ...figures, found: findings })}\n`);
  else
    for (const [name, value] of Object.entries(figures)) say(`${name}: ${JSON.stringify(value)}`);
  const isEnough = happened.length >= Number(values.injections);
  return findings.length === 0 && isEnough && figures.missed <= MISSES * dealt.length ? 0 : 1;
}

function sum(runs: CrashRun[], of: (remains: CrashRun['remains']) => number): number {
  return runs.reduce((total, { remains }) => total + of(remains), 0);
}

process.exitCode = await main();
