/**
 * A network relay of Shelly's kind, both generations, on a port of this machine. Written from the
 * maker's API documents, apart from the driver: switches, timers that turn the output back, and the
 * faults that a network and a wrong device have.
 */

import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the device does wrong until told otherwise. */
export type ShellyFault =
  | 'silent'
  | 'stuck'
  | 'no-timer'
  | 'password'
  | 'redirect'
  | 'endless'
  | 'page';

export class EmulatedShelly {
  isOn = false;
  fault: ShellyFault | null = null;
  /** Every command that switches, as it came. */
  readonly commands: string[] = [];
  /** Requests of any kind. */
  requests = 0;
  /** Seconds of the timer that runs; null: none. */
  timerSeconds: number | null = null;
  readonly #server: Server;
  #timer: NodeJS.Timeout | null = null;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.requests += 1;
      const url = new URL(request.url ?? '/', 'http://relay');
      if (!this.#fails(response)) this.#answer(url, response);
    });
  }

  static async start(): Promise<EmulatedShelly> {
    const shelly = new EmulatedShelly();
    await new Promise<void>((resolve) => shelly.#server.listen(0, '127.0.0.1', resolve));
    return shelly;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#clearTimer();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** As if the timer had run out. */
  runOut(): void {
    if (this.timerSeconds === null) return;
    this.#clearTimer();
    this.isOn = !this.isOn;
  }

  #answer(url: URL, response: ServerResponse): void {
    const gen1 = /^\/relay\/(\d+)$/.exec(url.pathname);
    const query = url.searchParams;
    const output = gen1?.[1] ?? query.get('id');
    if (output !== '0') {
      respond(response, 404, { code: -105, message: `Argument 'id', value ${output} not found!` });
      return;
    }
    if (gen1 !== null) {
      const turn = query.get('turn');
      if (turn !== null) this.#switch(url, turn === 'on', query.get('timer'));
      const timer = { has_timer: this.timerSeconds !== null };
      respond(response, 200, { ison: this.isOn, ...timer, overpower: false, source: 'http' });
    } else if (url.pathname === '/rpc/Switch.Set') {
      const wasOn = this.isOn;
      this.#switch(url, query.get('on') === 'true', query.get('toggle_after'));
      respond(response, 200, { was_on: wasOn });
    } else if (url.pathname === '/rpc/Switch.GetStatus') {
      const timer =
        this.timerSeconds === null
          ? {}
          : { timer_started_at: 1_700_000_000.5, timer_duration: this.timerSeconds };
      respond(response, 200, { id: 0, source: 'HTTP_in', output: this.isOn, ...timer });
    } else {
      respond(response, 404, { code: 404, message: 'No handler for the method' });
    }
  }

  #switch(url: URL, on: boolean, backAfter: string | null): void {
    this.commands.push(`${url.pathname}${url.search}`);
    if (this.fault === 'stuck') return;
    this.#clearTimer();
    this.isOn = on;
    if (backAfter === null || this.fault === 'no-timer') return;
    this.timerSeconds = Number(backAfter);
    this.#timer = setTimeout(() => this.runOut(), this.timerSeconds * 1000);
    this.#timer.unref();
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.timerSeconds = null;
  }

  /** @returns whether the request is dealt with */
  #fails(response: ServerResponse): boolean {
    switch (this.fault) {
      case 'silent':
        return true;
      case 'password':
        respond(response, 401, {});
        return true;
      case 'redirect':
        response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
        return true;
      case 'endless':
        response.writeHead(200);
        for (let piece = 0; piece < 64; piece++) response.write('x'.repeat(1024));
        return true;
      case 'page':
        response.end('<html>Welcome to your router</html>');
        return true;
      default:
        return false;
    }
  }
}

function respond(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
