import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MarketReads } from '../../chain/reads.ts';
import { JsonRpc } from '../../chain/rpc.ts';
import { clearTransport } from '../../host/http-transport.ts';
import { type Transport, TransportError } from '../../host/ports.ts';
import { openSql } from '../../host/sqlite.ts';
import { systemClock } from '../../host/system-clock.ts';
import { parseDeployment } from '../../operator/deployment.ts';
import { startUtility } from './world.ts';

const test = suite('deploy');

/** An endpoint that goes away after some requests. */
function failingAfter(count: number) {
  let left = count;
  return (origins: string[]): Transport => {
    const inner = clearTransport({ origins });
    return {
      kind: 'clear',
      post(url, body, options) {
        left -= 1;
        if (left < 0) throw new TransportError('unreachable', 'gone');
        return inner.post(url, body, options);
      },
      forget: inner.forget,
      problem: inner.problem,
      close: () => inner.close(),
    };
  };
}

test('the market stands as the settings say, sealed, and a second run refuses', async () => {
  const utility = await startUtility();
  try {
    const first = await utility.run(['deploy']);
    assert.is(first.code, 0, first.log.join('\n'));
    const path = join(utility.folder, 'deployment.json');
    const text = readFileSync(path, 'utf8');
    const deployment = parseDeployment(text, path);
    const transport = clearTransport({ origins: [utility.anvil.url] });
    const clock = systemClock();
    const rpc = new JsonRpc({ urls: [utility.anvil.url], transport, identity: 't', clock });
    const reads = new MarketReads(rpc, deployment.contracts);
    assert.equal(await reads.calendar(), deployment.calendar);
    assert.is(await reads.feederCount(), 2);
    const limits = { internalLimitW: 25_000, externalLimitW: 20_000 };
    assert.equal(await reads.limitsAt(2, 1_982_000), limits);
    const tariff = { useMicroPerKwh: 300_000, feedInMicroPerKwh: 80_000 };
    assert.equal(await reads.tariffAt(1_982_000), tariff);
    assert.is(await reads.isGranter(deployment.dso), true);
    assert.is(await reads.isSettler(deployment.dso), true);
    assert.is(await reads.isMarket(deployment.contracts.matching), true);
    assert.is(await reads.isSealed(), true);
    assert.is(await reads.owner(), deployment.owner.toLowerCase());
    transport.close();

    for (const key of ['owner', 'dso', 'solver']) {
      const secret = readFileSync(join(utility.folder, `${key}.key`), 'utf8').trim();
      assert.not.ok(text.includes(secret), `deployment.json holds the ${key} key`);
    }
    const second = await utility.run(['deploy']);
    assert.is(second.code, 1);
    assert.match(second.log.join('\n'), 'deployment.json exists');
    assert.is(readFileSync(path, 'utf8'), text);
  } finally {
    await utility.close();
  }
});

test('interrupted anywhere, it goes on where it was and sends nothing twice', async () => {
  for (const requests of [1, 3, 5, 11, 17]) {
    const utility = await startUtility();
    try {
      const cut = await utility.run(['deploy'], failingAfter(requests));
      const resumed = cut.code === 0 ? cut : await utility.run(['deploy']);
      assert.is(resumed.code, 0, `after ${requests}: ${resumed.log.join('\n')}`);
      const deployment = parseDeployment(readFileSync(resumed.out[0] ?? '', 'utf8'), 'x');
      const count = await utility.anvil.call('eth_getTransactionCount', [
        deployment.owner,
        'latest',
      ]);
      assert.is(Number(count), 14, `after ${requests} requests`);
    } finally {
      await utility.close();
    }
  }
});

test('a deployment begun with other settings is not mixed with these', async () => {
  const utility = await startUtility();
  try {
    await utility.run(['deploy'], failingAfter(6));
    const text = readFileSync(utility.config, 'utf8');
    writeFileSync(utility.config, text.replace('"0.30 /kWh"', '"0.31 /kWh"'));
    const { code, log } = await utility.run(['deploy']);
    assert.is(code, 1);
    assert.match(log.join('\n'), 'begun with other settings');
  } finally {
    await utility.close();
  }
});

test('a chain that does not answer, and one that was begun anew, give one clear line', async () => {
  const utility = await startUtility();
  try {
    const down = await utility.run(['deploy'], failingAfter(0));
    assert.is(down.code, 1);
    assert.match(down.log.at(-1) ?? '', /^the chain cannot be reached: .*check \[chain\] rpc$/);
    await utility.run(['deploy']);
    rmSync(join(utility.folder, 'deployment.json'));
    await utility.anvil.call('anvil_reset', []);
    const anew = await utility.run(['deploy']);
    assert.is(anew.code, 1);
    assert.match(anew.log.at(-1) ?? '', 'that this chain does not have');
  } finally {
    await utility.close();
  }
});

test('the grid file is signed, stays the same while nothing changes, and counts up', async () => {
  const utility = await startUtility();
  try {
    const early = await utility.run(['grid', 'export']);
    assert.is(early.code, 1);
    assert.match(early.log.at(-1) ?? '', 'run transax-operator deploy first');
    await utility.run(['deploy']);
    assert.is((await utility.run(['grid', 'export'])).code, 0);
    const first = utility.grid();
    await utility.run(['grid', 'export']);
    assert.equal(utility.grid(), first);
    const text = readFileSync(utility.config, 'utf8');
    writeFileSync(utility.config, text.replace('name = "Example"', 'name = "Renamed"'));
    const copy = join(utility.folder, 'copy.json');
    assert.equal((await utility.run(['grid', 'export', '--out', copy])).out, [copy]);
    assert.equal([utility.grid().facts.issue, utility.grid().facts.name], [2, 'Renamed']);
    assert.is(readFileSync(copy, 'utf8'), readFileSync(join(utility.folder, 'grid.json'), 'utf8'));
  } finally {
    await utility.close();
  }
});

test('another key than the one deployed with is refused', async () => {
  const utility = await startUtility();
  try {
    await utility.run(['deploy']);
    const path = join(utility.folder, 'dso.key');
    rmSync(path);
    const missing = await utility.run(['grid', 'export']);
    assert.match(missing.log.at(-1) ?? '', 'check [keys] dso');
    writeFileSync(path, '11'.repeat(32), { mode: 0o400 });
    const other = await utility.run(['grid', 'export']);
    assert.is(other.code, 1);
    assert.match(other.log.at(-1) ?? '', 'the market was deployed for');
    assert.is(openSql(join(utility.folder, 'books.db'), { readOnly: true }).close(), undefined);
  } finally {
    await utility.close();
  }
});

test.run();
