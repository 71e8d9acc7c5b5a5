/** A grid file of a utility that is nowhere to be reached: enough to enrol with. */
import { Wallet } from 'ethers';
import type { GridFacts } from '../../market/grid.ts';
import { gridFileJson } from '../../market/grid-json.ts';
import { exampleGrid, signedGrid } from '../fixtures/example-grid.ts';

export const DSO_KEY = `0x${'05'.repeat(32)}`;

/** @param key of the DSO that signs */
export function labGrid(changes: Partial<GridFacts> = {}, key = DSO_KEY): string {
  return gridFileJson(signedGrid(exampleGrid(new Wallet(key).address, changes), key));
}
