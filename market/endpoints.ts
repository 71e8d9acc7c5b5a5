/**
 * What lies outside a house or a utility's machine, and how it may be reached: through Tor, whose
 * exits could read and change plain HTTP.
 */
import * as v from 'valibot';
import { table } from './settings/toml.ts';

const SOCKS_EXAMPLES = '"/run/transax-tor/socks" or "127.0.0.1:9050"';

/** Where Tor listens: the absolute path of a Unix socket, or an address of this machine. */
const SOCKS = v.pipe(
  v.string(`must be text, for example ${SOCKS_EXAMPLES}`),
  v.check(
    (text) => /^\/[^\0]{1,100}$/.test(text) || isLocalAddress(text),
    `must be ${SOCKS_EXAMPLES}: a socket of this machine, because what goes to Tor is in clear`,
  ),
);

/** `[tor]` of agent.toml and operator.toml. */
export const TOR = table({ socks: v.optional(SOCKS, '/run/transax-tor/socks') });

function isLocalAddress(text: string): boolean {
  const port = /^.+:(\d{1,5})$/.exec(text)?.[1] ?? '';
  return Number(port) > 0 && Number(port) < 65_536 && isLoopback(`http://${text}`);
}

/** Whether it is this machine by its address; a name would have to be looked up. */
export function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  // URL writes each form of an IPv4 address in its usual one.
  return hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** Why Tor may not be asked for this URL, in one sentence; null: it may. */
export function unfitForTor(url: string): string | null {
  const { protocol, hostname, origin } = new URL(url);
  if (protocol === 'https:' || hostname.endsWith('.onion')) return null;
  return (
    `${origin} cannot be reached through Tor: who runs the exit could read and change plain ` +
    'http; the utility has to give an onion service, or https'
  );
}
