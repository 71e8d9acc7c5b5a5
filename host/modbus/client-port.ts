/**
 * The end of modbus-serial that faces the wire: the library makes requests and reads answers, and
 * sees nothing but whole answers that fit. Its own ports search the stream on their own, stay out
 * of step for ever after a stray byte and keep each transaction in memory.
 */
import { EventEmitter } from 'node:events';
import modbusSerial from 'modbus-serial';

/** The library is CommonJS with a `default` that is itself. */
const Client = modbusSerial.default;
export type ModbusClient = InstanceType<typeof Client>;

export class ClientPort extends EventEmitter {
  readonly #send: (request: Buffer) => void;
  readonly isOpen = true;

  /** @param send takes requests as RTU frames. */
  constructor(send: (request: Buffer) => void) {
    super();
    this.#send = send;
  }

  open(opened: () => void): void {
    opened();
  }

  /** Called by the library. */
  write(request: Buffer): void {
    this.#send(request);
  }

  /** @param frame an RTU frame that fits the request under way. */
  deliver(frame: Buffer): void {
    this.emit('data', frame);
  }
}

/** Without timers of its own: whoever asks has a deadline, which holds for the library too. */
export function openClient(port: ClientPort): ModbusClient {
  const client = new Client(port);
  client.open();
  return client;
}
