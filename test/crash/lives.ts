/** The lives of one home's agent: each ends by a fault, or lives through one, while any is left. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Child } from '../../testbed/children.ts';
import type { NeighbourHome } from '../../testbed/neighbourhood.ts';
import { type Run, startHome } from '../../testbed/run.ts';
import { type Fault, hasHappened, traced } from './faults.ts';
import type { Blow } from './plan.ts';

/** What became of a fault. */
export interface Dealt {
  home: string;
  fault: Fault;
  phase: 'run' | 'recovery';
  /** strace's log shows it, and the process ended by it where it was to. */
  hasHappened: boolean;
  /** How the process ended when it was not by the fault: an exit code. */
  code: number | null;
}

const LOOK_MS = 100;

export interface LivesOptions {
  run: Run;
  home: NeighbourHome;
  /** Taken from by all homes. */
  blows: Blow[];
  /** Longest life that waits for its fault, real ms. */
  patienceMs: number;
  /** How long an agent lives on after an error of its disk, real ms. */
  afterMs: number;
  /** The agent's program; by default the project's own, from source. */
  program?: readonly string[];
}

export class Lives {
  readonly dealt: Dealt[] = [];
  /** Ends that no fault explains. */
  readonly fallen: string[] = [];
  readonly #o: LivesOptions;
  #number = 0;
  #isOver = false;

  constructor(options: LivesOptions) {
    this.#o = options;
  }

  /** From a running agent to a running agent. */
  async play(signal: AbortSignal): Promise<void> {
    const { blows, run, home } = this.#o;
    await this.#stop();
    for (let blow = blows.shift(); blow !== undefined; blow = blows.shift()) {
      if (signal.aborted) break;
      const isDead = await this.#live(blow.first, 'run', signal);
      if (isDead && blow.recovery !== null && !signal.aborted) {
        await this.#live(blow.recovery, 'recovery', signal);
      }
    }
    if (!signal.aborted) this.#watch(startHome(run, home));
  }

  /** @returns whether the fault killed it */
  async #live(fault: Fault, phase: Dealt['phase'], signal: AbortSignal): Promise<boolean> {
    const { run, home, patienceMs, afterMs } = this.#o;
    const { name } = home.spec;
    const logs = join(run.directory, 'strace');
    mkdirSync(logs, { recursive: true });
    this.#number += 1;
    const logFile = join(logs, `${name}-${this.#number}`);
    const child = this.#start(traced(fault, home.directory, logFile));
    const endsAt = performance.now() + patienceMs;
    let code: number | null | undefined;
    void child.ended.then((ended) => {
      code = ended;
    });
    const isOver = () => code !== undefined || performance.now() > endsAt || signal.aborted;
    const isError = fault.effect !== 'SIGKILL';
    while (!isOver() && !(isError && hasHappened(fault, logFile))) await pause(LOOK_MS);
    if (isError && code === undefined) {
      const stays = performance.now() + afterMs;
      while (code === undefined && performance.now() < stays) await pause(LOOK_MS);
    }
    const isByItself = code !== undefined;
    child.mayEnd = true;
    // Half of those that lived through an error are killed: what was refused may be on the disk.
    if (code === undefined) child.kill(isError && this.#number % 2 === 0 ? 'SIGKILL' : 'SIGTERM');
    const ended = await child.ended;
    const happened = hasHappened(fault, logFile) && (isError || (isByItself && ended === null));
    this.dealt.push({ home: name, fault, phase, hasHappened: happened, code: ended });
    if (isByItself && ended !== null && !(isError && happened)) {
      this.fallen.push(`${name} ended with ${ended}: ${child.tail()}`);
    }
    return !isError && happened;
  }

  #start(within: string[]): Child {
    const { run, home } = this.#o;
    const args = ['agent/main.ts', 'run', '--config', home.config];
    const child = run.children.start(home.spec.name, args, within);
    child.mayEnd = true;
    return child;
  }

  /** Ends the agent in good order. */
  async finish(): Promise<void> {
    this.#isOver = true;
    await this.#stop();
  }

  async #stop(): Promise<void> {
    const { run, home } = this.#o;
    const child = run.children.find(home.spec.name);
    if (child === undefined) return;
    child.mayEnd = true;
    child.kill('SIGTERM');
    await child.ended;
  }

  #watch(child: Child): void {
    void child.ended.then((code) => {
      if (!this.#isOver) this.fallen.push(`${child.name} ended with ${code}: ${child.tail()}`);
    });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
