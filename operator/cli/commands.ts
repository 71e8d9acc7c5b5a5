/** The command line: which command, its options, and what each failure is called. */
import { parseArgs } from 'node:util';
import { getAddress, isAddress } from 'ethers';
import { FollowerError } from '../../chain/follower.ts';
import { OutboxError } from '../../chain/outbox.ts';
import { RpcError } from '../../chain/rpc-forms.ts';
import { FileError, SqlError, TransportError } from '../../host/ports.ts';
import { RequestCodeError } from '../../market/enrolment.ts';
import { GridFileError } from '../../market/grid-json.ts';
import { parseAmountMicro, QuantityError } from '../../market/settings/quantities.ts';
import { SettingsError } from '../../market/settings/toml.ts';
import { MAX_UINT32 } from '../../market/units.ts';
import type { OperatorSettings } from '../config.ts';
import { DeploymentError } from '../deployment.ts';
import { OrderError } from '../dso/orders.ts';
import { EnrolError } from '../enrol.ts';
import type { OperatorHost } from '../host.ts';
import { loadSettings, UsageError } from './context.ts';
import { runDeploy } from './deploy.ts';
import { runDso } from './dso.ts';
import { runGridExport } from './grid.ts';
import { runMeterAdd, runMeterList, runMeterSuspend } from './meter.ts';
import { runRewardsFund, runRewardsShow } from './rewards.ts';
import { runSolver } from './solver.ts';
import { runSolverAdmit, runSolverClaim } from './solver-money.ts';

const DEFAULT_CONFIG = '/etc/transax/operator.toml';
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_SETTINGS = 78;

const USAGE = `transax-operator COMMAND [--config FILE]

  deploy                        puts the market on the chain, writes deployment.json
  grid export [--out FILE]      writes the signed file that meters pin
  meter add CODE --feeder F --max-w W [--credit AMOUNT]
                                enrols the meter that this request code is from
  meter list [--json]           the meters, their accounts and readings
  meter suspend ID              grants it nothing more
  meter resume ID               grants again
  dso                           answers meters and follows the market, until stopped
  solver                        clears the market, until stopped
  solver admit ADDRESS [--stake AMOUNT] [--payout ADDRESS]
                                gives a solver its stake, and lets the other address be paid
  solver claim [--to ADDRESS]   collects what this solver has earned
  rewards fund AMOUNT           fills the pot that solvers are paid from
  rewards show [--json]         the pot, and what each solver has earned

  --config FILE                 settings; ${DEFAULT_CONFIG} when not given
  --help                        this text

Exit codes: 0 done, 1 failed, 2 usage, 78 settings.`;

