/** `npm run study -- transax-2020 [--data DIR] [--out DIR]`. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transaxLookalike } from '../../testbed/homes/lookalike.ts';
import {
  currentCommit,
  inputOf,
  type Manifest,
  type Table,
  writeRun,
} from '../../testbed/run-folder.ts';
import { communityOffers } from '../community-offers.ts';
import { readDayOffers } from '../day-offers.ts';
import {
  feederTable,
  homeTable,
  intervalTable,
  type TradedDay,
  tradeTable,
} from '../day-tables.ts';
import { figureRows, figureSvg, figureTable, figureText } from './figure.ts';
import { type Parameters, readParameters } from './parameters.ts';
import { type Days, limitsOf, runWindows, type WindowRun } from './window-study.ts';

export interface StudyOptions {
  /** Folder with `offers-no-battery.csv` and `offers-with-battery.csv`; null: the look-alike. */
  data: string | null;
  out: string | null;
  /** Another file of parameters than the study's own. */
  parameters?: string;
  say: (line: string) => void;
}

const FILES = ['offers-no-battery.csv', 'offers-with-battery.csv'] as const;
const INTERVALS = 96;

/** @returns the table for the terminal. @throws OffersError, SettingsError */
export async function studyTransax2020(options: StudyOptions): Promise<string> {
  const own = join(dirname(fileURLToPath(import.meta.url)), 'parameters.toml');
  const path = options.parameters ?? own;
  const parameters = readParameters(path);
  const { days, source, inputs } = daysOf(options.data, parameters);
  const runs = await runWindows(days, parameters, ({ run, tradedKwSlots }) =>
    options.say(`${run}: ${tradedKwSlots.toFixed(1)} kW-slots`),
  );
  const rows = figureRows(runs);
  if (options.out !== null) {
    const seed = options.data === null ? parameters.lookalike.seed : null;
    const manifest: Manifest = {
      study: 'transax-2020',
      commit: currentCommit(),
      parameters: { ...parameters },
      seed,
      inputs: [inputOf(path), ...inputs],
    };
    writeRun(options.out, manifest, [figureTable(rows), ...tablesOf(runs, parameters)]);
    writeFileSync(join(options.out, 'figure-9.svg'), figureSvg(rows, source));
  }
  return figureText(rows);
}

function daysOf(
  data: string | null,
  parameters: Parameters,
): { days: Days; source: string; inputs: Manifest['inputs'] } {
  if (data === null) {
    const { seed } = parameters.lookalike;
    const community = transaxLookalike(seed);
    const { capacity_kw_slots, charge_kw, last_interval } = parameters.batteries;
    const batteries = {
      capacityKwSlots: capacity_kw_slots,
      chargeKw: charge_kw,
      lastInterval: last_interval,
    };
    return {
      days: {
        withoutBatteries: communityOffers(community, null),
        withBatteries: communityOffers(community, batteries),
      },
      source: `generated look-alike of the TRANSAX microgrid, seed ${seed}`,
      inputs: [],
    };
  }
  const [without, withBatteries] = FILES.map((name) => join(data, name));
  return {
    days: {
      withoutBatteries: readDayOffers(without ?? ''),
      withBatteries: readDayOffers(withBatteries ?? ''),
    },
    source: "the TRANSAX microgrid's published offers: 102 homes on 11 feeders",
    inputs: [inputOf(without ?? ''), inputOf(withBatteries ?? '')],
  };
}

/** Each run's result and intervals; trades, homes and feeders only where the parameters ask. */
function tablesOf(runs: readonly WindowRun[], parameters: Parameters): Table[] {
  const dayOf = ({ run, offers, finals }: WindowRun): TradedDay => ({
    ...{ run, offers, finals },
    limits: limitsOf(parameters),
    intervals: INTERVALS,
  });
  const whole = runs.filter(
    ({ horizon, tieRule }) =>
      tieRule.kind === 'earliest-deadline' && parameters.tables_for.includes(horizon),
  );
  const days = whole.map(dayOf);
  return [
    {
      name: 'runs',
      columns: ['run', 'horizon_intervals', 'batteries', 'tie_rule', 'traded_kw_slots', 'trades'],
      rows: runs.map(({ run, horizon, batteries, tieRule, finals, tradedKwSlots }) => [
        ...[run, horizon, batteries ? 'yes' : 'no', tieRule.kind, tradedKwSlots],
        finals.reduce((sum, { trades }) => sum + trades.length, 0),
      ]),
    },
    intervalTable(runs.map(dayOf)),
    ...[homeTable(days), tradeTable(days), feederTable(days)],
  ];
}
