/** The whole attack, of one size, as the command and the tests run it. */
import { playAgainstModel } from './play/run.ts';
import { Score } from './score.ts';
import { attackWithSolutions } from './solutions/run.ts';

export interface AttackSize {
  /** Invalid solutions, all to be refused. */
  invalid: number;
  /** Valid ones better than the candidate, all to be accepted. */
  valid: number;
  /** Random calls, compared with the model. */
  calls: number;
  seed: number;
}

/** @returns solutions and calls apart; each ends at its first surprise */
export async function attack(size: AttackSize): Promise<{ solutions: Score; calls: Score }> {
  const [solutions, calls] = [new Score(), new Score()];
  await attackWithSolutions(size, solutions);
  await playAgainstModel(size, calls);
  return { solutions, calls };
}
