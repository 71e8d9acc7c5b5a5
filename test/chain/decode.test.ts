import { encodeBytes32String, Interface } from 'ethers';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ASSETS_ABI, MATCHING_ABI, MICROGRID_ABI } from '../../chain/abi.ts';
import { DecodeError, decodeLog, readTopics } from '../../chain/decode.ts';
import type { RawLog } from '../../chain/rpc-forms.ts';
import { MAX_UINT32, MAX_UINT48 } from '../../market/units.ts';

const test = suite('decode');

const contracts = {
  microgrid: `0x${'A1'.repeat(20)}`,
  assets: `0x${'A2'.repeat(20)}`,
  matching: `0x${'A3'.repeat(20)}`,
};
const abis = {
  microgrid: new Interface(MICROGRID_ABI),
  assets: new Interface(ASSETS_ABI),
  matching: new Interface(MATCHING_ABI),
};
const OWNER = `0x${'ab'.repeat(20)}`;
const at = { blockNumber: 7, logIndex: 3, transactionHash: `0x${'77'.repeat(32)}` };
const blockHash = `0x${'b7'.repeat(32)}`;

function rawLog(contract: keyof typeof abis, event: string, values: unknown[]): RawLog {
  const { topics, data } = abis[contract].encodeEventLog(event, values);
  return { blockHash, address: contracts[contract].toLowerCase(), topics, data, ...at };
}

/** An event that went through ethers' encoder and our decoder, without its place in the log. */
function decoded(contract: keyof typeof abis, event: string, values: unknown[]): object | null {
  const found = decodeLog(rawLog(contract, event, values), contracts);
  if (found === null) return null;
  const { blockNumber, logIndex, transactionHash, ...body } = found;
  assert.equal({ blockNumber, logIndex, transactionHash }, at);
  return body;
}

const u32 = fc.integer({ min: 0, max: MAX_UINT32 });
const u48 = fc.integer({ min: 0, max: MAX_UINT48 });
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const side = fc.constantFrom(0, 1);
const sideName = (code: number) => (code === 0 ? 'sell' : 'buy');

test('assets and offers are decoded as ethers encodes them, addresses in lower case', () => {
  fc.assert(
    fc.property(u32, u32, u32, u32, u48, side, (a, b, c, d, energyWs, code) => {
      assert.equal(decoded('assets', 'AssetAdded', [OWNER, a, b, code, c, d, energyWs, a]), {
        ...{ kind: 'asset-added', owner: OWNER, assetId: a, feeder: b, side: sideName(code) },
        ...{ firstInterval: c, lastInterval: d, energyWs, maxPowerW: a },
      });
      const posted = [a, OWNER, b, c, code, d, a, energyWs, b, c];
      assert.equal(decoded('matching', 'OfferPosted', posted), {
        ...{ kind: 'offer-posted', offerId: a, owner: OWNER, assetId: b, feeder: c },
        ...{ side: sideName(code), firstInterval: d, lastInterval: a, energyWs },
        ...{ maxPowerW: b, priceMicroPerKwh: c },
      });
    }),
    { numRuns: 50 },
  );
});

test('closings and accepted solutions are decoded as ethers encodes them', () => {
  fc.assert(
    fc.property(u32, u32, u48, u64, (a, b, energyWs, moneyMicro) => {
      assert.equal(decoded('matching', 'OfferClosed', [a, OWNER, energyWs, moneyMicro]), {
        ...{ kind: 'offer-closed', offerId: a, owner: OWNER, energyWs, moneyMicro },
      });
      const [home, utility, welfare] = [moneyMicro, moneyMicro / 2n, moneyMicro * moneyMicro];
      const accepted = [a, OWNER, b, home, utility, welfare];
      assert.equal(decoded('matching', 'CandidateAccepted', accepted), {
        ...{ kind: 'candidate-accepted', solutionId: a, solver: OWNER, firstInterval: b },
        ...{ homeEnergyWs: home, utilityEnergyWs: utility, welfare },
      });
    }),
    { numRuns: 50 },
  );
});

