/** Everything that a hostile endpoint does, by name. */
import type { Behaviour } from './ask.ts';
import { LIES_OF_CHAIN } from './lies-of-chain.ts';
import { LIES_OF_HTTP } from './lies-of-http.ts';
import { LIES_OF_JSON } from './lies-of-json.ts';

export const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  ...LIES_OF_HTTP,
  ...LIES_OF_JSON,
  ...LIES_OF_CHAIN,
};

/**
 * What a single endpoint can tell without contradicting itself: whoever believes one believes this
 * too. With others beside it, it is found out.
 */
export const BELIEVED_ALONE: ReadonlySet<string> = new Set([
  ...['another beginning', 'changed history', 'stuck head', 'head that goes back'],
  ...['head far in the future', 'head beyond all numbers', 'time of the year 5000', 'time of 1970'],
  ...['missing logs', 'no logs', 'invented logs', 'logs of other topics', 'amounts changed'],
  ...['a flood of logs', 'transactions left out', 'transactions invented', 'forked head'],
]);
