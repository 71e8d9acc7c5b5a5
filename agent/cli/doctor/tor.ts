/** The way out, as `doctor` sees it: Tor's socket, and whether Tor may carry what is named. */
import { PinnedGridError, unfitEndpoint } from '../../pinned-grid.ts';
import { gridOf } from '../source.ts';
import { type Finding, failed, type Patient, well } from './finding.ts';

export async function tor(patient: Patient): Promise<Finding> {
  const { host, settings, status } = patient;
  const { socks } = settings.tor;
  if (settings.lab.clearNet) {
    return well('tor', 'not used ([lab] clear_net): chain and utility see where this house is');
  }
  const unfit = unfitOf(patient);
  if (unfit !== null) return failed('tor', unfit, null, 'ask the utility for a newer grid file');
  const silence = await host.greetTor(socks);
  if (silence !== null) {
    const folder = socks.slice(0, socks.lastIndexOf('/'));
    const isMissing = socks.startsWith('/') && host.machine.names(folder).length === 0;
    const cause = isMissing ? `there is nothing in ${folder}` : null;
    return failed('tor', silence, cause, 'systemctl status transax-tor; journalctl -u transax-tor');
  }
  const problem = status?.transport.problem ?? null;
  if (problem === null) return well('tor', `answers at ${socks}`);
  return failed('tor', `answers at ${socks}, but: ${problem}`, null, 'journalctl -u transax-tor');
}

function unfitOf({ host, settings }: Patient): string | null {
  try {
    return unfitEndpoint(settings.lab, gridOf(host, settings));
  } catch (error) {
    if (error instanceof PinnedGridError) return null;
    throw error;
  }
}
