/** `transax-operator audit` on real chains: clean after a life, red for every planted fault. */
import { Transaction } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addEnergyCall, addFinancialBalanceCall, type Call } from '../../chain/calls.ts';
import { type FindingCode, Findings, REMEDIES } from '../../operator/audit/findings.ts';
import { factsOf } from '../../operator/audit/log-facts.ts';
import { type ChainTotals, checkTotals } from '../../operator/audit/totals.ts';
import { type LivedMarket, livedMarket, planted, thiefOf } from './audit-world.ts';

const test = suite('operator: audit');

/** Statements that spoil the books, and what the audit must say of it. */
const FAULTS: [what: string, code: FindingCode, ...statements: string[]][] = [
  ['a grant is gone', 'unbooked-grant', 'DELETE FROM grants WHERE asset_id = 1'],
  ['a Ws more', 'wrong-grant', 'UPDATE grants SET energy_ws = energy_ws + 1 WHERE asset_id = 2'],
  ['the other side', 'wrong-grant', "UPDATE grants SET side = 'buy' WHERE asset_id = 2"],
  ['another feeder', 'wrong-grant', 'UPDATE meters SET feeder = 2'],
  ['it came back', 'wrong-grant', "UPDATE grants SET state = 'returned' WHERE asset_id = 1"],
  ['it did not', 'wrong-grant', "UPDATE grants SET state = 'granted' WHERE asset_id = 3"],
  ['refused', 'wrong-grant', "UPDATE grants SET state = 'refused' WHERE asset_id = 1"],
  ['made up', 'missing-grant', 'UPDATE grants SET asset_id = 99 WHERE asset_id = 1'],
  ['no asset', 'missing-grant', 'UPDATE grants SET asset_id = NULL WHERE asset_id = 1'],
  ['money less', 'missing-grant', "UPDATE withdrawals SET amount_micro = '999999' WHERE rowid = 1"],
  ['no money', 'unbooked-grant', "UPDATE withdrawals SET money = 'none' WHERE rowid = 3"],
  ['an address', 'unbooked-grant', 'DELETE FROM addresses WHERE rowid = 1'],
  [
    'waits for ever',
    'missing-grant',
    "UPDATE withdrawals SET state = 'accepted' WHERE rowid = 1",
    "UPDATE grants SET state = 'waiting', asset_id = NULL WHERE asset_id = 1",
  ],
  [
    'no transaction',
    'foreign-transaction',
    'UPDATE withdrawals SET carrier = NULL',
    "DELETE FROM outbox WHERE ref = 'grants'",
  ],
  ['set back', 'lost-nonce', "UPDATE outbox SET state = 'replaced' WHERE ref LIKE 'stake:%'"],
  ['a deposit', 'missing-deposit', 'DELETE FROM deposits WHERE amount_micro IS NOT NULL'],
  ['of energy', 'missing-deposit', 'DELETE FROM deposits WHERE asset_id IS NOT NULL'],
  ['a deposit more', 'unbooked-deposit', 'UPDATE deposits SET log_index = 77 WHERE asset_id = 3'],
  ['of more', 'unbooked-deposit', "UPDATE deposits SET amount_micro = '300001' WHERE rowid = 2"],
  ['a millionth', 'wrong-account', "UPDATE meters SET balance_micro = '1' WHERE rowid = 1"],
  ['an entry', 'wrong-account', "DELETE FROM ledger WHERE reason = 'granted' AND rowid > 1"],
  ['other entry', 'wrong-account', "UPDATE ledger SET ref = 'x' WHERE reason = 'deposited'"],
  ['opened twice', 'wrong-account', "UPDATE ledger SET reason = 'opening'"],
  ['a trade', 'wrong-trades', 'DELETE FROM trades WHERE offer_id = 1'],
  ['a watt', 'wrong-trades', 'UPDATE trades SET power_w = power_w + 1 WHERE offer_id = 2'],
  ['another place', 'wrong-trades', 'UPDATE trades SET position = 5 WHERE offer_id = 2'],
  ["an offer is another's", 'wrong-trades', "UPDATE offers SET side = 'buy'"],
  ['one offer more', 'wrong-trades', "INSERT INTO offers VALUES (9, 'nobody', 'buy')"],
  ['over its limit', 'over-power', 'UPDATE meters SET max_power_w = 999'],
  ['a reading', 'bad-reading', 'UPDATE readings SET imported_ws = 701 WHERE rowid = 1'],
  ['not the DSO', 'bad-reading', 'UPDATE readings SET dso_signature = meter_signature'],
  ['paused', 'wrong-pause', `INSERT OR REPLACE INTO facts VALUES ('paused on chain', '"x"')`],
];

let lived: Promise<LivedMarket> | null = null;
const market = () => {
  lived ??= livedMarket();
  return lived;
};

