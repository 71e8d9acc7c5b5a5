/**
 * Digests against ethers' encoder with types stated here, and against keccak written out by hand.
 */
import { readFileSync } from 'node:fs';
import { getBytes, keccak256, SigningKey, TypedDataEncoder, toUtf8Bytes, Wallet } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { healthReportJson, parseHealthReport } from '../../market/health-json.ts';
import {
  type HealthCode,
  hashAccountQuery,
  hashAnswer,
  hashEnrolment,
  hashHealthReport,
  hashReading,
  hashWithdrawal,
  isSignedBy,
} from '../../market/messages.ts';
import {
  accountQueryJson,
  MessageError,
  openAnswer,
  parseAccountAnswer,
  parseAccountQuery,
  parseReadings,
  parseReadingsAnswer,
  parseWithdrawal,
  parseWithdrawalAnswer,
  readingsJson,
  sealAnswer,
  withdrawalJson,
} from '../../market/messages-json.ts';

const test = suite('messages');

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/messages.json', import.meta.url), 'utf8'),
);
const domain = {
  chainId: vectors.domain.chainId,
  assetsContract: vectors.domain.verifyingContract,
};
const meter = new Wallet(vectors.keys.meter).address;
const address = new Wallet(vectors.keys.address).address;
const dso = new Wallet(vectors.keys.dso).address;

const ASSET_TYPE =
  'AssetRequest(uint8 side,uint32 firstInterval,uint32 lastInterval,' +
  'uint48 energyWs,uint32 maxPowerW)';
const WITHDRAWAL_TYPE =
  'Withdrawal(bytes32 requestId,address meterId,address account,address market,uint32 feeder,' +
  `AssetRequest[] assets,uint64 amountMicro,uint64 expiresAt)${ASSET_TYPE}`;

const keccakText = (text: string) => keccak256(toUtf8Bytes(text));
const word = (value: string | number | bigint) =>
  typeof value === 'string'
    ? value.slice(2).padStart(64, '0')
    : value.toString(16).padStart(64, '0');
const keccakWords = (...words: string[]) => keccak256(`0x${words.join('')}`);
const separator = keccakWords(
  word(
    keccakText(
      'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)',
    ),
  ),
  word(keccakText('transax')),
  word(keccakText('1')),
  word(domain.chainId),
  word(domain.assetsContract),
);
const digestOf = (structHash: string) =>
  keccak256(`0x1901${separator.slice(2)}${structHash.slice(2)}`);

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof MessageError) return error.code;
    throw error;
  }
  return 'none';
}

function faultsOf(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof MessageError) return error.faults.map(({ path }) => path).sort();
    throw error;
  }
  return [];
}

test('the digest of a withdrawal is the one of the vectors, of ethers and of plain keccak', () => {
  for (const { json, digest } of vectors.withdrawals) {
    const { withdrawal } = parseWithdrawal(JSON.stringify(json));
    assert.is(hashWithdrawal(domain, withdrawal), digest);
    const assets = withdrawal.assets.map((asset) =>
      keccakWords(
        word(keccakText(ASSET_TYPE)),
        word(asset.side === 'sell' ? 0 : 1),
        word(asset.firstInterval),
        word(asset.lastInterval),
        word(asset.energyWs),
        word(asset.maxPowerW),
      ),
    );
    const struct = keccakWords(
      word(keccakText(WITHDRAWAL_TYPE)),
      word(withdrawal.requestId),
      word(withdrawal.meterId),
      word(withdrawal.address),
      word(withdrawal.market),
      word(withdrawal.feeder),
      word(keccak256(`0x${assets.map((hash) => hash.slice(2)).join('')}`)),
      word(withdrawal.amountMicro),
      word(withdrawal.expiresAt),
    );
    assert.is(digestOf(struct), digest);
  }
});

test('the digests of the other messages are those of the vectors and of plain keccak', () => {
  const [reading] = vectors.readings;
  const parsed = parseReadings(JSON.stringify(reading.json)).readings[0]?.reading;
  assert.ok(parsed);
  const type =
    'Reading(address meterId,uint32 interval,uint48 importedWs,uint48 exportedWs,string quality)';
  const struct = keccakWords(
    word(keccakText(type)),
    word(parsed.meterId),
    word(parsed.interval),
    word(parsed.importedWs),
    word(parsed.exportedWs),
    word(keccakText(parsed.quality)),
  );
  assert.is(hashReading(domain, parsed), reading.digest);
  assert.is(digestOf(struct), reading.digest);
  const [query] = vectors.accountQueries;
  const queryType = word(keccakText('AccountQuery(address meterId,bytes32 requestId)'));
  const { meterId, requestId } = query.json;
  assert.is(hashAccountQuery(domain, { meterId, requestId }), query.digest);
  assert.is(digestOf(keccakWords(queryType, word(meterId), word(requestId))), query.digest);
  const [answer] = vectors.answers;
  const answerType = word(keccakText('Answer(bytes32 requestId,bytes32 bodyHash)'));
  assert.is(answer.bodyHash, keccakText(answer.sealed.body));
  assert.is(hashAnswer(domain, answer), answer.digest);
  const words = [answerType, word(answer.requestId), word(answer.bodyHash)];
  assert.is(digestOf(keccakWords(...words)), answer.digest);
  const [enrolment] = vectors.enrolments;
  const enrolmentType = word(keccakText('Enrolment(address meterId,bytes32 gridHash)'));
  const grid = [enrolmentType, word(enrolment.meterId), word(enrolment.gridHash)];
  assert.is(hashEnrolment(domain, enrolment), enrolment.digest);
  assert.is(digestOf(keccakWords(...grid)), enrolment.digest);
  assert.ok(isSignedBy(enrolment.digest, enrolment.signature, meter));
});

