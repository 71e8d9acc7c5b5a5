/** Notes what a meter reports of itself. */
import type { Clock } from '../../host/ports.ts';
import type { GridFacts } from '../../market/grid.ts';
import { domainOf } from '../../market/grid-json.ts';
import type { HealthAnswer, SignedHealthReport } from '../../market/health-json.ts';
import {
  type Address,
  hashHealthReport,
  isSignedBy,
  REFUSALS,
  type RefusalCode,
} from '../../market/messages.ts';
import type { Books } from '../books/books.ts';

/** Durable when it returns. @param admit told of a meter whose signature is good */
export function answerHealth(
  { report, meterSignature }: SignedHealthReport,
  { books, grid, clock }: { books: Books; grid: GridFacts; clock: Clock },
  admit: (meterId: Address) => void = () => {},
): HealthAnswer {
  const { requestId, meterId } = report;
  const failed = (code: RefusalCode): HealthAnswer => ({
    requestId,
    meterId,
    state: 'failed',
    code,
    sentence: REFUSALS[code],
  });
  const meter = books.meters.find(meterId);
  if (meter === null) return failed('unknown-meter');
  if (meter.replacedBy !== null) return failed('replaced-meter');
  const digest = hashHealthReport(domainOf(grid), report);
  if (!isSignedBy(digest, meterSignature, meterId)) return failed('bad-signature');
  admit(meterId);
  books.transaction(() => books.health.note(report, clock.now()));
  return { requestId, meterId, state: 'noted' };
}
