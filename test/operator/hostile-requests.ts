/**
 * Requests that no meter of this DSO would send, from a seed: bytes of good ones changed, values of
 * other types and sizes, and messages that are signed, but not by whom, for whom or for what they
 * should be.
 */
import * as fc from 'fast-check';
import { domainOf } from '../../market/grid-json.ts';
import { type AssetRequest, hashReading, hashWithdrawal } from '../../market/messages.ts';
import { PATHS, readingsJson, withdrawalJson } from '../../market/messages-json.ts';
import type { PaperDso } from './paper-dso.ts';
import { assetAt, makeMeter, type TestMeter, type WithdrawalWish } from './world.ts';

export interface Hostile {
  kind: string;
  path: string;
  body: string;
}

/** Numbers below 1, always the same from a seed (mulberry32). */
export function diceOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Stage {
  world: PaperDso;
  meter: TestMeter;
  other: TestMeter;
  /** An address of `meter` that was granted, and its key. */
  usedKey: string;
  /** Requests that were answered before: to send one of them again changes nothing. */
  good: { path: string; body: string }[];
  /** The interval now, and one whose reading is countersigned. */
  now: number;
  read: number;
}

type Dice = () => number;
const below = (dice: Dice, most: number) => Math.floor(dice() * most);
const pick = <T>(dice: Dice, list: readonly T[]): T => list[below(dice, list.length)] as T;

/** Bytes changed, left out, put in, doubled. */
function mutated(dice: Dice, { path, body }: { path: string; body: string }): Hostile {
  const bytes = [...Buffer.from(body)];
  for (let times = 1 + below(dice, 4); times > 0; times -= 1) {
    const at = below(dice, bytes.length);
    const kind = below(dice, 4);
    if (kind === 0) bytes[at] = below(dice, 256);
    else if (kind === 1) bytes.splice(at, 1 + below(dice, 8));
    else if (kind === 2) bytes.splice(at, 0, below(dice, 256));
    else bytes.splice(at, 0, ...bytes.slice(at, at + below(dice, 40)));
  }
  return { kind: 'bytes', path, body: Buffer.from(bytes).toString('utf8') };
}

const VALUES: readonly unknown[] = [
  ...[null, true, [], {}, '', '0x', ' ', '\u0000', '\u202e', '💡', 'ä'.repeat(999)],
  ...[-1, 0.5, 1e21, 2 ** 53, -(2 ** 53), 4294967296, 281474976710656, '1', '-1', '1e3', '00'],
  ...['18446744073709551616', `0x${'f'.repeat(64)}`, `0x${'0'.repeat(130)}`, [[]], { a: 1 }],
];

/** One value somewhere is of another type, or another size. */
function retyped(dice: Dice, { path, body }: { path: string; body: string }): Hostile {
  const root = JSON.parse(body) as Record<string, unknown>;
  let place = root;
  for (;;) {
    const key = pick(dice, Object.keys(place));
    const value = place[key];
    const canEnter = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
    if (canEnter && dice() < 0.7) {
      place = value as Record<string, unknown>;
      continue;
    }
    const change = dice();
    if (change < 0.15) delete place[key];
    else if (change < 0.3) place[`${key}2`] = value;
    else place[key] = pick(dice, VALUES);
    return { kind: 'types', path, body: JSON.stringify(root) };
  }
}

const NUMBERS = ['1e400', '-0', '1.5', '9007199254740993', 'NaN', 'Infinity', '0x10', '01', '1e-7'];

/** A number as JSON does not have it, or as no integer. */
function renumbered(dice: Dice, { path, body }: { path: string; body: string }): Hostile {
  const places = [...body.matchAll(/:\d+/g)];
  const place = places[below(dice, places.length)];
  if (place === undefined) return mutated(dice, { path, body });
  const [from, to] = [place.index + 1, place.index + place[0].length];
  return {
    kind: 'numbers',
    path,
    body: body.slice(0, from) + pick(dice, NUMBERS) + body.slice(to),
  };
}

function deep(dice: Dice, { path }: { path: string }): Hostile {
  const depth = 1 + below(dice, 30_000);
  const forms = [
    '['.repeat(depth),
    `${'['.repeat(depth)}${']'.repeat(depth)}`,
    `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`,
    `{"readings":[${'{},'.repeat(depth)}{}]}`,
    `{"__proto__":${'['.repeat(9)}${']'.repeat(9)},"constructor":1}`,
  ];
  return { kind: 'deep', path, body: pick(dice, forms) };
}

/** Whatever JSON there is, from fast-check. */
function anything(dice: Dice, { path }: { path: string }): Hostile {
  const seed = below(dice, 2 ** 31);
  const [body = ''] = fc.sample(fc.oneof(fc.json(), fc.string({ unit: 'binary' })), {
    seed,
    numRuns: 1,
  });
  return { kind: 'anything', path, body };
}

