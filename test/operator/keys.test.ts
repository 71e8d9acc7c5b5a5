/** The commands that make, import and re-encrypt keys, and what runs with keystores. */
import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runCommand } from '../../operator/cli/commands.ts';
import { addressOf } from '../../operator/keys.ts';
import { commandHost, operatorToml, startUtility } from './world.ts';

const test = suite('operator: keys');

const KEY = '11'.repeat(32);
const ADDRESS = addressOf(Buffer.from(KEY, 'hex'));

interface Given {
  /** What is typed, line by line. */
  typed?: string[];
  /** A systemd credential of this unit. */
  credential?: { name: string; path: string };
}

/** A utility that keeps its keys in keystores; anvil runs, and nothing is deployed. */
async function setUp() {
  const utility = await startUtility();
  const { folder, config, anvil } = utility;
  const strict = (keys: string) =>
    writeFileSync(
      config,
      `[keys]\n${keys}\n${operatorToml(anvil.url, 0).replace('plain_keys = true\n', '')}`,
    );
  const run = async (args: string[], { typed = [], credential }: Given = {}) => {
    const { host, out, log, close } = commandHost(new AbortController().signal);
    const asked: string[] = [];
    const code = await runCommand(
      [...args, '--config', config],
      {
        ...host,
        askHidden: async (question) => {
          asked.push(question);
          return typed.shift() ?? null;
        },
        credentialPath: (name) => (name === credential?.name ? credential.path : null),
      },
      (path) => path,
    );
    close();
    return { code, asked, out: out.join('\n'), log: log.join('\n') };
  };
  const secret = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text, { mode: 0o400 });
    return path;
  };
  return { utility, folder, run, strict, secret };
}

test('deploy and grid export work with keystores; nothing secret is said', async () => {
  const { utility, folder, run, strict, secret } = await setUp();
  try {
    secret('pass', 'a passphrase of the utility\n');
    strict('owner_passphrase = "pass"\ndso_passphrase = "pass"\nsolver_passphrase = "pass"');
    const deployed = await run(['deploy']);
    assert.is(deployed.code, 0, deployed.log);
    for (const role of ['owner', 'dso', 'solver']) {
      const path = join(folder, `${role}.key`);
      assert.is(statSync(path).mode & 0o777, 0o400);
      assert.is(JSON.parse(readFileSync(path, 'utf8')).version, 3);
    }
    assert.is((await run(['grid', 'export'])).code, 0);
    const list = JSON.parse((await run(['keys', 'list', '--json'])).out);
    assert.equal(
      list.map((each: { state: string; isDeployed: boolean }) => [each.state, each.isDeployed]),
      [
        ['keystore', true],
        ['keystore', true],
        ['keystore', true],
      ],
    );
    rmSync(join(folder, 'pass'));
    const missing = await run(['grid', 'export']);
    assert.is(missing.code, 1);
    assert.match(missing.log, /cannot read .*pass: it does not exist/);
    secret('pass', 'another passphrase\n');
    assert.match((await run(['grid', 'export'])).log, /the passphrase of .*dso.key is wrong/);
    chmodSync(join(folder, 'pass'), 0o444);
    assert.match((await run(['grid', 'export'])).log, /others may read .*pass: run chmod 0400/);
    const credential = { name: 'dso-passphrase', path: secret('c', 'a passphrase of the utility') };
    assert.is(
      (await run(['grid', 'export'], { credential })).code,
      0,
      'the credential comes first',
    );
  } finally {
    await utility.close();
  }
});

test('a plain key is refused outside a lab, and imported into its own place', async () => {
  const { utility, folder, run, strict, secret } = await setUp();
  try {
    const path = secret('dso.key', `${KEY}\n`);
    await utility.run(['deploy']);
    strict('');
    const refused = await run(['grid', 'export']);
    assert.is(refused.code, 1);
    assert.match(refused.log, `run transax-operator keys import dso ${path}`);
    const typed = ['Grünkohl mit Pinkel', 'another', 'Grünkohl mit Pinkel', 'Grünkohl mit Pinkel'];
    const imported = await run(['keys', 'import', 'dso', path], { typed });
    assert.equal([imported.code, imported.out], [0, ADDRESS], imported.log);
    assert.is(imported.asked.length, 4);
    assert.not.ok(readFileSync(path, 'utf8').includes(KEY));

    const exported = await run(['grid', 'export'], { typed: ['wrong one', 'Grünkohl mit Pinkel'] });
    assert.is(exported.code, 0, exported.log);
    assert.match(exported.asked[0] ?? '', ADDRESS);
    assert.match((await run(['grid', 'export'])).log, 'the systemd credential dso-passphrase');
    const wrong = await run(['grid', 'export'], { typed: ['1', '2', '3', 'Grünkohl mit Pinkel'] });
    assert.match(wrong.log, 'is wrong');

    const to = secret('new', 'the next passphrase');
    const given = { typed: ['Grünkohl mit Pinkel'] };
    const changed = await run(['keys', 'passphrase', 'dso', '--new-passphrase', to], given);
    assert.is(changed.code, 0, changed.log);
    const before = await run(['grid', 'export'], { typed: ['Grünkohl mit Pinkel', 'no', 'no'] });
    assert.is(before.code, 1);
    assert.is((await run(['grid', 'export'], { typed: ['the next passphrase'] })).code, 0);

    const out = join(folder, 'next.json');
    const made = await run(['keys', 'create', 'dso', '--out', out], {
      typed: ['12345678', '12345678'],
    });
    assert.is(made.code, 0, made.log);
    assert.match(made.out, /^0x[0-9a-fA-F]{40}$/);
    const again = await run(['keys', 'create', 'dso', '--out', out], {
      typed: ['12345678', '12345678'],
    });
    assert.match(again.log, 'exists already; a key is never replaced');
    assert.match((await run(['keys', 'create', 'bank'])).log, 'is not the role of a key');
    for (const { log } of [refused, imported, exported, wrong, changed, made]) {
      for (const word of [KEY, 'Grünkohl mit Pinkel', '12345678', 'the next']) {
        assert.not.ok(log.includes(word), log);
      }
    }
  } finally {
    await utility.close();
  }
});

test.run();
