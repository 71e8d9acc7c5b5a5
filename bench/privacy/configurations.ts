/** Which agents are measured: as they are, naive ones, and each countermeasure left out alone. */
import { COUNTERMEASURES, type Countermeasure } from '../../agent/countermeasures.ts';
import type { CrowdKind } from '../../testbed/adversary/crowds.ts';

export interface Configuration {
  name: 'protected' | 'naive' | Countermeasure;
  without: readonly Countermeasure[];
  /**
   * Whom an address is compared with: offers that look the same, or any of its feeder and side
   * where no two look the same.
   */
  kind: CrowdKind;
}

export const CONFIGURATIONS: readonly Configuration[] = [
  { name: 'protected', without: [], kind: 'equal' },
  { name: 'naive', without: COUNTERMEASURES, kind: 'any' },
  ...COUNTERMEASURES.map((each) => ({
    name: each,
    without: [each],
    kind: each === 'common-sizes' ? ('any' as const) : ('equal' as const),
  })),
];
