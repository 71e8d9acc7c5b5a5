/** Training in a thread: the same model as here, when it is due, and what its failures cost. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SeriesForecast } from '../../../agent/forecasting/series-forecast.ts';
import { Journal } from '../../../agent/journal/journal.ts';
import { JOURNAL_MIGRATIONS } from '../../../agent/journal/schema.ts';
import { HomeDays } from '../../../agent/strategy/forecast/home-days.ts';
import { train } from '../../../agent/strategy/forecast/trained-model.ts';
import { Trainer } from '../../../agent/training/trainer.ts';
import { modelIn, trainFrom, trainingInput } from '../../../agent/training/training-job.ts';
import type { Clock, Log } from '../../../host/ports.ts';
import { openSql } from '../../../host/sqlite.ts';
import { SteppedClock } from '../../../host/stepped-clock.ts';
import { ThreadError, type ThreadJob, type Threads } from '../../../host/thread-port.ts';
import { nodeThreads } from '../../../host/threads.ts';
import { madeLoadW, NOW } from '../forecasting/made-home.ts';

const test = suite('training');
const ZONE = 'Europe/Berlin';
const never = new AbortController().signal;
const HOUR_MS = 3_600_000;

function seriesOf(days: number): SeriesForecast {
  const local = new HomeDays(ZONE, 900);
  const series = new SeriesForecast('net', { intervalSeconds: 900, local });
  for (const { interval, powerW } of madeLoadW(days)) series.forecaster.observe(interval, powerW);
  return series;
}

/** A trainer on a clock that stands, with a thread of the test's own making. */
function scene(
  days: number,
  answer: (job: ThreadJob) => Promise<unknown>,
  wrap: (clock: SteppedClock) => Clock = (clock) => clock,
) {
  const clock = new SteppedClock(NOW * 900_000 + 1000);
  const lines: string[] = [];
  const note = (message: string, fields: object = {}) =>
    void lines.push(`${message} ${JSON.stringify(fields)}`);
  const log: Log = { info: note, warn: note, error: note };
  const journal = new Journal(openSql(':memory:', { migrations: JOURNAL_MIGRATIONS }));
  const series = seriesOf(days);
  const jobs: ThreadJob[] = [];
  const threads: Threads = {
    run(job) {
      jobs.push(job);
      return answer(job);
    },
  };
  const trainer = new Trainer({
    ...{ clock: wrap(clock), log, threads, records: journal.forecasts, series: [series] },
    ...{ intervalSeconds: 900, zone: ZONE, moment: 0.25 },
  });
  const ending = new AbortController();
  trainer.start(ending.signal);
  const runTo = async (ms: number) => {
    let next: number | null = clock.now();
    while (clock.now() < ms) {
      next = await clock.advance(Math.min(ms, Math.max(clock.now(), next ?? ms)));
    }
  };
  return { clock, lines, journal, series, jobs, trainer, ending, runTo };
}

const here = async (job: ThreadJob) => trainFrom(job.input);

test('a thread makes the same model as the main thread would', async () => {
  const { known } = seriesOf(25).forecaster;
  const input = trainingInput(known, ZONE, 0);
  const job = { program: 'agent/training/main', input, transfer: [input.powersW.buffer] };
  const limits = { deadlineMs: 60_000, mostHeapMib: 48 };
  const model = modelIn(await nodeThreads().run({ ...job, ...limits }, never));
  assert.ok(model !== null);
  assert.equal(model, train(known));
});

test('it trains at the start, then once a day at its own moment', async () => {
  const { series, jobs, runTo, trainer, journal } = scene(20, here);
  await trainer.settled();
  assert.is(jobs.length, 1);
  assert.ok(series.forecaster.model !== null);
  // NOW is 10:00 UTC; its moment is a quarter of the day, 06:00.
  await runTo(NOW * 900_000 + 19 * HOUR_MS);
  assert.is(jobs.length, 1);
  await runTo(NOW * 900_000 + 21 * HOUR_MS);
  assert.is(jobs.length, 2);
  const [row] = journal.forecasts.trainings('net');
  assert.is(row?.outcome, 'trained');
  assert.is(Math.floor(((row?.atMs ?? 0) / HOUR_MS) % 24), 6);
});

