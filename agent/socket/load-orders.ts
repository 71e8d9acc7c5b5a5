/** Orders that come in at the socket, given to the loads; a refusal is an answer, not an error. */
import { type LoadCommands, LoadRefusal, type LoadTest } from '../following/load-commands.ts';
import type { LoadOrder, LoadOrders, OrderEnd } from './socket-api.ts';

const RESULTS: Readonly<Record<LoadRefusal['code'], OrderEnd['result']>> = {
  unknown: 'unknown-load',
  'not-switched': 'refused',
  limit: 'refused',
  unreachable: 'silent',
};

export function ordersFor(commands: LoadCommands): LoadOrders {
  return {
    async order(load, order) {
      try {
        return await obey(commands, load, order);
      } catch (error) {
        if (!(error instanceof LoadRefusal)) throw error;
        return { result: RESULTS[error.code], sentence: error.message, test: null };
      }
    },
  };
}

async function obey(commands: LoadCommands, load: string, given: LoadOrder): Promise<OrderEnd> {
  const { order, state, untilMs, seconds, isForced } = given;
  if (order === 'test') {
    const test = await commands.test(load, seconds, isForced);
    return { result: 'done', sentence: testSentence(test), test };
  }
  const mode = order === 'override' ? (state ?? 'off') : order;
  await commands.setMode(load, mode, order === 'override' ? untilMs : null);
  const found = commands.list().find(({ name }) => name === load);
  const is = found?.isOn === null ? 'unknown' : found?.isOn ? 'on' : 'off';
  const why = found === undefined ? '' : ` (${found.why})`;
  return { result: 'done', sentence: `${mode}; it is ${is} now${why}`, test: null };
}

function testSentence({ isGood, on, off, expectedW }: LoadTest): string {
  const seen = (step: LoadTest['on']) => {
    const reads = step.readsOn === null ? 'nothing' : step.readsOn ? 'on' : 'off';
    const delta = step.deltaW === null ? 'no look' : `${Math.round(step.deltaW)} W`;
    return `reads ${reads}, meter ${delta}`;
  };
  const verdict = isGood ? 'ok' : 'NOT as expected';
  return `${verdict}: on (${seen(on)}), off (${seen(off)}), expected ${expectedW} W`;
}
