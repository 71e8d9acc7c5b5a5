/** A profile as the program knows it: everything filled in, one unit for each quantity. */
import type { FOUNDATIONS, GROUPS, KINDS, RawProfile } from './profile-schema.ts';
import type { Coding } from './registers.ts';
import type { PointName } from './vocabulary.ts';

export type Foundation = (typeof FOUNDATIONS)[number];
export type ProfileKind = (typeof KINDS)[number];
export type Group = (typeof GROUPS)[number];
/** 1 coils, 2 discrete inputs, 3 holding registers, 4 input registers. */
export type FunctionCode = 1 | 2 | 3 | 4;

/** Where one value is. */
export interface Place extends Coding {
  function: FunctionCode;
  /** 0-based wire address; within a SunSpec model the offset from its ID register. */
  address: number;
  /** Of the SunSpec model that the address counts from; null for an address of the wire. */
  model: number | null;
}

export interface Point extends Place {
  name: PointName;
  /** Raw value to inner unit; where `scaleAddress` is given, times the power of ten there. */
  factor: number;
  /** Of a SunSpec scale factor, read in the same request; counts like `address`. */
  scaleAddress: number | null;
  /** Whether the device writes a negative number for what is a magnitude. */
  isMagnitude: boolean;
  group: Group;
  /** Some variants of the device answer "no such register" here. */
  isOptional: boolean;
  /** Counters: raw reading at which they begin anew; null when that is not known. */
  rawMax: number | null;
  /** Finest step that the device tells, inner unit; 0 for that of the type. */
  resolution: number;
}

export interface Derived {
  name: PointName;
  /** `sum`: of all, when all are known. `first`: the first that is known. */
  rule: 'sum' | 'first';
  of: PointName[];
}

export interface Probe extends Place {
  scale: number;
  range: [number, number] | null;
  oneOf: number[] | null;
  text: string | null;
}

/** A setting of the device without which its values are wrong. */
export interface Required extends Place {
  name: string;
  oneOf: number[];
  why: string;
  fix: string;
}

export interface Line {
  baud: number;
  parity: 'none' | 'even' | 'odd';
  stopBits: 1 | 2;
}

export interface Profile {
  name: string;
  version: number;
  kind: ProfileKind;
  vendor: string;
  title: string;
  foundation: Foundation;
  sources: string[];
  setup: string[];
  transport: { links: ('rtu' | 'tcp')[]; rtu: Line; alternates: Line[]; unit: number };
  maxRegisters: number;
  maxGap: number;
  /** What the device needs; null where it is content with the usual. */
  timing: { gapMs: number | null; timeoutMs: number | null; connectDelayMs: number | null };
  sunspec: { bases: number[]; models: number[] } | null;
  points: Point[];
  derived: Derived[];
  probes: Probe[];
  required: Required[];
  plausible: { powerW: number | null; voltageV: [number, number] | null; sumShare: number | null };
  setpoints: NonNullable<RawProfile['setpoints']> | null;
}
