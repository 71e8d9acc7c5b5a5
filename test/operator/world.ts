/** A utility in a temporary folder, on a real chain, with its commands run in this process. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hexlify, randomBytes, SigningKey, Wallet } from 'ethers';
import { compileContracts } from '../../build/contracts.ts';
import { nodeFiles } from '../../host/files.ts';
import { nodeFolders } from '../../host/folders.ts';
import { nodeHttpListener } from '../../host/http-listener.ts';
import { clearTransport } from '../../host/http-transport.ts';
import { readKeyFile, readSecretText, writeKeyFile, writeSecretText } from '../../host/key-file.ts';
import { nodeKeystoreCipher } from '../../host/keystore-cipher.ts';
import type { Clock, Transport } from '../../host/ports.ts';
import { requestUnix } from '../../host/post-unix.ts';
import { nodeRandom } from '../../host/random.ts';
import { projectResources } from '../../host/resources.ts';
import { openSql } from '../../host/sqlite.ts';
import { systemClock } from '../../host/system-clock.ts';
import { encodeRequestCode } from '../../market/enrolment.ts';
import { type GridFile, hashGrid } from '../../market/grid.ts';
import { domainOf, parseGridFile } from '../../market/grid-json.ts';
import { intervalAt } from '../../market/intervals.ts';
import { type AssetRequest, hashEnrolment, hashWithdrawal } from '../../market/messages.ts';
import { withdrawalJson } from '../../market/messages-json.ts';
import { runCommand } from '../../operator/cli/commands.ts';
import type { OperatorHost } from '../../operator/host.ts';
import { startAnvil } from '../../testbed/anvil.ts';

export function operatorToml(rpcUrl: string, port: number, more = ''): string {
  return `[chain]
rpc = ["${rpcUrl}"]
[grid]
name = "Example"
tariff_zone = "Europe/Berlin"
feeders = [
  { internal_limit = "25 kW", external_limit = "20 kW" },
  { internal_limit = "25 kW", external_limit = "20 kW" },
]
[tariff]
use = ["0.30 /kWh"]
feed_in = ["0.08 /kWh"]
[dso]
listen = "127.0.0.1:${port}"
url = "http://127.0.0.1:${port}"
credit = "50"
poll = "200 ms"
[solver]
poll = "200 ms"
[lab]
clear_net = true
plain_keys = true
${more}`;
}

export interface Ran {
  code: number;
  /** Standard output. */
  out: string[];
  /** Messages of the log. */
  log: string[];
}

/** Host of one command, with what it prints and logs kept. */
export function commandHost(signal: AbortSignal, transport?: (origins: string[]) => Transport) {
  const out: string[] = [];
  const log: string[] = [];
  const opened: Transport[] = [];
  const host: OperatorHost = {
    files: nodeFiles(),
    folders: nodeFolders,
    random: nodeRandom(),
    resources: projectResources(),
    listener: nodeHttpListener(),
    log: {
      info: (text) => log.push(text),
      warn: (text) => log.push(text),
      error: (text) => log.push(text),
    },
    openSql: (path, options) => openSql(path, options),
    readKey: readKeyFile,
    writeKey: writeKeyFile,
    readSecret: readSecretText,
    writeSecret: writeSecretText,
    credentialPath: () => null,
    askHidden: async () => null,
    cipher: { ...nodeKeystoreCipher, newN: 1024 },
    transport: (_, origins) => {
      const made = transport?.(origins) ?? clearTransport({ origins });
      opened.push(made);
      return made;
    },
    openClock: async () => hurriedClock(),
    requestUnix,
    wallMs: () => Date.now(),
    print: (text) => out.push(text),
    signal,
  };
  const close = () => {
    for (const each of opened) each.close();
  };
  return { host, out, log, close };
}

/** Retries without waiting. */
function hurriedClock(): Clock {
  const clock = systemClock();
  return { ...clock, delay: (ms, signal) => clock.delay(Math.min(ms, 2), signal) };
}

export async function startUtility() {
  await compileContracts();
  const anvil = await startAnvil({});
  const folder = mkdtempSync(join(tmpdir(), 'transax-operator-'));
  const config = join(folder, 'operator.toml');
  writeFileSync(config, operatorToml(anvil.url, 0));
  const run = async (
    args: string[],
    transport?: (origins: string[]) => Transport,
  ): Promise<Ran> => {
    const { host, out, log, close } = commandHost(new AbortController().signal, transport);
    const code = await runCommand([...args, '--config', config], host, (path) => path);
    close();
    return { code, out, log };
  };
  return {
    anvil,
    folder,
    config,
    run,
    grid: (): GridFile => parseGridFile(readFileSync(join(folder, 'grid.json'), 'utf8')),
    async close() {
      await anvil.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A meter and its key, as its agent would have them. */
export function makeMeter(key = hexlify(randomBytes(32))) {
  const signing = new SigningKey(key);
  const meterId = new Wallet(key).address;
  return {
    meterId,
    sign: (digest: string) => signing.sign(digest).serialized,
    requestCode(grid: GridFile): string {
      const gridHash = hashGrid(grid.facts);
      const digest = hashEnrolment(domainOf(grid.facts), { meterId, gridHash });
      return encodeRequestCode({ meterId, gridHash, signature: signing.sign(digest).serialized });
    },
  };
}
export type TestMeter = ReturnType<typeof makeMeter>;

export interface WithdrawalWish {
  feeder?: number;
  assets?: AssetRequest[];
  amountMicro?: bigint;
  requestId?: string;
  addressKey?: string;
  /** Market time, where it is not that of this machine. */
  nowSeconds?: number;
}

/** A withdrawal to a fresh address, signed by both keys. */
export function makeWithdrawal(meter: TestMeter, grid: GridFile, wish: WithdrawalWish = {}) {
  const { facts } = grid;
  const addressKey = wish.addressKey ?? hexlify(randomBytes(32));
  const nowSeconds = wish.nowSeconds ?? Date.now() / 1000;
  const withdrawal = {
    requestId: wish.requestId ?? hexlify(randomBytes(32)),
    meterId: meter.meterId,
    address: new Wallet(addressKey).address,
    market: facts.contracts.matching,
    feeder: wish.feeder ?? 1,
    assets: wish.assets ?? [assetAt(intervalAt(facts.calendar, nowSeconds) + 4)],
    amountMicro: wish.amountMicro ?? 0n,
    expiresAt: Math.floor(nowSeconds) + 600,
  };
  const digest = hashWithdrawal(domainOf(facts), withdrawal);
  const signed = {
    withdrawal,
    meterSignature: meter.sign(digest),
    addressSignature: new SigningKey(addressKey).sign(digest).serialized,
  };
  return { ...signed, addressKey, body: withdrawalJson(signed) };
}

export function assetAt(interval: number, more: Partial<AssetRequest> = {}): AssetRequest {
  return {
    side: 'buy',
    firstInterval: interval,
    lastInterval: interval,
    energyWs: 900_000,
    maxPowerW: 1_000,
    ...more,
  };
}
