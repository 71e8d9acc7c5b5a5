/** What is said where trades will stand. */

/** @param {import('../../state.ts').RunState} run */
export function noTradeWords(run) {
  if (run.phase === 'ended') return 'Nothing was traded in this run.';
  const isEarly = run.currentInterval < run.firstInterval + 2;
  return isEarly ? 'The first trades appear after the second interval.' : 'No trade is final yet.';
}
