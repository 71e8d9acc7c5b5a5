/** Roles moved by the owner key: at once, from a file signed elsewhere, and what is refused. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Wallet } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pinGrid } from '../../agent/pinned-grid.ts';
import { JsonRpc } from '../../chain/rpc.ts';
import { nodeFiles } from '../../host/files.ts';
import { clearTransport } from '../../host/http-transport.ts';
import { writeKeyFile } from '../../host/key-file.ts';
import { systemClock } from '../../host/system-clock.ts';
import { operatorToml, startUtility } from './world.ts';

const test = suite('operator: roles');

async function nonceOf(url: string, address: string): Promise<number> {
  const transport = clearTransport({ origins: [url] });
  const rpc = new JsonRpc({ urls: [url], transport, identity: 't', clock: systemClock() });
  const nonce = await rpc.nonce(address, 'latest');
  transport.close();
  return nonce;
}

async function setUp() {
  const utility = await startUtility();
  const { folder, config, anvil } = utility;
  const run = async (...args: string[]) => {
    const { code, out, log } = await utility.run(args);
    return { code, out: out.join('\n'), said: log.at(-1) ?? '' };
  };
  const done = async (...args: string[]) => {
    const ran = await run(...args);
    assert.is(ran.code, 0, `${args.join(' ')}: ${ran.said}`);
    return ran.out;
  };
  await done('deploy');
  await done('grid', 'export');
  /** A new key in a file of its own. */
  const newKey = (name: string) => {
    const { privateKey, address } = Wallet.createRandom();
    writeKeyFile(join(folder, name), Buffer.from(privateKey.slice(2), 'hex'));
    return { address, path: join(folder, name) };
  };
  const keys = (text: string) =>
    writeFileSync(config, `[keys]\n${text}\n${operatorToml(anvil.url, 0)}`);
  const roles = async () => JSON.parse(await done('roles', 'show', '--json'));
  return { utility, folder, run, done, newKey, keys, roles };
}

test('the DSO moves to another key, and meters follow what the owner endorsed', async () => {
  const { utility, folder, run, done, newKey, keys, roles } = await setUp();
  try {
    const before = utility.grid();
    const pinned = join(folder, 'pinned.json');
    pinGrid(nodeFiles(), pinned, readFileSync(join(folder, 'grid.json'), 'utf8'));
    const old = before.facts.dso.address;
    const next = newKey('next.key');

    assert.match((await run('grid', 'reissue')).said, 'is the DSO of the grid file already');
    await done('roles', 'revoke-dso', old);
    assert.equal((await roles()).granters, []);
    assert.match(await done('roles', 'revoke-dso', old), 'already');
    keys('dso = "next.key"');
    assert.match((await run('grid', 'export')).said, 'the market was deployed for');
    assert.match((await run('grid', 'reissue')).said, 'may not grant: run transax-operator roles');
    await done('roles', 'grant-dso', next.address);
    await done('grid', 'reissue');
    const { facts, endorsements } = utility.grid();
    assert.equal([facts.term, facts.issue, facts.dso.address], [2, 2, next.address]);
    assert.is(endorsements?.length, 1);
    pinGrid(nodeFiles(), pinned, readFileSync(join(folder, 'grid.json'), 'utf8'));
    const { granters, settlers, dso } = await roles();
    assert.equal(
      [granters, settlers],
      [[next.address.toLowerCase()], [next.address.toLowerCase()]],
    );
    assert.is(dso, next.address.toLowerCase());

    const plain = readFileSync(join(folder, 'grid.json'), 'utf8');
    await done('grid', 'export');
    assert.is(readFileSync(join(folder, 'grid.json'), 'utf8'), plain);
  } finally {
    await utility.close();
  }
});

test('a machine without network signs and endorses, another one sends and adopts', async () => {
  const { utility, folder, run, done, newKey, keys, roles } = await setUp();
  try {
    const next = newKey('next.key');
    const signed = join(folder, 'order.json');
    const nonce = await nonceOf(utility.anvil.url, utility.grid().facts.owner ?? '');
    const given = ['--out', signed, '--nonce', String(nonce)];
    await done('roles', 'grant-dso', next.address, ...given);
    assert.is((await roles()).granters.length, 1, 'nothing left yet');
    assert.match(await done('send', signed), `${next.address} may grant and settle`);
    assert.is((await roles()).granters.length, 2);
    assert.match(await done('send', signed), 'may grant and settle');
    const late = ['--out', signed, '--nonce', String(nonce)];
    await done('roles', 'revoke-dso', next.address, ...late);
    assert.match((await run('send', signed)).said, 'was used by another transaction');
    const text = readFileSync(signed, 'utf8');
    writeFileSync(signed, text.replace('"nonce": ', '"nonce": 9'));
    assert.match((await run('send', signed)).said, 'does not fit what is signed in it');

    keys('dso = "next.key"');
    const draft = join(folder, 'draft.json');
    await done('grid', 'draft', '--out', draft);
    assert.match((await run('grid', 'adopt', draft)).said, 'no meter would take this grid file');
    const thief = newKey('thief.key');
    await done('grid', 'endorse', draft, '--key', thief.path);
    assert.match((await run('grid', 'adopt', draft)).said, 'no meter would take this grid file');
    await done('grid', 'endorse', draft);
    await done('grid', 'adopt', draft);
    assert.is(utility.grid().facts.dso.address, next.address);
  } finally {
    await utility.close();
  }
});

test('ownership is offered and accepted; nobody else can do either', async () => {
  const { utility, folder, run, done, newKey, keys, roles } = await setUp();
  try {
    const next = newKey('owner-2.key');
    const other = newKey('other.key');
    assert.match((await run('roles', 'accept-owner', '--key', next.path)).said, 'was not proposed');
    await done('roles', 'propose-owner', next.address);
    assert.is((await roles()).proposedOwner, next.address.toLowerCase());
    const wrong = await run('roles', 'accept-owner', '--key', other.path);
    assert.match(wrong.said, 'was not proposed as owner');
    await done('roles', 'accept-owner', '--key', next.path);
    assert.is((await roles()).owner, next.address.toLowerCase());
    assert.match((await run('roles', 'grant-dso', other.address)).said, 'check [keys] owner');
    // The old owner, whom meters pinned, hands over once more.
    await done('grid', 'reissue', '--owner', next.address);
    assert.is(utility.grid().facts.owner, next.address);
    keys('owner = "owner-2.key"\ndso = "other.key"');
    await done('roles', 'grant-dso', other.address);
    await done('grid', 'reissue');
    assert.is(utility.grid().endorsements?.length, 2);
    pinGrid(nodeFiles(), join(folder, 'p.json'), readFileSync(join(folder, 'grid.json'), 'utf8'));
  } finally {
    await utility.close();
  }
});

test.run();
