/** Countersigns the meters' readings, each interval once; answers about accounts. */
import type { Clock } from '../../host/ports.ts';
import type { GridFacts } from '../../market/grid.ts';
import { domainOf } from '../../market/grid-json.ts';
import { startOf } from '../../market/intervals.ts';
import {
  type Hex32,
  hashAccountQuery,
  hashReading,
  isSignedBy,
  REFUSALS,
  type RefusalCode,
} from '../../market/messages.ts';
import {
  type AccountAnswer,
  READING_REFUSALS,
  type ReadingReceipt,
  type ReadingRefusalCode,
  type ReadingsAnswer,
  type ReadingsRequest,
  type SignedAccountQuery,
  type SignedReading,
} from '../../market/messages-json.ts';
import type { Books } from '../books/books.ts';

export interface ReadingPorts {
  books: Books;
  grid: GridFacts;
  clock: Clock;
  /** Signs with the DSO's key. */
  sign: (digest: Hex32) => string;
}

/** Durable when it returns. A reading that was countersigned before gets the same signature. */
export function answerReadings(request: ReadingsRequest, ports: ReadingPorts): ReadingsAnswer {
  const { requestId, meterId } = request;
  const isKnown = ports.books.meters.find(meterId) !== null;
  const receipts = ports.books.transaction(() =>
    request.readings.map((signed) =>
      isKnown ? countersign(signed, ports) : refused(signed.reading.interval, 'unknown-meter'),
    ),
  );
  return { requestId, meterId, receipts };
}

function countersign({ reading, meterSignature }: SignedReading, ports: ReadingPorts) {
  const { books, grid, clock, sign } = ports;
  const { meterId, interval } = reading;
  const digest = hashReading(domainOf(grid), reading);
  if (!isSignedBy(digest, meterSignature, meterId)) return refused(interval, 'bad-signature');
  const stored = books.readings.find(meterId, interval);
  if (stored !== null) {
    const isSame =
      stored.importedWs === reading.importedWs &&
      stored.exportedWs === reading.exportedWs &&
      stored.quality === reading.quality;
    return isSame
      ? signedReceipt(interval, stored.dsoSignature)
      : refused(interval, 'other-reading');
  }
  if (clock.now() / 1000 < startOf(grid.calendar, interval + 1)) {
    return refused(interval, 'not-ended');
  }
  const dsoSignature = sign(digest);
  books.readings.add({ ...reading, dsoSignature }, meterSignature, clock.now());
  return signedReceipt(interval, dsoSignature);
}

function signedReceipt(interval: number, dsoSignature: string): ReadingReceipt {
  return { interval, state: 'countersigned', dsoSignature };
}

function refused(interval: number, code: ReadingRefusalCode): ReadingReceipt {
  return { interval, state: 'refused', code, sentence: READING_REFUSALS[code] };
}

export function answerAccount(query: SignedAccountQuery, ports: ReadingPorts): AccountAnswer {
  const { requestId, meterId } = query;
  const failed = (code: RefusalCode): AccountAnswer => ({
    requestId,
    meterId,
    state: 'failed',
    code,
    sentence: REFUSALS[code],
  });
  const meter = ports.books.meters.find(meterId);
  if (meter === null) return failed('unknown-meter');
  const digest = hashAccountQuery(domainOf(ports.grid), { meterId, requestId });
  if (!isSignedBy(digest, query.meterSignature, meterId)) return failed('bad-signature');
  const { balanceMicro, feeder, maxPowerW, suspended } = meter;
  return { requestId, meterId, state: 'open', balanceMicro, feeder, maxPowerW, suspended };
}