const OPTIONS = {
  config: { type: 'string' },
  out: { type: 'string' },
  feeder: { type: 'string' },
  'max-w': { type: 'string' },
  credit: { type: 'string' },
  stake: { type: 'string' },
  payout: { type: 'string' },
  to: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

type Values = ReturnType<typeof parse>['values'];
type Command = (host: OperatorHost, settings: OperatorSettings) => Promise<void> | void;

/** @param absolute resolves a path of the command line */
export async function runCommand(
  argv: readonly string[],
  host: OperatorHost,
  absolute: (path: string) => string,
): Promise<number> {
  try {
    const { values, positionals } = parse(argv);
    if (values.help || positionals.length === 0) {
      host.print(USAGE);
      return values.help ? 0 : EXIT_USAGE;
    }
    const command = commandOf(positionals, values, absolute);
    await command(host, loadSettings(host, absolute(values.config ?? DEFAULT_CONFIG)));
    return 0;
  } catch (error) {
    if (host.signal.aborted) return EXIT_FAILED;
    // Each fault of the settings on a line of its own.
    for (const line of linesOf(error)) host.log.error(line);
    return exitCodeOf(error);
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function commandOf(
  positionals: readonly string[],
  values: Values,
  absolute: (path: string) => string,
): Command {
  const [first = '', second = '', third, ...rest] = positionals;
  if (rest.length > 0) throw new UsageError(`"${rest[0]}" is too much`);
  switch (`${first} ${second}`.trim()) {
    case 'deploy':
      return runDeploy;
    case 'dso':
      return runDso;
    case 'solver':
      return runSolver;
    case 'grid export': {
      const out = values.out === undefined ? null : absolute(values.out);
      return (host, settings) => runGridExport(host, settings, out);
    }
    case 'meter add':
      return meterAdd(third, values);
    case 'meter list':
      return (host, settings) => runMeterList(host, settings, values.json === true);
    case 'meter suspend':
    case 'meter resume': {
      if (third === undefined) throw new UsageError(`meter ${second} needs the id of a meter`);
      const isSuspended = second === 'suspend';
      return (host, settings) => runMeterSuspend(host, settings, third, isSuspended);
    }
    case 'solver admit':
      return solverAdmit(third, values);
    case 'solver claim': {
      const to = values.to === undefined ? null : addressOf(values.to, '--to');
      return (host, settings) => runSolverClaim(host, settings, to);
    }
    case 'rewards fund': {
      const amountMicro = amountOf(third ?? '', 'the amount of rewards fund');
      return (host, settings) => runRewardsFund(host, settings, amountMicro);
    }
    case 'rewards show':
      return (host, settings) => runRewardsShow(host, settings, values.json === true);
  }
  throw new UsageError(`there is no command "${positionals.join(' ')}"`);
}

function meterAdd(requestCode: string | undefined, values: Values): Command {
  if (requestCode === undefined) throw new UsageError('meter add needs the request code');
  const feeder = numberOf(values.feeder, '--feeder');
  const maxPowerW = numberOf(values['max-w'], '--max-w');
  const credit = values.credit === undefined ? null : parseAmountMicro(values.credit);
  return (host, settings) => {
    const creditMicro = credit ?? settings.dso.creditMicro;
    return runMeterAdd(host, settings, { requestCode, feeder, maxPowerW, creditMicro });
  };
}

function solverAdmit(solver: string | undefined, values: Values): Command {
  if (solver === undefined) throw new UsageError('solver admit needs the address of a solver');
  const terms = {
    solver: addressOf(solver, 'the address of solver admit'),
    stakeMicro: values.stake === undefined ? null : amountOf(values.stake, '--stake'),
    payout: values.payout === undefined ? null : addressOf(values.payout, '--payout'),
  };
  return (host, settings) => runSolverAdmit(host, settings, terms);
}

function addressOf(text: string, what: string): string {
  if (isAddress(text)) return getAddress(text);
  throw new UsageError(`${what}: "${text}" is not an address, or its checksum does not fit`);
}

function amountOf(text: string, what: string): bigint {
  const amountMicro = parseAmountMicro(text);
  if (amountMicro >= 1n && amountMicro < 2n ** 64n) return amountMicro;
  throw new UsageError(`${what} must be above 0, and no more than the contract can count`);
}

function numberOf(text: string | undefined, option: string): number {
  const value = /^\d{1,10}$/.test(text ?? '') ? Number(text) : Number.NaN;
  if (value >= 1 && value <= MAX_UINT32) return value;
  throw new UsageError(`${option} must be a whole number above 0`);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError || error instanceof QuantityError) return EXIT_USAGE;
  return error instanceof SettingsError ? EXIT_SETTINGS : EXIT_FAILED;
}

function linesOf(error: unknown): string[] {
  const text = lineOf(error);
  return error instanceof SettingsError ? text.split('\n') : [text];
}

/**
 * Operational failures say what is wrong and what to do; anything else is a bug and shows where.
 */
function lineOf(error: unknown): string {
  if (error instanceof UsageError) return `${error.message}; see transax-operator --help`;
  if (error instanceof RpcError) return chainLine(error);
  if (isKnown(error)) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function chainLine(error: RpcError): string {
  return error.code === 'unreachable'
    ? `the chain cannot be reached: ${error.message}; check [chain] rpc`
    : error.message;
}

function isKnown(error: unknown): error is Error {
  const kinds = [
    DeploymentError,
    EnrolError,
    FileError,
    FollowerError,
    GridFileError,
    OrderError,
    OutboxError,
    QuantityError,
    RequestCodeError,
    SettingsError,
    SqlError,
    TransportError,
  ];
  return kinds.some((kind) => error instanceof kind);
}
