/** A meter that was built in the wrong way round: an option of the installation. */
import type { PointValue, PointValues } from './point-values.ts';
import { dimensionOf, type PointName } from './vocabulary.ts';

const FLIPPED = ['power', 'current', 'reactive'];

/** Power and current change their sign; import and export change places. Both or neither. */
export function invertValues(values: PointValues): PointValues {
  return new Map(
    [...values].map(([name, point]): [PointName, PointValue] => {
      if (dimensionOf(name) === 'energy') return [opposite(name), point];
      const isFlipped = FLIPPED.includes(dimensionOf(name)) && point.value !== null;
      return [name, isFlipped ? { ...point, value: 0 - (point.value ?? 0) } : point];
    }),
  );
}

function opposite(name: PointName): PointName {
  if (name.startsWith('energy_import')) return name.replace('import', 'export') as PointName;
  if (name.startsWith('energy_export')) return name.replace('export', 'import') as PointName;
  return name;
}
