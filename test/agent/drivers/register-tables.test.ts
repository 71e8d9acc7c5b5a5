import { readdirSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadProfile, SHIPPED_PROFILES } from '../../../agent/drivers/profile.ts';
import { tcpBus } from '../../../host/modbus/open-bus.ts';
import { projectResources } from '../../../host/resources.ts';
import { compareWithTable } from '../../registers/compare.ts';
import { startRegisterServer } from '../../registers/register-server.ts';
import { readRegisterTable } from '../../registers/register-table.ts';

const test = suite('register tables');
const RESOURCES = projectResources();
const FOLDER = 'test/registers';

test('every profile that ships has a table, and every table a profile', () => {
  const tables = readdirSync(FOLDER).filter((name) => name.endsWith('.csv'));
  assert.equal(
    tables.map((name) => name.replace(/\.csv$/, '')).sort(),
    [...SHIPPED_PROFILES].sort(),
  );
});

for (const name of SHIPPED_PROFILES) {
  test(`${name} reads what its table says, over a bus`, async () => {
    const server = await startRegisterServer();
    const bus = tcpBus({ host: '127.0.0.1', port: server.port, timeoutMs: 2000 });
    try {
      const cases = readRegisterTable(`${FOLDER}/${name}.csv`);
      assert.ok(cases.some((each) => each.name === 'none') && cases.length >= 3);
      for (const each of cases) {
        server.serve(each);
        assert.equal(await compareWithTable(bus, loadProfile(RESOURCES, name), each), []);
      }
    } finally {
      bus.close();
      await server.close();
    }
  });
}

test.run();
