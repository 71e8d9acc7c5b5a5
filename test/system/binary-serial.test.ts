/** Serial ports in the one-file binary: the addon inside it opens one, and a meter is read. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildBinary } from '../../build/binary.ts';
import { ROOT } from '../../build/project-root.ts';
import { ForeignUnit } from '../../testbed/emulators/foreign-unit.ts';
import { wordsAt } from '../host/modbus/raw-device.ts';
import { temporaryFolder } from '../host/temporary-folder.ts';

const test = suite('binary-serial');

/** In place of the agent: reads ten registers of the port it is given. */
const READER = `
  import { openBus } from './host/modbus/open-bus.ts';
  const path = process.argv[2];
  const connection = { kind: 'serial', path, baud: 9600, parity: 'none', stopBits: 1 };
  const bus = openBus({ name: 'line', connection, timeoutMs: 2000 });
  bus.readInput(1, 100, 10).then(
    (words) => { console.log(words.join(' ')); bus.close(); },
    (error) => { console.error(error); process.exitCode = 1; bus.close(); },
  );
`;

test('a binary alone in a folder reads a meter on a serial port, and ends', async () => {
  const folder = temporaryFolder();
  const path = join(folder.path, 'tty');
  const { unit } = await ForeignUnit.faulty('--pty', path);
  try {
    const built = await buildBinary(
      `${process.platform}-${process.arch}`,
      join(ROOT, '.cache', 'binary-serial'),
      READER,
    );
    const temporary = join(folder.path, 'tmp');
    mkdirSync(temporary);
    copyFileSync(built.path, join(folder.path, 'reader'));
    const child = spawn('./reader', [path], {
      cwd: folder.path,
      env: { PATH: '/nowhere', TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.on('data', (piece) => {
      out += piece;
    });
    const [code] = await once(child, 'close');
    assert.is(code, 0);
    assert.is(out, `${wordsAt(100, 10).join(' ')}\n`);
    assert.equal(readdirSync(temporary), []);
  } finally {
    await unit.stop();
    folder.dispose();
  }
});

test.run();
