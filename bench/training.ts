/**
 * `npm run bench:training`: what a training in its thread costs, with the very bundle that the
 * one-file binary starts, and what a forecast costs the main thread, on days of a made-up home.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SeriesForecast } from '../agent/forecasting/series-forecast.ts';
import { HomeDays } from '../agent/strategy/forecast/home-days.ts';
import type { LoadHistory } from '../agent/strategy/forecast/load-history.ts';
import type { TrainedModel } from '../agent/strategy/forecast/trained-model.ts';
import { MOST_HEAP_MIB } from '../agent/training/trainer.ts';
import { modelIn, trainingInput } from '../agent/training/training-job.ts';
import { bundleThread } from '../build/bundle.ts';
import { nodeThreads } from '../host/threads.ts';
import { Seeded } from '../testbed/homes/seeded.ts';

const ZONE = 'Europe/Berlin';
const PROGRAM = 'agent/training/main';
const FIRST = 20_000 * 96;
const DAY = 96;
const MIB = 2 ** 20;
const LOOK_MS = 10;
const DEADLINE_MS = 600_000;
const ROUNDS = 20;

interface Figures {
  days: number;
  /** Of the whole process, the start of the thread among it. */
  trainCpuMs: number;
  trainWallMs: number;
  /** Most memory resident while it ran, more than before. */
  memoryMiB: number;
  /** Median and most of 96 leads and what is kept to be scored, each from new knowledge. */
  forecastMs: number;
  forecastMostMs: number;
}

function homeOf(days: number): SeriesForecast {
  const local = new HomeDays(ZONE, 900);
  const series = new SeriesForecast('net', { intervalSeconds: 900, local });
  const chance = new Seeded(1);
  for (let at = 0; at < days * DAY; at += 1) {
    const slot = at % DAY;
    const evening = slot > 66 && slot < 88 ? 900 : 0;
    const powerW = 200 + evening + 400 * chance.uniform() ** 3;
    series.observe(FIRST + at, powerW, 0);
  }
  return series;
}

async function trained(history: LoadHistory, code: string) {
  const input = trainingInput({ history }, ZONE, 0);
  const before = process.memoryUsage().rss;
  let most = before;
  const look = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, LOOK_MS);
  const cpu = process.cpuUsage();
  const began = performance.now();
  const limits = { deadlineMs: DEADLINE_MS, mostHeapMib: MOST_HEAP_MIB };
  const job = { program: PROGRAM, input, transfer: [input.powersW.buffer], ...limits };
  const threads = nodeThreads(() => ({ text: code }));
  const model = modelIn(await threads.run(job, new AbortController().signal));
  clearInterval(look);
  const { user, system } = process.cpuUsage(cpu);
  return {
    model,
    trainCpuMs: Math.round((user + system) / 1000),
    trainWallMs: Math.round(performance.now() - began),
    memoryMiB: Math.round((most - before) / MIB),
  };
}

function forecastCost(series: SeriesForecast, model: TrainedModel | null) {
  series.forecaster.adopt(model);
  const took: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const { origin } = series.forecaster.known;
    const began = performance.now();
    for (let ahead = 1; ahead <= DAY; ahead += 1) series.forecast(origin + ahead);
    series.expect();
    took.push(performance.now() - began);
    series.observe(origin, 300, 0);
  }
  took.sort((one, other) => one - other);
  const tenths = (ms = 0) => Math.round(ms * 10) / 10;
  return { forecastMs: tenths(took[ROUNDS / 2]), forecastMostMs: tenths(took.at(-1)) };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { days: { type: 'string', default: '365' }, json: { type: 'boolean' } },
  });
  const days = Number(values.days);
  if (!Number.isInteger(days) || days < 14) throw new RangeError('--days must be 14 or more');
  const folder = mkdtempSync(join(tmpdir(), 'transax-training-'));
  try {
    const file = join(folder, 'thread.cjs');
    await bundleThread(PROGRAM, file);
    const series = homeOf(days);
    const code = readFileSync(file, 'utf8');
    const { model, ...training } = await trained(series.forecaster.known.history, code);
    const figures: Figures = { days, ...training, ...forecastCost(series, model) };
    const text = Object.entries(figures).map(([key, value]) => `${key.padEnd(16)} ${value}\n`);
    process.stdout.write(values.json ? `${JSON.stringify(figures)}\n` : text.join(''));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
