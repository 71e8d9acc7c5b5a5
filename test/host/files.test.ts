import { chmodSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeFiles } from '../../host/files.ts';
import { credentialPath, readKeyFile, writeKeyFile } from '../../host/key-file.ts';
import { FileError } from '../../host/ports.ts';
import { projectResources } from '../../host/resources.ts';
import { temporaryFolder } from './temporary-folder.ts';

const test = suite('files');
const KEY = Uint8Array.from({ length: 32 }, (_, index) => index);

function inFolder(work: (folder: string) => void): void {
  const folder = temporaryFolder();
  try {
    work(folder.path);
  } finally {
    folder.dispose();
  }
}

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'nothing thrown';
  } catch (error) {
    return error instanceof FileError ? error.code : String(error);
  }
}

test('writes a whole file with its mode, over an old one, and leaves nothing else', () =>
  inFolder((folder) => {
    const files = nodeFiles();
    const path = join(folder, 'grid.json');
    assert.not.ok(files.exists(path));
    files.writeText(path, 'öne');
    files.writeText(path, 'twö', 0o660);
    assert.is(files.readText(path), 'twö');
    assert.is(statSync(path).mode & 0o777, 0o660, 'whatever the umask');
    assert.equal(readdirSync(folder), ['grid.json']);
  }));

test('names what is wrong with a file', () =>
  inFolder((folder) => {
    const files = nodeFiles();
    assert.is(
      codeOf(() => files.readText(join(folder, 'none'))),
      'missing',
    );
    assert.is(
      codeOf(() => files.readText(folder)),
      'other',
    );
    assert.is(
      codeOf(() => files.writeText(join(folder, 'none', 'x'), '')),
      'missing',
    );
    assert.is(
      codeOf(() => files.writeText('/proc/version', '')),
      'missing',
    );
    assert.is(
      codeOf(() => files.writeText('/dev/full/x', '')),
      'other',
    );
    writeFileSync(join(folder, 'dir'), '');
    assert.is(
      codeOf(() => files.writeText(join(folder, 'dir', 'x'), '')),
      'other',
    );
  }));

test('a key file is written once, for its owner alone, and read back', () =>
  inFolder((folder) => {
    const path = join(folder, 'keystore.key');
    writeKeyFile(path, KEY);
    assert.is(statSync(path).mode & 0o777, 0o400);
    assert.equal(Array.from(readKeyFile(path)), Array.from(KEY));
    assert.is(
      codeOf(() => writeKeyFile(path, KEY)),
      'other',
    );
    assert.throws(() => writeKeyFile(join(folder, 'short'), KEY.subarray(1)), RangeError);
  }));

test('a key is 32 raw bytes or 64 hexadecimal digits, and nothing else', () =>
  inFolder((folder) => {
    const hex = Buffer.from(KEY).toString('hex');
    const forms: [string | Uint8Array, boolean][] = [
      [KEY, true],
      [hex, true],
      [`0x${hex}\n`, true],
      [`${hex}\r\n`, true],
      [KEY.subarray(1), false],
      [hex.slice(2), false],
      [`${hex}00`, false],
      ['', false],
      ['z'.repeat(64), false],
    ];
    for (const [index, [content, isGood]] of forms.entries()) {
      const path = join(folder, `${index}`);
      writeFileSync(path, content, { mode: 0o400 });
      if (isGood) assert.equal(Array.from(readKeyFile(path)), Array.from(KEY));
      else
        assert.is(
          codeOf(() => readKeyFile(path)),
          'other',
          `form ${index}`,
        );
    }
  }));

test('a key file that others may read, or a link, is refused', () =>
  inFolder((folder) => {
    const path = join(folder, 'key');
    writeKeyFile(path, KEY);
    symlinkSync(path, join(folder, 'link'));
    assert.is(
      codeOf(() => readKeyFile(join(folder, 'link'))),
      'denied',
    );
    chmodSync(path, 0o440);
    assert.is(
      codeOf(() => readKeyFile(path)),
      'denied',
    );
    assert.is(
      codeOf(() => readKeyFile(join(folder, 'none'))),
      'missing',
    );
  }));

test('a folder tells its names in order, and one that is not there has none', () =>
  inFolder((folder) => {
    writeFileSync(join(folder, 'b.toml'), '');
    writeFileSync(join(folder, 'a.toml'), '');
    assert.equal(nodeFiles().list(folder), ['a.toml', 'b.toml']);
    assert.equal(nodeFiles().list(join(folder, 'none')), []);
    assert.is(
      codeOf(() => nodeFiles().list(join(folder, 'a.toml'))),
      'other',
    );
  }));

test('the credential folder is that of systemd', () => {
  const before = process.env.CREDENTIALS_DIRECTORY;
  try {
    process.env.CREDENTIALS_DIRECTORY = '/run/credentials/x';
    assert.is(credentialPath('keystore'), '/run/credentials/x/keystore');
    delete process.env.CREDENTIALS_DIRECTORY;
    assert.is(credentialPath('keystore'), null);
  } finally {
    if (before !== undefined) process.env.CREDENTIALS_DIRECTORY = before;
  }
});

test('resources are read by their path in the project, and nothing outside it', () => {
  const resources = projectResources();
  assert.match(resources.text('LICENSE'), 'MIT');
  assert.ok(resources.bytes('host/ports.ts').length > 100);
  for (const name of ['none', '../x', 'a/../../x', '/etc/passwd', '']) {
    assert.throws(() => resources.text(name), Error, name);
  }
});

test.run();
