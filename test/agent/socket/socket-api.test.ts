/** The agent's local API: what is refused, and a bus that is lent and taken back. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LEND_MOST_MS, LEND_REST_MS, SharedBus } from '../../../agent/socket/shared-bus.ts';
import { answerSocket, type SocketApi } from '../../../agent/socket/socket-api.ts';
import { type Bus, BusError, type Clock, type HttpResponse } from '../../../host/ports.ts';

const test = suite('agent: socket');

/** A clock whose waits end when it is moved. */
class HandClock implements Clock {
  ms = 1_000_000;
  #waits: { atMs: number; done: () => void }[] = [];
  now = (): number => this.ms;
  monotonicMs = (): number => this.ms;
  isProven = (): boolean => true;
  pacer = (): never => {
    throw new Error('no pace here');
  };
  delay(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((done, fail) => {
      signal.addEventListener('abort', () => fail(signal.reason));
      this.#waits.push({ atMs: this.ms + ms, done });
    });
  }
  async move(ms: number): Promise<void> {
    this.ms += ms;
    for (const { atMs, done } of this.#waits) if (atMs <= this.ms) done();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function scene(clock = new HandClock()) {
  const said: string[] = [];
  const inner: Bus = {
    readInput: async (unit: number, address: number, count: number) => {
      said.push(`read ${unit} ${address} ${count}`);
      if (unit === 9) throw new BusError('exception', 'no such register', 2);
      return Uint16Array.from({ length: count }, (_, i) => address + i);
    },
    readHolding: async (_unit: number, _address: number, count: number) => new Uint16Array(count),
    readCoil: async () => true,
    writeHolding: async () => void said.push('write'),
    writeCoil: async () => void said.push('coil'),
    counters: () => ({ good: 0, failed: 0, reconnects: 0 }),
    close: () => undefined,
  } as unknown as Bus;
  const bus = new SharedBus('cabinet', inner, clock);
  const rows = { readings: async (first: number, last: number) => [first, last] };
  const api = {
    buses: new Map([['cabinet', bus]]),
    journal: rows,
    loads: null,
  } as unknown as SocketApi;
  const ask = async (method: string, path: string, body = '', signal?: AbortSignal) => {
    const url = new URL(`http://x${path}`);
    const answer = await answerSocket(api, {
      ...{ method, path: url.pathname, query: url.searchParams, body },
      signal: signal ?? new AbortController().signal,
    });
    return answer;
  };
  return { clock, said, bus, ask };
}

const dataOf = (answer: HttpResponse) => JSON.parse(String(answer.body));

test('a read goes to the bus; an error of the device keeps its kind', async () => {
  const { ask } = scene();
  const body = { bus: 'cabinet', unit: 1, function: 4, address: 5, count: 3 };
  const good = await ask('POST', '/bus/read', JSON.stringify(body));
  assert.is(good.status, 200);
  assert.equal(dataOf(good), { words: [5, 6, 7] });
  const bad = await ask('POST', '/bus/read', JSON.stringify({ ...body, unit: 9 }));
  assert.is(bad.status, 502);
  assert.equal(dataOf(bad), { code: 'exception', message: 'no such register', exceptionCode: 2 });
});

test('what is not asked rightly is refused with all its faults, and nothing is done', async () => {
  const { ask, said } = scene();
  const wrong = { bus: '', unit: 300, function: 6, address: -1, count: 126 };
  const answer = await ask('POST', '/bus/read', JSON.stringify(wrong));
  assert.is(answer.status, 400);
  const keys = dataOf(answer).faults.map(({ key }: { key: string }) => key);
  assert.equal(keys, ['bus', 'unit', 'function', 'address', 'count']);
  for (const body of [
    '',
    '[]',
    '{',
    '{"bus":"nowhere","unit":1,"function":4}',
    'x'.repeat(20_000),
  ]) {
    assert.is((await ask('POST', '/bus/read', body)).status, 400, body.slice(0, 20));
  }
  for (const path of ['/readings', '/readings?first=1', '/readings?first=1&last=99999']) {
    assert.is((await ask('GET', path)).status, 400, path);
  }
  assert.is((await ask('GET', '/readings?first=1&last=2&x=3')).status, 400);
  assert.equal(dataOf(await ask('GET', '/readings?first=1&last=2')), [1, 2]);
  assert.is((await ask('DELETE', '/status')).status, 404);
  assert.is((await ask('GET', '/keys')).status, 404);
  assert.equal(said, []);
});

async function firstOf(answer: HttpResponse): Promise<AsyncIterator<string>> {
  const pieces = (answer.body as AsyncIterable<string>)[Symbol.asyncIterator]();
  assert.equal(JSON.parse((await pieces.next()).value), { lent: true });
  return pieces;
}

const LEND = JSON.stringify({ bus: 'cabinet', seconds: 30 });

test('a lent bus is free of the agent’s reads, never of its writes, and comes back', async () => {
  const { clock, ask, bus, said } = scene();
  const pieces = await firstOf(await ask('POST', '/bus/lend', LEND));
  const refused = (error: BusError) => error.code === 'closed' && /is lent/.test(error.message);
  for (const read of [bus.readInput(1, 0, 2), bus.readHolding(1, 0, 2), bus.readCoil(1, 0)]) {
    await read.then(
      () => assert.unreachable(),
      (error: BusError) => assert.ok(refused(error)),
    );
  }
  await bus.writeCoil(3, 0, false);
  await bus.forCommands.readInput(2, 0, 1);
  assert.equal(said, ['coil', 'read 2 0 1']);
  const second = await ask('POST', '/bus/lend', LEND);
  assert.is(second.status, 423);
  await clock.move(LEND_MOST_MS);
  assert.equal(JSON.parse((await pieces.next()).value), { lent: false });
  assert.equal([...(await bus.readInput(1, 4, 1))], [4]);
  const soon = await ask('POST', '/bus/lend', LEND);
  assert.is(soon.status, 423, 'the agent has its turn first');
  assert.is(dataOf(soon).waitMs, LEND_REST_MS);
  await clock.move(LEND_REST_MS);
  assert.is((await ask('POST', '/bus/lend', LEND)).status, 200);
});

test('whoever hangs up gives the bus back at once', async () => {
  const { ask, bus } = scene();
  const gone = new AbortController();
  await firstOf(await ask('POST', '/bus/lend', LEND, gone.signal));
  assert.ok(bus.lentForMs);
  gone.abort(new Error('gone'));
  await new Promise((resolve) => setImmediate(resolve));
  assert.is(bus.lentForMs, null);
  assert.equal([...(await bus.readInput(1, 4, 1))], [4]);
});

test('the last requests are kept, with their answers, and no more than 2,000', async () => {
  const { bus } = scene();
  for (let i = 0; i < 2_001; i += 1) await bus.readInput(1, i, 1);
  await bus.readInput(9, 0, 1).catch(() => undefined);
  assert.is(bus.requests.length, 2_000);
  assert.is(bus.requests[0]?.answer, '0002');
  assert.is(bus.requests.at(-1)?.answer, 'exception: no such register');
});

test.run();
