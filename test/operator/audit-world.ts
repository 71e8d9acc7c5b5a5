/** A small market that lived a little: grants, offers, a final trade, deposits, readings. */
import { join } from 'node:path';
import { hexlify, randomBytes, SigningKey } from 'ethers';
import * as assert from 'uvu/assert';
import {
  depositEnergyCall,
  depositFinancialCall,
  finalizeCall,
  postOfferCall,
  stakeCall,
  submitSolutionCall,
} from '../../chain/calls.ts';
import { LogFollower } from '../../chain/follower.ts';
import { MarketReads } from '../../chain/reads.ts';
import { parseQuantity } from '../../chain/rpc-forms.ts';
import { readKeyFile } from '../../host/key-file.ts';
import { domainOf } from '../../market/grid-json.ts';
import { closeOf, intervalAt } from '../../market/intervals.ts';
import { hashReading, type Reading } from '../../market/messages.ts';
import { PATHS, readingsJson } from '../../market/messages-json.ts';
import { audit } from '../../operator/audit/audit.ts';
import { readBooks } from '../../operator/audit/books-facts.ts';
import { checkReadings } from '../../operator/audit/readings.ts';
import { setUpDso } from './dso-world.ts';
import { assetAt, makeMeter } from './world.ts';

const PRICE = 200_000;
const POWER_W = 600;

export async function livedMarket() {
  const world = await setUpDso();
  try {
    const dso = world.begin();
    await world.round(dso);
    const seller = makeMeter();
    const meter = { feeder: 1, maxPowerW: 11_000, balanceMicro: 5_000_000n, suspended: false };
    world.books.transaction(() =>
      world.books.meters.add({ meterId: seller.meterId, ...meter }, world.clock.now()),
    );
    const at = intervalAt(world.facts.calendar, world.clock.now() / 1000) + 3;
    // Grants stand in the order of their requests' ids: assets 1, 2 and 3.
    const id = (place: number) => ({ requestId: `0x${String(place).padStart(64, '0')}` });
    const buy = world.wish({ ...id(1), assets: [assetAt(at)], amountMicro: 1_000_000n });
    const sell = world.wish({ ...id(2), assets: [assetAt(at, { side: 'sell' })] }, seller);
    const solver = world.wish({ ...id(3), assets: [], amountMicro: 2_000_000n });
    const idle = world.wish({ ...id(4), assets: [assetAt(at + 2)], amountMicro: 400_000n });
    for (const wish of [buy, sell, solver, idle]) {
      assert.is((await world.withdraw(dso, wish)).state, 'accepted');
    }
    await world.sign(dso);
    await world.round(dso);
    await trade(world, at, [buy.addressKey, sell.addressKey, solver.addressKey]);
    const { contracts } = world.facts;
    await world.sendFrom(idle.addressKey, depositEnergyCall(contracts, 3));
    await world.sendFrom(idle.addressKey, depositFinancialCall(contracts, 300_000n));
    await sendReadings(world, dso);
    await world.round(dso);
    await world.round(dso);
    return { ...world, dso, seller, at, audited: () => auditOf(world) };
  } catch (error) {
    await world.close();
    throw error;
  }
}

type World = Awaited<ReturnType<typeof setUpDso>>;

async function trade(world: World, interval: number, keys: string[]): Promise<void> {
  const { contracts, calendar } = world.facts;
  const [buyer = '', seller = '', solver = ''] = keys;
  const range = { firstInterval: interval, lastInterval: interval };
  const terms = { ...range, energyWs: 900_000, maxPowerW: 1_000, priceMicroPerKwh: PRICE };
  await world.sendFrom(seller, postOfferCall(contracts, { ...terms, assetId: 2 }));
  await world.sendFrom(buyer, postOfferCall(contracts, { ...terms, assetId: 1 }));
  await world.sendFrom(solver, stakeCall(contracts, 1_000_000n));
  const homeEnergyWs = BigInt(POWER_W * calendar.intervalSeconds);
  const claimed = { homeEnergyWs, utilityEnergyWs: 0n, welfare: 0n };
  const chunk = { interval, trades: [{ askId: 1, bidId: 2, powerW: POWER_W }] };
  await world.sendFrom(solver, submitSolutionCall(contracts, [{ ...chunk, claimed }]));
  const closesAt = closeOf(calendar, interval) + 1;
  await world.utility.anvil.call('evm_setTime', [closesAt]);
  world.clock.nowMs = closesAt * 1000;
  await world.sendFrom(solver, finalizeCall(contracts, chunk));
}

async function sendReadings(world: World, dso: ReturnType<World['begin']>): Promise<void> {
  const domain = domainOf(world.facts);
  const now = intervalAt(world.facts.calendar, world.clock.now() / 1000);
  const { meterId, sign } = world.meter;
  const requestId = hexlify(randomBytes(32));
  const readings = [now - 2, now - 1].map((interval) => {
    const quality = 'measured' as const;
    const reading: Reading = { meterId, interval, importedWs: 700, exportedWs: 0, quality };
    return { reading, meterSignature: sign(hashReading(domain, reading)) };
  });
  const body = readingsJson({ requestId, meterId, readings });
  await world.post(dso, PATHS.readings, body, requestId);
}

/** The audit of the books as they stand. @param plant changes them for this look alone */
export async function auditOf(world: World, plant: () => void = () => {}) {
  const { facts, rpc, sql } = world;
  const { chainId, contracts, finality, deployedAtBlock: fromBlock } = facts;
  const signal = new AbortController().signal;
  const dso = facts.dso.address.toLowerCase();
  class Undo extends Error {}
  let books = readBooks(sql);
  const badReadings: string[] = [];
  let seen = 0;
  try {
    sql.transaction(() => {
      plant();
      books = readBooks(sql);
      const add = (_code: string, sentence: string) => void badReadings.push(sentence);
      const found = { list: [], add } as unknown as Parameters<typeof checkReadings>[4];
      seen = checkReadings(sql, domainOf(facts), new Set([dso]), 0, found);
      throw new Undo();
    });
  } catch (error) {
    if (!(error instanceof Undo)) throw error;
  }
  return audit(
    books,
    {
      feed: new LogFollower({ rpc, chainId, contracts, fromBlock, finality }),
      dso,
      stateAt: (block) => ({
        reads: new MarketReads(rpc, contracts, block),
        nonce: async (address) =>
          parseQuantity(
            await rpc.call('eth_getTransactionCount', [address, `0x${block.toString(16)}`]),
            'eth_getTransactionCount',
          ),
      }),
      readings: (_signers, findings) => {
        for (const sentence of badReadings) findings.add('bad-reading', sentence);
        return seen;
      },
    },
    signal,
  );
}

export type LivedMarket = Awaited<ReturnType<typeof livedMarket>>;

/** What the audit says of books with a planted fault. */
export function planted(world: LivedMarket, ...statements: string[]) {
  return auditOf(world, () => {
    for (const statement of statements) world.sql.run(statement);
  });
}

/** The granter's key in somebody else's hands: signed past the books. */
export function thiefOf(world: LivedMarket): SigningKey {
  return new SigningKey(readKeyFile(join(world.utility.folder, 'dso.key')));
}
