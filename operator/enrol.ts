/** Enrols a meter by the request code that its installer read out (design: meter and DSO). */
import { decodeRequestCode, gridTagOf } from '../market/enrolment.ts';
import { type GridFile, hashGrid } from '../market/grid.ts';
import { domainOf } from '../market/grid-json.ts';
import { type Address, hashEnrolment, isSignedBy } from '../market/messages.ts';
import type { Books } from './books/books.ts';
import type { Meter } from './books/meters.ts';

export class EnrolError extends Error {
  /**
   * `other-grid`: the meter pinned another grid file. `bad-signature`: the code was not made by the
   * meter it names. `no-feeder`: there is no such feeder. `enrolled`: it is, on other terms.
   * `unknown`: there is no such meter. `replaced`: another one took its place, for ever.
   */
  readonly code: 'other-grid' | 'bad-signature' | 'no-feeder' | 'enrolled' | 'unknown' | 'replaced';
  constructor(code: EnrolError['code'], message: string) {
    super(message);
    this.name = 'EnrolError';
    this.code = code;
  }
}

export interface EnrolTerms {
  requestCode: string;
  feeder: number;
  maxPowerW: number;
  creditMicro: bigint;
}

/**
 * The same terms again change nothing, so that a command whose answer was lost can be repeated.
 * @param grid the file that the utility gave out, null when there is none yet
 * @throws RequestCodeError, EnrolError
 */
export function enrolMeter(
  books: Books,
  grid: GridFile,
  feederCount: number,
  terms: EnrolTerms,
  atMs: number,
): Meter {
  const meterId = meterIdOf(terms.requestCode, grid);
  if (terms.feeder < 1 || terms.feeder > feederCount) {
    throw new EnrolError(
      'no-feeder',
      `there is no feeder ${terms.feeder}: this grid has feeders 1 to ${feederCount}`,
    );
  }
  return books.transaction(() => {
    const known = books.meters.find(meterId);
    if (known !== null) return checkSameTerms(known, terms);
    const { feeder, maxPowerW, creditMicro: balanceMicro } = terms;
    const meter = { meterId, feeder, maxPowerW, balanceMicro, suspended: false, replacedBy: null };
    books.meters.add(meter, atMs);
    return meter;
  });
}

/** Who asks, by the grid file that was given out. @throws RequestCodeError, EnrolError */
export function meterIdOf(requestCode: string, grid: GridFile): Address {
  const request = decodeRequestCode(requestCode);
  const gridHash = hashGrid(grid.facts);
  if (request.gridTag !== gridTagOf(gridHash)) {
    throw new EnrolError(
      'other-grid',
      `the meter ${request.meterId} was enrolled with another grid file than ` +
        `"${grid.facts.name}", issue ${grid.facts.issue}: enrol it again with this one`,
    );
  }
  const { meterId, signature } = request;
  const digest = hashEnrolment(domainOf(grid.facts), { meterId, gridHash });
  if (!isSignedBy(digest, signature, meterId)) {
    throw new EnrolError('bad-signature', 'the request code is not signed by the meter it names');
  }
  return meterId;
}

function checkSameTerms(known: Meter, terms: EnrolTerms): Meter {
  if (known.feeder === terms.feeder && known.maxPowerW === terms.maxPowerW) return known;
  throw new EnrolError(
    'enrolled',
    `the meter ${known.meterId} is enrolled already, on feeder ${known.feeder} with ` +
      `${known.maxPowerW} W`,
  );
}
