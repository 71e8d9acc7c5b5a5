/**
 * The system call `ioctl`, which Node does not have: by koffi, whose native part comes ready-made
 * for every platform of the agent. It is loaded when a GPIO line is first asked for, never before.
 */

/** Runs one request on the bytes of its struct, in place. @returns 0, or the error's number. */
export type Ioctl = (fd: number, request: number, struct: Uint8Array) => number;

/** @throws Error when the C library cannot be called */
export async function systemIoctl(): Promise<Ioctl> {
  const { errno, load } = await import('koffi');
  // It is declared with `...` in C; on our platforms a pointer is passed there as anywhere.
  const call = load('libc.so.6').func('int ioctl(int fd, unsigned long request, void *data)');
  return (fd, request, struct) => (call(fd, request, struct) === 0 ? 0 : errno());
}
