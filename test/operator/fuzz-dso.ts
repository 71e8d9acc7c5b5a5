/** Hostile requests against a DSO: never an error of its own, never a grant, books as before. */
import { domainOf } from '../../market/grid-json.ts';
import { intervalAt } from '../../market/intervals.ts';
import { hashAccountQuery, hashReading } from '../../market/messages.ts';
import { accountQueryJson, PATHS, readingsJson } from '../../market/messages-json.ts';
import type { Dso } from '../../operator/dso/service.ts';
import { diceOf, type Hostile, hostileRequest, type Stage } from './hostile-requests.ts';
import { paperDso } from './paper-dso.ts';
import { assetAt } from './world.ts';

export interface FuzzResult {
  requests: number;
  /** How often each kind came to each answer. */
  answers: Record<string, Record<string, number>>;
  /** Where the DSO did wrong; the first few. */
  faults: string[];
}

const LOOK_EVERY = 50;
const MOST_FAULTS = 5;

/** A meter that was granted something, and read once; another beside it. */
async function stageOf(): Promise<{ stage: Stage; dso: Dso; answers: Set<string> }> {
  const world = paperDso();
  const [meter, other] = [world.enrol(), world.enrol()];
  // Real time goes on, so that nobody is turned away for asking too often.
  const clock = Object.assign(Object.create(world.clock) as typeof world.clock, {
    monotonicMs: () => {
      world.clock.monotonic += 60_000;
      return world.clock.monotonic;
    },
  });
  const dso = world.begin({ clock, requestsPerInterval: 1_000_000 });
  const now = intervalAt(world.facts.calendar, world.clock.now() / 1000);
  const granted = world.wish(meter, { assets: [assetAt(now + 5)], amountMicro: 9n });
  const domain = domainOf(world.facts);
  const { meterId, sign } = meter;
  const read = now - 3;
  const reading = { meterId, interval: read, importedWs: 1, exportedWs: 0 };
  const measured = { ...reading, quality: 'measured' as const };
  const id = world.newId();
  const rows = [{ reading: measured, meterSignature: sign(hashReading(domain, measured)) }];
  const query = { meterId, requestId: id };
  const account = { ...query, meterSignature: sign(hashAccountQuery(domain, query)) };
  const good = [
    { path: PATHS.withdrawals, body: granted.body },
    { path: PATHS.readings, body: readingsJson({ requestId: id, meterId, readings: rows }) },
    { path: PATHS.account, body: accountQueryJson(account) },
  ];
  const answers = new Set<string>();
  for (const { path, body } of good) answers.add(wordsOf((await world.post(dso, path, body)).text));
  const usedKey = granted.addressKey;
  return { stage: { world, meter, other, usedKey, good, now, read }, dso, answers };
}

export async function fuzzDso(requests: number, seed: number): Promise<FuzzResult> {
  const { stage, dso, answers } = await stageOf();
  const { world } = stage;
  const dice = diceOf(seed);
  const before = world.state();
  const result: FuzzResult = { requests, answers: {}, faults: [] };
  for (let count = 0; count < requests && result.faults.length < MOST_FAULTS; count += 1) {
    const hostile = hostileRequest(dice, stage);
    const fault = await lookAt(stage, dso, hostile, answers, result);
    const isChanged = count % LOOK_EVERY === 0 && world.state() !== before;
    const what = fault ?? (isChanged ? 'the books changed' : null);
    if (what !== null)
      result.faults.push(`${hostile.kind}: ${what}: ${hostile.body.slice(0, 300)}`);
  }
  if (world.state() !== before) result.faults.push('the books changed');
  return result;
}

async function lookAt(
  { world }: Stage,
  dso: Dso,
  { kind, path, body }: Hostile,
  answers: ReadonlySet<string>,
  result: FuzzResult,
): Promise<string | null> {
  let said: string;
  let fault: string | null = null;
  try {
    const { status, text } = await world.post(dso, path, body);
    said = status === 200 ? wordOf(text) : `${status} ${JSON.parse(text).code}`;
    const isRefusal = status === 400 ? text.length < 64 * 1024 : REFUSED.test(said);
    // What differs in nothing that counts is the good request, and hears what that one heard.
    if (!isRefusal && !answers.has(wordsOf(text))) fault = `it is answered with ${status} ${text}`;
  } catch (error) {
    said = 'thrown';
    fault = `it throws ${error}`;
  }
  const row = result.answers[kind] ?? {};
  row[said] = (row[said] ?? 0) + 1;
  result.answers[kind] = row;
  return fault;
}

/** What an answer says, but for the id of the request: nobody signs that of readings. */
function wordsOf(text: string): string {
  const { requestId: _, ...words } = JSON.parse(JSON.parse(text).body);
  return JSON.stringify(words);
}

const REFUSED = /^(failed|refused) /;

function wordOf(text: string): string {
  const answer = JSON.parse(JSON.parse(text).body);
  if (answer.state !== undefined) return `${answer.state} ${answer.code ?? ''}`;
  const receipts = answer.receipts as { state: string; code?: string }[];
  const taken = receipts.find(({ state }) => state !== 'refused');
  return taken === undefined ? `refused ${receipts[0]?.code}` : 'countersigned';
}
