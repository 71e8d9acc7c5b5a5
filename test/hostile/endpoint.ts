/**
 * The endpoints of the hostile runs, a process of their own: `endpoint.ts CHAIN_URL`. Two honest
 * ones that pass everything on, and a hostile one whose path names behaviour and client,
 * `/BEHAVIOUR/CLIENT`. Writes its three ports as JSON and runs until its input ends.
 */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { Ask, type Behaviour, type Session } from './ask.ts';
import { BEHAVIOURS } from './behaviours.ts';

/** Clients remembered; the oldest is forgotten first. */
const SESSIONS = 4_000;

type Choose = (path: string) => { behave: Behaviour; session: Session };

/** Serves behaviours on a port of loopback. */
export async function serve(chainUrl: string, choose: Choose): Promise<http.Server> {
  const server = http.createServer(async (request, response) => {
    response.on('error', () => {});
    try {
      const { behave, session } = choose(decodeURIComponent(request.url ?? '/'));
      const ask = new Ask(await textOf(request), session, response, chainUrl);
      await behave(ask);
      session.turn += 1;
    } catch {
      response.destroy();
    }
  });
  // What the other side breaks off is no error here.
  server.on('connection', (socket) => socket.on('error', () => {}));
  server.on('clientError', (_, socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

export const honest: Behaviour = async (ask) => ask.reply(await ask.honest());

/** Finds behaviour and session by `/BEHAVIOUR/CLIENT`. */
export function byPath(): Choose {
  const sessions = new Map<string, Session>();
  return (path) => {
    const [, name = ''] = path.split('/');
    const behave = BEHAVIOURS[name];
    if (behave === undefined) throw new Error(`no behaviour ${name}`);
    let session = sessions.get(path);
    if (session === undefined) {
      session = { turn: 0, kept: new Map() };
      sessions.set(path, session);
      if (sessions.size > SESSIONS) sessions.delete(sessions.keys().next().value ?? '');
    }
    return { behave, session };
  };
}

async function textOf(stream: http.IncomingMessage): Promise<string> {
  stream.setEncoding('utf8');
  let text = '';
  for await (const part of stream) text += part;
  return text;
}

async function main(chainUrl: string): Promise<void> {
  const always: Choose = () => ({ behave: honest, session: { turn: 0, kept: new Map() } });
  const servers = [
    await serve(chainUrl, always),
    await serve(chainUrl, always),
    await serve(chainUrl, byPath()),
  ];
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  process.stdout.write(`${JSON.stringify(ports)}\n`);
  process.stdin.resume().on('end', () => process.exit(0));
}

const [, program, chainUrl] = process.argv;
if (import.meta.url === pathToFileURL(program ?? '').href && chainUrl !== undefined) {
  await main(chainUrl);
}
