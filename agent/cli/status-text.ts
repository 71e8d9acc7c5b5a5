/** The status as people read it: what is wrong first, then the facts, then plan and schedule. */

import type { BillRow } from '../journal/bill-records.ts';
import type { AgentStatus } from '../status.ts';
import { HomeTime } from '../strategy/home-time.ts';
import type { CommandArgs } from './command.ts';
import { ageText, durationText, mark, numberText } from './output.ts';

const LABEL_WIDTH = 10;
const SHOWN_REASONS = 3;

type Look = Pick<CommandArgs, 'utc' | 'colour'>;

export function statusText(status: AgentStatus, look: Look): string {
  const zone = look.utc ? 'UTC' : status.zone;
  const time = new HomeTime(zone);
  const clock = (interval: number) => time.clock(interval * status.intervalSeconds);
  const here = `${clock(status.interval)} to ${clock(status.interval + 1)}`;
  const { problems, warnings } = status;
  const lines = [
    `transax-agent ${status.version}, grid "${status.grid.name}", ${here} ${zone}: ` +
      `${status.state === 'good' ? 'all is well' : 'degraded'}`,
    ...problems.map((problem) => `  ! ${problem}`),
    ...warnings.map((warning) => `  ~ ${warning}`),
    '',
    ...facts(status, look),
    ...scheduleLines(status, clock),
    ...planLines(status, clock),
    ...status.notes.map((note) => row('note', note)),
  ];
  if (problems.length > 0) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    lines.push('', `${count}. Run "transax-agent doctor" for causes and remedies.`);
  }
  return lines.join('\n');
}

function facts(status: AgentStatus, { colour }: Look): string[] {
  const { meter, chain, dso, account, wallet, following, settling } = status;
  const lines: string[] = [];
  const add = (label: string, isGood: boolean, text: string): void => {
    lines.push(row(label, `${mark(isGood ? 'ok' : 'WARN', colour)}  ${text}`));
  };
  const leftMs = (status.interval + 1) * status.intervalSeconds * 1000 - Date.parse(status.at);
  const proven = status.clock.isProven ? 'proven good' : 'not proven good';
  add('clock', status.clock.isProven, `${proven}, ${durationText(leftMs)} left in the interval`);
  add('meter', meter.powerW !== null && !meter.isSilent, meterText(meter));
  for (const bus of status.buses) {
    const total = bus.good + bus.failed;
    const share = total === 0 ? '' : ` (${((100 * bus.failed) / total).toFixed(2)} %)`;
    const counts = `${bus.good} good reads, ${bus.failed} failed${share}`;
    lines.push(row('', `${bus.name} ${bus.connection}: ${counts}, ${bus.reconnects} reconnects`));
  }
  for (const { name, role, profile, powerW, ageSeconds, problem } of status.meters) {
    const age = ageText(ageSeconds === null ? null : ageSeconds * 1000);
    const said = problem === null ? `${powerText(powerW)}, ${age}` : `${problem}, last good ${age}`;
    add(name, problem === null, `${role}, ${profile}, ${said}`);
  }
  if (following.battery !== null) {
    const { powerW, stateOfCharge } = following.battery;
    const share = stateOfCharge === null ? 'unknown' : `${(stateOfCharge * 100).toFixed(1)} %`;
    add('battery', powerW !== null, `${share} charged, ${powerText(powerW)}`);
  }
  const nowMs = Date.parse(status.at);
  for (const { name, isOn, sinceMs } of following.loads) {
    const since = sinceMs === null ? '' : ` since ${ageText(nowMs - sinceMs)}`;
    add(name, isOn !== null, isOn === null ? 'unknown' : `${isOn ? 'on' : 'off'}${since}`);
  }
  add('outside', status.transport.problem === null, transportText(status.transport));
  if (chain !== null) {
    const age = chain.headAt === null ? '' : ` (${ageText(nowMs - chain.headAt * 1000)})`;
    const read =
      chain.headNumber === null ? 'not read yet' : `read to block ${chain.headNumber}${age}`;
    const isGood = chain.problem === null;
    add('chain', isGood, isGood ? read : `${read}; ${chain.problem}`);
  }
  if (dso !== null) add('DSO', dso.problem === null, dso.problem ?? 'answers');
  if (account !== null) {
    const balance = numberText(Number(account.balanceMicro) / 1_000_000, 2);
    const limit = `feeder ${account.feeder}, up to ${numberText(account.maxPowerW)} W`;
    add('account', true, `${balance}, ${limit}`);
  }
  const counts = Object.entries(wallet.addresses).map(([state, count]) => `${count} ${state}`);
  add('wallet', wallet.isOpen, wallet.problem ?? (counts.join(', ') || 'no address used yet'));
  if (settling !== null) {
    add('readings', settling.problem === null, `${settling.waiting} wait for the DSO`);
  }
  if (status.bill !== null) add('bill', true, billText(status.bill));
  if (status.solver !== null) {
    add('solver', status.solver.problem === null, solverText(status.solver));
  }
  return lines;
}

