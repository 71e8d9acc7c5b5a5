import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { allowedOn, type Member, overloaded, shedByLimit } from '../../../agent/loads/groups.ts';
import type { LoadGroup } from '../../../agent/loads/model.ts';

const test = suite('groups');

const ALL = ['boiler', 'car', 'pump'];
const FUSE: LoadGroup = { name: 'fuse', members: ALL, isInterlock: false, maxW: 11_000 };
const LOCK: LoadGroup = {
  name: 'lock',
  members: ['boiler', 'pump'],
  isInterlock: true,
  maxW: null,
};

function member(name: string, powerW: number, change: Partial<Member> = {}): Member {
  const open = { isOn: false, wantsOn: true, rank: 5, mayGoOff: true, mayGoOn: true };
  return { name, powerW, ...open, ...change };
}

const on = (members: Member[], groups: LoadGroup[], restW = 0) =>
  [...allowedOn(members, groups, () => restW)].sort();

test('a fuse has room for so much, the strongest wishes first', () => {
  const three = [member('boiler', 2000), member('car', 7000), member('pump', 3000, { rank: 3 })];
  assert.equal(on(three, [FUSE]), ['boiler', 'pump']);
  assert.equal(on(three, [FUSE], 4500), ['boiler', 'pump']);
  assert.equal(on(three, [FUSE], 7000), ['pump']);
  assert.equal(on(three, [FUSE], -9000), ['boiler', 'pump']);
  assert.equal(on(three.slice(0, 2), [FUSE]), ['boiler', 'car']);
});

test('of an interlock one is on: the one that cannot go off, or the stronger', () => {
  const two = [member('boiler', 2000), member('pump', 3000)];
  assert.equal(on(two, [LOCK]), ['boiler']);
  assert.equal(on([member('boiler', 2000), member('pump', 3000, { rank: 2 })], [LOCK]), ['pump']);
  const stuck = member('boiler', 2000, { isOn: true, wantsOn: false, mayGoOff: false });
  assert.equal(on([stuck, member('pump', 3000, { rank: 0 })], [LOCK]), ['boiler']);
  // What is not known may be on.
  const unknown = member('boiler', 2000, { isOn: null, wantsOn: false, mayGoOff: false });
  assert.equal(on([unknown, member('pump', 3000)], [LOCK]), ['boiler']);
  // Of equals, what runs goes on running.
  assert.equal(on([member('boiler', 2000), member('pump', 3000, { isOn: true })], [LOCK]), [
    'pump',
  ]);
});

test('an overloaded fuse cuts the weakest until it holds', () => {
  const running = [
    member('boiler', 2000, { isOn: true, rank: 8 }),
    member('car', 7000, { isOn: true, rank: 7 }),
    member('pump', 3000, { isOn: true, rank: 3 }),
  ];
  assert.equal([...overloaded(running, [FUSE], () => 0)], [['boiler', 'fuse']]);
  // The boiler would not do; without the car it may stay.
  assert.equal([...overloaded(running, [FUSE], () => 5000)], [['car', 'fuse']]);
  assert.is(overloaded(running, [FUSE], () => 9000).size, 2);
  assert.equal([...overloaded(running, [{ ...FUSE, maxW: 12_000 }], () => 0)], []);
});

test("the operator's limit sheds what does not fit, and leaves what cannot go off", () => {
  const running = [
    member('boiler', 2000, { isOn: true, rank: 8 }),
    member('car', 7000, { isOn: true, rank: 6 }),
  ];
  const shed = (limitW: number | null, restW: number, members = running) =>
    [...shedByLimit(members, limitW, restW)].sort();
  assert.equal(shed(null, 9000), []);
  assert.equal(shed(4200, 500), ['car']);
  assert.equal(shed(4200, 3000), ['boiler', 'car']);
  // Own power to spare lets more run.
  assert.equal(shed(4200, -5000), []);
  const [boiler, car] = running;
  const pinned = [boiler as Member, { ...(car as Member), mayGoOff: false }];
  assert.equal(shed(4200, 500, pinned), ['boiler']);
});

test.run();
