/** Endpoints that answer in JSON, but not what JSON-RPC says they should. */
import type { Answer, Ask, Behaviour } from './ask.ts';

const MIB = 1024 * 1024;

/** What stands where a value is expected, a different one each time. */
const WRONG_VALUES: readonly unknown[] = [
  ...[null, true, 0, -1, 1.5, 9e15 + 0.5, '', '0x', '12', '0xg', '-0x1', '0x1.8'],
  ...[`0x${'f'.repeat(64)}`, `0x${'f'.repeat(4096)}`, '0x20000000000001', '٣', '0x\u0000', [], {}],
  ...[['0x1'], { number: '0x1' }, `0x${'0'.repeat(63)}`, '\ud800', 'undefined', 'NaN'],
];

const DEEP = Buffer.from('['.repeat(MIB / 2));
const DEEP_AND_WHOLE = Buffer.from(`${'['.repeat(MIB / 4)}${']'.repeat(MIB / 4)}`);
const MANY_VALUES = Buffer.from(`[${'{},'.repeat(MIB / 4)}{}]`);
const MANY_ESCAPES = Buffer.from(`["${'\\u0041'.repeat(MIB / 8)}"]`);
const MANY_KEYS = Buffer.from(
  `{${Array.from({ length: 29_000 }, (_, at) => `"k${at}${'x'.repeat(16)}":0`).join(',')}}`,
);

/** Text that stands for JSON's numbers, which a parser would take for something else. */
const ODD_TEXTS = ['1e400', '-0', '1e-400', '9'.repeat(400), '0.1e+9999'];

function wrongValue(ask: Ask, at: number): unknown {
  return WRONG_VALUES[(ask.turn * 7 + at) % WRONG_VALUES.length];
}

/** Changes the honest answers one by one. */
function changed(change: (answer: Answer, ask: Ask, at: number) => Answer): Behaviour {
  return async (ask) => {
    const answers = await ask.honest();
    ask.reply(answers.map((answer, at) => change(answer, ask, at)));
  };
}

/** One field of every object in a result gets a wrong value. */
function withWrongField(result: unknown, ask: Ask, at: number): unknown {
  if (Array.isArray(result)) return result.map((each) => withWrongField(each, ask, at));
  if (typeof result !== 'object' || result === null) return wrongValue(ask, at);
  const keys = Object.keys(result);
  const key = keys[(ask.turn + at) % keys.length] ?? '';
  return { ...result, [key]: wrongValue(ask, at) };
}

const PLAIN_FAILURE = { code: -32000, message: 'header not found' };

export const LIES_OF_JSON: Record<string, Behaviour> = {
  'wrong id': changed((answer) => ({ ...answer, id: Number(answer.id) + 1 })),
  'id as text': changed((answer) => ({ ...answer, id: String(answer.id) })),
  'no id': changed(({ id, ...answer }) => answer as Answer),
  'wrong types': changed((answer, ask, at) => ({ ...answer, result: wrongValue(ask, at) })),
  'wrong fields': changed((answer, ask, at) => ({
    ...answer,
    result: withWrongField(answer.result, ask, at),
  })),
  'odd numbers': async (ask) => {
    const text = JSON.stringify((await ask.honest()).map((each) => ({ ...each, result: 'ODD' })));
    const odd = text.replaceAll('"ODD"', ODD_TEXTS[ask.turn % ODD_TEXTS.length] ?? '');
    ask.text(ask.isBatch ? odd : odd.slice(1, -1));
  },
  'prototype keys': async (ask) => {
    const text = JSON.stringify((await ask.honest()).map(({ result, ...each }) => each));
    const keys = '"__proto__":{"result":"0x1","id":1},"constructor":{"prototype":{"id":1}},';
    const odd = text.replaceAll('{"jsonrpc"', `{${keys}"jsonrpc"`);
    ask.text(ask.isBatch ? odd : odd.slice(1, -1));
  },
  'keys twice': async (ask) => {
    const text = JSON.stringify(await ask.honest());
    const odd = text.replaceAll('{"jsonrpc"', '{"result":"0x1","result":null,"jsonrpc"');
    ask.text(ask.isBatch ? odd : odd.slice(1, -1));
  },
  'result and error': changed((answer) => ({ ...answer, error: PLAIN_FAILURE })),
  'neither result nor error': changed(({ jsonrpc, id }) => ({ jsonrpc, id })),
  'refuses all': changed(({ jsonrpc, id }) => ({ jsonrpc, id, error: PLAIN_FAILURE })),
  'long and rude error': changed(({ jsonrpc, id }) => ({
    ...{ jsonrpc, id },
    error: { code: -32000, message: `\u001b[2J\r\n\u0007\u202e${'A'.repeat(MIB / 2)}`, data: {} },
  })),
  'error in layers': async (ask) => {
    const { id } = ask.calls[0] ?? { id: 0 };
    const layers = 20_000;
    const data = `${'{"data":'.repeat(layers)}"0x"${'}'.repeat(layers)}`;
    ask.text(`{"jsonrpc":"2.0","id":${id},"error":{"code":3,"message":"x","data":${data}}}`);
  },
  deep: (ask) => ask.text(DEEP),
  'deep and whole': (ask) => ask.text(DEEP_AND_WHOLE),
  'a million values': (ask) => ask.text(MANY_VALUES),
  'many keys': (ask) => ask.text(MANY_KEYS),
  'many escapes': (ask) => ask.text(MANY_ESCAPES),
  'one long string': (ask) => ask.text(`{"id":1,"result":"0x${'a'.repeat(MIB - 100)}"}`),
  'one long number': (ask) => ask.text(`{"id":1,"result":${'1'.repeat(MIB - 100)}}`),
  'no text': (ask) => ask.text(Buffer.from([0x7b, 0xff, 0xfe, 0x00, 0xc3, 0x28, 0x7d])),
  'text after the end': async (ask) => {
    const [answer] = await ask.honest();
    ask.text(`\ufeff${JSON.stringify(answer)}\u0000{"id":1}`);
  },
  'batch in another order': async (ask) => ask.reply((await ask.honest()).reverse()),
  'batch twice': async (ask) => {
    const answers = await ask.honest();
    ask.reply(ask.isBatch ? [...answers, ...answers] : answers);
  },
  'batch one short': async (ask) => {
    const answers = await ask.honest();
    ask.reply(ask.isBatch ? answers.slice(1) : answers);
  },
  'batch of one id': async (ask) => {
    const answers = await ask.honest();
    ask.reply(answers.map((answer) => ({ ...answer, id: answers[0]?.id })));
  },
  'no batches': async (ask) => {
    if (!ask.isBatch) return ask.reply(await ask.honest());
    ask.text('{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no batches here"}}');
  },
};
