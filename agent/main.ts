/**
 * `transax-agent COMMAND [--config FILE]`: the only file of the agent that knows the machine. The
 * commands and their exit codes are in `cli/table.ts`.
 */
import { dirname, resolve } from 'node:path';
import { nodeFiles } from '../host/files.ts';
import { nodeHttpListener } from '../host/http-listener.ts';
import { clearTransport } from '../host/http-transport.ts';
import { credentialPath, readKeyFile, writeKeyFile } from '../host/key-file.ts';
import { openClock } from '../host/lab-clock.ts';
import { stderrLog } from '../host/log.ts';
import { machineNowMs, nodeMachine } from '../host/machine.ts';
import { openBus } from '../host/modbus/open-bus.ts';
import { houseMqtt } from '../host/mqtt.ts';
import { askUnix, holdUnix } from '../host/post-unix.ts';
import { dropRootTo } from '../host/privileges.ts';
import { nodeRandom } from '../host/random.ts';
import { relayWires } from '../host/relay-wires.ts';
import { projectResources } from '../host/resources.ts';
import { openSql } from '../host/sqlite.ts';
import { moveDatabaseAside } from '../host/sqlite-aside.ts';
import { openSqlReadOnly } from '../host/sqlite-read-only.ts';
import { finishRekey, rekeyFiles } from '../host/sqlite-rekey.ts';
import { guardedClock } from '../host/system-clock.ts';
import { askUser, endWithReader, readInput, showProgress } from '../host/terminal.ts';
import { nodeThreads } from '../host/threads.ts';
import { greetTor, torTransport } from '../host/tor-transport.ts';
import { sleep, wallClock } from '../host/wall-clock.ts';
import { type CommandHost, EXIT } from './cli/command.ts';
import { runCommand } from './cli/main-command.ts';

/** User and group of the agent; packages that name them otherwise, and tests, say so. */
const USER = 'TRANSAX_USER';

/** @returns the exit code */
export function main(argv: readonly string[]): Promise<number> {
  const agentUser = process.env[USER] || 'transax';
  dropRootTo(agentUser);
  endWithReader();
  const { stdout } = process;
  return runCommand(nodeHost(agentUser), argv, {
    isTerminal: stdout.isTTY === true,
    environment: process.env,
  });
}

function nodeHost(agentUser: string): CommandHost {
  const never = new AbortController().signal;
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    say: (line) => void process.stderr.write(`${line}\n`),
    progress: showProgress,
    wait: (ms) => sleep(ms, never),
    nowMs: machineNowMs,
    ask: askUser,
    readInput,
    log: () => stderrLog('transax-agent'),
    files: nodeFiles(),
    random: nodeRandom(),
    resources: projectResources(),
    machine: nodeMachine(),
    agentUser,
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
    openSqlReadOnly,
    rekey: rekeyFiles,
    finishRekey,
    moveAside: moveDatabaseAside,
    // Metering, battery and relays tell of failures themselves, each once.
    openBus: ({ gapMs, ...bus }) => openBus({ ...bus, minGapMs: gapMs }),
    wires: relayWires(),
    timer: wallClock({ now: machineNowMs, realPerMarket: 1, isProven: () => false }),
    openTransport: ({ lab, tor }, origins) =>
      lab.clearNet ? clearTransport({ origins }) : torTransport({ socks: tor.socks, origins }),
    greetTor,
    openClock: async ({ clock, unprovenClock }, log) =>
      clock === undefined && !unprovenClock ? guardedClock(log) : openClock(clock, 'agent'),
    listener: nodeHttpListener,
    threads: nodeThreads(),
    mqtt: houseMqtt(),
    askUnix,
    holdUnix,
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