test('with less than two weeks it waits, and begins when they are there', async () => {
  const { series, jobs, runTo } = scene(13, here);
  const from = NOW;
  for (let ahead = 0; ahead < 96; ahead += 8) {
    await runTo((from + ahead) * 900_000 + 800_000);
    assert.is(jobs.length, 0, `${ahead}`);
    for (let each = 0; each < 8; each += 1) series.forecaster.observe(from + ahead + each, 300);
  }
  await runTo((from + 97) * 900_000);
  assert.is(jobs.length, 1);
  assert.ok(series.forecaster.model !== null);
});

test('a thread that fails costs one line, keeps the last model, and is tried again', async () => {
  let isBroken = false;
  const { series, jobs, runTo, lines, journal } = scene(20, async (job) => {
    if (isBroken) throw new ThreadError('died', 'it ended with code 1 and without an answer');
    return here(job);
  });
  await runTo(NOW * 900_000 + HOUR_MS);
  const { model } = series.forecaster;
  isBroken = true;
  await runTo(NOW * 900_000 + 24 * HOUR_MS);
  assert.ok(jobs.length >= 4, `${jobs.length} tries`);
  assert.is(series.forecaster.model, model);
  assert.is(lines.length, 1);
  assert.match(lines[0] ?? '', /goes on with the last model.*without an answer/);
  const failed = journal.forecasts.trainings('net').find(({ outcome }) => outcome === 'failed');
  assert.match(failed?.reason ?? '', /code 1/);
  isBroken = false;
  await runTo(NOW * 900_000 + 26 * HOUR_MS);
  assert.is.not(series.forecaster.model, model);
});

test('a model of another release is not used, nor is what is no model', async () => {
  const wrong = [
    async (job: ThreadJob) => ({ ...trainFrom(job.input), form: 0 }),
    async () => ({ form: 1, model: { days: 3 } }),
    async () => ({ form: 1, model: undefined }),
    async () => 'trained',
    async () => undefined,
  ];
  for (const answer of wrong) {
    const { series, lines, trainer } = scene(16, answer);
    await trainer.settled();
    assert.is(series.forecaster.model, null);
    assert.match(lines.join(), /goes on without a model/);
  }
});

test('a history of which too little is known is said so, and not tried all the time', async () => {
  const { jobs, runTo, journal, lines } = scene(16, async () => ({ form: 1, model: null }));
  await runTo(NOW * 900_000 + 10 * HOUR_MS);
  assert.is(jobs.length, 1);
  assert.match(journal.forecasts.trainings('net')[0]?.reason ?? '', /too few/);
  assert.equal(lines, []);
});

test('nothing is trained while the clock is not proven', async () => {
  let isProven = false;
  const { jobs, runTo } = scene(20, here, (clock) => ({
    now: () => clock.now(),
    monotonicMs: () => clock.monotonicMs(),
    isProven: () => isProven,
    pacer: () => clock.pacer(),
    delay: (ms, signal) => clock.delay(ms, signal),
  }));
  await runTo(NOW * 900_000 + HOUR_MS);
  assert.is(jobs.length, 0);
  isProven = true;
  await runTo(NOW * 900_000 + 1.5 * HOUR_MS);
  assert.is(jobs.length, 1);
});

test('stepped time stands still until the thread has answered', async () => {
  let finish = (): void => {};
  const { clock, series, trainer } = scene(16, async (job) => {
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    return here(job);
  });
  let isSettled = false;
  const advanced = clock.advance(clock.now() + 1).then(() => {
    isSettled = true;
  });
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.not(isSettled);
  finish();
  await advanced;
  await trainer.settled();
  assert.ok(series.forecaster.model !== null);
});

test('an end from outside ends the thread, and says nothing', async () => {
  const { lines, ending, trainer, journal } = scene(16, () => {
    return new Promise((_, reject) => {
      ending.signal.addEventListener('abort', () => {
        reject(new ThreadError('aborted', 'it was ended from outside'));
      });
    });
  });
  ending.abort();
  await trainer.stop();
  assert.equal(lines, []);
  assert.equal(journal.forecasts.trainings('net'), []);
});

test.run();