const CASES: [keyof typeof abis, string, unknown[], object][] = [
  [
    'assets',
    'FinancialAdded',
    [OWNER, 5n],
    { kind: 'financial-added', owner: OWNER, amountMicro: 5n },
  ],
  [
    'assets',
    'FinancialDeposited',
    [OWNER, 6n],
    { kind: 'financial-deposited', owner: OWNER, amountMicro: 6n },
  ],
  [
    'assets',
    'EnergyDeposited',
    [OWNER, 4, 900],
    { kind: 'energy-deposited', owner: OWNER, assetId: 4, energyWs: 900 },
  ],
  [
    'microgrid',
    'FeederLimitsSet',
    [3, 9, 25_000, 2n ** 64n - 1n],
    {
      kind: 'feeder-limits-set',
      feeder: 3,
      fromInterval: 9,
      internalLimitW: 25_000,
      externalLimitW: MAX_UINT48,
    },
  ],
  [
    'microgrid',
    'TariffSet',
    [9, [1, 2, 3], [4]],
    {
      kind: 'tariff-set',
      fromInterval: 9,
      useMicroPerKwh: [1, 2, 3],
      feedInMicroPerKwh: [4],
    },
  ],
  [
    'microgrid',
    'Suspended',
    [2, 5, 8],
    { kind: 'suspended', feeder: 2, firstInterval: 5, lastInterval: 8 },
  ],
  [
    'microgrid',
    'FeederCeilingSet',
    [2, 5, 2n ** 64n - 1n],
    { kind: 'feeder-ceiling-set', feeder: 2, internalLimitW: 5, externalLimitW: MAX_UINT48 },
  ],
  [
    'microgrid',
    'Paused',
    [OWNER, 'a fire, zwölf\n\u001b[2J\u202eways'],
    { kind: 'paused', by: OWNER, reason: 'a fire, zwölf [2J ways' },
  ],
  ['microgrid', 'Resumed', [OWNER], { kind: 'resumed', by: OWNER }],
  [
    'microgrid',
    'RoleSet',
    [encodeBytes32String('granter'), OWNER, true],
    { kind: 'role-set', role: 'granter', holder: OWNER, isHeld: true },
  ],
  [
    'matching',
    'CandidateChunk',
    [1, 2, '0x0102'],
    { kind: 'candidate-chunk', solutionId: 1, interval: 2, trades: '0x0102' },
  ],
  [
    'matching',
    'SolutionFinalized',
    [5, OWNER, '0x'],
    { kind: 'solution-finalized', interval: 5, solver: OWNER, trades: '0x' },
  ],
  [
    'matching',
    'TradesVoided',
    [5, [0, 7]],
    { kind: 'trades-voided', interval: 5, positions: [0, 7] },
  ],
  ['matching', 'IntervalSettled', [5], { kind: 'interval-settled', interval: 5 }],
  [
    'matching',
    'RewardPaid',
    [5, OWNER, contracts.assets, 7n],
    { kind: 'reward-paid', interval: 5, solver: OWNER, amountMicro: 7n },
  ],
];

test('money, deposits, limits, tariff and suspensions are decoded', () => {
  for (const [contract, event, values, expected] of CASES) {
    assert.equal(decoded(contract, event, values), expected, event);
  }
});

test('what followers do not need, and what other contracts say, is nothing', () => {
  assert.is(decodeLog(rawLog('matching', 'Staked', [OWNER, 1n]), contracts), null);
  const log = rawLog('assets', 'FinancialAdded', [OWNER, 5n]);
  assert.is(decodeLog({ ...log, address: contracts.matching.toLowerCase() }, contracts), null);
  assert.is(decodeLog({ ...log, topics: [] }, contracts), null);
});

test('every signature read here is one of the contracts', () => {
  const known = new Set<string>();
  for (const abi of Object.values(abis)) abi.forEachEvent((event) => known.add(event.topicHash));
  for (const topic of readTopics()) assert.ok(known.has(topic), topic);
});

test('data cut short or too large for their type give a typed error', () => {
  const posted = rawLog('matching', 'OfferPosted', [1, OWNER, 2, 3, 0, 4, 5, 6, 7, 8]);
  const chunk = rawLog('matching', 'CandidateChunk', [1, 2, `0x${'11'.repeat(24)}`]);
  const voided = rawLog('matching', 'TradesVoided', [5, [1, 2]]);
  const max = 'f'.repeat(64);
  const hostile: RawLog[] = [
    { ...posted, data: '0x' },
    { ...posted, data: posted.data.slice(0, -64) },
    { ...posted, data: `0x${max}${posted.data.slice(66)}` },
    { ...posted, topics: posted.topics.slice(0, 3) },
    { ...chunk, data: `${chunk.data.slice(0, 66)}${max}${chunk.data.slice(130)}` },
    { ...chunk, data: `0x${max}${chunk.data.slice(66)}` },
    { ...chunk, data: chunk.data.slice(0, 130) },
    { ...voided, data: `${voided.data.slice(0, 122)}ffffffff${voided.data.slice(130)}` },
  ];
  for (const log of hostile) {
    try {
      decodeLog(log, contracts);
      assert.unreachable(log.data);
    } catch (error) {
      assert.instance(error, DecodeError);
    }
  }
});

test('a hundred thousand logs take less than six seconds of a processor', () => {
  const log = rawLog('matching', 'OfferPosted', [1, OWNER, 2, 3, 0, 4, 5, 6, 7, 8]);
  const start = process.cpuUsage();
  for (let count = 0; count < 100_000; count += 1) decodeLog(log, contracts);
  const { user, system } = process.cpuUsage(start);
  assert.ok(user + system < 6e6, `${user + system} us`);
});

test.run();
