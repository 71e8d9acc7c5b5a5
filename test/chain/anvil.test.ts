/** The chain client against a real node: what a script cannot show. */
import { SigningKey, Wallet } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compileContracts, readArtifact } from '../../build/contracts.ts';
import {
  addEnergyCall,
  addFeederCall,
  addFinancialBalanceCall,
  admitMarketCall,
  type Call,
  depositFinancialCall,
  proposeMarketCall,
  sealCall,
  setGranterCall,
  setTariffCall,
} from '../../chain/calls.ts';
import { FollowerError, LogFollower } from '../../chain/follower.ts';
import { deployMarketCalls, marketContractsFrom } from '../../chain/market-deployment.ts';
import { askingOutbox } from '../../chain/outbox.ts';
import { OUTBOX_DAYS_SQL, OUTBOX_SQL, SqlOutboxStore } from '../../chain/outbox-store.ts';
import { MarketReads } from '../../chain/reads.ts';
import { JsonRpc } from '../../chain/rpc.ts';
import { RpcError } from '../../chain/rpc-forms.ts';
import { clearTransport } from '../../host/http-transport.ts';
import { openSql } from '../../host/sqlite.ts';
import { intervalAt } from '../../market/intervals.ts';
import { startAnvil } from '../../testbed/anvil.ts';
import { laxPolicy } from './lax-policy.ts';
import { never, stillClock } from './scripted-transport.ts';
import { untilSettled } from './until-settled.ts';

const test = suite('chain on anvil');

const OWNER = new SigningKey(`0x${'21'.repeat(32)}`);
const OWNER_ADDRESS = new Wallet(OWNER.privateKey).address;
const HOLDER = new SigningKey(`0x${'22'.repeat(32)}`);
const HOLDER_ADDRESS = new Wallet(HOLDER.privateKey).address;

/** A market deployed by one key that is owner and granter at once. */
async function setUp() {
  await compileContracts();
  const anvil = await startAnvil({});
  const transport = clearTransport({ origins: [anvil.url] });
  const clock = stillClock(Date.now());
  const rpc = new JsonRpc({ urls: [anvil.url], transport, identity: 'test', clock });
  const sql = openSql(':memory:', { migrations: [OUTBOX_SQL, OUTBOX_DAYS_SQL] });
  const store = new SqlOutboxStore(sql);
  const finality = { kind: 'instant' } as const;
  const chainId = await rpc.chainId();
  const parts = { store, rpcFor: () => rpc, chainId, finality, clock };
  const outbox = askingOutbox({ ...parts, policy: laxPolicy });
  store.seedNonce(OWNER_ADDRESS, 0);
  store.seedNonce(HOLDER_ADDRESS, 0);
  const send = async (call: Call, key = OWNER) => {
    const entry = outbox.enqueue(key, call);
    const settled = await untilSettled(outbox);
    return settled.find(({ hash }) => hash === entry.hash);
  };
  const contracts = marketContractsFrom(OWNER_ADDRESS, 0);
  const { microgrid, matching } = contracts;
  const calendar = {
    ...{ intervalSeconds: 900, clearIntervals: 1, leadSeconds: 60, quietSeconds: 300 },
    horizonIntervals: 13,
  };
  const deploying = deployMarketCalls(readArtifact, OWNER_ADDRESS, 0, {
    ...{ owner: OWNER_ADDRESS, calendar, marketDelaySeconds: 86_400 },
    caps: { moneyMicroPerDay: 10n ** 12n, powerW: 10_000_000n },
    params: {
      ...{ minOfferWs: 3600, minTradeWs: 3600, offersPerAsset: 4, minStakeMicro: 1_000_000n },
      ...{ priceRule: 0, minGainWs: 0, rewardMicroPerKwh: 0 },
    },
  });
  const limits = { internalLimitW: 25_000, externalLimitW: 20_000 };
  for (const call of [
    ...deploying,
    addFeederCall(microgrid, limits),
    setTariffCall(microgrid, { useMicroPerKwh: [300_000], feedInMicroPerKwh: [80_000] }),
    setGranterCall(microgrid, OWNER_ADDRESS, true),
    proposeMarketCall(microgrid, matching),
    admitMarketCall(microgrid, matching),
    sealCall(microgrid),
  ]) {
    assert.is((await send(call))?.state, 'mined', call.kind);
  }
  const follower = new LogFollower({ rpc, chainId, contracts, fromBlock: 0, finality });
  return {
    ...{ anvil, rpc, outbox, store, contracts, send, follower },
    reads: new MarketReads(rpc, contracts),
    async close() {
      transport.close();
      sql.close();
      await anvil.stop();
    },
  };
}

