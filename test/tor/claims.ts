/** What must be true of every run through Tor; each claim in sentences, none when it holds. */
import type { SeenConnection } from './onion-tap.ts';
import type { TorAftermath } from './tor-run.ts';

const SEND = 'eth_sendRawTransaction';
/** These name an address or a transaction of one's own. */
const TELLING = [
  'eth_getTransactionCount',
  'eth_getTransactionReceipt',
  'eth_getTransactionByHash',
  'eth_getBalance',
  'eth_estimateGas',
];

/** Trades are final, and nothing broke on the way. */
export function tradesAreFinal({ figures }: TorAftermath, intervals: number): string[] {
  const must: [string, number, number][] = [
    ['final intervals', figures.finalizedIntervals, intervals],
    ['limits broken', figures.limitViolations, 0],
    ['Ws made of nothing', figures.energyCreatedWs, 0],
    ['millionths made of nothing', figures.moneyCreatedMicro, 0],
    ['rules broken', figures.ruleViolations, 0],
  ];
  const faults = must
    .filter(([, found, wanted]) => found !== wanted)
    .map(([name, found, wanted]) => `${found} ${name}, not ${wanted}`);
  return figures.trades > 0 ? faults : [...faults, 'no trade became final'];
}

/**
 * By the client's control port: no circuit carried two identities, who speaks to the DSO speaks to
 * nobody else, and there are as many of them as homes.
 */
export function identitiesAreApart(after: TorAftermath, homes: number): string[] {
  const { streams, sharedCircuits, dsoHost } = after;
  const faults = sharedCircuits.map((circuit) => `circuit ${circuit} carried two identities`);
  const toDso = new Set(
    streams.filter(({ target }) => target.startsWith(dsoHost)).map(({ user }) => user),
  );
  const toChain = new Set(
    streams.filter(({ target }) => !target.startsWith(dsoHost)).map(({ user }) => user),
  );
  for (const user of toDso) {
    if (toChain.has(user)) faults.push(`identity ${user} spoke to the DSO and to the chain`);
  }
  if (toDso.size < homes) faults.push(`only ${toDso.size} identities spoke to the DSO`);
  const writers = new Set(after.connections.flatMap(({ senders }) => senders)).size;
  const least = homes + writers;
  if (toChain.size < least) {
    faults.push(`${toChain.size} identities at the chain for ${homes} readers, ${writers} writers`);
  }
  return faults;
}

/**
 * By what the endpoint's owner sees: a circuit on which transactions came carried nothing else, and
 * those of one address only, on one connection. (An address whose first transaction is in no block
 * yet sends it again before the next.)
 */
export function writersAreAlone({ connections }: TorAftermath): string[] {
  const faults: string[] = [];
  const byCircuit = new Map<string, SeenConnection[]>();
  for (const one of connections) {
    byCircuit.set(one.circuit, [...(byCircuit.get(one.circuit) ?? []), one]);
  }
  let writers = 0;
  for (const [circuit, list] of byCircuit) {
    const methods = list.flatMap((one) => one.methods);
    const telling = methods.filter((method) => TELLING.includes(method));
    if (telling.length > 0) faults.push(`circuit ${circuit} asked ${[...new Set(telling)]}`);
    if (!methods.includes(SEND)) continue;
    writers += 1;
    const others = new Set(methods.filter((method) => method !== SEND));
    if (others.size > 0) faults.push(`circuit ${circuit} carried ${[...others].join(', ')} too`);
    const senders = new Set(list.flatMap((one) => one.senders));
    if (senders.size > 1) faults.push(`circuit ${circuit} carried ${senders.size} addresses`);
    if (list.length > 1) faults.push(`circuit ${circuit} carried ${list.length} connections`);
  }
  if (writers === 0) faults.push('nobody sent a transaction through the onion service');
  return faults;
}

/** Nothing left but through Tor's socket, and who does otherwise is seen. */
export function nothingLeftOutsideTor({ packets, clearNetPackets }: TorAftermath): string[] {
  const faults = Object.entries(packets.others).map(
    ([where, count]) => `${count} packets left to ${where}`,
  );
  if (packets.meters === 0) faults.push('nobody read a meter: the sniffer may be deaf');
  if (Object.keys(clearNetPackets.others).length === 0) {
    faults.push('an agent without Tor was not seen: the sniffer is deaf');
  }
  return faults;
}

/** After each fault new offers were posted, and traded. */
export function tradingResumed({ chain, faults }: TorAftermath): string[] {
  const trades = chain.log.finalizations.flatMap((one) => one.trades);
  return faults.flatMap(({ name, mendedAtBlock }) => {
    const isNew = (offer: number) =>
      (chain.log.offers.get(offer)?.blockNumber ?? 0) > mendedAtBlock;
    const fresh = trades.filter(({ askId, bidId }) => isNew(askId) || isNew(bidId));
    return fresh.length > 0 ? [] : [`no offer that was posted after "${name}" was traded`];
  });
}
