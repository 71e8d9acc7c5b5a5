import { SigningKey, Wallet } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Endorsement,
  type GridFacts,
  type GridFile,
  hashEndorsement,
} from '../../market/grid.ts';
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

const keyOf = (digit: string) => `0x${digit.repeat(64)}`;
const addressOf = (key: string) => new Wallet(key).address;
const [OWNER, NEXT_DSO, THIRD_DSO, NEXT_OWNER] = ['6', '7', '8', '9'].map(keyOf) as [
  string,
  string,
  string,
  string,
];
const OWNED = { ...FACTS, term: 1, owner: addressOf(OWNER) };

function endorse(by: string, term: number, dso: string, owner = OWNER): Endorsement {
  const said = { term, dso: addressOf(dso), owner: addressOf(owner) };
  const signature = new SigningKey(by).sign(hashEndorsement(FACTS, said)).serialized;
  return { ...said, signature };
}

/** A file of a term, signed by that term's DSO. */
function fileOf(
  term: number,
  dso: string,
  endorsements: Endorsement[],
  changes: Partial<GridFacts> = {},
): GridFile {
  const place = { ...FACTS.dso, address: addressOf(dso) };
  return { ...signed({ ...OWNED, term, dso: place, ...changes }, dso), endorsements };
}

test('the pinned owner can name another DSO, and its thief cannot stop that', () => {
  const pinned = signed(OWNED);
  const second = fileOf(2, NEXT_DSO, [endorse(OWNER, 2, NEXT_DSO)]);
  assert.equal(parseGridFile(gridFileJson(second)), second);
  assert.ok(isNewerIssue(pinned, second));
  const ahead = signed({ ...OWNED, issue: 4_000_000_000 });
  assert.ok(isNewerIssue(pinned, ahead));
  assert.ok(isNewerIssue(ahead, second), 'whatever issue the thief gave out');
  assert.not.ok(isNewerIssue(second, ahead));
  const later = fileOf(2, NEXT_DSO, second.endorsements ?? [], { issue: 2 });
  assert.ok(isNewerIssue(second, later));
  assert.ok(isNewerIssue(pinned, later), 'a meter that missed the first file of the term');
});

test('a stolen DSO key names no other key, owner or market', () => {
  const pinned = signed(OWNED);
  const refused: [string, GridFile][] = [
    ['endorsed by itself', fileOf(2, NEXT_DSO, [endorse(DSO, 2, NEXT_DSO)])],
    ['not endorsed', fileOf(2, NEXT_DSO, [])],
    ['another key than the endorsed', fileOf(2, THIRD_DSO, [endorse(OWNER, 2, NEXT_DSO)])],
    ['another term', fileOf(3, NEXT_DSO, [endorse(OWNER, 2, NEXT_DSO)])],
    ['its own owner', signed({ ...OWNED, issue: 2, owner: addressOf(DSO) })],
    ['no owner', signed({ ...FACTS, issue: 2 })],
    ['another chain', signed({ ...OWNED, issue: 2, chainId: 1 })],
    ['a later term of its own', signed({ ...OWNED, term: 2 })],
  ];
  for (const [what, file] of refused) assert.not.ok(isNewerIssue(pinned, file), what);
  // What was endorsed for one market does not count in another.
  const elsewhere = { ...FACTS, contracts: { ...FACTS.contracts, matching: FACTS.dso.address } };
  const there = signed({ ...elsewhere, term: 1, owner: addressOf(OWNER) });
  const taken = fileOf(2, NEXT_DSO, [endorse(OWNER, 2, NEXT_DSO)], elsewhere);
  assert.not.ok(isNewerIssue(there, taken));
});

test('changes of owner and DSO are followed over several terms', () => {
  const pinned = signed(OWNED);
  const chain = [
    endorse(OWNER, 2, DSO, NEXT_OWNER),
    endorse(NEXT_OWNER, 3, NEXT_DSO, NEXT_OWNER),
    endorse(NEXT_OWNER, 4, THIRD_DSO, NEXT_OWNER),
  ];
  const owner = addressOf(NEXT_OWNER);
  const fourth = fileOf(4, THIRD_DSO, chain, { owner });
  assert.ok(isNewerIssue(pinned, fourth));
  assert.not.ok(isNewerIssue(pinned, fileOf(4, THIRD_DSO, chain.slice(1), { owner })));
  const byOldOwner = [...chain.slice(0, 2), endorse(OWNER, 4, THIRD_DSO, NEXT_OWNER)];
  assert.not.ok(isNewerIssue(pinned, fileOf(4, THIRD_DSO, byOldOwner, { owner })));
});

test('a file of an older release takes its first owner from the key it pinned', () => {
  const pinned = signed(FACTS);
  assert.ok(isNewerIssue(pinned, signed({ ...OWNED, issue: 2 })));
  assert.not.ok(isNewerIssue(pinned, fileOf(2, NEXT_DSO, [endorse(OWNER, 2, NEXT_DSO)])));
});

test.run();
