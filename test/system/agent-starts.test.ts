/**
 * What an installer gets wrong, and what the agent says: real processes, an emulated home, no
 * utility. Each fault is told in one clear line and stops only what must stop.
 */
import {
  chmodSync,
  copyFileSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../host/temporary-folder.ts';
import { type HomeNeeds, type InstalledHome, installHome, steadyHome } from './installed-home.ts';
import { labGrid } from './lab-grid.ts';
import { type Ended, until } from './processes.ts';

const test = suite('agent: starts');

interface Place extends InstalledHome {
  /** A path in the home's folder. */
  at(name: string): string;
  /** Writes a grid file as the utility might send it, and tries to enrol with it. */
  enrolWith(gridText: string): Promise<Ended>;
}

async function withHome(needs: HomeNeeds, work: (place: Place) => Promise<void>): Promise<void> {
  const folder = temporaryFolder();
  const home = await installHome(folder.path, steadyHome(needs), () => Date.now());
  home.configure({ pollSeconds: 1 });
  const at = (name: string) => join(home.folder, name);
  const enrolWith = (gridText: string) => {
    writeFileSync(at('offered.json'), gridText);
    return home.command('enrol', at('offered.json'));
  };
  try {
    await work({ ...home, at, enrolWith });
  } finally {
    await home.close();
    folder.dispose();
  }
}

/** What is left of stderr without the lab's warnings, which every start repeats. */
function complaints({ err }: Ended): string[] {
  return err.split('\n').filter((line) => line !== '' && !/ warn .*\(lab\)/.test(line));
}

function failsWith(ended: Ended, code: number, what: RegExp): void {
  assert.is(ended.code, code, ended.err);
  assert.is(ended.out, '');
  const [line = '', ...more] = complaints(ended);
  assert.match(line, what);
  assert.equal(more, [], 'one line');
}

test('three faults in agent.toml are named together, with key and line, by every command', () =>
  withHome({ hasBattery: true }, async ({ configure, command, at }) => {
    configure({}, (text) =>
      text
        .replace('unit = 1', 'unit = 700')
        .replace('capacity = "10000 Wh"', 'capacity = "10 kW"')
        .replace('max_power', 'max_powr'),
    );
    const lines = readFileSync(at('agent.toml'), 'utf8').split('\n');
    const lineOf = (start: string) => 1 + lines.findIndex((line) => line.startsWith(start));
    for (const words of [['run'], ['status'], ['enrol', 'grid.json']]) {
      const { code, err, out } = await command(...words);
      assert.is(code, 2);
      assert.is(out, '');
      assert.match(err, `line ${lineOf('unit')}: meters.house.unit must be from 0 to 247`);
      assert.match(err, `line ${lineOf('capacity')}: battery.capacity`);
      assert.match(err, `line ${lineOf('max_powr')}: home.max_powr is not a known key`);
      assert.match(err, 'did you mean max_power?');
    }
  }));

test('enrolment: what does not count is refused in one line, and nothing is pinned by it', () =>
  withHome({}, async ({ command, enrolWith, at }) => {
    failsWith(await command('run'), 2, /not enrolled .*run transax-agent enrol GRIDFILE/);
    failsWith(await command('enrol', '/nowhere.json'), 1, /\/nowhere\.json: it does not exist/);
    const tampered = labGrid().replace('127.0.0.1:9', '127.0.0.1:7');
    failsWith(await enrolWith(tampered), 1, /not signed by the DSO that it names/);

    const first = await enrolWith(labGrid({ issue: 2 }));
    assert.is(first.code, 0, first.err);
    const pinned = readFileSync(at('grid.json'), 'utf8');
    const again = await enrolWith(labGrid({ issue: 2 }));
    assert.is(again.out, first.out, 'the same code');

    const notNewer = /not a newer issue of the pinned one .* issue 2\), signed by the same key/;
    failsWith(await enrolWith(labGrid({ issue: 1 })), 2, notNewer);
    failsWith(await enrolWith(labGrid({ issue: 2, name: 'Other' })), 2, notNewer);
    failsWith(await enrolWith(labGrid({ issue: 3 }, `0x${'06'.repeat(32)}`)), 2, notNewer);
    failsWith(await enrolWith(labGrid({ issue: 3, chainId: 5 })), 1, /belongs to another grid/);
    assert.is(readFileSync(at('grid.json'), 'utf8'), pinned);

    assert.is((await enrolWith(labGrid({ issue: 3 }))).code, 0);
    assert.not.equal(readFileSync(at('grid.json'), 'utf8'), pinned);
    writeFileSync(at('grid.json'), '{"facts"');
    failsWith(await command('run'), 2, /grid\.json cannot be used .*put the utility's grid file/);
  }));

test('the keys of enrolment are guarded: never replaced, never read when others can', () =>
  withHome({}, async ({ enrolWith, at }) => {
    assert.is((await enrolWith(labGrid())).code, 0);
    chmodSync(at('keystore.key'), 0o644);
    failsWith(await enrolWith(labGrid()), 1, /others may read .*chmod 0400/);
    chmodSync(at('keystore.key'), 0o400);
    renameSync(at('keystore.key'), at('away.key'));
    failsWith(await enrolWith(labGrid()), 1, /its key .* is missing: put the key back/);
    writeFileSync(at('keystore.key'), 'ff'.repeat(32), { mode: 0o400 });
    failsWith(await enrolWith(labGrid()), 1, /the key does not fit .*wallet\.db/);
  }));

test('a second agent, or an enrolment beside a running one, is refused in one line', () =>
  withHome({}, async ({ configure, command, enrolWith, start, status, at }) => {
    await enrolWith(labGrid());
    const agent = start();
    try {
      await until('the agent answers', status);
      failsWith(await command('run'), 1, /journal\.db is in use by another process/);
      failsWith(await enrolWith(labGrid()), 1, /wallet\.db is in use by another process/);
      // Another state, the same socket: it must not take it away from the first one.
      copyFileSync(at('wallet.db'), at('wallet2.db'));
      configure({}, (text) =>
        text.replace('"wallet.db"', '"wallet2.db"').replace('"journal.db"', '"journal2.db"'),
      );
      failsWith(await command('run'), 1, /agent\.sock is in use by another process/);
      assert.ok(await status(), 'the first one goes on');
    } finally {
      assert.is((await agent.stop()).code, 0);
    }
    configure({}, (text) => text.replace('"agent.sock"', `"${'s'.repeat(110)}"`));
    failsWith(await command('run'), 1, /socket may have 107 bytes at most/);
    configure({ clock: 'stepped:/nowhere.sock' });
    failsWith(await command('run'), 1, /no conductor of market time at \/nowhere\.sock/);
  }));

interface WalletRow {
  name: string;
  break(place: Place): void;
  mend(place: Place): void;
  says: RegExp;
}

const keep = (place: Place, name: string) => copyFileSync(place.at(name), place.at(`${name}.kept`));
const putBack = (place: Place, name: string) => {
  rmSync(place.at(name), { force: true });
  copyFileSync(place.at(`${name}.kept`), place.at(name));
};

function replaceKey(place: Place, text: string, mode = 0o400): void {
  keep(place, 'keystore.key');
  unlinkSync(place.at('keystore.key'));
  writeFileSync(place.at('keystore.key'), text);
  chmodSync(place.at('keystore.key'), mode);
}
const mendKey = (place: Place) => {
  putBack(place, 'keystore.key');
  chmodSync(place.at('keystore.key'), 0o400);
};

const WALLET_ROWS: WalletRow[] = [
  {
    name: 'key-missing',
    break: (place) => {
      keep(place, 'keystore.key');
      unlinkSync(place.at('keystore.key'));
    },
    mend: mendKey,
    says: /keystore\.key: it does not exist; put the key back from its backup/,
  },
  {
    name: 'key-of-another-meter',
    break: (place) => replaceKey(place, 'ab'.repeat(32)),
    mend: mendKey,
    says: /the key does not fit .*wallet\.db.*put the right key back/,
  },
  {
    name: 'key-is-none',
    break: (place) => replaceKey(place, 'secret'),
    mend: mendKey,
    says: /keystore\.key holds neither 32 bytes nor 64 hexadecimal digits/,
  },
  {
    name: 'key-open-to-others',
    break: (place) => chmodSync(place.at('keystore.key'), 0o440),
    mend: (place) => chmodSync(place.at('keystore.key'), 0o400),
    says: /others may read .*keystore\.key: run chmod 0400/,
  },
  {
    name: 'wallet-damaged',
    break: (place) => {
      keep(place, 'wallet.db');
      const bytes = readFileSync(place.at('wallet.db'));
      bytes.fill(0x5a, 8192, 8192 + 512);
      writeFileSync(place.at('wallet.db'), bytes);
    },
    mend: (place) => putBack(place, 'wallet.db'),
    says: /wallet\.db is damaged.*restore a backup/,
  },
  {
    name: 'wallet-gone',
    break: (place) => {
      keep(place, 'wallet.db');
      unlinkSync(place.at('wallet.db'));
    },
    mend: (place) => putBack(place, 'wallet.db'),
    says: /wallet\.db is missing or empty, .*restore it from a backup/,
  },
];

for (const pair of [WALLET_ROWS.slice(0, 3), WALLET_ROWS.slice(3)]) {
  const names = pair.map(({ name }) => name).join(', ');
  test(`metering only, the remedy in status, trade once it is mended: ${names}`, async () => {
    await Promise.all(
      pair.map((row) => withHome({ name: row.name, hasBattery: true }, check(row))),
    );
  });
}

const check = (row: WalletRow) => async (place: Place) => {
  assert.is((await place.enrolWith(labGrid())).code, 0);
  row.break(place);
  const agent = place.start();
  try {
    const metered = await until('it meters', async () => {
      const status = await place.status();
      return status !== null && status.meter.powerW !== null && status;
    });
    assert.is(metered.wallet.isOpen, false);
    assert.is(metered.chain, null, 'no trade');
    assert.is(place.emulated.state().batteryMode, 'automatic');
    const { code, out } = await place.command('status');
    assert.is(code, 1);
    assert.match(out, row.says);
    const [line = '', ...more] = agent.complaints();
    assert.match(line, row.says);
    assert.match(line, 'metering only, no trade');
    assert.equal(more, [], 'one line');
    row.mend(place);
    await until('the wallet opens', async () => (await place.status())?.wallet.isOpen);
    assert.is((await place.status())?.wallet.problem, null);
  } finally {
    assert.is((await agent.stop()).code, 0, agent.lines.join('\n'));
  }
};

test.run();
