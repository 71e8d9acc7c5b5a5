/** Clock, disk, chain, utility and wallet, as `doctor` sees them. */
import { TransportError } from '../../../host/ports.ts';
import type { GridFacts } from '../../../market/grid.ts';
import { endpointsOf, PinnedGridError } from '../../pinned-grid.ts';
import { ownView } from '../clock.ts';
import { bytesText } from '../output.ts';
import { gridOf } from '../source.ts';
import { readWallet } from '../wallet/status.ts';
import { type Finding, failed, type Patient, warned, well } from './finding.ts';

const LOW_BYTES = 200 * 1024 * 1024;
const FULL_BYTES = 20 * 1024 * 1024;
const SECTOR_BYTES = 512;
const DAY_S = 86_400;
/** What a small flash card bears before it wears out, as its makers promise. */
const CARD_BYTES = 30e12;
const SHORT_LIFE_YEARS = 3;
const ASK_MS = 8_000;
/** The first circuit of an onion service takes its time. */
const ASK_TOR_MS = 45_000;
const MAX_ANSWER_BYTES = 64 * 1024;

export async function clock({ host, settings, agent }: Patient): Promise<Finding> {
  const view = agent?.clock ?? (await ownView(host, settings));
  const offset = view.offsetMs === null ? '' : `, offset ${view.offsetMs.toFixed(1)} ms`;
  const source = view.source === null ? '' : ` by ${view.source}`;
  const hasRtc = host.machine.names('/sys/class/rtc').length > 0;
  const rtc = hasRtc ? '' : ', no battery-backed clock (fine: it waits for the network at boot)';
  if (view.isProven) return well('clock', `proven good${source}${offset}${rtc}`);
  return failed(
    'clock',
    `not proven good${source}${offset}`,
    'nothing is signed',
    view.reason ?? 'install chrony; is there a network?',
  );
}

export function disk({ host, settings }: Patient): Finding {
  const path = settings.state.journal;
  const folder = path.slice(0, path.lastIndexOf('/')) || '/';
  const room = host.machine.disk(folder);
  if (room === null) {
    return failed('disk', `${folder} cannot be looked at`, null, `is it there, and whose is it?`);
  }
  const wear = wearOf(host, folder);
  const said = `${bytesText(room.freeBytes)} free${wear === null ? '' : `, ${wear.sentence}`}`;
  if (room.freeBytes < FULL_BYTES) {
    return failed('disk', said, 'a full disk stops trading', `make room on ${folder}`);
  }
  if (room.freeBytes < LOW_BYTES) return warned('disk', said, null, `make room on ${folder}`);
  if (wear?.isCard === true && wear.years < SHORT_LIFE_YEARS) {
    const cause = 'much is written to this disk, by whatever program';
    return warned('disk', said, cause, 'keep logs in memory: Storage=volatile in journald.conf');
  }
  return well('disk', said);
}

interface Wear {
  years: number;
  /** An SD card or the like. */
  isCard: boolean;
  sentence: string;
}

/** What was written to the disk of a folder since the start of the machine, by anybody. */
function wearOf({ machine }: Patient['host'], folder: string): Wear | null {
  const uptimeS = Number(machine.text('/proc/uptime')?.split(' ')[0]);
  const mounts = (machine.text('/proc/self/mountinfo') ?? '').split('\n');
  const mount = mounts
    .map((line) => line.split(' '))
    .filter(([, , , , at = '']) => at === '/' || folder === at || folder.startsWith(`${at}/`))
    .sort((one, two) => (two[4]?.length ?? 0) - (one[4]?.length ?? 0))[0];
  const numbers = machine.text(`/sys/dev/block/${mount?.[2]}/stat`)?.trim().split(/\s+/);
  const sectors = Number(numbers?.[6]);
  if (!Number.isFinite(sectors) || !(uptimeS > 600)) return null;
  const perDay = (sectors * SECTOR_BYTES * DAY_S) / uptimeS;
  const years = CARD_BYTES / Math.max(1, perDay) / 365;
  const isCard = /mmcblk/.test(machine.link(`/sys/dev/block/${mount?.[2]}`) ?? '');
  const life = isCard ? `, ${years > 50 ? 'over 50' : years.toFixed(0)} years to 30 TB` : '';
  return { years, isCard, sentence: `${bytesText(perDay)} written a day by all programs${life}` };
}

