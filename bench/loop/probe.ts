/**
 * Loaded into an agent's process before it (`node --import`): watches its main thread from the
 * start of market time to SIGTERM, and writes what it saw when the process ends.
 *
 * A timer of 1 ms notes the CPU time of the thread at each tick. Between two ticks lies at least
 * one turn of the loop, so that the CPU time between them is at least that of the longest turn.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { type Profiler, Session } from 'node:inspector';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { type Culprit, culpritsOf, type Stall } from './culprits.ts';

export interface ProbeReport {
  /** Before market time began: programs are loaded, the journal is read. */
  startStallCpuMs: number;
  /** The longest stalls of the day, the longest first. */
  worst: Culprit[];
  /** Turns of more than 5, 10, 20 ms of CPU. */
  over: Record<'5' | '10' | '20', number>;
  /** Delay of the loop by the wall, ms: on a machine that others use it holds their time too. */
  delayMs: { p50: number; p99: number; max: number };
  cpuSeconds: number;
  realSeconds: number;
}

/** Of the pinned Node; the types are those of the oldest that an agent runs on. */
const { threadCpuUsage } = process as unknown as { threadCpuUsage(): NodeJS.CpuUsage };

const KEPT = 12;
const SAMPLE_US = 500;
const TICK_MS = 1;

function main(out: string, config: string): void {
  const profiler = new Session();
  profiler.connect();
  profiler.post('Profiler.enable');
  profiler.post('Profiler.setSamplingInterval', { interval: SAMPLE_US });
  profiler.post('Profiler.start');
  const beginsAtMs = originOf(config) - Date.now() + performance.now();
  const delay = monitorEventLoopDelay({ resolution: TICK_MS });
  const watch = new Watch(beginsAtMs, delay);
  process.prependListener('SIGTERM', () => watch.end());
  process.on('exit', () => {
    watch.end();
    profiler.post('Profiler.stop', (error, { profile }) => {
      if (error !== null) throw error;
      writeFileSync(out, JSON.stringify(watch.report(profile)));
    });
  });
}

class Watch {
  readonly #beginsAtMs: number;
  readonly #delay: IntervalHistogram;
  readonly #timer: NodeJS.Timeout;
  #last = this.#now();
  #start = 0;
  #stalls: Stall[] = [];
  #over = { 5: 0, 10: 0, 20: 0 };
  #dayCpuMs = 0;
  #dayMs = 0;

  constructor(beginsAtMs: number, delay: IntervalHistogram) {
    this.#beginsAtMs = beginsAtMs;
    this.#delay = delay;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#delay.disable();
  }

  report(profile: Profiler.Profile): ProbeReport {
    const ms = (ns: number) => ns / 1e6;
    return {
      startStallCpuMs: this.#start,
      worst: culpritsOf(this.#stalls, profile),
      over: this.#over,
      delayMs: {
        p50: ms(this.#delay.percentile(50)),
        p99: ms(this.#delay.percentile(99)),
        max: ms(this.#delay.max),
      },
      cpuSeconds: this.#dayCpuMs / 1000,
      realSeconds: this.#dayMs / 1000,
    };
  }

  #now() {
    const { user, system } = threadCpuUsage();
    return { us: Number(process.hrtime.bigint() / 1000n), cpuMs: (user + system) / 1000 };
  }

  #tick(): void {
    const last = this.#last;
    const now = this.#now();
    this.#last = now;
    const cpuMs = now.cpuMs - last.cpuMs;
    const wallMs = (now.us - last.us) / 1000;
    if (performance.now() < this.#beginsAtMs) {
      this.#start = Math.max(this.#start, cpuMs);
      return;
    }
    if (this.#dayMs === 0) this.#delay.enable();
    this.#dayMs += wallMs;
    this.#dayCpuMs += cpuMs;
    for (const limit of [5, 10, 20] as const) if (cpuMs > limit) this.#over[limit] += 1;
    const least = this.#stalls.at(-1);
    if (this.#stalls.length >= KEPT && least !== undefined && cpuMs <= least.cpuMs) return;
    this.#stalls.push({ fromUs: last.us, toUs: now.us, cpuMs, wallMs });
    this.#stalls.sort((a, b) => b.cpuMs - a.cpuMs);
    this.#stalls.length = Math.min(this.#stalls.length, KEPT);
  }
}

/** Real time at which market time begins, by the clock of the settings. */
function originOf(config: string): number {
  const origin = /clock = "scaled:[\d.]+:([\d.]+):/.exec(readFileSync(config, 'utf8'))?.[1];
  if (origin === undefined) throw new Error(`${config} has no scaled clock`);
  return Number(origin);
}

const { TRANSAX_PROBE_OUT: out, TRANSAX_PROBE_HOME: home } = process.env;
const words = process.argv.slice(2);
const config = words.find((word) => word.endsWith(`/${home}/agent.toml`));
if (out !== undefined && config !== undefined && words[0] === 'run') main(out, config);
