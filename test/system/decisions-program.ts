/** Prints the decisions of the homes whose seeds are its arguments, one digest a line. */
import { decisionDigest } from './decisions.ts';

for (const seed of process.argv.slice(2)) console.log(decisionDigest(Number(seed)));
