import { SigningKey, Wallet } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type GridFacts, hashGrid } from '../../market/grid.ts';
import {
  GridFileError,
  gridFileJson,
  isNewerIssue,
  parseGridFile,
} from '../../market/grid-json.ts';

const test = suite('grid file');

const DSO = `0x${'03'.repeat(32)}`;
const FACTS: GridFacts = {
  format: 'transax-grid-1',
  issue: 1,
  name: 'Example',
  chainId: 31337,
  contracts: {
    microgrid: '0x5FbDB2315678afecb367f032d93F642f64180aa3',
    assets: '0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512',
    matching: '0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0',
  },
  deployedAtBlock: 1,
  finality: { kind: 'depth', blocks: 3 },
  rpc: ['http://127.0.0.1:8545'],
  dso: { url: 'http://127.0.0.1:8800', address: new Wallet(DSO).address },
  calendar: {
    intervalSeconds: 900,
    clearIntervals: 1,
    leadSeconds: 60,
    quietSeconds: 300,
    horizonIntervals: 13,
  },
  minTradeWs: 3600,
  minOfferWs: 3600,
  offersPerAsset: 4,
  tariffZone: 'Europe/Berlin',
};

function signed(facts: GridFacts, key = DSO) {
  return { facts, signature: new SigningKey(key).sign(hashGrid(facts)).serialized };
}

function errorOf(text: string): GridFileError | null {
  try {
    parseGridFile(text);
    return null;
  } catch (error) {
    if (error instanceof GridFileError) return error;
    throw error;
  }
}

test('a grid file comes back as it was written', () => {
  const grid = signed(FACTS);
  assert.equal(parseGridFile(gridFileJson(grid)), grid);
});

test('a changed fact, or the signature of someone else, is refused', () => {
  const grid = signed(FACTS);
  const changed = { ...grid, facts: { ...FACTS, rpc: ['http://10.0.0.1:8545'] } };
  assert.is(errorOf(gridFileJson(changed))?.code, 'bad-signature');
  assert.is(errorOf(gridFileJson(signed(FACTS, `0x${'04'.repeat(32)}`)))?.code, 'bad-signature');
});

test('all faults are reported together', () => {
  const bad = {
    ...FACTS,
    issue: 0,
    rpc: ['file:///etc/passwd'],
    calendar: { ...FACTS.calendar, horizonIntervals: 97 },
    owner: 'me',
  };
  const error = errorOf(JSON.stringify({ facts: bad, signature: '0x' }));
  assert.is(error?.code, 'malformed');
  const paths = error?.faults.map(({ path }) => path).sort();
  assert.equal(paths, [
    'facts.calendar.horizonIntervals',
    'facts.issue',
    'facts.owner',
    'facts.rpc.0',
    'signature',
  ]);
  for (const text of ['', 'null', '[]', '{}']) assert.is(errorOf(text)?.code, 'malformed');
});

test('a pinned file gives way to a later issue under the pinned key only', () => {
  const pinned = signed(FACTS);
  const later = { ...FACTS, issue: 2, name: 'Renamed' };
  assert.ok(isNewerIssue(pinned, signed(later)));
  assert.not.ok(isNewerIssue(pinned, signed({ ...later, issue: 1 })));
  const thief = `0x${'04'.repeat(32)}`;
  const stolen = { ...later, dso: { ...later.dso, address: new Wallet(thief).address } };
  assert.not.ok(isNewerIssue(pinned, signed(stolen, thief)));
});

test.run();
