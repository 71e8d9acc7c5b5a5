/** Tor's control port (control-spec), as far as a testbed needs it. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

export interface Circuit {
  id: string;
  /** Such as `BUILT`. */
  status: string;
  /** Nicknames of its relays, the guard first. */
  path: string[];
  /** Such as `GENERAL` or `HS_CLIENT_REND`. */
  purpose: string;
  /** The SOCKS identity that it is for; null: for none. */
  user: string | null;
}

export interface Stream {
  id: string;
  /** Such as `SUCCEEDED` or `CLOSED`. */
  status: string;
  circuit: string;
  /** Host and port. */
  target: string;
  user: string | null;
}

export class ControlError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ControlError';
  }
}

interface Waiting {
  resolve: (lines: string[]) => void;
  reject: (error: Error) => void;
}

export class Control {
  /** Called with each asynchronous event that was asked for, such as `HS_DESC UPLOADED ...`. */
  onEvent: (event: string) => void = () => {};
  /** Settles when there is no connection any more. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  #reply: string[] = [];
  #isInData = false;
  #rest = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    const end = () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new ControlError('tor has ended'));
    };
    socket.on('error', end);
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        end();
        resolve();
      });
    });
  }

  /** @param directory tor's data directory, with `control` and its cookie. @throws Error */
  static async open(directory: string): Promise<Control> {
    const socket = connect(`${directory}/control`);
    await once(socket, 'connect');
    const control = new Control(socket);
    const cookie = readFileSync(`${directory}/control.authcookie`).toString('hex');
    await control.command(`AUTHENTICATE ${cookie}`);
    return control;
  }

  /** @returns the lines of the answer, without their codes. @throws ControlError */
  command(text: string): Promise<string[]> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new ControlError('tor has ended'));
      this.#waiting.push({ resolve, reject });
      this.#socket.write(`${text}\r\n`);
    });
  }

  /** @returns the value of one key, a list line by line. @throws ControlError */
  async info(key: string): Promise<string[]> {
    const lines = (await this.command(`GETINFO ${key}`)).slice(0, -1);
    const [first = '', ...rest] = lines;
    const value = first.slice(key.length + 1);
    return value === '' ? rest : [value, ...rest];
  }

  async circuits(): Promise<Circuit[]> {
    return (await this.info('circuit-status')).map(circuitOf);
  }

  async streams(): Promise<Stream[]> {
    return (await this.info('stream-status')).map(streamOf);
  }

  /** Bytes that this tor has exchanged with other relays since its start. */
  async traffic(): Promise<{ readBytes: number; writtenBytes: number }> {
    const [read] = await this.info('traffic/read');
    const [written] = await this.info('traffic/written');
    return { readBytes: Number(read), writtenBytes: Number(written) };
  }

  /** 0 to 100. */
  async bootstrapPercent(): Promise<number> {
    const [phase = ''] = await this.info('status/bootstrap-phase');
    return Number(/PROGRESS=(\d+)/.exec(phase)?.[1] ?? 0);
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(text: string): void {
    this.#rest += text;
    for (;;) {
      const at = this.#rest.indexOf('\r\n');
      if (at < 0) return;
      const line = this.#rest.slice(0, at);
      this.#rest = this.#rest.slice(at + 2);
      this.#line(line);
    }
  }

  /** `250-` goes on, `250+` goes on with data up to a lone full stop, `250 ` is the last line. */
  #line(line: string): void {
    if (this.#isInData) {
      if (line === '.') this.#isInData = false;
      else this.#reply.push(line);
      return;
    }
    this.#reply.push(line.slice(4));
    if (line[3] === '+') this.#isInData = true;
    if (line[3] !== ' ') return;
    const reply = this.#reply;
    this.#reply = [];
    if (line.startsWith('650')) this.onEvent(reply.join('\n'));
    else if (line.startsWith('2')) this.#waiting.shift()?.resolve(reply);
    else this.#waiting.shift()?.reject(new ControlError(line));
  }
}

/** A line of `circuit-status`, or what follows `CIRC` in an event. */
export function circuitOf(line: string): Circuit {
  const [id = '', status = '', path = ''] = line.split(' ');
  return {
    id,
    status,
    path: path.startsWith('$') ? path.split(',').map((relay) => relay.split('~')[1] ?? relay) : [],
    purpose: /\bPURPOSE=(\S+)/.exec(line)?.[1] ?? '',
    user: userIn(line),
  };
}

/** A line of `stream-status`, or what follows `STREAM` in an event. */
export function streamOf(line: string): Stream {
  const [id = '', status = '', circuit = '', target = ''] = line.split(' ');
  return { id, status, circuit, target, user: userIn(line) };
}

function userIn(line: string): string | null {
  return /\bSOCKS_USERNAME="((?:[^"\\]|\\.)*)"/.exec(line)?.[1] ?? null;
}
