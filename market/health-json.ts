/**
 * The health report as JSON on the wire, and the DSO's answer to it. Not the time of anything, nor
 * what the home does.
 *
 *     POST /v1/health  {...HealthReport, meterSignature}
 */
import * as v from 'valibot';
import { ADDRESS_FORM, readJson } from './json-forms.ts';
import {
  type Address,
  HEALTH,
  type HealthCode,
  type HealthReport,
  type Hex32,
  REFUSALS,
  type RefusalCode,
} from './messages.ts';
import { MessageError } from './messages-json.ts';
import { MAX_UINT32 } from './units.ts';

export const HEALTH_PATH = '/v1/health';

export interface SignedHealthReport {
  report: HealthReport;
  meterSignature: string;
}

export type HealthAnswer = { requestId: Hex32; meterId: Address } & (
  | { state: 'noted' }
  | { state: 'failed'; code: RefusalCode; sentence: string }
);

const hex32 = v.pipe(
  v.string(),
  v.regex(/^0x[0-9a-f]{64}$/, 'not 0x and 64 lower-case hex digits'),
);
/** Shown to people: no control characters. */
const word = v.pipe(v.string(), v.maxLength(40), v.regex(/^[\x20-\x7e]*$/, 'not plain letters'));
const codes = Object.keys(HEALTH) as HealthCode[];

const report = v.strictObject({
  requestId: hex32,
  meterId: ADDRESS_FORM,
  session: hex32,
  sequence: v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(MAX_UINT32)),
  version: word,
  clockProven: v.boolean(),
  clockSource: word,
  codes: v.pipe(v.array(v.picklist(codes)), v.maxLength(codes.length)),
  meterSignature: v.pipe(v.string(), v.regex(/^0x[0-9a-fA-F]{130}$/, 'not a signature')),
});
const ofReport = { requestId: hex32, meterId: ADDRESS_FORM };
const answer = v.variant('state', [
  v.strictObject({ ...ofReport, state: v.literal('noted') }),
  v.strictObject({
    ...ofReport,
    state: v.literal('failed'),
    code: v.picklist(Object.keys(REFUSALS) as RefusalCode[]),
    sentence: v.pipe(v.string(), v.maxLength(400)),
  }),
]);

/** @throws MessageError */
export function parseHealthReport(text: string): SignedHealthReport {
  const { meterSignature, ...rest } = read(report, text, 'a health report');
  return { report: rest, meterSignature };
}

export function healthReportJson({ report, meterSignature }: SignedHealthReport): string {
  return JSON.stringify({ ...report, meterSignature });
}

/** Body of an answer. @throws MessageError */
export function parseHealthAnswer(body: string): HealthAnswer {
  return read(answer, body, 'an answer to a health report');
}

function read<S extends v.GenericSchema>(schema: S, text: string, what: string): v.InferOutput<S> {
  return readJson(
    schema,
    text,
    what,
    (message, faults) => new MessageError('malformed', message, faults),
  );
}
