/** An archive in the ustar form (POSIX.1-1988), of small files, for whatever `tar` there is. */

export interface ArchiveFile {
  /** Below 100 bytes. */
  name: string;
  bytes: Uint8Array;
}

const BLOCK = 512;
const MAX_NAME_BYTES = 100;

/** @param atMs time of the files. @throws RangeError when a name is too long */
export function tarOf(files: readonly ArchiveFile[], atMs: number): Uint8Array {
  const pieces = files.flatMap(({ name, bytes }) => {
    const padding = new Uint8Array((BLOCK - (bytes.length % BLOCK)) % BLOCK);
    return [headerOf(name, bytes.length, atMs), bytes, padding];
  });
  return Buffer.concat([...pieces, new Uint8Array(2 * BLOCK)]);
}

function headerOf(name: string, size: number, atMs: number): Uint8Array {
  if (Buffer.byteLength(name) >= MAX_NAME_BYTES) throw new RangeError(`${name} is too long a name`);
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');
  header.write(name, 0);
  header.write(`${octal(0o600, 7)}\0`, 100);
  header.write(`${octal(0, 7)}\0`, 108);
  header.write(`${octal(0, 7)}\0`, 116);
  header.write(`${octal(size, 11)}\0`, 124);
  header.write(`${octal(Math.floor(atMs / 1000), 11)}\0`, 136);
  header.write(' '.repeat(8), 148);
  header.write('0', 156);
  header.write('ustar\0', 257);
  header.write('00', 263);
  let sum = 0;
  for (const byte of header) sum += byte;
  header.write(`${octal(sum, 6)}\0 `, 148);
  return header;
}
