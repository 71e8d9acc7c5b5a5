/** What an anonymous address may sign, and that every rule by itself keeps something out. */
import { Interface, Transaction } from 'ethers';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { OwnOffer } from '../../../agent/traders/own-offer.ts';
import { agentPolicy } from '../../../agent/trading/signing-rules.ts';
import { ASSETS_ABI, MATCHING_ABI, MICROGRID_ABI } from '../../../chain/abi.ts';
import {
  type Call,
  closeOfferCall,
  depositEnergyCall,
  depositFinancialCall,
  postOfferCall,
  settleCall,
} from '../../../chain/calls.ts';
import {
  changesOf,
  type SigningHistory,
  type SigningPolicy,
  SigningRefused,
} from '../../../chain/signing-policy.ts';
import { dsoPolicy, ownerPolicy } from '../../../operator/signing-rules.ts';
import { solverPolicy } from '../../../solver/signing-rules.ts';
import { exampleGrid } from '../../fixtures/example-grid.ts';

const test = suite('signing policy');

const ADDRESS = `0x${'1'.repeat(40)}`;
const ELSEWHERE = `0x${'9'.repeat(40)}`;
const FACTS = exampleGrid(ADDRESS, { deployedAtBlock: 3 });
const { contracts, chainId } = FACTS;
const FIRST = 2_000_000;
const OFFER = {
  address: ADDRESS,
  terms: {
    ...{ side: 'buy', firstInterval: FIRST, lastInterval: FIRST + 3 },
    ...{ energyWs: 900_000, maxPowerW: 1000, priceMicroPerKwh: 280_000, isFlexible: false },
  },
  ...{ assetId: 5, offerId: 9, heldWs: 900_000, heldMicro: 70_000n },
} as OwnOffer;
const NOTHING: SigningHistory = { signedBy: () => 0, signedOn: () => 0 };
const TERMS = { assetId: 5, ...OFFER.terms };

const policy = agentPolicy(FACTS, (address) => (address === ADDRESS ? OFFER : null));

interface Wrong {
  chainId?: number;
  value?: number;
  maxFeePerGas?: number;
  gasLimit?: number;
  to?: string | null;
  data?: string;
  kind?: string;
  address?: string;
}

/** Which rule a call breaks; null: none. */
function verdict(
  call: Call,
  wrong: Wrong = {},
  history = NOTHING,
  rules: Pick<SigningPolicy, 'check'> = policy,
): string | null {
  const fees = { maxFeePerGas: 0, maxPriorityFeePerGas: 0, value: 0 };
  const { kind = call.kind, address = ADDRESS, ...fields } = wrong;
  const { to, data, gasLimit } = call;
  const transaction = Transaction.from({
    ...{ type: 2, chainId, nonce: 0, to, data, gasLimit },
    ...{ ...fees, ...fields },
  });
  try {
    rules.check(transaction, { kind, address, day: 20_000 }, history);
    return null;
  } catch (error) {
    if (!(error instanceof SigningRefused)) throw error;
    return error.code;
  }
}

const POST = postOfferCall(contracts, TERMS);

test('what an offer needs in its life is signed', () => {
  const chunk = { interval: FIRST + 3, trades: [{ askId: 2, bidId: 9, powerW: 600 }] };
  const calls = [
    ...[POST, closeOfferCall(contracts, 9), settleCall(contracts, chunk, [])],
    ...[depositEnergyCall(contracts, 5), depositFinancialCall(contracts, 70_000n)],
  ];
  assert.equal(
    calls.map((call) => verdict(call)),
    calls.map(() => null),
  );
});

