/**
 * `transax-operator roles …`: who may do what in the contracts, and the orders of the cold owner
 * key that change it. `send` carries an order that a machine without network signed.
 */
import { decodeBytes32String, Interface } from 'ethers';
import { MICROGRID_ABI } from '../../chain/abi.ts';
import { MarketReads } from '../../chain/reads.ts';
import type { JsonRpc } from '../../chain/rpc.ts';
import { RpcError } from '../../chain/rpc-forms.ts';
import type { OperatorSettings } from '../config.ts';
import type { Deployment } from '../deployment.ts';
import type { OperatorHost } from '../host.ts';
import type { OwnerOrder } from '../owner-orders.ts';
import { addressOf, type Command, type CommandArgs, UsageError } from './command.ts';
import { loadDeployment, rpcOf } from './context.ts';
import { carryOutAsOwner, type OrderPlace, sendFile } from './sending.ts';
import { tableText } from './table-text.ts';

const PLACE = '[--key KEYSTORE] [--out FILE] [--nonce N]';
/** Blocks asked for at once; fewer where the endpoint wants it. */
const BLOCKS = 20_000;

export const rolesShow: Command = {
  words: ['roles', 'show'],
  takes: '[--json]',
  summary: 'owner, granters, settlers and markets by the chain',
  options: ['json'],
  read:
    ({ options }) =>
    (host, settings) =>
      runRolesShow(host, settings, options.json === true),
};

export const rolesGrantDso = ordering(
  'grant-dso',
  'lets an address grant and settle, as the DSO',
  (holder) => ({ kind: 'grant-dso', holder }),
);
export const rolesRevokeDso = ordering('revoke-dso', 'takes that from an address', (holder) => ({
  kind: 'revoke-dso',
  holder,
}));
export const rolesProposeOwner = ordering(
  'propose-owner',
  'lets an address accept ownership',
  (next) => ({ kind: 'propose-owner', next }),
);
export const rolesProposeMarket = ordering(
  'propose-market',
  'announces another market contract',
  (market) => ({ kind: 'propose-market', market }),
);
export const rolesAdmitMarket = ordering('admit-market', 'admits it, a day later', (market) => ({
  kind: 'admit-market',
  market,
}));

export const rolesAcceptOwner: Command = {
  words: ['roles', 'accept-owner'],
  takes: PLACE,
  summary: 'takes ownership, with the new key',
  options: ['key', 'out', 'nonce'],
  read: (args) => {
    const place = placeOf(args);
    return (host, settings) => carryOutAsOwner(host, settings, { kind: 'accept-owner' }, place);
  },
};

export const send: Command = {
  words: ['send'],
  takes: 'FILE',
  summary: 'sends an order that --out wrote, and waits for it',
  needs: ['the file of a signed order'],
  read: ({ positionals: [file = ''], absolute }) => {
    const path = absolute(file);
    return (host, settings) => sendFile(host, settings, path);
  },
};

function ordering(
  word: string,
  summary: string,
  orderOf: (address: string) => OwnerOrder,
): Command {
  return {
    words: ['roles', word],
    takes: `ADDRESS ${PLACE}`,
    summary,
    options: ['key', 'out', 'nonce'],
    needs: ['an address'],
    read: (args) => {
      const order = orderOf(addressOf(args.positionals[0] ?? '', `the address of roles ${word}`));
      const place = placeOf(args);
      return (host, settings) => carryOutAsOwner(host, settings, order, place);
    },
  };
}

function placeOf({ options, absolute }: CommandArgs): OrderPlace {
  const { key, out, nonce } = options;
  if (nonce !== undefined && !/^\d{1,9}$/.test(nonce)) {
    throw new UsageError('--nonce must be a whole number');
  }
  return {
    key: key === undefined ? null : absolute(key),
    out: out === undefined ? null : absolute(out),
    nonce: nonce === undefined ? null : Number(nonce),
  };
}

async function runRolesShow(
  host: OperatorHost,
  settings: OperatorSettings,
  isJson: boolean,
): Promise<void> {
  const { signal } = host;
  const deployment = loadDeployment(host, settings);
  const clock = await host.openClock(undefined, 'roles');
  const rpc = rpcOf(host, settings, clock, 'owner');
  const reads = new MarketReads(rpc, deployment.contracts);
  const holders = await holdersOf(rpc, deployment, signal);
  const facts = {
    owner: await reads.owner(signal),
    proposedOwner: await reads.proposedOwner(signal),
    ...holders,
    dso: deployment.dso.toLowerCase(),
  };
  if (isJson) {
    host.print(JSON.stringify(facts));
    return;
  }
  const note = (address: string) =>
    address === facts.dso ? 'the DSO of deployment.json' : 'not the DSO of deployment.json';
  const rows = [
    ['owner', facts.owner, ''],
    ...(facts.proposedOwner === null ? [] : [['may become owner', facts.proposedOwner, '']]),
    ...holders.granters.map((address) => ['may grant', address, note(address)]),
    ...holders.settlers.map((address) => ['may settle', address, note(address)]),
    ...holders.markets.map((address) => ['market', address, '']),
  ];
  host.print(tableText(['role', 'address', ''], rows));
}

/** From the contract's whole log: also roles that nobody here remembers. Lower case. */
async function holdersOf(rpc: JsonRpc, deployment: Deployment, signal: AbortSignal) {
  const { microgrid } = deployment.contracts;
  const contract = new Interface(MICROGRID_ABI);
  const held = {
    granter: new Set<string>(),
    settler: new Set<string>(),
    market: new Set<string>(),
  };
  const last = await rpc.blockNumber(signal);
  let span = BLOCKS;
  for (let from = deployment.deployedAtBlock; from <= last; ) {
    const to = Math.min(last, from + span - 1);
    try {
      for (const { topics, data } of await rpc.logs([microgrid], from, to, signal)) {
        const event = contract.parseLog({ topics, data });
        if (event?.name === 'MarketAdmitted') held.market.add(String(event.args[0]).toLowerCase());
        if (event?.name !== 'RoleSet') continue;
        const role = decodeBytes32String(event.args[0]);
        const list = role === 'granter' ? held.granter : held.settler;
        const holder = String(event.args[1]).toLowerCase();
        if (event.args[2] === true) list.add(holder);
        else list.delete(holder);
      }
    } catch (error) {
      if (!(error instanceof RpcError) || span === 1) throw error;
      span = Math.ceil(span / 10);
      continue;
    }
    from = to + 1;
  }
  return { granters: [...held.granter], settlers: [...held.settler], markets: [...held.market] };
}
