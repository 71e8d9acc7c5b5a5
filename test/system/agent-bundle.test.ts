/** `support bundle` on a home with a wallet that was used: everything in it but secrets. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hexlify } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { OwnTerms } from '../../agent/traders/own-offer.ts';
import { WALLET_MIGRATIONS } from '../../agent/wallet/schema.ts';
import { openWallet } from '../../agent/wallet/wallet.ts';
import { readKeyFile } from '../../host/key-file.ts';
import { nodeRandom } from '../../host/random.ts';
import { openSql } from '../../host/sqlite.ts';
import { agreeOnTime } from '../agent/wallet/agreed-time.ts';
import { type CliHome, withCliHome } from './cli-home.ts';
import { AGENT, run } from './processes.ts';

const test = suite('agent: support bundle');

/** Uses three addresses, and tells all that nobody may see. */
function useWallet({ folder, grid }: CliHome): string[] {
  const key = readKeyFile(join(folder, 'keystore.key'));
  const options = { key, migrations: [...WALLET_MIGRATIONS] };
  const sql = openSql(join(folder, 'wallet.db'), options);
  try {
    const wallet = openWallet(sql, key, grid.facts, nodeRandom());
    const terms: OwnTerms = {
      ...{ firstInterval: 10, lastInterval: 10, energyWs: 3600, maxPowerW: 100 },
      ...{ side: 'sell' as const, priceMicroPerKwh: 1, isFlexible: false },
    };
    agreeOnTime(wallet, Date.now() / 1000);
    const offers = [1, 2, 3].map(() => wallet.reserve(terms, Date.now(), Date.now(), 0));
    const found = offers.flatMap((offer) => [
      offer.address,
      offer.requestId,
      wallet.keyOf(offer).privateKey,
    ]);
    return [hexlify(key), wallet.meterId, wallet.solverKey.privateKey, ...found];
  } finally {
    sql.close();
  }
}

test('lists what is in it, sends nothing, and holds no key, address or code', () =>
  withCliHome(async (home) => {
    const { cli, folder, config, gridFile } = home;
    const secrets = useWallet(home);
    assert.is(secrets.length, 12);
    const code = (await run(AGENT, 'enrol', gridFile, '--config', config)).out;
    // Someone pasted them where they do not belong.
    const text = readFileSync(config, 'utf8');
    const pasted = secrets.map((secret) => `# ${secret}`).join('\n');
    writeFileSync(config, `${text}\n${pasted}\n# ${code.trim().replaceAll('\n', '\n# ')}\n`);
    const agent = await home.start();
    try {
      const file = join(folder, 'bundle.tar.gz');
      const { code: ended, out } = await cli(`support bundle -o ${file}`);
      assert.is(ended, 0);
      for (const name of [
        'agent.toml',
        'doctor.json',
        'status.json',
        'frames.json',
        'kernel.txt',
      ]) {
        assert.match(out, name);
      }
      const bundle = spawnSync('tar', ['-xzOf', file], { encoding: 'utf8' });
      assert.is(bundle.status, 0, bundle.stderr);
      const said = bundle.stdout.toLowerCase();
      assert.match(said, 'eastron-sdm630');
      assert.match(said, '"answer": "4367');
      for (const secret of secrets) {
        assert.not.match(said, secret.toLowerCase().replace(/^0x/, ''));
      }
      for (const group of code.trim().split(/[\s-]+/)) {
        assert.not.match(bundle.stdout, new RegExp(`\\b${group}\\b`));
      }
      const piped = await cli('support bundle -o -');
      assert.is(piped.code, 0);
      assert.match(piped.err, 'status.json', 'the list goes to stderr then');
    } finally {
      await agent.stop();
    }
  }));

test.run();
