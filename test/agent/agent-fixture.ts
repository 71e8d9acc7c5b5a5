/** A folder with all that an agent needs: settings, a signed grid file, an emulated home. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Wallet } from 'ethers';
import type { GridFile } from '../../market/grid.ts';
import { gridFileJson } from '../../market/grid-json.ts';
import { EmulatedHome } from '../../testbed/emulators/emulated-home.ts';
import { freePort } from '../../testbed/free-port.ts';
import { generateCommunity } from '../../testbed/homes/community.ts';
import { exampleGrid, signedGrid } from '../fixtures/example-grid.ts';

export const START_MS = Date.UTC(2026, 5, 12, 9);
const DSO_KEY = `0x${'42'.repeat(32)}`;

export interface Fixture {
  folder: string;
  /** Path of `agent.toml`. */
  config: string;
  grid: GridFile;
  gridFile: string;
  home: EmulatedHome;
  /** Writes `agent.toml` anew with some text replaced. */
  change(from: string, to: string): void;
}

/** Runs a test with a home of a battery; chain and DSO are ports at which nobody listens. */
export async function withFixture(
  now: () => number,
  work: (fixture: Fixture) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'transax-agent-'));
  const community = generateCommunity({
    homes: 6,
    feeders: 1,
    seed: 5,
    startsAtMs: START_MS,
    days: 1,
  });
  const spec = community.homes.find((each) => each.battery !== null);
  if (!spec) throw new Error('no home with a battery');
  const home = new EmulatedHome(spec, now, 5);
  try {
    const port = await home.listen('127.0.0.1');
    const grid = gridOf(await freePort(), await freePort());
    const gridFile = join(folder, 'offered.json');
    writeFileSync(gridFile, gridFileJson(grid));
    const config = join(folder, 'agent.toml');
    let text = tomlOf(port);
    writeFileSync(config, text);
    const change = (from: string, to: string) => {
      if (!text.includes(from)) throw new Error(`the settings have no ${from}`);
      text = text.replace(from, to);
      writeFileSync(config, text);
    };
    await work({ folder, config, grid, gridFile, home, change });
  } finally {
    await home.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function gridOf(rpcPort: number, dsoPort: number): GridFile {
  const dso = { url: `http://127.0.0.1:${dsoPort}`, address: new Wallet(DSO_KEY).address };
  const facts = exampleGrid(dso.address, { rpc: [`http://127.0.0.1:${rpcPort}`], dso });
  return signedGrid(facts, DSO_KEY);
}

function tomlOf(port: number): string {
  return `[buses.house]
connection = "tcp://127.0.0.1:${port}"
gap = "0 s"

[meters.house]
role = "grid"
profile = "eastron-sdm630"
bus = "house"
unit = 1
poll = "15 s"

[battery]
profile = "transax-lab-battery"
bus = "house"
unit = 2
capacity = "10 kWh"
charge = "5 kW"
discharge = "5 kW"

[home]
zone = "Europe/Berlin"
max_power = "11 kW"

[trading]
poll = "30 s"

[lab]
clear_net = true
single_endpoint = true
unproven_clock = true
`;
}