export async function chain(patient: Patient): Promise<Finding> {
  const { status } = patient;
  if (status !== null) {
    const found = status.chain;
    if (found === null) return warned('chain', 'not read: there is no wallet', null, 'see wallet');
    if (found.problem === null)
      return well('chain', `read to block ${found.headNumber ?? 'none yet'}`);
    return failed('chain', found.problem, null, "the network, the utility's endpoint");
  }
  return askPeer(patient, 'chain', async (facts, post) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] });
    for (const url of facts.rpc) {
      const answer = await post(url, body);
      const { result } = JSON.parse(answer) as { result?: unknown };
      const asked = Number(result);
      if (asked === facts.chainId) continue;
      const what = `${new URL(url).host} serves chain ${asked}, not ${facts.chainId}`;
      return failed('chain', what, null, 'ask the utility');
    }
    return well('chain', `${facts.rpc.length} endpoint(s) answer, chain ${facts.chainId}`);
  });
}

export async function utility(patient: Patient): Promise<Finding> {
  const { status } = patient;
  if (status !== null) {
    const problem = status.dso?.problem ?? null;
    if (problem === null) return well('utility', status.dso === null ? 'not asked' : 'answers');
    return failed('utility', problem, null, 'the network; ask the utility');
  }
  // Whatever it says to nothing: it is there.
  return askPeer(patient, 'utility', async (facts, post) => {
    await post(facts.dso.url, '{}');
    return well('utility', 'answers');
  });
}

async function askPeer(
  { host, settings, isOffline }: Patient,
  name: string,
  ask: (facts: GridFacts, post: (url: string, body: string) => Promise<string>) => Promise<Finding>,
): Promise<Finding> {
  if (isOffline) return well(name, 'not asked (--offline)');
  const facts = pinned({ host, settings });
  if (facts === null) return well(name, 'not asked: not enrolled');
  const transport = host.openTransport(settings, endpointsOf(facts));
  const deadlineMs = transport.kind === 'tor' ? ASK_TOR_MS : ASK_MS;
  const options = { identity: 'doctor', deadlineMs, maxBytes: MAX_ANSWER_BYTES };
  try {
    return await ask(facts, async (url, body) => (await transport.post(url, body, options)).body);
  } catch (error) {
    if (!(error instanceof TransportError) && !(error instanceof SyntaxError)) throw error;
    return failed(name, `does not answer: ${error.message}`, null, 'the network; ask the utility');
  } finally {
    transport.close();
  }
}

function pinned({ host, settings }: Pick<Patient, 'host' | 'settings'>): GridFacts | null {
  try {
    return gridOf(host, settings);
  } catch (error) {
    if (error instanceof PinnedGridError) return null;
    throw error;
  }
}

export function enrolment({ host, settings, status }: Patient): Finding {
  try {
    const { name, issue } = status?.grid ?? gridOf(host, settings);
    return well('enrolment', `grid "${name}", issue ${issue}`);
  } catch (error) {
    if (!(error instanceof PinnedGridError)) throw error;
    return failed('enrolment', error.message, null, 'transax-agent enrol GRIDFILE');
  }
}

export function wallet(patient: Patient): Finding {
  const { host, settings, status } = patient;
  if (status === null && pinned({ host, settings }) === null) {
    return well('wallet', 'none yet: not enrolled');
  }
  const found = status?.wallet ?? readWallet(host, settings);
  if (found.problem !== null) return failed('wallet', found.problem, null, 'as it says');
  const count = Object.values(found.addresses).reduce((one, two) => one + two, 0);
  return well('wallet', `can be used, ${count} addresses so far`);
}
