import { Wallet } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { GridFacts } from '../../market/grid.ts';
import {
  GridFileError,
  gridFileJson,
  isNewerIssue,
  parseGridFile,
} from '../../market/grid-json.ts';
import { exampleGrid, signedGrid } from '../fixtures/example-grid.ts';

const test = suite('grid file');

const DSO = `0x${'03'.repeat(32)}`;
const FACTS = exampleGrid(new Wallet(DSO).address, { finality: { kind: 'depth', blocks: 3 } });

const signed = (facts: GridFacts, key = DSO) => signedGrid(facts, key);

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
