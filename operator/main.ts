/**
 * `transax-operator`: wires the machine to the commands, and turns failures into one clear line.
 */
import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { nodeFiles } from '../host/files.ts';
import { nodeFolders } from '../host/folders.ts';
import { nodeHttpListener } from '../host/http-listener.ts';
import { clearTransport } from '../host/http-transport.ts';
import {
  credentialPath,
  readKeyFile,
  readSecretText,
  writeKeyFile,
  writeSecretText,
} from '../host/key-file.ts';
import { nodeKeystoreCipher } from '../host/keystore-cipher.ts';
import { openClock } from '../host/lab-clock.ts';
import { stderrLog } from '../host/log.ts';
import type { Transport } from '../host/ports.ts';
import { requestUnix } from '../host/post-unix.ts';
import { nodeRandom } from '../host/random.ts';
import { projectResources } from '../host/resources.ts';
import { openSql } from '../host/sqlite.ts';
import { systemClock } from '../host/system-clock.ts';
import { askHidden } from '../host/terminal.ts';
import { torTransport } from '../host/tor-transport.ts';
import { isLoopback } from '../market/endpoints.ts';
import { runCommand } from './cli/commands.ts';
import type { OperatorSettings } from './config.ts';
import type { OperatorHost } from './host.ts';

/**
 * Runs one command.
 * @param argv without Node and the script
 * @returns the exit code: 0 done, 1 failed, 2 usage, 78 settings
 */
export async function main(argv: readonly string[]): Promise<number> {
  const stop = new AbortController();
  const onSignal = () => stop.abort(new Error('asked to end'));
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  const closers: (() => void)[] = [];
  try {
    const absolute = (path: string) => (isAbsolute(path) ? path : resolve(path));
    return await runCommand(argv, nodeHost(argv[0] ?? '', stop.signal, closers), absolute);
  } finally {
    for (const close of closers) close();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

/** @param closers gets what is to be closed when the command has ended */
function nodeHost(command: string, signal: AbortSignal, closers: (() => void)[]): OperatorHost {
  const log = stderrLog(command === '' ? 'operator' : command);
  return {
    files: nodeFiles(),
    folders: nodeFolders,
    random: nodeRandom(),
    log,
    resources: projectResources(),
    listener: nodeHttpListener(log),
    openSql: (path, options) => openSql(path, options),
    readKey: readKeyFile,
    writeKey: writeKeyFile,
    readSecret: readSecretText,
    writeSecret: writeSecretText,
    credentialPath,
    askHidden,
    cipher: nodeKeystoreCipher,
    transport: (settings, origins) => {
      const transport = transportFor(settings, origins);
      closers.push(() => transport.close());
      return transport;
    },
    openClock: async (setting, name) => {
      const clock = await openClock(setting, name);
      // Only the lab's clocks hold a connection open.
      const { close } = clock as { close?: () => void };
      if (close !== undefined) closers.push(() => close.call(clock));
      return clock;
    },
    requestUnix,
    wallMs: () => systemClock().now(),
    print: (text) => process.stdout.write(`${text}\n`),
    signal,
  };
}

/** The utility's own node on this machine is asked directly: nothing leaves. */
function transportFor(
  { lab, tor }: Pick<OperatorSettings, 'lab' | 'tor'>,
  origins: string[],
): Transport {
  if (lab.clearNet) return clearTransport({ origins });
  const near = origins.filter(isLoopback);
  const far = origins.filter((origin) => !isLoopback(origin));
  if (far.length === 0) return clearTransport({ origins });
  const outside = torTransport({ socks: tor.socks, origins: far });
  if (near.length === 0) return outside;
  const inside = clearTransport({ origins: near });
  return {
    kind: 'tor',
    post: (url, ...rest) => (isLoopback(url) ? inside : outside).post(url, ...rest),
    forget: (identity) => {
      inside.forget(identity);
      outside.forget(identity);
    },
    problem: () => outside.problem() ?? inside.problem(),
    close: () => {
      inside.close();
      outside.close();
    },
  };
}

const [, script] = process.argv;
if (script !== undefined && import.meta.url === pathToFileURL(script).href) {
  process.exit(await main(process.argv.slice(2)));
}
