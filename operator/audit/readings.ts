/** Readings: both signatures fit, in every row. */
import type { Sql } from '../../host/ports.ts';
import { hashReading, isSignedBy, type SigningDomain } from '../../market/messages.ts';
import { Readings } from '../books/readings.ts';
import type { Findings } from './findings.ts';

/** So many rows are in memory at once. */
const PAGE = 1_000;

/**
 * @param signers who may have countersigned: the DSO of now, and every granter before
 * @param from the first interval that is looked at
 * @returns how many were looked at
 */
export function checkReadings(
  sql: Sql,
  domain: SigningDomain,
  signers: ReadonlySet<string>,
  from: number,
  findings: Findings,
): number {
  const readings = new Readings(sql);
  let seen = 0;
  for (let after = 0; ; ) {
    const page = readings.page(after, from, PAGE);
    const last = page.at(-1);
    if (last === undefined) return seen;
    after = last.row;
    seen += page.length;
    for (const { reading, meterSignature, dsoSignature } of page) {
      const digest = hashReading(domain, reading);
      const name = `the reading of ${reading.meterId} in interval ${reading.interval}`;
      if (!isSignedBy(digest, meterSignature, reading.meterId)) {
        findings.add('bad-reading', `${name} is not what the meter signed`);
      }
      if (![...signers].some((signer) => isSignedBy(digest, dsoSignature, signer))) {
        findings.add('bad-reading', `${name} is not what the DSO countersigned`);
      }
    }
  }
}
