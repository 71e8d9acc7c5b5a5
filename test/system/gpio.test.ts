/**
 * Both GPIO drivers against Debian's kernel, in an emulated armhf machine: the agent's own code on
 * the oldest Node that it is made for, and the chip's registers read from outside.
 */

import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { RelaySettings } from '../../agent/config/relay.ts';
import { bundleAgent } from '../../build/bundle.ts';
import { lockedPackage } from '../../build/npm-package.ts';
import { ROOT } from '../../build/project-root.ts';
import type { GpioLine } from '../../host/ports.ts';
import { temporaryFolder } from '../host/temporary-folder.ts';
import { ArmhfGuest } from './armhf-guest.ts';
import { decisionDigest } from './decisions.ts';
import type { GuestAnswer, GuestStep } from './gpio-program.ts';

const test = suite('gpio');

const CHIP = '9030000.pl061';
/** Of the eight lines; the kernel itself holds the one of the power button. */
const [BOARD, OLD_BOARD, LAMP, BUTTON, CONTACT, OLD_CONTACT] = [0, 1, 2, 3, 4, 5] as const;

const board: RelaySettings = { driver: 'gpio', chip: CHIP, line: BOARD, activeLow: true };
const oldBoard: RelaySettings = {
  ...{ driver: 'gpio-sysfs', chip: CHIP, line: OLD_BOARD, activeLow: true },
};

const SETTINGS = `
[buses.house]
connection = "tcp://127.0.0.1:502"
[meters.house]
role = "grid"
profile = "eastron-sdm630"
bus = "house"
[loads.boiler]
power = "2 kW"
energy_per_day = "4 kWh"
relay = { driver = "gpio", chip = "${CHIP}", line = ${BOARD}, active_low = true }
[loads.pump]
power = "1 kW"
energy_per_day = "1 kWh"
relay = { driver = "gpio-sysfs", chip = "${CHIP}", line = ${OLD_BOARD}, active_low = true }
[home]
zone = "Europe/Berlin"
max_power = "11 kW"
[lab]
clear_net = true
`;

async function withGuest(work: (guest: ArmhfGuest) => Promise<void>): Promise<void> {
  const folder = temporaryFolder();
  const [program, agent] = [join(folder.path, 'program.cjs'), join(folder.path, 'agent.cjs')];
  await bundleAgent(program, "import './test/system/gpio-program.ts';");
  await bundleAgent(agent);
  const decisions = join(folder.path, 'decisions.cjs');
  await bundleAgent(decisions, "import './test/system/decisions-program.ts';");
  const koffi = await lockedPackage('@koromix/koffi-linux-arm');
  const serial = 'node_modules/@serialport/bindings-cpp/prebuilds/linux-arm';
  const guest = await ArmhfGuest.start({
    '/program.cjs': { copy: program },
    '/agent.cjs': { copy: agent },
    '/decisions.cjs': { copy: decisions },
    '/agent.toml': SETTINGS,
    '/package.json': { copy: join(ROOT, 'package.json') },
    '/native/koffi.node': { copy: join(koffi, 'linux_armhf', 'koffi.node') },
    '/native/serialport.node': {
      copy: join(ROOT, serial, '@serialport+bindings-cpp.armv6.glibc.node'),
    },
  });
  try {
    await work(guest);
  } finally {
    guest.dispose();
    folder.dispose();
  }
}

/** @returns what the step gave. @throws Error when it failed */
async function does(guest: ArmhfGuest, step: GuestStep): Promise<boolean | null> {
  const answer = (await guest.tell(step)) as GuestAnswer;
  if ('value' in answer) return answer.value;
  throw new Error(`${JSON.stringify(step)}: ${answer.code}, ${answer.message}`);
}

async function failsWith(guest: ArmhfGuest, step: GuestStep, code: string, why: RegExp) {
  const answer = (await guest.tell(step)) as GuestAnswer;
  assert.is('code' in answer && answer.code, code, JSON.stringify(answer));
  assert.match('message' in answer ? answer.message : '', why);
}

/** A board that is on at the low level is off from the first moment, and does as told. */
async function switchesActiveLow(guest: ArmhfGuest, name: string, relay: RelaySettings) {
  const line = 'line' in relay ? Number(relay.line) : -1;
  await does(guest, { do: 'open', name, relay, safeOn: false });
  assert.is(await does(guest, { do: 'read', name }), false);
  assert.is(await guest.isOutput(line), true);
  assert.is(await guest.level(line), true, 'off is high');
  assert.not.ok(guest.writes(line).includes(false), 'the kernel was never told to switch it on');
  await does(guest, { do: 'set', name, on: true });
  assert.is(await guest.level(line), false, 'on is low');
  assert.ok(guest.writes(line).includes(false));
  assert.is(await does(guest, { do: 'read', name }), true);
  await does(guest, { do: 'set', name, on: false });
  assert.is(await guest.level(line), true);
}

async function readsInputs(guest: ArmhfGuest) {
  const line = { chip: CHIP, line: CONTACT, activeLow: false };
  const turned = { chip: CHIP, line: OLD_CONTACT, activeLow: true };
  await does(guest, { do: 'input', name: 'contact', by: 'gpio', line });
  await does(guest, { do: 'input', name: 'turned', by: 'gpioSysfs', line: turned });
  for (const level of [true, false, true]) {
    await guest.drive(CONTACT, level);
    await guest.drive(OLD_CONTACT, level);
    assert.is(await does(guest, { do: 'look', name: 'contact' }), level);
    assert.is(await does(guest, { do: 'look', name: 'turned' }), !level);
  }
}