test('after a life of grants, trades, deposits and readings the books balance', async () => {
  const world = await market();
  const { findings, underWay, ...figures } = await world.audited();
  assert.equal(findings, []);
  assert.equal(underWay, { unsigned: 0, signed: 0, toFail: 0, unclaimed: 0, blocks: 0 });
  const { meters, assets, trades, readings, withdrawals } = figures;
  assert.equal([meters, withdrawals, assets, trades, readings], [2, 4, 3, 1, 2]);
  // The solver of the deployment has its stake as well.
  assert.is(figures.grantedMicro, 4_400_000n);
  assert.is(figures.outstandingMicro, figures.grantedMicro - figures.depositedMicro);
  assert.is(figures.depositedMicro, 300_000n);
});

for (const [what, code, ...statements] of FAULTS) {
  test(`${code}: ${what}`, async () => {
    const { findings } = await planted(await market(), ...statements);
    assert.ok(
      findings.some((finding) => finding.code === code),
      JSON.stringify(findings, null, 1),
    );
  });
}

test('what is under way is told apart: unsigned, signed, in blocks not read yet', async () => {
  const world = await market();
  const ask = async () =>
    world.withdraw(
      world.dso,
      world.wish({ amountMicro: 100n, nowSeconds: world.clock.now() / 1000 }),
    );
  assert.is((await ask()).state, 'accepted');
  assert.equal((await world.audited()).underWay.unsigned, 1);
  world.clock.nowMs += 1_000;
  await world.round(world.dso);
  const { findings, underWay } = await world.audited();
  assert.equal(findings, []);
  assert.equal([underWay.unsigned, underWay.signed], [0, 1]);
  assert.ok(underWay.blocks > 0);
  for (let rounds = 0; rounds < 2; rounds += 1) await world.round(world.dso);
  const after = await world.audited();
  assert.equal(after.findings, []);
  assert.equal([after.underWay.signed, after.underWay.blocks], [0, 0]);
});

test('energy and money that are not where the log says', () => {
  const log = factsOf([]);
  const nothing = { grantedWs: 0n, depositedWs: 0n };
  const chain: ChainTotals = {
    money: { grantedMicro: 0n, depositedMicro: 0n },
    ...{ sell: nothing, buy: nothing, insideMicro: 0n, balancesMicro: 0n },
    ...{ assetCount: 0, isPaused: false, nonces: new Map() },
  };
  const found = (change: Partial<ChainTotals>) => {
    const findings = new Findings();
    checkTotals(log, { ...chain, ...change }, findings);
    return findings.list.map(({ code }) => code);
  };
  assert.equal(found({}), []);
  for (const change of [
    { insideMicro: 1n },
    { balancesMicro: 1n },
    { money: { grantedMicro: 1n, depositedMicro: 1n } },
    { sell: { grantedWs: 1n, depositedWs: 0n } },
    { buy: { grantedWs: 0n, depositedWs: 1n } },
    { assetCount: 1 },
  ]) {
    assert.equal([...new Set(found(change))], ['wrong-totals']);
  }
});

test("what the granter's key signs past the books is found", async () => {
  const world = await market();
  const { contracts } = world.facts;
  const known = String(world.sql.get('SELECT address FROM addresses')?.address);
  const stranger = `0x${'5'.repeat(40)}`;
  const range = { firstInterval: world.at + 4, lastInterval: world.at + 4 };
  const energy = { feeder: 1, side: 'sell' as const, ...range, energyWs: 900, maxPowerW: 1 };
  const { matching } = contracts;
  await steal(world, addFinancialBalanceCall(contracts, known, matching, 7n));
  await steal(world, addFinancialBalanceCall(contracts, stranger, matching, 7n));
  await steal(world, addEnergyCall(contracts, { to: known, market: matching, ...energy }));
  await world.round(world.dso);
  const { findings } = await world.audited();
  const foreign = findings.filter(({ code }) => code === 'foreign-transaction');
  assert.is(foreign.length, 4, JSON.stringify(findings, null, 1));
  assert.match(foreign.map(({ sentence }) => sentence).join(), 'these books signed');
  for (const { remedy } of findings) assert.ok(remedy.length > 0);
  await world.close();
});

test('every finding has a fault that brings it about', () => {
  const shown = new Set<string>(FAULTS.map(([, code]) => code));
  shown.add('wrong-totals');
  assert.equal([...shown].sort(), Object.keys(REMEDIES).sort());
});

/** Signs and sends as the DSO would, but for its books. */
async function steal(world: LivedMarket, call: Call): Promise<void> {
  const key = thiefOf(world);
  const from = world.facts.dso.address.toLowerCase();
  const transaction = Transaction.from({
    ...{ type: 2, chainId: world.facts.chainId, to: call.to, data: call.data, value: 0 },
    ...{ gasLimit: call.gasLimit, maxFeePerGas: 0, maxPriorityFeePerGas: 0 },
    nonce: await world.rpc.nonce(from, 'pending'),
  });
  transaction.signature = key.sign(transaction.unsignedHash);
  await world.rpc.sendRaw(transaction.serialized);
  // It is in a block only a little after it was taken.
  const { anvil } = world.utility;
  for (let looks = 0; looks < 500; looks += 1) {
    if ((await anvil.call('eth_getTransactionReceipt', [transaction.hash])) !== null) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.unreachable('a theft is in no block');
}

test.run();
