/**
 * What must hold whatever was ended when: nothing lost, nothing doubled. Read from the chain, the
 * DSO's books and the wallets after the run.
 */
import type { SqlRow } from '../../host/ports.ts';
import { commonPowers } from '../../market/common-sizes.ts';
import type { Remains } from '../system/kill-run.ts';

/** An offer's end, its closing and deposit may take so many intervals, a restart included. */
const TAIL_INTERVALS = 4;

/** @returns what does not hold, in words; empty when all does */
export function findingsOf(remains: Remains): string[] {
  return [
    ...doubledTransactions(remains),
    ...doubledOffers(remains),
    ...lostHoldings(remains),
    ...differentHashes(remains),
    ...wrongBooks(remains),
    ...auditFindings(remains),
  ];
}

function doubledTransactions({ sent, wallets, books, solverOutbox }: Remains): string[] {
  const found: string[] = [];
  const hashes = new Map<string, string>();
  for (const { from, nonce, hash } of sent) {
    const place = `${from} ${nonce}`;
    const known = hashes.get(place) ?? hash;
    if (known !== hash) found.push(`two transactions for nonce ${nonce} of ${from}`);
    hashes.set(place, known);
  }
  const outboxes = [...wallets.values()].map(({ outbox }) => outbox);
  for (const { state, kind, address } of [...outboxes, books.outbox, solverOutbox].flat()) {
    if (state === 'replaced') found.push(`${kind} of ${address} was replaced`);
  }
  return found;
}

function doubledOffers({ chain, wallets, homeOf }: Remains): string[] {
  const found: string[] = [];
  const { assets, offers, money } = chain.log;
  const funded = money.filter(({ kind, address }) => kind === 'added' && homeOf.has(address));
  const owners = {
    assets: [...assets.values()].map(({ owner }) => owner),
    offers: [...offers.values()].map(({ owner }) => owner),
    'money grants': funded.map(({ address }) => address),
  };
  for (const [what, list] of Object.entries(owners)) {
    for (const owner of repeated(list)) found.push(`two ${what} of ${owner}`);
  }
  const posted = new Set(owners.offers);
  for (const [home, { addresses }] of wallets)
    found.push(...doubledBlocks(home, addresses, posted));
  return found;
}

/**
 * A block of a plan is offered once, in parts of common sizes from addresses one after another: the
 * parts add up as one block's do, and no other block's address lies between them.
 */
function doubledBlocks(home: string, addresses: SqlRow[], posted: ReadonlySet<string>): string[] {
  const keyOf = (row: SqlRow) => `${row.first_interval} ${row.side} ${row.is_flexible}`;
  const inMarket = addresses.filter(({ address }) => posted.has(String(address).toLowerCase()));
  return [...new Set(inMarket.map(keyOf))]
    .filter((block) => {
      const parts = inMarket.filter((row) => keyOf(row) === block);
      const places = parts.map(({ idx }) => Number(idx));
      const [first, last] = [Math.min(...places), Math.max(...places)];
      const isBetween = (row: SqlRow) => Number(row.idx) > first && Number(row.idx) < last;
      const powers = parts.map((row) => Number(row.max_power_w)).sort((a, b) => b - a);
      const asOne = commonPowers(powers.reduce((sum, powerW) => sum + powerW, 0));
      const isOne = powers.length === 1 || powers.join() === asOne.join();
      return !isOne || addresses.some((row) => isBetween(row) && keyOf(row) !== block);
    })
    .map((block) => `${home} offered block ${block} twice`);
}