function billText({ paidMicro, aloneMicro, missing }: BillRow): string {
  const money = (micro: number) => numberText(micro / 1_000_000, 2);
  const left = missing === 0 ? '' : `, ${missing} intervals not known`;
  return (
    `${money(paidMicro)} for the last day, ${money(aloneMicro)} without the market: ` +
    `saved ${money(aloneMicro - paidMicro)}${left}`
  );
}

function transportText({ socks, problem }: AgentStatus['transport']): string {
  const way = socks === null ? 'without Tor (lab)' : `through Tor at ${socks}`;
  return problem === null ? way : `${way}: ${problem}`;
}

function solverText(solver: NonNullable<AgentStatus['solver']>): string {
  if (solver.problem !== null) return solver.problem;
  if (!solver.isStaked) return 'waits for its stake';
  const { accepted, rejected, finalized, settled } = solver;
  return (
    `${accepted} solutions accepted, ${rejected} not; ` +
    `${finalized} intervals finalized, ${settled} settlements`
  );
}

function meterText(meter: AgentStatus['meter']): string {
  if (meter.powerW === null || meter.ageSeconds === null) return `${meter.profile}, no answer yet`;
  const silent = meter.isSilent ? ', SILENT' : '';
  const way = meter.powerW > 0 ? ' import' : meter.powerW < 0 ? ' export' : '';
  const age = ageText(meter.ageSeconds * 1000);
  return `${meter.profile}, ${powerText(meter.powerW)}${way}, ${age}${silent}`;
}

function powerText(powerW: number | null): string {
  return powerW === null ? 'power unknown' : `${numberText(powerW)} W`;
}

function scheduleLines(status: AgentStatus, clock: (interval: number) => string): string[] {
  const { following } = status;
  const way = following.reason === null ? following.way : `${following.way} (${following.reason})`;
  const lines = [row('schedule', way)];
  for (const { interval, committedW, untradedW, targetW } of status.schedule) {
    lines.push(
      row(
        clock(interval),
        `${committedW} W by final trades, ${untradedW} W expected besides: ${targetW} W`,
      ),
    );
  }
  return lines;
}

function planLines(status: AgentStatus, clock: (interval: number) => string): string[] {
  if (status.plan === null) return [row('plan', 'none yet')];
  const [first] = status.plan.slots;
  const lines = [
    row('plan', `made in ${clock(status.plan.madeIn)} by ${first?.method ?? 'nothing'}`),
  ];
  for (const slot of status.plan.slots.slice(0, SHOWN_REASONS)) {
    const range = `${slot.p50W} W (${slot.p10W} to ${slot.p90W})`;
    const why = slot.sentence === null ? '' : `; ${slot.sentence}`;
    lines.push(row(clock(slot.interval), `expects ${range}, plans ${slot.plannedW} W${why}`));
  }
  return lines;
}

function row(label: string, text: string): string {
  return `${label.padEnd(LABEL_WIDTH)}${text}`;
}
