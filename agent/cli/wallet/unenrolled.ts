/** A wallet is never made anew in silence where there was one. */
import type { AgentSettings } from '../../config.ts';
import { CliError, type CommandHost, EXIT } from '../command.ts';

/** @throws CliError when this meter was enrolled and its wallet is gone */
export function requireUnenrolled(host: CommandHost, settings: AgentSettings): void {
  const { wallet, grid } = settings.state;
  const isThere = host.files.exists(wallet) || host.files.exists(`${wallet}.meta.json`);
  if (isThere || !host.files.exists(grid)) return;
  throw new CliError(
    EXIT.failed,
    `this meter was enrolled (${grid}), but its wallet ${wallet} is gone`,
    'a new wallet would be another meter, and what the old one holds would be lost',
    `transax-agent wallet restore; only to become a new meter, move ${grid} away and enrol`,
  );
}
