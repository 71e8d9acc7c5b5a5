/**
 * What a load is switched by: one relay, or the two inputs of a heat pump (SG-Ready of the German
 * heat pump association): 1:0 blocks it, 0:0 is normal, 0:1 recommends and 1:1 forces a boost.
 */
import type { Relay } from '../../host/ports.ts';
import type { Level, LoadModel } from './model.ts';

export interface Output {
  /** @throws Error of the relay; what it does is not known then */
  set(level: Level): Promise<void>;
  /** @throws Error of the relay */
  read(): Promise<Level>;
}

/** @throws RangeError when the kind of load has another number of relays */
export function openOutput(
  load: Pick<LoadModel, 'name' | 'kind' | 'isForcedBoost'>,
  relays: readonly Relay[],
): Output {
  const [first, second] = relays;
  const expected = load.kind === 'sg-ready' ? 2 : 1;
  if (first === undefined || relays.length !== expected) {
    throw new RangeError(`load ${load.name} has ${relays.length} relays, not ${expected}`);
  }
  return second === undefined ? plain(first) : sgReady(first, second, load.isForcedBoost);
}

function plain(relay: Relay): Output {
  return {
    set: (level) => relay.set(level === 'on'),
    read: async () => ((await relay.read()) ? 'on' : 'off'),
  };
}

function sgReady(first: Relay, second: Relay, isForcedBoost: boolean): Output {
  return {
    async set(level) {
      // Through 0:0 alone: a pump must not see a state that was not meant.
      await first.set(false);
      await second.set(false);
      if (level === 'block') await first.set(true);
      if (level !== 'on') return;
      await second.set(true);
      if (isForcedBoost) await first.set(true);
    },
    async read() {
      if (await second.read()) return 'on';
      return (await first.read()) ? 'block' : 'off';
    },
  };
}
