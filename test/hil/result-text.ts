/** What came of a day, for people. */
import type { Comparison } from './compare.ts';
import type { Day } from './day.ts';

export function resultText(day: Day, { figures, findings }: Comparison): string {
  const dealt = Object.entries(day.dealt).map(([fault, count]) => `${fault} ${count}`);
  const spoilt = Object.entries(day.spoilt).map(([fault, count]) => `${fault} ${count}`);
  const lines = [`faults: ${dealt.join(', ')}`, `answers spoilt: ${spoilt.join(', ')}`];
  for (const each of figures) {
    const qualities = Object.entries(each.byQuality).map(([name, count]) => `${count} ${name}`);
    const error =
      each.followErrorPercent === null
        ? 'none'
        : `${each.followErrorPercent.toFixed(2)} % of trades not kept`;
    lines.push(
      `${each.name}: ${each.intervals} readings (${qualities.join(', ')}), worst ` +
        `${each.worstErrorWh.toFixed(1)} Wh, sum ${each.sumErrorPercent.toFixed(3)} % off; ` +
        `${each.committed} commitments, held without a fault: ${error}; ` +
        `${each.switches} switches`,
    );
  }
  const wrong = [...findings, ...day.fallen];
  lines.push(wrong.length === 0 ? 'everything fits' : `${wrong.length} findings`);
  return [...lines, ...wrong.map((each) => `  ${each}`)].join('\n');
}
