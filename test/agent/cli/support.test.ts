/** The archive and the redaction of `support bundle`; sense of a meter's values. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkValues } from '../../../agent/cli/meter/sanity.ts';
import { redact } from '../../../agent/cli/support/redact.ts';
import { tarOf } from '../../../agent/cli/support/tar.ts';
import type { PointName } from '../../../agent/drivers/vocabulary.ts';
import { temporaryFolder } from '../../host/temporary-folder.ts';

const test = suite('cli: support');

test('the tar of the system reads what was packed', () => {
  const folder = temporaryFolder();
  try {
    const files = [
      { name: 'a/one.txt', bytes: Buffer.from('eins\n') },
      { name: 'a/empty', bytes: Buffer.alloc(0) },
      { name: 'a/block', bytes: Buffer.alloc(512, 7) },
    ];
    const path = join(folder.path, 'x.tar');
    writeFileSync(path, tarOf(files, Date.UTC(2026, 5, 12)));
    const unpacked = spawnSync('tar', ['-xf', path, '-C', folder.path], { encoding: 'utf8' });
    assert.is(unpacked.status, 0, unpacked.stderr);
    for (const { name, bytes } of files) {
      assert.ok(readFileSync(join(folder.path, name)).equals(bytes), name);
    }
  } finally {
    folder.dispose();
  }
});

test('keys, addresses, codes and mnemonics are taken out wherever they stand', () => {
  const hex = fc.uint8Array({ minLength: 20, maxLength: 65 }).map((bytes) => {
    return Buffer.from(bytes).toString('hex');
  });
  fc.assert(
    fc.property(hex, fc.string({ maxLength: 20 }), fc.boolean(), (secret, around, prefixed) => {
      const text = `${around} "key": "${prefixed ? '0x' : ''}${secret}", ${around}`;
      assert.not.match(redact(text), secret);
    }),
  );
  const code = '07JJP-FF2TG-M9VXM-F30Q7-EVAEZ-5WA2S';
  assert.is(redact(`code ${code}.`), 'code [redacted].');
  const words = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
  assert.is(redact(words), '[redacted]');
});

test('what helps is left in: frames, numbers of intervals, paths, sentences', () => {
  for (const text of [
    '"answer": "4367 3333 4366 6666 4365 cccd 0000 0000 0000 0000 0000 0000"',
    '/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0',
    'the meter at 192.168.1.20:502 gives no good answer: check its power, wiring, unit 1',
    '2026-06-12T10:15:00.000Z interval 1995152 imported 123456789 Ws',
  ]) {
    assert.is(redact(text), text);
  }
});

const GOOD: [PointName, number][] = [
  ['power', 1204.3],
  ['power_l1', 345],
  ['power_l2', 1661.8],
  ['power_l3', -802.5],
  ['voltage_l1', 230.1],
  ['voltage_l2', 231.2],
  ['voltage_l3', 229.3],
  ['current_l1', 1.6],
  ['current_l2', 7.3],
  ['current_l3', 3.6],
  ['frequency', 50.01],
];
const wrongOf = (changes: [PointName, number][]) =>
  checkValues(new Map([...GOOD, ...changes])).flatMap((check) => (check.isGood ? [] : check.name));

test('values that can be right are; each kind of nonsense is named', () => {
  assert.equal(wrongOf([]), []);
  assert.equal(wrongOf([['power', -1204.3]]), ['phase-sum']);
  assert.equal(wrongOf([['power_l2', 166180]]), ['phase-sum', 'apparent']);
  assert.equal(wrongOf([['current_l2', 0.0073]]), ['apparent']);
  assert.equal(wrongOf([['voltage_l1', 2301]]), ['voltage']);
  assert.equal(wrongOf([['frequency', 5001]]), ['frequency']);
  const hint = checkValues(new Map(GOOD)).find(({ name }) => name === 'sign');
  assert.match(hint?.sentence ?? '', /^L3 exports/);
  assert.equal(checkValues(new Map([['power', 3]])), [], 'one value contradicts nothing');
});

test.run();