test('each rule keeps something out', () => {
  const post = (change: Partial<typeof TERMS>) => postOfferCall(contracts, { ...TERMS, ...change });
  const spent = (number: number, kind?: string): SigningHistory => ({
    signedBy: (_, of) => (of === kind ? number : 0),
    signedOn: () => 0,
  });
  const stake = new Interface(MATCHING_ABI).encodeFunctionData('stake', [1n]);
  const rows: [string, string | null][] = [
    ['chain', verdict(POST, { chainId: chainId + 1 })],
    ['value', verdict(POST, { value: 1 })],
    ['fee', verdict(POST, { maxFeePerGas: 1 })],
    ['gas', verdict(POST, { gasLimit: POST.gasLimit + 1 })],
    ['contract', verdict(POST, { to: ELSEWHERE })],
    ['contract', verdict(POST, { to: null })],
    ['contract', verdict(POST, { to: contracts.microgrid })],
    ['selector', verdict(POST, { to: contracts.assets })],
    ['selector', verdict(POST, { data: stake, kind: 'stake' })],
    ['selector', verdict(POST, { kind: 'closeOffer' })],
    ['amount', verdict(POST, { data: `${POST.data}00` })],
    ['amount', verdict(POST, { address: ELSEWHERE })],
    ['amount', verdict(post({ assetId: 6 }))],
    ['amount', verdict(post({ energyWs: 900_001 }))],
    ['amount', verdict(post({ maxPowerW: 1001 }))],
    ['amount', verdict(post({ firstInterval: FIRST - 1 }))],
    ['amount', verdict(post({ lastInterval: FIRST + 4 }))],
    ['amount', verdict(post({ priceMicroPerKwh: 280_005 }))],
    ['amount', verdict(closeOfferCall(contracts, 8))],
    ['amount', verdict(settleCall(contracts, { interval: FIRST + 4, trades: [] }))],
    ['amount', verdict(depositEnergyCall(contracts, 6))],
    ['amount', verdict(depositFinancialCall(contracts, 70_001n))],
    ['count', verdict(POST, {}, spent(1, 'postOffer'))],
    ['count', verdict(depositEnergyCall(contracts, 5), {}, spent(3, 'depositEnergy'))],
    ['count', verdict(POST, {}, spent(100))],
    ['count', verdict(POST, {}, { signedBy: () => 0, signedOn: () => 10_000 })],
  ];
  assert.equal(
    rows.map(([, said]) => said),
    rows.map(([rule]) => rule),
  );
});

test('whatever a bug would have signed: only what the offer needs is', () => {
  const names = [
    ...changesOf(MATCHING_ABI).map((name) => [contracts.matching, MATCHING_ABI, name] as const),
    ...changesOf(ASSETS_ABI).map((name) => [contracts.assets, ASSETS_ABI, name] as const),
    ...changesOf(MICROGRID_ABI).map((name) => [contracts.microgrid, MICROGRID_ABI, name] as const),
  ];
  const known = new Set(['postOffer', 'closeOffer', 'settle', 'depositEnergy', 'depositFinancial']);
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.uint8Array({ maxLength: 256 }), (target, bytes) => {
      const [to, abi, kind] = target;
      const { selector = '' } = new Interface(abi).getFunction(kind) ?? {};
      const data = `${selector}${Buffer.from(bytes).toString('hex')}`;
      const said = verdict({ to, data, gasLimit: 100_000, kind });
      assert.is(said === null, false, `${kind} with arguments by chance`);
      if (!known.has(kind)) assert.ok(said === 'selector' || said === 'contract', kind);
    }),
  );
  const amount = fc.integer({ min: 1, max: 2_000_000 });
  const interval = fc.integer({ min: FIRST - 2, max: FIRST + 5 });
  fc.assert(
    fc.property(amount, interval, interval, fc.nat(2000), (energyWs, first, last, maxPowerW) => {
      const change = { energyWs, firstInterval: first, lastInterval: last, maxPowerW };
      const isInside =
        energyWs <= 900_000 && first >= FIRST && last <= FIRST + 3 && maxPowerW <= 1000;
      const said = verdict(postOfferCall(contracts, { ...TERMS, ...change }));
      assert.is(said, isInside ? null : 'amount');
    }),
  );
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 140_000n }), (micro) => {
      const said = verdict(depositFinancialCall(contracts, micro));
      assert.is(said, micro <= 70_000n ? null : 'amount');
    }),
  );
});

test('the roles of utility and solver keep to their own', () => {
  const rules = { chainId, contracts };
  const grant = new Interface(ASSETS_ABI);
  const money = (market: string): Call => ({
    ...{ to: contracts.assets, gasLimit: 100_000, kind: 'addFinancialBalance' },
    data: grant.encodeFunctionData('addFinancialBalance', [ADDRESS, market, 1n]),
  });
  const reward = (to: string): Call => ({
    ...{ to: contracts.matching, gasLimit: 100_000, kind: 'claimRewards' },
    data: new Interface(MATCHING_ABI).encodeFunctionData('claimRewards', [[FIRST], to]),
  });
  const by = (call: Call, role: SigningPolicy) => verdict(call, {}, NOTHING, role);
  assert.equal(
    [
      by(money(contracts.matching), dsoPolicy(rules)),
      by(money(ELSEWHERE), dsoPolicy(rules)),
      by(POST, dsoPolicy(rules)),
      by(money(contracts.matching), ownerPolicy(rules)),
      by(reward(ADDRESS), solverPolicy(rules)),
      by(reward(ELSEWHERE), solverPolicy({ ...rules, payout: ELSEWHERE })),
      by(reward(ELSEWHERE), solverPolicy(rules)),
      by(money(contracts.matching), solverPolicy(rules)),
    ],
    [null, 'amount', 'selector', 'contract', null, null, 'amount', 'contract'],
  );
});

test.run();
