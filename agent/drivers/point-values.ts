/** What was read of a device. */
import type { PointName } from './vocabulary.ts';

export interface PointValue {
  /** In the inner unit (W, Ws, V, A, Hz, share); null when the device says "not available". */
  value: number | null;
  /** Step to the next larger value, inner unit; 0 when there is no value. */
  step: number;
  /** Of text alone: serial numbers and the like. */
  text: string | null;
  /** Of counters: after which value they begin anew, inner unit; null when that is not known. */
  max: number | null;
}

export type PointValues = ReadonlyMap<PointName, PointValue>;

/** What a device lacks, or does not know. */
export const UNKNOWN: PointValue = { value: null, step: 0, text: null, max: null };