/** All that was granted is deposited, traded, in an offer, or held by an address that knows it. */
function lostHoldings(remains: Remains): string[] {
  const { chain, wallets, homeOf, lastInterval } = remains;
  const found: string[] = [];
  const known = new Map<string, { home: string; row: SqlRow }>();
  for (const [home, { addresses }] of wallets) {
    for (const row of addresses) known.set(String(row.address).toLowerCase(), { home, row });
  }
  const held = heldWs(remains);
  const closed = new Set(chain.log.closed.map(({ offerId }) => offerId));
  const open = [...chain.log.offers.values()].filter(({ id }) => !closed.has(id));
  const offering = new Set(open.map(({ owner }) => owner));
  for (const address of homeOf.keys()) {
    const owner = known.get(address);
    const energyWs = held.get(address) ?? 0;
    const moneyMicro = chain.balances.get(address) ?? 0n;
    const isEmpty = energyWs === 0 && moneyMicro === 0n && !offering.has(address);
    if (owner === undefined) {
      if (!isEmpty) found.push(`no wallet knows ${address}, which holds something`);
      continue;
    }
    const { home, row } = owner;
    const holds = `${energyWs} Ws, ${moneyMicro} millionths`;
    const isOld = Number(row.last_interval) < lastInterval - TAIL_INTERVALS;
    if (row.state === 'retired' && !isEmpty) found.push(`${home} retired ${address}: ${holds}`);
    else if (isOld && !isEmpty) {
      found.push(`${home} still has ${holds} at ${address}, ${row.state}: ${row.note}`);
    }
  }
  return found;
}

function heldWs({ chain }: Remains): Map<string, number> {
  const { assets, offers, closed, energyDeposits } = chain.log;
  const held = new Map<string, number>();
  const add = (owner: string | undefined, energyWs: number) => {
    if (owner !== undefined) held.set(owner, (held.get(owner) ?? 0) + energyWs);
  };
  for (const { owner, energyWs } of assets.values()) add(owner, energyWs);
  for (const { owner, energyWs } of offers.values()) add(owner, -energyWs);
  for (const { owner, energyWs } of closed) add(owner, energyWs);
  for (const { assetId, energyWs } of energyDeposits) add(assets.get(assetId)?.owner, -energyWs);
  return held;
}

/** What a wallet says to be in a block was sent as these bytes, and nothing else of its address. */
function differentHashes({ sent, wallets }: Remains): string[] {
  const known = new Set(sent.map(({ hash }) => hash));
  const found: string[] = [];
  for (const [home, { outbox }] of wallets) {
    for (const { hash, state, kind } of outbox) {
      if (state === 'mined' && !known.has(String(hash))) {
        found.push(`${home}: nobody ever sent its mined ${kind}`);
      }
    }
  }
  return found;
}

function wrongBooks({ books, chain, homeOf }: Remains): string[] {
  const found: string[] = [];
  const granted = books.grants.filter(({ asset_id }) => asset_id !== null);
  const inBooks = granted.map((row) => `${row.asset_id} ${row.energy_ws}`).sort();
  const inLog = [...chain.log.assets.values()].map(({ id, energyWs }) => `${id} ${energyWs}`);
  if (inBooks.join() !== inLog.sort().join()) found.push('grants of books and chain differ');
  const credited = books.ledger.filter(({ reason }) => reason === 'deposited');
  const deposited = chain.log.money
    .filter(({ kind, address }) => kind === 'deposited' && homeOf.has(address))
    .map(({ amountMicro }) => `${amountMicro}`);
  if (repeated(credited.map(({ ref }) => `${ref}`)).length > 0) found.push('a credit is doubled');
  const credits = credited.map(({ amount_micro }) => `${amount_micro}`).sort();
  if (credits.join() !== deposited.sort().join()) found.push('credits and deposits differ');
  for (const { meter_id, balance_micro } of books.meters) {
    const own = books.ledger.filter((entry) => entry.meter_id === meter_id);
    const sum = own.reduce((total, entry) => total + BigInt(String(entry.amount_micro)), 0n);
    if (String(balance_micro) !== String(sum)) found.push(`the account of ${meter_id} is off`);
  }
  return found;
}

function auditFindings({ figures }: Remains): string[] {
  const { energyCreatedWs, moneyCreatedMicro, moneyLostMicro } = figures;
  const { limitViolations, ruleViolations } = figures;
  const wrong = { energyCreatedWs, moneyCreatedMicro, moneyLostMicro };
  return Object.entries({ ...wrong, limitViolations, ruleViolations })
    .filter(([, number]) => number !== 0)
    .map(([name, number]) => `the audit finds ${name} ${number}`);
}

function repeated(names: readonly string[]): string[] {
  return names.filter((name, at) => names.indexOf(name) !== at);
}
