/** What befalls a Tor network while agents trade through it; each is mended at its end. */
import type { TorNetwork } from '../../testbed/tor/tor-network.ts';
import type { Fault } from './tor-run.ts';

type Strike = Fault['strike'];

/** How long something stays away, real ms. */
const AWAY_MS = 3_000;

function away(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, AWAY_MS));
}

/** All circuits and identities of the houses are gone; so is the way out for a while. */
async function killClient(tor: TorNetwork): Promise<void> {
  await tor.client().kill();
  await away();
  await tor.client().restart();
}

/** It answers nothing, and its sockets stay open. */
async function stopClient(tor: TorNetwork): Promise<void> {
  tor.client().stop();
  await away();
  tor.client().cont();
}

/** Circuits through them break, and they do not come back. */
async function killRelays(tor: TorNetwork): Promise<void> {
  await tor.relay('exit1').kill();
  await tor.relay('auth2').kill();
}

async function startRelays(tor: TorNetwork): Promise<void> {
  await tor.relay('exit1').restart();
  await tor.relay('auth2').restart();
}

export const FAULTS = {
  'the client of the houses is killed and started anew': killClient,
  'the client of the houses is stopped for a while': stopClient,
  'an authority and an exit are killed': killRelays,
  'that authority and that exit are started again': startRelays,
  'an onion service of the chain is killed and started anew': (tor) => tor.restartService('chain1'),
  'the onion service of the DSO is killed and started anew': (tor) => tor.restartService('dso'),
} as const satisfies Record<string, Strike>;

/** @param first the interval of the first fault; the others follow `apart` intervals apart */
export function faultsFrom(
  names: readonly (keyof typeof FAULTS)[],
  first: number,
  apart: number,
): Fault[] {
  return names.map((name, at) => ({
    name,
    interval: first + at * apart,
    strike: FAULTS[name],
  }));
}
