/** A grid file of a utility that is nowhere to be reached: enough to enrol with. */
import { SigningKey, Wallet } from 'ethers';
import { type GridFacts, hashGrid } from '../../market/grid.ts';
import { gridFileJson } from '../../market/grid-json.ts';

/** Nobody listens there. */
export const NOWHERE = '127.0.0.1:9';
export const DSO_KEY = `0x${'05'.repeat(32)}`;

/** @param key of the DSO that signs */
export function labGrid(changes: Partial<GridFacts> = {}, key = DSO_KEY): string {
  const facts: GridFacts = {
    format: 'transax-grid-1',
    issue: 1,
    name: 'Example',
    chainId: 31337,
    contracts: {
      microgrid: '0x5FbDB2315678afecb367f032d93F642f64180aa3',
      assets: '0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512',
      matching: '0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0',
    },
    deployedAtBlock: 1,
    finality: { kind: 'instant' },
    rpc: [`http://${NOWHERE}`],
    dso: { url: `http://${NOWHERE}`, address: new Wallet(key).address },
    calendar: {
      intervalSeconds: 900,
      clearIntervals: 1,
      leadSeconds: 60,
      quietSeconds: 300,
      horizonIntervals: 13,
    },
    minTradeWs: 3600,
    minOfferWs: 3600,
    offersPerAsset: 4,
    tariffZone: 'Europe/Berlin',
    ...changes,
  };
  const signature = new SigningKey(key).sign(hashGrid(facts)).serialized;
  return gridFileJson({ facts, signature });
}