test("ethers' encoder agrees on the nested type", () => {
  const [{ json, digest }] = vectors.withdrawals;
  const { meterSignature, addressSignature, address: account, assets, ...rest } = json;
  const field = (text: string) => {
    const [type = '', name = ''] = text.split(' ');
    return { type, name };
  };
  const fields = (type: string) =>
    (/\(([^)]*)\)/.exec(type)?.[1] ?? '').split(',').map((text) => field(text));
  const value = {
    ...rest,
    account,
    assets: assets.map((asset: { side: string }) => ({
      ...asset,
      side: asset.side === 'sell' ? 0 : 1,
    })),
  };
  const types = { Withdrawal: fields(WITHDRAWAL_TYPE), AssetRequest: fields(ASSET_TYPE) };
  assert.is(TypedDataEncoder.hash(vectors.domain, types, value), digest);
  assert.ok(isSignedBy(digest, meterSignature, meter));
  assert.ok(isSignedBy(digest, addressSignature, address));
  assert.not.ok(isSignedBy(digest, addressSignature, meter));
  assert.not.ok(isSignedBy(digest, '0x', meter));
});

test('every message comes back from its JSON as it was', () => {
  for (const { json } of vectors.withdrawals) {
    const text = JSON.stringify(json);
    assert.equal(JSON.parse(withdrawalJson(parseWithdrawal(text))), json);
  }
  const readings = JSON.stringify(vectors.readings[0].json);
  assert.equal(JSON.parse(readingsJson(parseReadings(readings))), vectors.readings[0].json);
  const query = JSON.stringify(vectors.accountQueries[0].json);
  assert.equal(
    JSON.parse(accountQueryJson(parseAccountQuery(query))),
    vectors.accountQueries[0].json,
  );
});

test('an answer opens only for its request, its DSO and its bytes', () => {
  const [{ requestId, sealed }] = vectors.answers;
  const text = JSON.stringify(sealed);
  const body = openAnswer(domain, requestId, text, dso);
  assert.equal(parseWithdrawalAnswer(body), {
    requestId,
    address,
    state: 'granted',
    assetIds: [1, 2],
  });
  const sign = (digest: string) => new SigningKey(vectors.keys.dso).sign(digest).serialized;
  assert.equal(JSON.parse(sealAnswer(domain, requestId, body, sign)), sealed);
  const otherId = `0x${'0f'.repeat(32)}`;
  assert.is(
    codeOf(() => openAnswer(domain, otherId, text, dso)),
    'bad-signature',
  );
  assert.is(
    codeOf(() => openAnswer(domain, requestId, text, meter)),
    'bad-signature',
  );
  assert.is(
    codeOf(() => openAnswer({ ...domain, chainId: 1 }, requestId, text, dso)),
    'bad-signature',
  );
  const changed = JSON.stringify({ ...sealed, body: sealed.body.replace('1', '2') });
  assert.is(
    codeOf(() => openAnswer(domain, requestId, changed, dso)),
    'bad-signature',
  );
});

test('all faults of a withdrawal are reported together', () => {
  const [{ json }] = vectors.withdrawals;
  const bad = {
    ...json,
    requestId: '0x12',
    address: `0x${'zz'.repeat(20)}`,
    feeder: -1,
    amountMicro: '18446744073709551616',
    extra: 1,
    assets: [{ ...json.assets[0], energyWs: 2 ** 48, side: 'both' }],
  };
  assert.equal(
    faultsOf(() => parseWithdrawal(JSON.stringify(bad))),
    [
      'address',
      'amountMicro',
      'assets.0.energyWs',
      'assets.0.side',
      'extra',
      'feeder',
      'requestId',
    ],
  );
});

