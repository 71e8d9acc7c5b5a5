/**
 * The DSO's key is stolen: from the alarm to granting again, with a DSO as a real process. The
 * thief holds the key all the while.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SigningKey, Transaction, Wallet } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PinnedGridError, pinGrid } from '../../agent/pinned-grid.ts';
import { addFinancialBalanceCall, type Call } from '../../chain/calls.ts';
import { MarketReads } from '../../chain/reads.ts';
import { JsonRpc } from '../../chain/rpc.ts';
import { nodeFiles } from '../../host/files.ts';
import { clearTransport } from '../../host/http-transport.ts';
import { readKeyFile } from '../../host/key-file.ts';
import { TransportError } from '../../host/ports.ts';
import { systemClock } from '../../host/system-clock.ts';
import { type GridFile, hashGrid } from '../../market/grid.ts';
import { domainOf, gridFileJson } from '../../market/grid-json.ts';
import { openAnswer, PATHS, parseWithdrawalAnswer } from '../../market/messages-json.ts';
import { freePort } from '../../testbed/free-port.ts';
import { makeMeter, makeWithdrawal, operatorToml, startUtility } from '../operator/world.ts';

const test = suite('leaked key');
const MAIN = fileURLToPath(new URL('../../operator/main.ts', import.meta.url));
const AMOUNT = 2_000_000n;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function setUp() {
  const utility = await startUtility();
  const { folder, config, anvil } = utility;
  const port = await freePort();
  const settings = (keys: string) =>
    writeFileSync(config, `[keys]\n${keys}\n${operatorToml(anvil.url, port)}`);
  settings('');
  const done = async (...args: string[]) => {
    const { code, out, log } = await utility.run(args);
    assert.is(code, 0, `${args.join(' ')}: ${log.join('; ')}`);
    return out.join('\n');
  };
  await done('deploy');
  await done('grid', 'export');
  const url = `http://127.0.0.1:${port}`;
  const transport = clearTransport({ origins: [anvil.url, url] });
  const rpc = new JsonRpc({ urls: [anvil.url], transport, identity: 't', clock: systemClock() });
  /** A transaction of whoever holds this key. */
  const sendAs = async (key: Uint8Array, call: Call) => {
    const signing = new SigningKey(key);
    const transaction = Transaction.from({
      ...{ type: 2, chainId: utility.grid().facts.chainId, to: call.to, data: call.data },
      ...{ gasLimit: call.gasLimit, maxFeePerGas: 0, maxPriorityFeePerGas: 0 },
      nonce: await rpc.nonce(new Wallet(signing.privateKey).address, 'latest'),
    });
    transaction.signature = signing.sign(transaction.unsignedHash);
    const hash = await rpc.sendRaw(transaction.serialized);
    return (await rpc.receipt(hash))?.isSuccess;
  };
  const start = () => {
    const child = spawn(process.execPath, [MAIN, 'dso', '--config', config], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    return { child, ended, said: () => said };
  };
  return { utility, folder, done, settings, transport, rpc, url, sendAs, start };
}
type World = Awaited<ReturnType<typeof setUp>>;

/** Asks until it is granted, as an agent does that pinned this grid file. */
async function untilGranted(world: World, wish: ReturnType<typeof makeWithdrawal>) {
  const { facts } = world.utility.grid();
  const { requestId } = wish.withdrawal;
  const limits = { identity: 'm', deadlineMs: 5_000, maxBytes: 65_536 };
  for (let tries = 0; tries < 600; tries += 1) {
    try {
      const { status, body } = await world.transport.post(
        `${world.url}${PATHS.withdrawals}`,
        wish.body,
        limits,
      );
      if (status === 200) {
        const text = openAnswer(domainOf(facts), requestId, body, facts.dso.address);
        const answer = parseWithdrawalAnswer(text);
        if (answer.state === 'granted') return;
        assert.is(answer.state, 'accepted', JSON.stringify(answer));
      }
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
    }
    await pause(100);
  }
  throw new Error('it was never granted');
}

/** The thief's own grid file: of whatever issue and term, it is none to a meter. */
function forgedGrid(before: GridFile, stolen: Uint8Array): GridFile {
  const facts = { ...before.facts, issue: 4_000_000_000, rpc: ['http://127.0.0.1:1'], term: 2 };
  return { facts, signature: new SigningKey(stolen).sign(hashGrid(facts)).serialized };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (holds()) return;
    await pause(100);
  }
  throw new Error(`never: ${what}`);
}

test('from the alarm to granting again, and the thief can grant nothing', async () => {
  const world = await setUp();
  const { utility, folder, done, settings, sendAs } = world;
  let dso = world.start();
  try {
    const pinned = join(folder, 'pinned.json');
    const given = () => readFileSync(join(folder, 'grid.json'), 'utf8');
    pinGrid(nodeFiles(), pinned, given());
    const before = utility.grid();
    const { contracts } = before.facts;
    const meter = makeMeter();
    await done('meter', 'add', meter.requestCode(before), '--feeder', '1', '--max-w', '11000');
    await untilGranted(world, makeWithdrawal(meter, before, { amountMicro: AMOUNT }));

    const stolen = readKeyFile(join(folder, 'dso.key'));
    const thief = Wallet.createRandom().address;
    const theft = addFinancialBalanceCall(contracts, thief, contracts.matching, 9_000_000n);
    assert.ok(await sendAs(stolen, theft));
    await until('the alarm', () => dso.said().includes('its key may be stolen'));
    // It is told before the books are on the disk.
    const strange = '1 addresses were granted what these books do not know';
    for (let tries = 0; tries < 50 && !(await done('fleet')).includes(strange); tries += 1) {
      await pause(100);
    }
    assert.match(await done('fleet'), strange);

    await done('roles', 'revoke-dso', before.facts.dso.address);
    assert.not.ok(await sendAs(stolen, theft), 'the thief grants nothing any more');
    dso.child.kill('SIGTERM');
    await dso.ended;
    const next = await done('keys', 'create', 'dso', '--out', join(folder, 'dso-2.key'));
    settings('dso = "dso-2.key"');
    await done('roles', 'grant-dso', next);
    await done('grid', 'reissue');
    dso = world.start();

    const forged = gridFileJson(forgedGrid(before, stolen));
    assert.throws(
      () => pinGrid(nodeFiles(), pinned, forged),
      (error: unknown) => error instanceof PinnedGridError && error.code === 'other-grid',
    );
    assert.is(pinGrid(nodeFiles(), pinned, given()).facts.dso.address, next);

    await untilGranted(world, makeWithdrawal(meter, utility.grid(), { amountMicro: AMOUNT }));
    const [account] = JSON.parse(await done('meter', 'list', '--json'));
    assert.is(
      account.balanceMicro,
      String(50_000_000n - 2n * AMOUNT),
      'the books were carried over',
    );
    const reads = new MarketReads(world.rpc, contracts);
    assert.not.ok(await sendAs(stolen, theft));
    assert.is(await reads.balanceMicro(thief), 9_000_000n, 'what the cap let through before');
  } finally {
    dso.child.kill('SIGKILL');
    world.transport.close();
    await utility.close();
  }
});

test.run();
