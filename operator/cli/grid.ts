/** `transax-operator grid export`: the signed file that meters pin. */
import { gridFileJson, parseGridFile } from '../../market/grid-json.ts';
import type { OperatorSettings } from '../config.ts';
import { exportGrid } from '../grid-export.ts';
import type { OperatorHost } from '../host.ts';
import { readKey } from '../key-ring.ts';
import type { Command } from './command.ts';
import { loadDeployment } from './context.ts';

export const gridExport: Command = {
  words: ['grid', 'export'],
  takes: '[--out FILE]',
  summary: 'writes the signed file that meters pin',
  options: ['out'],
  read: ({ options, absolute }) => {
    const out = options.out === undefined ? null : absolute(options.out);
    return (host, settings) => runGridExport(host, settings, out);
  },
};

/**
 * @param out a copy is written there, null for none
 * @throws DeploymentError, GridFileError, FileError
 */
export async function runGridExport(
  host: OperatorHost,
  settings: OperatorSettings,
  out: string | null,
): Promise<void> {
  const { files, log } = host;
  const deployment = loadDeployment(host, settings);
  const path = settings.files.grid;
  const before = files.exists(path) ? parseGridFile(files.readText(path)) : null;
  const dsoKey = await readKey(host, settings, 'dso');
  const grid = exportGrid(settings, deployment, dsoKey, before);
  if (grid !== before) files.writeText(path, gridFileJson(grid));
  if (out !== null) files.writeText(out, gridFileJson(grid));
  host.print(out ?? path);
  log.info(grid === before ? 'the grid file is unchanged' : 'the grid file is written', {
    name: grid.facts.name,
    issue: grid.facts.issue,
  });
}
