/** What training and a forecast cost on a year of quarter hours of a made-up home. */
import { Forecaster } from '../../agent/strategy/forecast/forecaster.ts';
import { train } from '../../agent/strategy/forecast/trained-model.ts';
import { A_MONDAY, zoneDays } from './home-series.ts';

export interface YearCost {
  trainCpuMs: number;
  /** All 96 intervals of a day. */
  forecastCpuMs: number;
  /** More memory resident after training than before it. */
  memoryMiB: number;
}

const SECONDS = 900;
const DAY = 96;
const DAYS = 365;
const MIB = 2 ** 20;

export function measureYear(): YearCost {
  const local = zoneDays('Europe/Zurich', SECONDS);
  const forecaster = new Forecaster({ intervalSeconds: SECONDS, local });
  const first = A_MONDAY / SECONDS;
  let noise = 1;
  for (let at = 0; at < DAYS * DAY; at += 1) {
    // A linear congruence (Park, Miller): the same home in every run.
    noise = (noise * 48_271) % 2_147_483_647;
    const evening = Math.max(0, Math.sin(((at % DAY) / DAY - 0.5) * 2 * Math.PI));
    forecaster.observe(first + at, 150 + 900 * evening + (noise % 7 === 0 ? noise % 2000 : 0));
  }
  const beforeBytes = process.memoryUsage().rss;
  const trainCpuMs = cpuMs(() => forecaster.adopt(train(forecaster.known)));
  const memoryMiB = Math.round((process.memoryUsage().rss - beforeBytes) / MIB);
  const origin = forecaster.known.origin;
  const forecastCpuMs = cpuMs(() => {
    for (let ahead = 0; ahead < DAY; ahead += 1) forecaster.forecast(origin + ahead);
  });
  return { trainCpuMs, forecastCpuMs, memoryMiB };
}

function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return Math.round((user + system) / 1000);
}
