/**
 * The least that the community as one meter could have paid, everything known in advance: one
 * linear programme over all counted intervals. Batteries whose powers, limits and losses stand in
 * the same ratio to their capacities count as one: what is best for their sum can be split among
 * them in that ratio. They start empty, as everybody's did.
 */
import type { BatteryModel } from '../../agent/strategy/battery.ts';
import { LinearProgram, maximize } from '../../solver/clearing/linear-program.ts';
import type { Community } from './data.ts';
import { type Counted, pricesOf } from './rivals.ts';

/** kWh and currency keep the programme's numbers near 1. */
const WS_PER_KWH = 3_600_000;
const MICRO = 1_000_000;
const NO_ROW = -1;

/** @returns cost of the whole community, micro; the wear of its batteries is in it */
export async function centralOptimumMicro(
  community: Community,
  { from, wearMicroPerKwh }: Counted,
): Promise<number> {
  const program = new LinearProgram();
  const batteries = pooled(community.homes.flatMap(({ battery }) => battery ?? []));
  const hours = community.intervalSeconds / 3600;
  const stocks = batteries.map(() => NO_ROW);
  for (let at = from; at < community.useMicroPerKwh.length; at += 1) {
    const netKw = community.homes.reduce((sum, { netW }) => sum + (netW[at] ?? 0) / 1000, 0);
    const { useMicroPerKwh, feedInMicroPerKwh } = pricesOf(community, at);
    // Drawn - fed in - charged + discharged = net load.
    const balance = program.row(netKw * hours, netKw * hours);
    program.column(-useMicroPerKwh / MICRO, Number.POSITIVE_INFINITY, [[balance, 1]]);
    program.column(feedInMicroPerKwh / MICRO, Number.POSITIVE_INFINITY, [[balance, -1]]);
    for (const [index, battery] of batteries.entries()) {
      const oneWay = Math.sqrt(battery.efficiency);
      const wear = wearMicroPerKwh / MICRO / 2;
      // Stored before + charged x oneWay - discharged / oneWay - stored after = 0.
      const stock = program.row(0, 0);
      addStored(program, battery, stocks[index] ?? NO_ROW, stock);
      const charge = (battery.chargeW / 1000) * hours;
      const discharge = (battery.dischargeW / 1000) * hours;
      const intoCells: [number, number][] = [
        [balance, -1],
        [stock, oneWay],
      ];
      const outOfCells: [number, number][] = [
        [balance, 1],
        [stock, -1 / oneWay],
      ];
      program.column(-wear * oneWay, charge, intoCells);
      program.column(-wear / oneWay, discharge, outOfCells);
      stocks[index] = stock;
    }
  }
  for (const [index, battery] of batteries.entries()) {
    addStored(program, battery, stocks[index] ?? NO_ROW, NO_ROW);
  }
  const { values } = await maximize(program);
  return -(values[0] ?? 0) * MICRO;
}

/** What is in the cells between two intervals; before the first it is nothing. */
function addStored(
  program: LinearProgram,
  battery: BatteryModel,
  before: number,
  after: number,
): void {
  if (before === NO_ROW) return;
  const windowKwh = ((battery.highShare - battery.lowShare) * battery.capacityWs) / WS_PER_KWH;
  program.column(0, windowKwh, [
    [before, -1],
    [after, 1],
  ]);
}

function pooled(models: readonly BatteryModel[]): BatteryModel[] {
  const pools = new Map<string, BatteryModel>();
  for (const model of models) {
    const { capacityWs, chargeW, dischargeW, lowShare, highShare, efficiency } = model;
    const ratios = [chargeW / capacityWs, dischargeW / capacityWs];
    const kind = [...ratios, lowShare, highShare, efficiency].join(' ');
    const pool = pools.get(kind);
    if (pool === undefined) {
      pools.set(kind, { ...model });
    } else {
      pool.capacityWs += capacityWs;
      pool.chargeW += chargeW;
      pool.dischargeW += dischargeW;
    }
  }
  return [...pools.values()];
}