async function saysWhatIsWrong(guest: ArmhfGuest) {
  const free = { chip: CHIP, line: 7, activeLow: true };
  for (const driver of ['gpio', 'gpio-sysfs'] as const) {
    const isOn = await does(guest, { do: 'peek', relay: { driver, ...free } });
    assert.is(isOn, !(await guest.level(7)), 'looking');
    assert.is(await guest.isOutput(7), false, 'changes nothing');
    assert.equal(guest.writes(7), []);
  }
  await failsWith(guest, { do: 'peek', relay: board }, 'busy', /held by "transax"/);
  assert.is(await does(guest, { do: 'peek', relay: oldBoard }), false);
  const tries = async (
    by: 'gpio' | 'gpioSysfs',
    line: Partial<GpioLine>,
    code: string,
    why: RegExp,
  ) =>
    failsWith(
      guest,
      { do: 'input', name: 'x', by, line: { chip: CHIP, line: 7, activeLow: false, ...line } },
      code,
      why,
    );
  await tries('gpio', { line: BUTTON }, 'busy', /held by "GPIO Key Poweroff"/);
  await tries('gpioSysfs', { line: BUTTON }, 'busy', /held by the kernel/);
  await tries('gpio', { line: BOARD }, 'busy', /held by "transax"/);
  await tries('gpioSysfs', { line: BOARD }, 'busy', /held by the kernel or by another/);
  await tries('gpio', { line: OLD_BOARD }, 'busy', /held by "sysfs"/);
  await tries('gpio', { line: 8 }, 'no-line', /the lines 0 to 7/);
  await tries('gpioSysfs', { line: 8 }, 'no-line', /the lines 0 to 7/);
  await tries('gpio', { line: 'GPIO17' }, 'no-line', /no line of the name "GPIO17"/);
  await tries('gpio', { chip: 'other' }, 'no-chip', /"other"; there is "9030000\.pl061"/);
  await tries('gpioSysfs', { chip: 'other' }, 'no-chip', /"other"; there is "9030000\.pl061"/);
}

/** Others may have exported the line, and turned its values round. */
async function takesWhatOthersLeft(guest: ArmhfGuest, base: number) {
  const path = `/sys/class/gpio/gpio${base + LAMP}`;
  await does(guest, { do: 'file', path: '/sys/class/gpio/export', text: String(base + LAMP) });
  await does(guest, { do: 'file', path: `${path}/active_low`, text: '1' });
  const relay: RelaySettings = {
    ...{ driver: 'gpio-sysfs', chip: CHIP, line: LAMP, activeLow: false },
  };
  await does(guest, { do: 'open', name: 'lamp', relay, safeOn: false });
  await does(guest, { do: 'set', name: 'lamp', on: false });
  assert.is(await guest.level(LAMP), false);
  assert.not.ok(guest.writes(LAMP).includes(true));
  await does(guest, { do: 'set', name: 'lamp', on: true });
  assert.is(await guest.level(LAMP), true);
}

/** The same home decides the same on a board as here, to the last bit. */
async function decidesTheSame(guest: ArmhfGuest) {
  const seeds = [1];
  const { code, output } = await guest.shell(`node /decisions.cjs ${seeds.join(' ')}`);
  assert.is(code, 0, output);
  assert.equal(output.trim().split(/\s+/), seeds.map(decisionDigest));
}

test('relays on GPIO do as told, do not click, and are made safe after kill -9', () =>
  withGuest(async (guest) => {
    await decidesTheSame(guest);
    const base = Number((await guest.shell('cat /sys/class/gpio/gpiochip*/base')).output);
    assert.is(await guest.begin('node /program.cjs'), 'ready');
    await switchesActiveLow(guest, 'board', board);
    await switchesActiveLow(guest, 'old board', oldBoard);
    await saysWhatIsWrong(guest);
    await readsInputs(guest);
    await takesWhatOthersLeft(guest, base);

    await does(guest, { do: 'set', name: 'board', on: true });
    await does(guest, { do: 'set', name: 'old board', on: true });
    await guest.tellLast({ do: 'die' });
    const held = (await guest.shell('cat /sys/kernel/debug/gpio')).output;
    assert.not.match(held, 'transax', 'the kernel took the line of the character device back');
    assert.match(
      held,
      new RegExp(`gpio-${base + OLD_BOARD} .*sysfs.*out lo`),
      'sysfs keeps its line',
    );
    // This chip keeps the level of a line that nobody holds; others may let it float.
    assert.is(await guest.level(BOARD), false, 'still on');
    assert.is(await guest.level(OLD_BOARD), false, 'still on');

    const writes = [guest.writes(BOARD).length, guest.writes(OLD_BOARD).length] as const;
    const { code, output } = await guest.shell('node /agent.cjs load safe --config /agent.toml');
    assert.is(code, 0, output);
    assert.match(output, 'loads.boiler is off, its safe state');
    assert.match(output, 'loads.pump is off, its safe state');
    assert.is(await guest.level(BOARD), true);
    assert.is(await guest.level(OLD_BOARD), true);
    assert.not.ok(guest.writes(BOARD).slice(writes[0]).includes(false));
    assert.not.ok(guest.writes(OLD_BOARD).slice(writes[1]).includes(false));
  }));

test.run();