test('values of every wrong type are refused in every field', () => {
  const hostile = [
    null,
    true,
    -1,
    1.5,
    1e300,
    '',
    'x',
    '0x',
    [],
    [[]],
    {},
    '1e3',
    '-1',
    ' 1',
    '01',
  ];
  const cases: [object, (text: string) => unknown][] = [
    [vectors.withdrawals[0].json, parseWithdrawal],
    [vectors.readings[0].json, parseReadings],
    [vectors.accountQueries[0].json, parseAccountQuery],
    [JSON.parse(vectors.answers[0].sealed.body), parseWithdrawalAnswer],
  ];
  for (const [good, parse] of cases) {
    for (const key of Object.keys(good)) {
      const { [key]: _, ...missing } = good as Record<string, unknown>;
      assert.is(
        codeOf(() => parse(JSON.stringify(missing))),
        'malformed',
        `${key} missing`,
      );
      for (const value of hostile) {
        if ((key === 'assets' || key === 'assetIds') && JSON.stringify(value) === '[]') continue;
        const text = JSON.stringify({ ...good, [key]: value });
        assert.is(
          codeOf(() => parse(text)),
          'malformed',
          `${key} = ${JSON.stringify(value)}`,
        );
      }
    }
    for (const text of ['', '{', 'null', '[]', '"x"', '{"__proto__": {}}']) {
      assert.is(
        codeOf(() => parse(text)),
        'malformed',
        text,
      );
    }
  }
});

test('an address with a wrong checksum is refused, one in lower case is taken', () => {
  const [{ json }] = vectors.withdrawals;
  const lower = { ...json, address: json.address.toLowerCase() };
  assert.is(parseWithdrawal(JSON.stringify(lower)).withdrawal.address, json.address);
  const swapped = json.address.replace(/[A-Z]/, (char: string) => char.toLowerCase());
  const wrong = JSON.stringify({ ...json, address: swapped });
  assert.equal(
    faultsOf(() => parseWithdrawal(wrong)),
    ['address'],
  );
});

test('refusals carry a known code and a sentence', () => {
  const requestId = vectors.answers[0].requestId;
  const failed = { requestId, address, state: 'failed', code: 'no-money', sentence: 'not covered' };
  assert.equal(parseWithdrawalAnswer(JSON.stringify(failed)), failed);
  const unknown = JSON.stringify({ ...failed, code: 'because' });
  assert.is(
    codeOf(() => parseWithdrawalAnswer(unknown)),
    'malformed',
  );
  const receipts = [
    { interval: 7, state: 'countersigned', dsoSignature: vectors.enrolments[0].signature },
    { interval: 8, state: 'refused', code: 'not-ended', sentence: 'too early' },
  ];
  const answer = { requestId, meterId: meter, receipts };
  assert.equal(parseReadingsAnswer(JSON.stringify(answer)), answer);
  const account = {
    requestId,
    meterId: meter,
    state: 'open',
    balanceMicro: '5',
    feeder: 1,
    maxPowerW: 11_000,
    suspended: false,
  };
  assert.equal(parseAccountAnswer(JSON.stringify(account)), { ...account, balanceMicro: 5n });
  assert.is(getBytes(requestId).length, 32);
});

test('a health report is hashed as its types say, and read strictly', () => {
  const report = {
    requestId: `0x${'12'.repeat(32)}`,
    meterId: meter,
    session: `0x${'34'.repeat(32)}`,
    sequence: 3,
    version: '0.1.0',
    clockProven: false,
    clockSource: 'ntp',
    codes: ['clock', 'chain'] as HealthCode[],
  };
  const types = {
    HealthReport: [
      { name: 'requestId', type: 'bytes32' },
      { name: 'meterId', type: 'address' },
      { name: 'session', type: 'bytes32' },
      { name: 'sequence', type: 'uint32' },
      { name: 'version', type: 'string' },
      { name: 'clockProven', type: 'bool' },
      { name: 'clockSource', type: 'string' },
      { name: 'codes', type: 'string[]' },
    ],
  };
  const named = {
    ...{ name: 'transax', version: '1', chainId: domain.chainId },
    verifyingContract: domain.assetsContract,
  };
  assert.is(hashHealthReport(domain, report), TypedDataEncoder.hash(named, types, report));
  const signed = { report, meterSignature: `0x${'11'.repeat(65)}` };
  const text = healthReportJson(signed);
  assert.equal(parseHealthReport(text), signed);
  const wrong = [
    text.replace('"clock"', '"boredom"'),
    text.replace('"sequence":3', '"sequence":-1'),
    text.replace('0.1.0', 'x\\u001b[31m'),
    text.replace('{', '{"loads":[],'),
    '',
  ];
  for (const each of wrong) assert.throws(() => parseHealthReport(each), isMalformed);
});

function isMalformed(error: unknown): boolean {
  return error instanceof MessageError && error.code === 'malformed';
}

test.run();
