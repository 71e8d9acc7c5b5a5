/** Countersigns the meters' readings, each interval once; answers about accounts. */
import type { Clock } from '../../host/ports.ts';
import type { GridFacts } from '../../market/grid.ts';
import { domainOf } from '../../market/grid-json.ts';
import { startOf } from '../../market/intervals.ts';
import {
  type Address,
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
import type { Meter } from '../books/meters.ts';

/**
 * What is metered, against what may be traded: a home draws untraded power beside it, up to its
 * fuses. Beyond this many times the meter's limit nobody believes it.
 */
const CONNECTION_SHARE = 10;

export interface ReadingPorts {
  books: Books;
  grid: GridFacts;
  clock: Clock;
  /** Signs with the DSO's key. */
  sign: (digest: Hex32) => string;
}

/**
 * Durable when it returns. A reading that was countersigned before gets the same signature. After a
 * signature that does not fit no other is looked at: a meter signs all of its readings, and whoever
 * is none is not to cause more work than that.
 * @param admit told of the meter once its first signature was found good; what it throws ends it
 */
export function answerReadings(
  request: ReadingsRequest,
  ports: ReadingPorts,
  admit: (meterId: Address) => void = () => {},
): ReadingsAnswer {
  const { requestId, meterId } = request;
  const meter = ports.books.meters.find(meterId);
  let wrong: ReadingRefusalCode | null =
    meter === null ? 'unknown-meter' : meter.replacedBy !== null ? 'replaced-meter' : null;
  let isAdmitted = false;
  const receipts = ports.books.transaction(() =>
    request.readings.map((signed): ReadingReceipt => {
      const { interval } = signed.reading;
      if (wrong !== null || meter === null) return refused(interval, wrong ?? 'unknown-meter');
      const digest = hashReading(domainOf(ports.grid), signed.reading);
      if (!isSignedBy(digest, signed.meterSignature, meterId)) {
        wrong = 'bad-signature';
        return refused(interval, wrong);
      }
      if (!isAdmitted) admit(meterId);
      isAdmitted = true;
      return countersign(signed, digest, meter, ports);
    }),
  );
  return { requestId, meterId, receipts };
}

function countersign(
  { reading, meterSignature }: SignedReading,
  digest: Hex32,
  { maxPowerW }: Meter,
  ports: ReadingPorts,
): ReadingReceipt {
  const { books, grid, clock, sign } = ports;
  const { meterId, interval } = reading;
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
  // More than the connection of the home can carry: no energy, but a fault or a lie.
  const mostWs = CONNECTION_SHARE * maxPowerW * grid.calendar.intervalSeconds;
  if (reading.importedWs > mostWs || reading.exportedWs > mostWs) {
    return refused(interval, 'implausible');
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

/** @param admit as above */
export function answerAccount(
  query: SignedAccountQuery,
  ports: ReadingPorts,
  admit: (meterId: Address) => void = () => {},
): AccountAnswer {
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
  if (meter.replacedBy !== null) return failed('replaced-meter');
  const digest = hashAccountQuery(domainOf(ports.grid), { meterId, requestId });
  if (!isSignedBy(digest, query.meterSignature, meterId)) return failed('bad-signature');
  admit(meterId);
  const { feeder, maxPowerW, suspended } = meter;
  // An account can be overdrawn by what was learned of late: then it covers nothing.
  const balanceMicro = meter.balanceMicro > 0n ? meter.balanceMicro : 0n;
  return { requestId, meterId, state: 'open', balanceMicro, feeder, maxPowerW, suspended };
}
