/** Whether values fit each other and the device: a wrong map, sign or wiring shows here first. */
import type { PointValues } from './point-values.ts';
import type { Profile } from './profile-types.ts';
import type { PointName } from './vocabulary.ts';

const PHASES = ['l1', 'l2', 'l3'] as const;
/** Below this a phase carries too little for its power and its current to be compared, VA. */
const LEAST_VA = 50;
/** Meters are not exact, and read voltage and current at different moments. */
const MARGIN = 1.1;
/** Sums of small powers are all rounding, W. */
const LEAST_SUM_W = 50;

/** What is odd, a sentence each; none when all fits. */
export function findImplausible({ plausible }: Profile, values: PointValues): string[] {
  const numberOf = (name: PointName) => values.get(name)?.value ?? null;
  const odd: string[] = [];
  const power = numberOf('power');
  if (power !== null && plausible.powerW !== null && Math.abs(power) > plausible.powerW) {
    odd.push(`power is ${Math.round(power)} W: more than ${plausible.powerW} W`);
  }
  const phases = PHASES.map((phase) => numberOf(`power_${phase}`));
  if (power !== null && phases.every((each) => each !== null)) {
    const sum = phases.reduce((total: number, each) => total + (each ?? 0), 0);
    const apart = Math.abs(sum - power);
    const allowed = (plausible.sumShare ?? 1) * Math.max(Math.abs(sum), Math.abs(power));
    if (apart > Math.max(allowed, LEAST_SUM_W)) {
      odd.push(`the phases make ${Math.round(sum)} W, the total says ${Math.round(power)} W`);
    }
  }
  for (const phase of PHASES) {
    const voltage = numberOf(`voltage_${phase}`);
    const current = numberOf(`current_${phase}`);
    const phaseW = numberOf(`power_${phase}`);
    const range = plausible.voltageV;
    if (voltage !== null && range !== null && (voltage < range[0] || voltage > range[1])) {
      odd.push(`voltage ${phase.toUpperCase()} is ${voltage.toFixed(1)} V`);
    }
    if (voltage === null || current === null || phaseW === null) continue;
    const apparent = Math.abs(voltage * current);
    if (Math.abs(phaseW) > MARGIN * apparent + LEAST_VA) {
      odd.push(`power ${phase.toUpperCase()} is more than its voltage times its current`);
    }
  }
  return odd;
}
