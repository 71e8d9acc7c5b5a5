/**
 * `transax-operator dso`: answers meters, follows the market, grants and credits, until stopped.
 */
import type { Outbox } from '../../chain/outbox.ts';
import type { JsonRpc } from '../../chain/rpc.ts';
import { type Clock, type HttpRequest, SqlError, TransportError } from '../../host/ports.ts';
import type { GridFile } from '../../market/grid.ts';
import { Books } from '../books/books.ts';
import type { OperatorSettings } from '../config.ts';
import { type Deployment, DeploymentError } from '../deployment.ts';
import { answerAdmin } from '../dso/admin.ts';
import { answerLimits } from '../dso/limit-admin.ts';
import { firstBlockToRead } from '../dso/log-keeper.ts';
import { answerOrder } from '../dso/orders.ts';
import { Dso } from '../dso/service.ts';
import { checkDsoKey } from '../grid-export.ts';
import type { OperatorHost } from '../host.ts';
import { readKey } from '../key-ring.ts';
import { dsoPolicy } from '../signing-rules.ts';
import type { Command } from './command.ts';
import { feedOf, loadDeployment, loadGrid, openBooks, outboxOf, rpcOf, sayLab } from './context.ts';

const SOCKET_MODE = 0o600;
const MARKET = 'market';
const ASK_MS = 5_000;
/** Readings of two days are 50 kB. */
const FOR_STRANGERS = {
  maxBodyBytes: 128 * 1024,
  maxConnections: 1_000,
  headMs: 10_000,
  requestMs: 20_000,
};

export const dsoCommand: Command = {
  words: ['dso'],
  takes: '',
  summary: 'answers meters and follows the market, until stopped',
  read: () => runDso,
};

/** @throws DeploymentError, GridFileError, FileError, SqlError, RpcError */
export async function runDso(host: OperatorHost, settings: OperatorSettings): Promise<void> {
  const { log, signal } = host;
  const deployment = loadDeployment(host, settings);
  const grid = loadGrid(host, settings, deployment);
  const key = await readKey(host, settings, 'dso');
  checkDsoKey(deployment, key);
  sayLab(log, settings);
  const clock = await host.openClock(settings.lab.clock, 'dso');
  const sql = await openBooks<never>(host, settings, clock, () => refuseSecond(host, settings));
  const books = new Books(sql);
  const closers: (() => Promise<void>)[] = [];
  try {
    checkSameMarket(books, deployment);
    const rpc = rpcOf(host, settings, clock, 'dso');
    const outbox = outboxOf(sql, rpc, settings, deployment.chainId, {
      ...{ clock, log },
      policy: dsoPolicy(deployment),
    });
    const parts = { deployment, grid, key, clock, books, outbox };
    const dso = makeDso(host, settings, parts, rpc);
    const { host: address, port } = settings.dso;
    const server = await listenForMeters(host, { host: address, port }, dso);
    closers.push(() => server.close());
    log.info('the DSO answers', { url: settings.dso.url, port: server.port });
    const admin = await listenForCommands(host, settings, parts);
    if (admin !== null) closers.push(() => admin.close());
    await dso.run(signal);
    log.info('the DSO ends');
  } finally {
    for (const close of closers) await close();
    sql.close();
  }
}

/** Another command ends soon and is waited for; another DSO does not. */
async function refuseSecond(host: OperatorHost, settings: OperatorSettings): Promise<null> {
  const { socket, books } = settings.files;
  try {
    await host.requestUnix(socket, 'GET', '/', ASK_MS);
  } catch {
    return null;
  }
  throw new SqlError(books, 'locked', `${books} is in use: another DSO runs already`);
}

interface Parts {
  deployment: Deployment;
  grid: GridFile;
  key: Uint8Array;
  clock: Clock;
  books: Books;
  outbox: Outbox;
}

function makeDso(host: OperatorHost, settings: OperatorSettings, parts: Parts, rpc: JsonRpc): Dso {
  const { deployment, grid, key, clock, books, outbox } = parts;
  const { log } = host;
  const { tariff } = deployment;
  const fromBlock = firstBlockToRead(books, deployment.deployedAtBlock);
  return new Dso({
    books,
    outbox,
    feed: feedOf(host, settings, clock, { identity: 'dso', deployment, fromBlock }),
    grid: grid.facts,
    key,
    rpc,
    solver: {
      address: deployment.solver,
      stakeMicro: BigInt(deployment.stakeMicro),
      payout: settings.solver.payout,
    },
    usePriceMicroPerKwh: Math.max(...tariff.useMicroPerKwh),
    pollMs: settings.dso.pollMs,
    requestsPerInterval: settings.dso.requestsPerInterval,
    clock,
    log,
  });
}

/** @throws TransportError that names the setting */
async function listenForMeters(
  { listener }: OperatorHost,
  at: { host: string; port: number },
  dso: Dso,
) {
  try {
    return await listener.listen(at, (request) => dso.handle(request), FOR_STRANGERS);
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    throw new TransportError(error.code, `[dso] listen: ${error.message}`, error);
  }
}

/** The meter commands work through it while the DSO runs; without it they wait until it ends. */
async function listenForCommands(host: OperatorHost, settings: OperatorSettings, parts: Parts) {
  const { deployment, grid, key, clock, books, outbox } = parts;
  const ports = { books, grid, feederCount: deployment.feeders.length, clock };
  const orders = { books, outbox, contracts: deployment.contracts, key };
  const at = { path: settings.files.socket, mode: SOCKET_MODE };
  try {
    return await host.listener.listen(at, async ({ method, path, query }: HttpRequest) =>
      path.startsWith('/orders/')
        ? answerOrder(path, query, orders)
        : path.startsWith('/limits/')
          ? answerLimits(path, query, { books, calendar: deployment.calendar, clock })
          : answerAdmin(method, `${path}?${query}`, ports),
    );
  } catch (error) {
    host.log.warn('meters can be added only while the DSO does not run: no socket', {
      path: at.path,
      reason: error instanceof Error ? error.message : String(error),
    });
    return null;
  }
}

/** Books belong to one market for ever: their asset ids and deposits are its own. */
function checkSameMarket(books: Books, { contracts, chainId }: Deployment): void {
  const market = `${chainId}:${contracts.matching}`;
  const known = books.facts.get(MARKET);
  if (known === null) books.facts.set(MARKET, market);
  else if (known !== market) {
    throw new DeploymentError(
      'other-chain',
      `the books belong to the market ${known}, the deployment is ${market}: check [files] books`,
    );
  }
}
