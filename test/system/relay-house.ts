/** A house whose agent runs, and whose boiler is behind a network relay or a coil. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EmulatedShelly } from '../../testbed/emulators/shelly.ts';
import { GENERATED_START_MS } from '../../testbed/homes/community.ts';
import { temporaryFolder } from '../host/temporary-folder.ts';
import { type InstalledHome, installHome, steadyHome } from './installed-home.ts';
import { labGrid } from './lab-grid.ts';
import type { Started } from './processes.ts';

export interface RelayHouse {
  home: InstalledHome;
  shelly: EmulatedShelly;
  agent: Started;
}

const NOON_MS = GENERATED_START_MS + 12 * 3_600_000;

/** @param edit the settings, as the test needs them */
export async function withRelayHouse(
  { by, hasBattery }: { by: 'http' | 'coil'; hasBattery: boolean },
  edit: (text: string) => string,
  work: (house: RelayHouse) => Promise<void>,
): Promise<void> {
  const folder = temporaryFolder();
  const shelly = await EmulatedShelly.start();
  const spec = steadyHome({ hasBoiler: true, hasBattery });
  const home = await installHome(folder.path, spec, () => NOON_MS);
  const network = `{ driver = "http", address = "http://127.0.0.1:${shelly.port}" }`;
  home.configure({ pollSeconds: 1, clock: `scaled:${NOON_MS}:${Date.now()}:1` }, (text) => {
    const edited = edit(text);
    return by === 'coil' ? edited : edited.replace(/relay = .*/, `relay = ${network}`);
  });
  const grid = join(home.folder, 'offered.json');
  writeFileSync(grid, labGrid());
  const { code, err } = await home.command('enrol', grid);
  if (code !== 0) throw new Error(err);
  const agent = home.start();
  try {
    await work({ home, shelly, agent });
  } finally {
    await agent.stop();
    await home.close();
    await shelly.close();
    folder.dispose();
  }
}

export const isBoilerOn = ({ emulated }: InstalledHome): boolean =>
  emulated.boiler?.relayOn === true;
