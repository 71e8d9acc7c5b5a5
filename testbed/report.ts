/** The figures of a finished run: the audit's, and what the run itself measured. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GridFacts } from '../market/grid.ts';
import { type AuditReport, audit } from './audit/audit.ts';
import { readAddressBook } from './audit/books.ts';
import type { Run } from './run.ts';

const OUTPUT = { maxBuffer: 16 * 1024 * 1024 };

export interface RunFigures extends AuditReport {
  homes: number;
  feeders: number;
  intervals: number;
  ticksPerInterval: number;
  modbusReads: number;
  processes: number;
  wallSeconds: number;
  /** Of all processes of the run together, at their highest. */
  maxRssMiB: number;
  source: string;
  follow: boolean;
}

/** @throws AuditError */
export async function figuresOf(
  run: Run,
  facts: GridFacts,
  measured: { wallSeconds: number; maxRssMiB: number; endedIntervals: number },
): Promise<RunFigures> {
  const { homes } = run.neighbourhood;
  const report = await audit({
    rpcUrl: run.chain.anvil.url,
    contracts: facts.contracts,
    fromBlock: facts.deployedAtBlock,
    firstInterval: run.firstInterval,
    lastInterval: run.firstInterval + measured.endedIntervals - 1,
    homes: homes.map(({ spec, emulated, directory }) => ({
      name: spec.name,
      feeder: spec.feeder,
      hasBattery: spec.battery !== null,
      intervals: emulated.intervals(),
      relaySwitches: emulated.relaySwitches,
      journalPath: join(directory, 'journal.db'),
    })),
    homeByAddress: homesByAddress(run),
  });
  const findings = [...report.findings, ...(await utilityFindings(run))];
  return {
    homes: homes.length,
    feeders: run.community.feeders.length,
    intervals: measured.endedIntervals,
    ticksPerInterval: run.options.ticksPerInterval,
    ...{ ...report, findings },
    modbusReads: homes.reduce((sum, home) => sum + home.emulated.reads, 0),
    // The testbed itself and anvil are processes too.
    processes: run.children.started + 2,
    wallSeconds: measured.wallSeconds,
    maxRssMiB: measured.maxRssMiB,
    source: run.community.source,
    follow: run.options.follow,
  };
}

/** What the utility's own audit finds: whether its books balance with the chain. */
async function utilityFindings(run: Run): Promise<string[]> {
  const { operatorConfig } = run.neighbourhood;
  const main = join(import.meta.dirname, '..', 'operator', 'main.ts');
  const args = ['--disable-warning=ExperimentalWarning', main, 'audit', '--json'];
  const { out, err } = await new Promise<{ out: string; err: string }>((resolve) => {
    const all = [...args, '--config', operatorConfig];
    execFile(process.execPath, all, OUTPUT, (_, out, err) => resolve({ out, err }));
  });
  if (out === '') return [`the books of the utility: ${err.trim()}`];
  const { findings } = JSON.parse(out) as { findings: { sentence: string }[] };
  return findings.map(({ sentence }) => `the books of the utility: ${sentence}`);
}

/** Name of the home behind each address that was granted so far. */
export function homesByAddress(run: Run): Map<string, string> {
  const { homes, operatorConfig } = run.neighbourhood;
  const names = new Map(homes.map((home) => [home.meterId, home.spec.name]));
  const book = readAddressBook(join(operatorConfig, '..', 'books.db'));
  return new Map([...book].map(([address, meter]) => [address, names.get(meter) ?? meter]));
}

/** Resident memory of these processes and the testbed's own, MiB. */
export function residentMiB(pids: number[]): number {
  const own = process.memoryUsage.rss();
  return (own + pids.reduce((sum, pid) => sum + residentBytes(pid), 0)) / 2 ** 20;
}

function residentBytes(pid: number): number {
  try {
    const pages = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1];
    return Number(pages) * 4096;
  } catch {
    return 0;
  }
}
