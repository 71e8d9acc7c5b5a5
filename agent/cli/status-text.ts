/** The status as people read it: what is wrong first, then the facts, then plan and schedule. */

import type { AgentStatus } from '../status.ts';
import { HomeTime } from '../strategy/home-time.ts';

const LABEL_WIDTH = 10;
const SHOWN_REASONS = 3;

export function statusText(status: AgentStatus): string {
  const time = new HomeTime(status.zone);
  const clock = (interval: number) => time.clock(interval * status.intervalSeconds);
  const here = `${clock(status.interval)} to ${clock(status.interval + 1)}`;
  const lines = [
    `transax-agent ${status.version}, grid "${status.grid.name}", ${here} ${status.zone}: ` +
      `${status.state === 'good' ? 'all is well' : 'degraded'}`,
    ...status.problems.map((problem) => `  ! ${problem}`),
    ...status.warnings.map((warning) => `  ~ ${warning}`),
    '',
    ...facts(status),
    ...scheduleLines(status, clock),
    ...planLines(status, clock),
    ...status.notes.map((note) => row('note', note)),
  ];
  return lines.join('\n');
}

function facts(status: AgentStatus): string[] {
  const { meter, chain, dso, account, wallet, following, settling } = status;
  const lines = [row('meter', meterText(meter))];
  for (const bus of status.buses) {
    const counts = `${bus.good} good reads, ${bus.failed} failed, ${bus.reconnects} reconnects`;
    lines.push(row('', `${bus.name} ${bus.connection}: ${counts}`));
  }
  for (const { name, role, powerW, problem } of status.meters) {
    lines.push(row(name, problem ?? `${role}, ${powerText(powerW)}`));
  }
  if (following.battery !== null) {
    const { powerW, stateOfCharge } = following.battery;
    const share = stateOfCharge === null ? 'unknown' : `${(stateOfCharge * 100).toFixed(1)} %`;
    lines.push(row('battery', `${share} charged, ${powerText(powerW)}`));
  }
  for (const load of following.loads) {
    lines.push(row(load.name, load.isOn === null ? 'unknown' : load.isOn ? 'on' : 'off'));
  }
  lines.push(row('clock', status.clock.isProven ? 'proven good' : 'not proven'));
  if (chain !== null) {
    const at = chain.headAt === null ? '' : ` of ${new Date(chain.headAt * 1000).toISOString()}`;
    const read =
      chain.headNumber === null ? 'not read yet' : `read to block ${chain.headNumber}${at}`;
    lines.push(row('chain', chain.problem === null ? read : `${read}; ${chain.problem}`));
  }
  if (dso !== null) lines.push(row('DSO', dso.problem ?? 'answers'));
  if (account !== null) {
    const balance = (Number(account.balanceMicro) / 1_000_000).toFixed(2);
    lines.push(
      row('account', `${balance}, feeder ${account.feeder}, up to ${account.maxPowerW} W`),
    );
  }
  const counts = Object.entries(wallet.addresses).map(([state, count]) => `${count} ${state}`);
  lines.push(row('wallet', wallet.problem ?? (counts.join(', ') || 'no address used yet')));
  if (settling !== null) lines.push(row('readings', `${settling.waiting} wait for the DSO`));
  if (status.solver !== null) lines.push(row('solver', solverText(status.solver)));
  return lines;
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
  const age = `${meter.ageSeconds.toFixed(1)} s ago`;
  return `${meter.profile}, ${powerText(meter.powerW)}, ${age}${silent}`;
}

function powerText(powerW: number | null): string {
  return powerW === null ? 'power unknown' : `${Math.round(powerW)} W`;
}

function scheduleLines(status: AgentStatus, clock: (interval: number) => string): string[] {
  const { following } = status;
  const way = following.reason === null ? following.way : `${following.way} (${following.reason})`;
  const lines = [row('follows', way)];
  for (const { interval, committedW, untradedW, targetW } of status.schedule) {
    lines.push(
      row(
        clock(interval),
        `held to ${targetW} W: ${committedW} W by final trades, ${untradedW} W untraded`,
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
