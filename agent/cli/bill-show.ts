/** `transax-agent bill show`: what each day cost, and what the market saved. */
import type { BillRow } from '../journal/bill-records.ts';
import type { Command } from './command.ts';
import { columns, good, numberText } from './output.ts';
import { withSource } from './source.ts';
import { countOf } from './words.ts';

const SHOWN = 7;
const MOST = 366;
const MICRO = 1e6;
const WS_PER_KWH = 3_600_000;

export const billShow: Command = {
  words: ['bill', 'show'],
  takes: '',
  summary: 'what each day cost, and what it would have cost without the market',
  text:
    'Paid: trades, and the rest from and to the supplier. Alone: the same load and sun with the ' +
    'battery on self-consumption and no market. Wear of the battery is in neither. What is left ' +
    'in the battery at midnight differs between the two, so that single days say less than weeks.',
  options: [{ name: 'days', value: 'N', text: `past days to show, ${SHOWN} if absent` }],
  exits: [3, 4],
  run: (host, args) =>
    withSource(host, args, async ({ journal, time, warnings }) => {
      const bills = await journal.bills(countOf('--days', args.options.days, SHOWN, MOST));
      const days = bills.map((row) => ({ ...row, savedMicro: row.aloneMicro - row.paidMicro }));
      if (days.length === 0) {
        const text = 'no day is over yet: the first bill comes at midnight';
        return good({ days, total: null }, text, warnings);
      }
      const total = totalOf(bills);
      const head = ['day', 'bought', 'sold', 'import', 'export', 'paid', 'alone', 'saved', ''];
      const rows = days.map((row) => rowOf(time.day(row.firstInterval), row));
      const table = columns([head, ...rows, rowOf('sum', total)]);
      return good({ days, total }, `${table}\nenergies in kWh`, warnings);
    }),
};

type Sums = Omit<BillRow, 'firstInterval' | 'aloneStoredWs'>;

function totalOf(bills: readonly BillRow[]): Sums & { savedMicro: number } {
  const sum = (of: (row: BillRow) => number) => bills.reduce((all, row) => all + of(row), 0);
  const paidMicro = sum((row) => row.paidMicro);
  const aloneMicro = sum((row) => row.aloneMicro);
  return {
    ...{ intervals: sum((row) => row.intervals), missing: sum((row) => row.missing) },
    ...{ importedWs: sum((row) => row.importedWs), exportedWs: sum((row) => row.exportedWs) },
    ...{ boughtWs: sum((row) => row.boughtWs), soldWs: sum((row) => row.soldWs) },
    ...{ paidMicro, aloneMicro, supplierMicro: sum((row) => row.supplierMicro) },
    savedMicro: aloneMicro - paidMicro,
  };
}

function rowOf(name: string, row: Sums): string[] {
  const energy = (ws: number) => numberText(ws / WS_PER_KWH, 2);
  const money = (micro: number) => numberText(micro / MICRO, 2);
  return [
    ...[name, energy(row.boughtWs), energy(row.soldWs)],
    ...[energy(row.importedWs), energy(row.exportedWs)],
    ...[money(row.paidMicro), money(row.aloneMicro), money(row.aloneMicro - row.paidMicro)],
    row.missing === 0 ? '' : `${row.missing} of ${row.intervals} intervals are not known`,
  ];
}
