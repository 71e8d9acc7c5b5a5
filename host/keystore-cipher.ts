/**
 * The two primitives of a keystore that Node has natively. scrypt runs in a thread of its own: the
 * event loop goes on meanwhile, and it takes a fraction of what it would in JavaScript.
 */
import { createCipheriv, scrypt } from 'node:crypto';

export interface ScryptWork {
  n: number;
  r: number;
  p: number;
  bytes: number;
}

export const nodeKeystoreCipher = {
  /** What Ethereum programs take for keys on disks. */
  newN: 2 ** 17,

  scrypt(passphrase: Uint8Array, salt: Uint8Array, work: ScryptWork): Promise<Uint8Array> {
    const { n, r, p, bytes } = work;
    // What it needs, and a little besides: Node's own limit is 32 MiB.
    const maxmem = 128 * n * r + 128 * r * p + 1024 * 1024;
    return new Promise((resolve, reject) => {
      scrypt(passphrase, salt, bytes, { N: n, r, p, maxmem }, (error, key) =>
        error === null ? resolve(new Uint8Array(key)) : reject(error),
      );
    });
  },

  /** Encrypts and decrypts alike. */
  aes128Ctr(key: Uint8Array, iv: Uint8Array, bytes: Uint8Array): Uint8Array {
    const cipher = createCipheriv('aes-128-ctr', key, iv);
    return new Uint8Array(Buffer.concat([cipher.update(bytes), cipher.final()]));
  },
};