test('grants, reads and the log tell the same story', async () => {
  const world = await setUp();
  try {
    const { contracts, send, reads, follower } = world;
    const at = intervalAt({ intervalSeconds: 900 } as never, Date.now() / 1000) + 3;
    const grant = {
      ...{ to: HOLDER_ADDRESS, market: contracts.matching, feeder: 1, side: 'sell' as const },
      ...{ firstInterval: at, lastInterval: at + 95, energyWs: 7_200_000, maxPowerW: 2_000 },
    };
    assert.is((await send(addEnergyCall(contracts, grant)))?.state, 'mined');
    const money = addFinancialBalanceCall(contracts, HOLDER_ADDRESS, contracts.matching, 99n);
    assert.is((await send(money))?.state, 'mined');
    const asset = await reads.asset(1);
    assert.equal(asset, {
      ...{ id: 1, owner: HOLDER_ADDRESS.toLowerCase(), feeder: 1, side: 'sell' },
      ...{ firstInterval: at, lastInterval: at + 95, energyWs: 7_200_000, maxPowerW: 2_000 },
    });
    assert.is(await reads.balanceMicro(HOLDER_ADDRESS), 99n);
    const { events } = await follower.poll(never);
    assert.equal(
      events.map(({ kind }) => kind),
      [
        ...['feeder-limits-set', 'feeder-ceiling-set', 'tariff-set', 'role-set'],
        ...['asset-added', 'financial-added'],
      ],
    );
    const added = events.find(({ kind }) => kind === 'asset-added');
    if (added?.kind === 'asset-added') assert.is(added.owner, asset.owner);
    assert.is(await reads.maxTradesPerChunk(), 750);
  } finally {
    await world.close();
  }
});

test('a refusal by the contract comes back by its name, however it was asked', async () => {
  const world = await setUp();
  try {
    const { contracts, send, rpc } = world;
    const deposit = depositFinancialCall(contracts, 5n);
    const entry = await send(deposit, HOLDER);
    assert.is(entry?.state, 'reverted');
    assert.is(entry?.reason, `NotEnoughMoney(${HOLDER_ADDRESS}, 5, 0)`);
    const request = { to: contracts.assets, data: deposit.data, from: HOLDER_ADDRESS };
    const error = await rpc.ethCall(request).catch((reason: unknown) => reason);
    assert.instance(error, RpcError);
    if (error instanceof RpcError) assert.is(error.code, 'reverted');
  } finally {
    await world.close();
  }
});

test('the same bytes sent twice are taken once, mined or not', async () => {
  const world = await setUp();
  try {
    const { contracts, outbox, store, anvil, rpc, reads } = world;
    await anvil.call('evm_setAutomine', [false]);
    const grant = addFinancialBalanceCall(contracts, HOLDER_ADDRESS, contracts.matching, 7n);
    const entry = outbox.enqueue(OWNER, grant);
    await rpc.sendRaw(entry.raw ?? '');
    await outbox.flush(never);
    assert.is(store.find(entry.hash)?.state, 'sent');
    await anvil.call('evm_mine', []);
    // As after a crash: another outbox over the same table knows only that it may have left.
    const { chainId, finality } = {
      chainId: await rpc.chainId(),
      finality: { kind: 'instant' } as const,
    };
    const clock = stillClock(Date.now());
    const again = askingOutbox({
      store,
      rpcFor: () => rpc,
      chainId,
      finality,
      clock,
      policy: laxPolicy,
    });
    assert.is((await untilSettled(again))[0]?.state, 'mined');
    assert.is(await reads.balanceMicro(HOLDER_ADDRESS), 7n);
    const used = await rpc.sendRaw(entry.raw ?? '').catch((reason: unknown) => reason);
    assert.ok(used instanceof RpcError && used.code === 'rejected');
  } finally {
    await world.close();
  }
});

test('blocks that are replaced by others are noticed', async () => {
  const world = await setUp();
  try {
    const { contracts, send, follower, anvil } = world;
    const snapshot = await anvil.call('evm_snapshot', []);
    const grant = (amount: bigint) =>
      addFinancialBalanceCall(contracts, HOLDER_ADDRESS, contracts.matching, amount);
    await send(grant(5n));
    const before = (await follower.poll(never)).events.length;
    assert.ok(before > 0);
    await anvil.call('evm_revert', [snapshot]);
    const behind = await follower.poll(never);
    assert.equal(behind.events, []);
    for (let blocks = 0; blocks < 3; blocks += 1) await anvil.call('evm_mine', []);
    const error = await follower.poll(never).catch((reason: unknown) => reason);
    assert.instance(error, FollowerError);
    follower.restart();
    assert.is((await follower.poll(never)).events.length, before - 1);
  } finally {
    await world.close();
  }
});

test.run();
