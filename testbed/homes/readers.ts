/** Measured traces from a folder: which data set it is, told by the files it holds. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CommunitySpec } from './community.ts';
import { DataError } from './csv.ts';
import { type MeasuredSet, type PlacingOptions, placeMeasured } from './measured.ts';
import type { Asked } from './readers/asked.ts';
import { readCityLearn } from './readers/citylearn.ts';
import { readEmhass } from './readers/emhass.ts';
import { readHamlet } from './readers/hamlet.ts';
import { readSwiss } from './readers/swiss.ts';
import { readTransax } from './readers/transax.ts';

const SHAPES: { holds: string; what: string; read: (dir: string, asked: Asked) => MeasuredSet }[] =
  [
    { holds: 'day-profile.csv', what: 'day-profile.csv (TRANSAX microgrid)', read: readTransax },
    { holds: 'sfh_load', what: 'sfh_load/*.csv and pv/*.csv (HAMLET)', read: readHamlet },
    { holds: 'load_kwh.csv', what: 'load_kwh.csv (Swiss homes)', read: readSwiss },
    {
      holds: 'schema.json',
      what: 'schema.json and Building_*.csv (CityLearn)',
      read: readCityLearn,
    },
    { holds: 'long_train_data.csv', what: 'long_train_data.csv (EMHASS home)', read: readEmhass },
  ];

/**
 * A neighbourhood of `homes` homes from the traces in a folder.
 * @throws DataError when the folder is of no known shape, or with file and line of what is wrong
 */
export function readCommunity(
  dir: string,
  options: Omit<PlacingOptions, 'startsAtMs'> & { startsAtMs?: number | null },
): CommunitySpec {
  if (!existsSync(dir)) throw new DataError('missing', `there is no folder ${dir}`);
  const shape = SHAPES.find(({ holds }) => existsSync(join(dir, holds)));
  if (!shape) {
    const known = SHAPES.map(({ what }) => `  ${what}`).join('\n');
    throw new DataError('shape', `${dir} holds no traces that can be read; known are\n${known}`);
  }
  const set = shape.read(dir, options);
  return placeMeasured(set, { ...options, startsAtMs: options.startsAtMs ?? null });
}
