/**
 * What is said to a network relay of Shelly's kind, and what its answers mean. Sources: the maker's
 * API documents, "Gen2 Device API: Switch" and "Gen1 API: /relay".
 *
 * Both generations have a timer that turns the output back after so many seconds. A command without
 * it clears it.
 */
import * as v from 'valibot';

export interface RelayState {
  on: boolean;
  /** Whether the device will turn itself over, by its timer. */
  isTimed: boolean;
}

/** One output of a device. */
export interface ShellyApi {
  /** Path with query. @param backAfterSeconds when it turns back by itself; null: never */
  setPath(output: number, on: boolean, backAfterSeconds: number | null): string;
  readPath(output: number): string;
  /** @returns null for an answer that is none */
  parse(body: string): RelayState | null;
}

const GEN2_STATUS = v.object({
  output: v.boolean(),
  timer_duration: v.optional(v.number()),
});

/** Second generation and later. */
const GEN2: ShellyApi = {
  setPath(output, on, backAfterSeconds) {
    const timer = backAfterSeconds === null ? '' : `&toggle_after=${backAfterSeconds}`;
    return `/rpc/Switch.Set?id=${output}&on=${on}${timer}`;
  },
  readPath: (output) => `/rpc/Switch.GetStatus?id=${output}`,
  parse(body) {
    const status = parsed(GEN2_STATUS, body);
    if (status === null) return null;
    return { on: status.output, isTimed: (status.timer_duration ?? 0) > 0 };
  },
};

const GEN1_STATUS = v.object({ ison: v.boolean(), has_timer: v.optional(v.boolean()) });

const GEN1: ShellyApi = {
  setPath(output, on, backAfterSeconds) {
    const timer = backAfterSeconds === null ? '' : `&timer=${backAfterSeconds}`;
    return `/relay/${output}?turn=${on ? 'on' : 'off'}${timer}`;
  },
  readPath: (output) => `/relay/${output}`,
  parse(body) {
    const status = parsed(GEN1_STATUS, body);
    return status === null ? null : { on: status.ison, isTimed: status.has_timer === true };
  },
};

export const SHELLY_APIS = { 'shelly-gen2': GEN2, 'shelly-gen1': GEN1 } as const;

function parsed<T>(schema: v.GenericSchema<unknown, T>, body: string): T | null {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return null;
  }
  const result = v.safeParse(schema, json);
  return result.success ? result.output : null;
}
