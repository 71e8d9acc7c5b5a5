/** A request to the hostile endpoint, and ways to answer it. */
import http from 'node:http';
import type { Socket } from 'node:net';

export interface Call {
  jsonrpc: '2.0';
  id: number;
  method: string;
  params: unknown[];
}

/** An answer of the honest node; `result` and `error` may be changed at will. */
export interface Answer {
  jsonrpc: '2.0';
  id: unknown;
  result?: unknown;
  error?: unknown;
}

/** What is kept between the requests of one client. */
export interface Session {
  /** Requests before this one. */
  turn: number;
  /** Whatever a behaviour wants to remember. */
  kept: Map<string, unknown>;
}

export class Ask {
  readonly calls: Call[];
  readonly isBatch: boolean;
  readonly session: Session;
  readonly response: http.ServerResponse;
  readonly #chainUrl: string;

  constructor(body: string, session: Session, response: http.ServerResponse, chainUrl: string) {
    const parsed: Call | Call[] = JSON.parse(body);
    this.isBatch = Array.isArray(parsed);
    this.calls = Array.isArray(parsed) ? parsed : [parsed];
    this.session = session;
    this.response = response;
    this.#chainUrl = chainUrl;
  }

  get socket(): Socket {
    const { socket } = this.response;
    if (socket === null) throw new Error('the connection is gone');
    return socket;
  }

  get turn(): number {
    return this.session.turn;
  }

  /** What the honest node says, in the order of the calls. */
  async honest(): Promise<Answer[]> {
    const text = await post(this.#chainUrl, JSON.stringify(this.calls));
    const answers: Answer[] = JSON.parse(text);
    return this.calls.map(({ id }) => {
      const answer = answers.find((each) => each.id === id);
      if (answer === undefined) throw new Error(`the node does not answer call ${id}`);
      return answer;
    });
  }

  /** Answers as JSON-RPC should. */
  reply(answers: readonly Answer[]): void {
    this.text(JSON.stringify(this.isBatch ? answers : answers[0]));
  }

  text(body: string | Buffer, status = 200, headers: Record<string, string> = {}): void {
    this.response.writeHead(status, { 'content-type': 'application/json', ...headers });
    this.response.end(body);
  }
}

export type Behaviour = (ask: Ask) => void | Promise<void>;

const upstream = new http.Agent({ keepAlive: true, maxSockets: 8 });

function post(url: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const call = http.request(url, { method: 'POST', agent: upstream, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve(text)).on('error', reject);
    });
    call.on('error', reject);
    call.end(body);
  });
}
