/**
 * `transax-agent COMMAND [--config FILE]`: the only file of the agent that knows the machine.
 *
 * Exit codes: 0 good, 1 failed, 2 usage, 3 degraded (`status`), 78 configuration.
 */
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { nodeFiles } from '../host/files.ts';
import { nodeHttpListener } from '../host/http-listener.ts';
import { clearTransport } from '../host/http-transport.ts';
import { credentialPath, readKeyFile, writeKeyFile } from '../host/key-file.ts';
import { openClock } from '../host/lab-clock.ts';
import { stderrLog } from '../host/log.ts';
import { openBus } from '../host/modbus/open-bus.ts';
import { FileError, SqlError, TransportError } from '../host/ports.ts';
import { requestUnix } from '../host/post-unix.ts';
import { nodeRandom } from '../host/random.ts';
import { relayWires } from '../host/relay-wires.ts';
import { projectResources } from '../host/resources.ts';
import { openSql } from '../host/sqlite.ts';
import { guardedClock } from '../host/system-clock.ts';
import { wallClock } from '../host/wall-clock.ts';
import { GridFileError } from '../market/grid-json.ts';
import { SettingsError } from '../market/settings/toml.ts';
import { type CommandArgs, type CommandHost, EXIT, UsageError } from './cli/command.ts';
import { enrol } from './cli/enrol.ts';
import { loadSafe } from './cli/load-safe.ts';
import { run } from './cli/run.ts';
import { status } from './cli/status.ts';
import { version } from './cli/version.ts';
import { PinnedGridError } from './pinned-grid.ts';
import { WalletError } from './wallet/wallet.ts';

const COMMANDS = { enrol, 'load safe': loadSafe, run, status, version } as const;
const DEFAULT_CONFIG = '/etc/transax/agent.toml';

const USAGE = `transax-agent enrol GRIDFILE    pins the grid, prints the code for the utility
transax-agent run               runs the agent in the foreground
transax-agent status [--json]   says how the running agent is
transax-agent load safe [--force]  drives all relays and the battery to their safe states
transax-agent version

options: --config FILE (default ${DEFAULT_CONFIG})`;

/** @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  const host = nodeHost();
  try {
    const { command, args } = readArgs(argv);
    if (command === null) {
      host.out(USAGE);
      return EXIT.good;
    }
    return await COMMANDS[command](host, args);
  } catch (error) {
    const code = exitCodeOf(error);
    if (code === null || !(error instanceof Error)) throw error;
    host.say(error instanceof UsageError ? `${error.message}\n\n${USAGE}` : error.message);
    return code;
  }
}

function readArgs(argv: readonly string[]): {
  command: keyof typeof COMMANDS | null;
  args: CommandArgs;
} {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(argv);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  const [first, second] = positionals;
  const isTwoWords = isCommand(`${first} ${second}`);
  const word = isTwoWords ? `${first} ${second}` : first;
  const rest = positionals.slice(isTwoWords ? 2 : 1);
  const args = {
    config: values.config ?? DEFAULT_CONFIG,
    positionals: rest,
    json: values.json === true,
    force: values.force === true,
  };
  if (values.help || word === 'help') return { command: null, args };
  if (values.version) return { command: 'version', args };
  if (word === undefined) throw new UsageError('which command?');
  if (!isCommand(word)) throw new UsageError(`there is no command "${word}"`);
  return { command: word, args };
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      config: { type: 'string', short: 'c' },
      json: { type: 'boolean', default: false },
      force: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      version: { type: 'boolean', default: false },
    },
  });
}

function isCommand(word: string): word is keyof typeof COMMANDS {
  return Object.hasOwn(COMMANDS, word);
}

/** Null for bugs, which end the process with their stack. */
function exitCodeOf(error: unknown): number | null {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof SettingsError || error instanceof PinnedGridError) return EXIT.config;
  const isOperational =
    error instanceof FileError ||
    error instanceof SqlError ||
    error instanceof TransportError ||
    error instanceof GridFileError ||
    error instanceof WalletError;
  return isOperational ? EXIT.failed : null;
}

function nodeHost(): CommandHost {
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    say: (line) => void process.stderr.write(`${line}\n`),
    log: () => stderrLog('transax-agent'),
    files: nodeFiles(),
    random: nodeRandom(),
    resources: projectResources(),
    resolve: (path) => ({ path: resolve(path), folder: dirname(resolve(path)) }),
    keyPath: (settings) => {
      const credential = credentialPath('keystore');
      return credential !== null && nodeFiles().exists(credential)
        ? credential
        : settings.state.key;
    },
    readKey: readKeyFile,
    writeKey: writeKeyFile,
    openSql,
    // Metering, battery and relays tell of failures themselves, each once.
    openBus: ({ gapMs, ...bus }) => openBus({ ...bus, minGapMs: gapMs }),
    wires: relayWires(),
    timer: wallClock({ now: Date.now, realPerMarket: 1, isProven: () => false }),
    clearTransport: (origins) => clearTransport({ origins }),
    openClock: async ({ clock, unprovenClock }, log) =>
      clock === undefined && !unprovenClock ? guardedClock(log) : openClock(clock, 'agent'),
    listener: nodeHttpListener,
    getUnix: (socket, path, deadlineMs) => requestUnix(socket, 'GET', path, deadlineMs),
    untilTold,
  };
}

function untilTold(): Promise<string> {
  return new Promise((done) => {
    let isTold = false;
    const told = (signal: string) => {
      if (isTold) process.exit(130);
      isTold = true;
      done(signal);
    };
    process.on('SIGTERM', () => told('SIGTERM'));
    process.on('SIGINT', () => told('SIGINT'));
  });
}

// Bundled, the entry of the binary calls `main`; there is no module that could ask who it is.
if (/[\\/]agent[\\/]main\.ts$/.test(process.argv[1] ?? '')) {
  main(process.argv.slice(2)).then(
    (code) => process.exit(code),
    (error: unknown) => {
      console.error(error);
      process.exit(EXIT.failed);
    },
  );
}
