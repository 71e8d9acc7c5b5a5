/**
 * What the operator's own commands ask of the books: over the DSO's socket while it runs, directly
 * otherwise. Parameters stand in the query, because a request is one short line.
 */
import { getAddress } from 'ethers';
import type { Clock } from '../../host/ports.ts';
import { RequestCodeError } from '../../market/enrolment.ts';
import type { GridFile } from '../../market/grid.ts';
import type { Books } from '../books/books.ts';
import { EnrolError, type EnrolTerms, enrolMeter } from '../enrol.ts';
import { cancelWaiting, replaceMeter } from '../replacing.ts';

export interface AdminPorts {
  books: Books;
  grid: GridFile;
  feederCount: number;
  clock: Clock;
}

export function addPath(terms: EnrolTerms): string {
  const query = new URLSearchParams({
    code: terms.requestCode,
    feeder: String(terms.feeder),
    max_w: String(terms.maxPowerW),
    credit: terms.creditMicro.toString(),
  });
  return `/meters/add?${query}`;
}

export function suspendPath(meterId: string, isSuspended: boolean): string {
  return `/meters/suspend?${new URLSearchParams({ meter: meterId, on: String(isSuspended) })}`;
}

export function replacePath(oldId: string, requestCode: string): string {
  return `/meters/replace?${new URLSearchParams({ meter: oldId, code: requestCode })}`;
}

/** @returns `{code, sentence}`; status 200 when it was done */
export function answerAdmin(
  method: string,
  pathAndQuery: string,
  ports: AdminPorts,
): { status: number; body: string } {
  const { pathname, searchParams: query } = new URL(pathAndQuery, 'http://socket');
  try {
    if (method !== 'POST') return answer(405, 'not-post', 'use POST');
    if (pathname === '/meters/add') return answer(200, 'done', add(query, ports));
    if (pathname === '/meters/suspend') return answer(200, 'done', suspend(query, ports));
    if (pathname === '/meters/replace') return answer(200, 'done', replace(query, ports));
    return answer(404, 'no-such-path', `there is no ${pathname}`);
  } catch (error) {
    if (!(error instanceof EnrolError || error instanceof RequestCodeError)) throw error;
    return answer(409, error.code, error.message);
  }
}

function add(query: URLSearchParams, { books, grid, feederCount, clock }: AdminPorts): string {
  const terms = {
    requestCode: query.get('code') ?? '',
    feeder: wholeOf(query.get('feeder')),
    maxPowerW: wholeOf(query.get('max_w')),
    creditMicro: BigInt(wholeOf(query.get('credit'))),
  };
  const meter = enrolMeter(books, grid, feederCount, terms, clock.now());
  return `${meter.meterId} is enrolled on feeder ${meter.feeder} with ${meter.maxPowerW} W`;
}

function replace(query: URLSearchParams, { books, grid, clock }: AdminPorts): string {
  const oldId = meterIdIn(query);
  const terms = { oldId, requestCode: query.get('code') ?? '' };
  const { meterId, feeder, maxPowerW } = replaceMeter(books, grid, terms, clock.now());
  return `${meterId} took the place of ${oldId} on feeder ${feeder} with ${maxPowerW} W`;
}

function meterIdIn(query: URLSearchParams): string {
  const text = query.get('meter') ?? '';
  return /^0x[0-9a-fA-F]{40}$/.test(text) ? getAddress(text.toLowerCase()) : text;
}

function suspend(query: URLSearchParams, { books, clock }: AdminPorts): string {
  const isSuspended = query.get('on') === 'true';
  const meterId = meterIdIn(query);
  const replacedBy = books.meters.find(meterId)?.replacedBy ?? null;
  if (replacedBy !== null && !isSuspended) {
    throw new EnrolError('replaced', `${meterId} was replaced by ${replacedBy}, for ever`);
  }
  books.transaction(() => {
    if (!books.meters.setSuspended(meterId, isSuspended)) {
      const message = `there is no meter ${meterId}: see transax-operator meter list`;
      throw new EnrolError('unknown', message);
    }
    if (isSuspended) cancelWaiting(books, meterId, clock.now());
  });
  return `${meterId} is ${isSuspended ? 'suspended' : 'active again'}`;
}

function wholeOf(text: string | null): number {
  const value = /^\d{1,15}$/.test(text ?? '') ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new EnrolError('unknown', `"${text}" is not a number`);
  return value;
}

function answer(status: number, code: string, sentence: string): { status: number; body: string } {
  return { status, body: JSON.stringify({ code, sentence }) };
}
