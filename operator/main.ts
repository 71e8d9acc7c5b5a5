/**
 * `transax-operator`: wires the machine to the commands, and turns failures into one clear line.
 */
import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { nodeFiles } from '../host/files.ts';
import { nodeHttpListener } from '../host/http-listener.ts';
import { clearTransport } from '../host/http-transport.ts';
import { readKeyFile, writeKeyFile } from '../host/key-file.ts';
import { openClock } from '../host/lab-clock.ts';
import { stderrLog } from '../host/log.ts';
import { requestUnix } from '../host/post-unix.ts';
import { nodeRandom } from '../host/random.ts';
import { projectResources } from '../host/resources.ts';
import { openSql } from '../host/sqlite.ts';
import { runCommand } from './cli/commands.ts';
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
    random: nodeRandom(),
    log,
    resources: projectResources(),
    listener: nodeHttpListener(log),
    openSql: (path, options) => openSql(path, options),
    readKey: readKeyFile,
    writeKey: writeKeyFile,
    transport: (origins) => {
      const transport = clearTransport({ origins });
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
    print: (text) => process.stdout.write(`${text}\n`),
    signal,
  };
}

const [, script] = process.argv;
if (script !== undefined && import.meta.url === pathToFileURL(script).href) {
  process.exit(await main(process.argv.slice(2)));
}