/** Signed by both keys, and all the same nothing that may be granted. */
function refused(dice: Dice, stage: Stage): Hostile {
  const { world, meter, now } = stage;
  const at = now + 4;
  const assets = (...list: AssetRequest[]): WithdrawalWish => ({ assets: list });
  const wishes: Record<string, WithdrawalWish> = {
    empty: { assets: [] },
    'no energy': assets(assetAt(at, { energyWs: 0 })),
    'no power': assets(assetAt(at, { maxPowerW: 0 })),
    backwards: assets(assetAt(at, { lastInterval: at - 1 })),
    past: assets(assetAt(now - 1)),
    'too far': assets(assetAt(now + 13)),
    'last of all': assets(assetAt(at, { lastInterval: 2 ** 32 - 1 })),
    'too strong': assets(assetAt(at, { maxPowerW: 2 ** 32 - 1 })),
    doubled: assets(assetAt(at, { maxPowerW: 11_000 }), assetAt(at, { maxPowerW: 11_000 })),
    'both sides': assets(assetAt(at), assetAt(at, { side: 'sell' })),
    'all the money': { assets: [], amountMicro: 2n ** 64n - 1n },
    'a millionth more': { assets: [], amountMicro: 50_000_001n },
    'another feeder': { feeder: pick(dice, [0, 2, 2 ** 32 - 1]) },
    'used address': { addressKey: stage.usedKey },
  };
  const kind = pick(dice, Object.keys(wishes));
  const { body } = world.wish(meter, wishes[kind] ?? {});
  return { kind, path: PATHS.withdrawals, body };
}

/** A withdrawal that would be granted, but for one thing about who signs what. */
function missigned(dice: Dice, stage: Stage): Hostile {
  const { world, meter, other } = stage;
  const { facts } = world;
  const base = world.wish(meter);
  const resigned = (kind: string, change: object, domain = domainOf(facts), by = meter) => {
    const withdrawal = { ...base.withdrawal, ...change };
    const digest = hashWithdrawal(domain, withdrawal);
    const key = makeMeter(base.addressKey);
    const signed = {
      withdrawal,
      meterSignature: by.sign(digest),
      addressSignature: key.sign(digest),
    };
    return { kind, path: PATHS.withdrawals, body: withdrawalJson(signed) };
  };
  const stranger = makeMeter();
  const { chainId, contracts } = facts;
  const earlier = Math.floor(world.clock.now() / 1000) - 1;
  const id = (JSON.parse(stage.good[0]?.body ?? '{}') as { requestId: string }).requestId;
  return pick(dice, [
    () => resigned("another meter's name", { meterId: other.meterId }),
    () => resigned('a stranger', { meterId: stranger.meterId }, domainOf(facts), stranger),
    () => resigned('for another', {}, domainOf(facts), other),
    () => resigned('another chain', {}, { chainId: chainId + 1, assetsContract: contracts.assets }),
    () => resigned('another contract', {}, { chainId, assetsContract: contracts.matching }),
    () => resigned('another market', { market: contracts.assets }),
    () => resigned('expired', { expiresAt: pick(dice, [0, 1, earlier]) }),
    () => resigned('an id that was used', { requestId: id }),
    () => resigned('the meter as address', { address: meter.meterId }),
    () => resigned("another's address", { address: other.meterId }),
    () => resigned("the DSO's address", { address: facts.dso.address }),
  ])();
}

function falseReadings(dice: Dice, stage: Stage): Hostile {
  const { world, meter, other, now, read } = stage;
  const row = (interval: number, importedWs = 1) => ({
    ...{
      meterId: meter.meterId,
      interval,
      importedWs,
      exportedWs: 0,
      quality: 'measured' as const,
    },
  });
  const signed = (reading: ReturnType<typeof row>, by: TestMeter) => ({
    reading,
    meterSignature: by.sign(hashReading(domainOf(world.facts), reading)),
  });
  const [kind, readings] = pick(dice, [
    () => ['another reading', [signed(row(read, 2), meter)]] as const,
    () => ['not ended', [signed(row(now + below(dice, 99)), meter)]] as const,
    () => ['implausible', [signed(row(now - 1, 2 ** 48 - 1), meter)]] as const,
    () => ['not the meter', [signed(row(now - 1), other), signed(row(now - 2), meter)]] as const,
    () => ['the last interval', [signed(row(2 ** 32 - 1), meter)]] as const,
  ])();
  const request = { requestId: world.newId(), meterId: meter.meterId, readings: [...readings] };
  return { kind: `reading: ${kind}`, path: PATHS.readings, body: readingsJson(request) };
}

const CHEAP = [mutated, mutated, retyped, retyped, renumbered, deep, anything];

/** @param dice decides all of it but the keys of fresh addresses */
export function hostileRequest(dice: Dice, stage: Stage): Hostile {
  const share = dice();
  if (share < 0.12) return refused(dice, stage);
  if (share < 0.24) return missigned(dice, stage);
  if (share < 0.3) return falseReadings(dice, stage);
  return pick(dice, CHEAP)(dice, pick(dice, stage.good));
}
