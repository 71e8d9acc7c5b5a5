/**
 * JSON over HTTP POST through Tor, and no other way: without Tor nothing goes out. Each identity
 * has random credentials at Tor's SOCKS, hence circuits of its own (`IsolateSOCKSAuth`, Tor's
 * default), and connections of its own. Names are resolved by Tor alone. Limits and refusals are
 * those of `exchange.ts`; they bound the handshake with SOCKS and TLS too.
 */

import { randomBytes } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import type { Line } from './exchange.ts';
import { IDLE_MS, transportOf } from './identities.ts';
import { type Transport, TransportError } from './ports.ts';
import { SocksError, type SocksStage, socksConnect, socksGreet } from './socks5.ts';

/** Tor greets at once, whatever its network is like. */
const GREETING_MS = 10_000;
const NO_GREETING = 'no greeting';
const CREDENTIAL_BYTES = 16;
const HTTP_PORT = 80;
const HTTPS_PORT = 443;

export interface TorOptions {
  /** The absolute path of Tor's Unix socket, or its address on this machine: `127.0.0.1:9050`. */
  socks: string;
  /** Such as `http://x.onion`, `https://chain.example`; nothing else is ever reached. */
  origins: string[];
  /** More authorities that certificates may be of, PEM; for tests. */
  ca?: string;
}

interface Way {
  socks: string;
  ca: string | undefined;
  /** What is wrong between here and Tor; null: nothing, or not known. */
  tell(problem: string | null): void;
}

type Credentials = { user: string; password: string };
type Opened = (error: Error | null, socket?: Duplex) => void;

export function torTransport({ socks, origins, ca }: TorOptions): Transport {
  placeOf(socks);
  let problem: string | null = null;
  const way: Way = {
    socks,
    ca,
    tell: (now) => {
      problem = now;
    },
  };
  const text = () => randomBytes(CREDENTIAL_BYTES).toString('hex');
  const draw = () => ({ user: text(), password: text() });
  const transport = transportOf('tor', origins, () => {
    const identity = { credentials: draw() };
    const renew = () => {
      identity.credentials = draw();
    };
    return (target) => torLine(way, () => identity.credentials, renew, target);
  });
  return {
    ...transport,
    async post(url, body, options) {
      refuseClear(url);
      return transport.post(url, body, options);
    },
    problem: () => problem ?? transport.problem(),
  };
}

