/**
 * `transax-operator grid reissue|draft|endorse|adopt`: the grid file of another DSO key, or under
 * another owner. The DSO's new key signs it, and the cold owner key endorses it, perhaps on a
 * machine of its own; meters that pinned the old key follow the owner's word.
 */
import { MarketReads } from '../../chain/reads.ts';
import { type GridFile, hashEndorsement } from '../../market/grid.ts';
import { gridFileJson, isNewerIssue, parseGridFile, termOf } from '../../market/grid-json.ts';
import type { OperatorSettings } from '../config.ts';
import { DeploymentError, deploymentJson } from '../deployment.ts';
import { nextTerm } from '../grid-export.ts';
import type { OperatorHost } from '../host.ts';
import { readKey } from '../key-ring.ts';
import { addressOf, signerOf } from '../keys.ts';
import { addressOf as addressText, type Command, type CommandArgs } from './command.ts';
import { loadDeployment, loadGrid, rpcOf } from './context.ts';

export const gridReissue: Command = {
  words: ['grid', 'reissue'],
  takes: '[--owner ADDRESS] [--key KEYSTORE] [--out FILE]',
  summary: 'names the new DSO key to the meters: draft, endorse and adopt',
  options: ['owner', 'key', 'out'],
  read: (args) => {
    const { owner, key, out } = termOptions(args);
    return async (host, settings) => {
      const draft = await draftGrid(host, settings, owner);
      await adopt(host, settings, await endorse(host, settings, draft, key), out);
    };
  },
};

export const gridDraft: Command = {
  words: ['grid', 'draft'],
  takes: '--out FILE [--owner ADDRESS]',
  summary: 'writes that file by itself, for the owner to endorse elsewhere',
  options: ['owner', 'out'],
  read: (args) => {
    const { owner, out } = termOptions(args);
    return async (host, settings) => {
      const path = out ?? `${settings.files.grid}.draft`;
      host.files.writeText(path, gridFileJson(await draftGrid(host, settings, owner)));
      host.print(path);
    };
  },
};

export const gridEndorse: Command = {
  words: ['grid', 'endorse'],
  takes: 'FILE [--key KEYSTORE]',
  summary: 'signs it with the owner key; needs no network',
  options: ['key'],
  needs: ['the file to endorse'],
  read: (args) => {
    const path = args.absolute(args.positionals[0] ?? '');
    const { key } = termOptions(args);
    return async (host, settings) => {
      const grid = await endorse(host, settings, parseGridFile(host.files.readText(path)), key);
      host.files.writeText(path, gridFileJson(grid));
      host.print(path);
    };
  },
};

export const gridAdopt: Command = {
  words: ['grid', 'adopt'],
  takes: 'FILE [--out COPY]',
  summary: 'takes the endorsed file: it is what meters get from now on',
  options: ['out'],
  needs: ['the endorsed file'],
  read: (args) => {
    const path = args.absolute(args.positionals[0] ?? '');
    const { out } = termOptions(args);
    return (host, settings) => adopt(host, settings, parseGridFile(host.files.readText(path)), out);
  },
};

function termOptions({ options: { owner, key, out }, absolute }: CommandArgs) {
  return {
    owner: owner === undefined ? null : addressText(owner, '--owner'),
    key: key === undefined ? null : absolute(key),
    out: out === undefined ? null : absolute(out),
  };
}

/** Signed by the key that `[keys] dso` names. @throws DeploymentError 'changed': it is the same */
async function draftGrid(
  host: OperatorHost,
  settings: OperatorSettings,
  newOwner: string | null,
): Promise<GridFile> {
  const deployment = loadDeployment(host, settings);
  const before = loadGrid(host, settings, deployment);
  const dsoKey = await readKey(host, settings, 'dso');
  const owner = newOwner ?? deployment.owner;
  if (addressOf(dsoKey) === before.facts.dso.address && owner === before.facts.owner) {
    throw new DeploymentError(
      'changed',
      `${addressOf(dsoKey)} is the DSO of the grid file already: name the new key in [keys] dso`,
    );
  }
  const { grid } = nextTerm(settings, deployment, before, { dsoKey, owner });
  return { ...grid, endorsements: before.endorsements ?? [] };
}

async function endorse(
  host: OperatorHost,
  settings: OperatorSettings,
  grid: GridFile,
  keyPath: string | null,
): Promise<GridFile> {
  const { facts, endorsements = [] } = grid;
  const said = { term: termOf(facts), dso: facts.dso.address, owner: facts.owner ?? '' };
  host.log.info('the owner endorses', {
    grid: facts.name,
    chainId: facts.chainId,
    matching: facts.contracts.matching,
    ...said,
  });
  const key = await readKey(host, settings, 'owner', keyPath ?? settings.keys.owner);
  const signature = signerOf(key)(hashEndorsement(facts, said));
  const earlier = endorsements.filter(({ term }) => term < said.term);
  return { ...grid, endorsements: [...earlier, { ...said, signature }] };
}

/** Meters would take it, and the chain lets its key grant. @throws DeploymentError, RpcError */
async function adopt(
  host: OperatorHost,
  settings: OperatorSettings,
  grid: GridFile,
  out: string | null,
): Promise<void> {
  const deployment = loadDeployment(host, settings);
  const before = loadGrid(host, settings, deployment);
  if (before.signature !== grid.signature && !isNewerIssue(before, grid)) {
    throw new DeploymentError(
      'keys',
      'no meter would take this grid file: it is not endorsed by the owner that they pinned ' +
        `(${before.facts.owner}), or of no later term`,
    );
  }
  const clock = await host.openClock(undefined, 'grid');
  const rpc = rpcOf(host, settings, clock, 'owner');
  const { address: dso } = grid.facts.dso;
  if (!(await new MarketReads(rpc, deployment.contracts).isGranter(dso, host.signal))) {
    throw new DeploymentError(
      'keys',
      `${dso} may not grant: run transax-operator roles grant-dso ${dso} first`,
    );
  }
  const owner = grid.facts.owner ?? deployment.owner;
  host.files.writeText(settings.files.grid, gridFileJson(grid));
  host.files.writeText(settings.files.deployment, deploymentJson({ ...deployment, dso, owner }));
  if (out !== null) host.files.writeText(out, gridFileJson(grid));
  host.print(out ?? settings.files.grid);
  const { issue } = grid.facts;
  host.log.info('the grid file has a new term: give it to every meter', { issue, dso });
}
