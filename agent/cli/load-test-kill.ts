/**
 * The commissioning step `load test NAME --kill`: what the load does when the agent dies. The load
 * is turned on, the agent's process is killed hard, and the relay must be seen safe in time, by
 * systemd's `load safe` or by the timer of the device itself. Whoever calls this has asked first.
 */
import type { Clock } from '../../host/ports.ts';

export interface KillTest {
  /** The safe state of the load. */
  safeOn: boolean;
  /** Takes the load out of its safe state, by the running agent. */
  leaveSafe(): Promise<void>;
  /** What the relay is; null when it cannot be seen just now, because something holds it. */
  look(): Promise<boolean | null>;
  /** Kills the agent with SIGKILL. */
  kill(): void;
  /** How long after that the relay may take. */
  withinMs: number;
  timer: Pick<Clock, 'delay' | 'monotonicMs'>;
}

/**
 * `safe`: it was seen in its safe state so long after the kill. `not-safe`: it was not, `lastOn` is
 * the last that was seen of it. `never-left`: it was safe before the kill already, and nothing was
 * killed.
 */
export type KillTestResult =
  | { outcome: 'safe'; afterMs: number }
  | { outcome: 'not-safe'; lastOn: boolean | null }
  | { outcome: 'never-left' };

const LOOK_MS = 250;
/** What a relay, and a network, may take to do as told. */
const LEAVE_MS = 10_000;

/** @throws what `leaveSafe` and `kill` throw */
export async function testByKilling(test: KillTest): Promise<KillTestResult> {
  const { safeOn, timer } = test;
  await test.leaveSafe();
  const left = await lookUntil(test, !safeOn, LEAVE_MS);
  if (!left.isSeen) return { outcome: 'never-left' };
  test.kill();
  const killedAtMs = timer.monotonicMs();
  const { isSeen, lastOn } = await lookUntil(test, safeOn, test.withinMs);
  if (!isSeen) return { outcome: 'not-safe', lastOn };
  return { outcome: 'safe', afterMs: Math.round(timer.monotonicMs() - killedAtMs) };
}

/** A look that fails says nothing: a network may lose one, a line may be held for a moment. */
async function lookUntil(
  { look, timer }: KillTest,
  wantedOn: boolean,
  withinMs: number,
): Promise<{ isSeen: boolean; lastOn: boolean | null }> {
  const endsAtMs = timer.monotonicMs() + withinMs;
  const never = new AbortController().signal;
  let lastOn: boolean | null = null;
  for (;;) {
    lastOn = (await look().catch(() => null)) ?? lastOn;
    if (lastOn === wantedOn) return { isSeen: true, lastOn };
    if (timer.monotonicMs() >= endsAtMs) return { isSeen: false, lastOn };
    await timer.delay(LOOK_MS, never);
  }
}