/** Whether Tor answers there; opens nothing through it. @returns what is wrong; null: nothing */
export async function greetTor(socks: string): Promise<string | null> {
  const socket = net.connect(placeOf(socks));
  socket.on('error', () => {});
  const timer = setTimeout(() => socket.destroy(new Error(NO_GREETING)), GREETING_MS);
  try {
    await socksGreet(socket);
    return null;
  } catch (error) {
    if (!(error instanceof SocksError)) throw error;
    return sentenceOf(error, socks);
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

function silent(socks: string): string {
  return `Tor does not answer at ${socks}: is tor running, and not stopped?`;
}

/** An exit of Tor's network could read and change plain HTTP. */
function refuseClear(url: string): void {
  if (!URL.canParse(url)) return;
  const { protocol, hostname, origin } = new URL(url);
  if (protocol === 'https:' || (protocol === 'http:' && hostname.endsWith('.onion'))) return;
  throw new TransportError('refused', `${origin} is neither https nor an onion service`);
}

/** @throws RangeError */
function placeOf(socks: string): { path: string } | { host: string; port: number } {
  if (socks.startsWith('/')) return { path: socks };
  const [, v6, v4, port] = /^(?:\[([0-9a-f:]+)\]|([\d.]+)):(\d{1,5})$/i.exec(socks) ?? [];
  const host = v6 ?? v4 ?? '';
  if (net.isIP(host) === 0) throw new RangeError(`"${socks}" is no place of a SOCKS socket`);
  return { host, port: Number(port) };
}

/**
 * @param renew draws the identity's credentials anew: Tor would put the next connection on the same
 *   circuit, also when that has gone silent
 */
function torLine(way: Way, credentials: () => Credentials, renew: () => void, target: URL): Line {
  const isTls = target.protocol === 'https:';
  const { Agent } = isTls ? https : http;
  const agent = new Agent({ keepAlive: true, maxSockets: 1, timeout: IDLE_MS });
  let opening: Opening | null = null;
  const createConnection = (_: unknown, opened: Opened): void => {
    const now = open(way, credentials(), target);
    opening = now;
    now.socket.then(
      (socket) => {
        if (opening === now) opening = null;
        opened(null, socket);
      },
      (error: Error) => {
        if (opening === now) opening = null;
        opened(error);
      },
    );
  };
  Object.assign(agent, { createConnection });
  return {
    agent,
    giveUp(isLate) {
      if (isLate) renew();
      const waitedFor = opening?.waitsFor() ?? null;
      opening?.end();
      opening = null;
      return waitedFor;
    },
  };
}

interface Opening {
  socket: Promise<Duplex>;
  waitsFor(): string;
  end(): void;
}

function open(way: Way, credentials: Credentials, target: URL): Opening {
  const raw = net.connect(placeOf(way.socks));
  raw.setNoDelay(true);
  // Also when nobody waits any more.
  raw.on('error', () => {});
  let stage: SocksStage | 'tls' = 'greeting';
  const waitsFor = () => {
    if (stage === 'greeting') {
      way.tell(silent(way.socks));
      return silent(way.socks);
    }
    if (stage === 'tls') return `${target.origin} did not finish its TLS handshake in time`;
    return `Tor found no way to ${target.host} in time: has it a network, is the other side up?`;
  };
  const connect = async (): Promise<Duplex> => {
    const timer = setTimeout(() => raw.destroy(new Error(NO_GREETING)), GREETING_MS);
    try {
      await socksConnect(raw, { ...addressOf(target), ...credentials }, (next) => {
        clearTimeout(timer);
        way.tell(null);
        stage = next;
      });
      if (target.protocol !== 'https:') return raw;
      stage = 'tls';
      return await secured(raw, target, way.ca);
    } catch (error) {
      raw.destroy();
      throw error instanceof SocksError ? explained(error, way, target) : error;
    } finally {
      clearTimeout(timer);
    }
  };
  return { socket: connect(), waitsFor, end: () => void raw.destroy() };
}

function addressOf({ protocol, hostname, port }: URL): { host: string; port: number } {
  const host = hostname.replace(/^\[|\]$/g, '');
  const usual = protocol === 'https:' ? HTTPS_PORT : HTTP_PORT;
  return { host, port: port === '' ? usual : Number(port) };
}

function explained(error: SocksError, way: Way, target: URL): TransportError {
  const { code, message } = error;
  if (code === 'no-way') {
    return new TransportError('unreachable', `Tor cannot reach ${target.host}: ${message}`, error);
  }
  const said = sentenceOf(error, way.socks);
  way.tell(said);
  return new TransportError(code === 'not-tor' ? 'protocol' : 'unreachable', said, error);
}

function sentenceOf({ code, message }: SocksError, socks: string): string {
  if (code === 'denied') {
    return `Tor's socket at ${socks} may not be opened by this user: is it in the socket's group?`;
  }
  if (code === 'not-tor') {
    return `what listens at ${socks} is not Tor: ${message}; check [tor] socks`;
  }
  if (message === NO_GREETING) return silent(socks);
  return `Tor does not answer at ${socks}: is tor running? (${message})`;
}

function secured(raw: net.Socket, target: URL, ca: string | undefined): Promise<tls.TLSSocket> {
  const { host } = addressOf(target);
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      socket: raw,
      host,
      ...(net.isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca: [...tls.rootCertificates, ca] }),
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: true,
    });
    const fail = (error: NodeJS.ErrnoException | null) => {
      socket.destroy();
      const why = error === null ? 'it closed the connection' : (error.code ?? error.message);
      const what = `${target.origin} shows no certificate that is good (${why})`;
      reject(new TransportError('unreachable', what, error ?? undefined));
    };
    const onClose = () => fail(null);
    socket.once('error', fail);
    socket.once('close', onClose);
    socket.once('secureConnect', () => {
      socket.off('error', fail);
      socket.off('close', onClose);
      resolve(socket);
    });
  });
}
