/** What an attack came to, class by class. */

interface Row {
  refused: number;
  accepted: number;
}

/** How the classes of solutions begin that are right by themselves, and no twins. */
export const VALID = 'right: ';

export class Score {
  readonly rows = new Map<string, Row>();
  /** What should not be: each ends the attack with an error. */
  readonly surprises: string[] = [];

  row(name: string): Row {
    let row = this.rows.get(name);
    if (row === undefined) {
      row = { refused: 0, accepted: 0 };
      this.rows.set(name, row);
    }
    return row;
  }

  /** An invalid call that got this answer; null: it went through. */
  judge(name: string, broken: ReadonlySet<string>, answer: string | null): void {
    if (answer !== null && broken.has(answer)) this.row(name).refused++;
    else this.surprises.push(`${name}: ${answer ?? 'accepted'}, not ${[...broken].join(' or ')}`);
  }

  get refused(): number {
    return [...this.rows.values()].reduce((sum, row) => sum + row.refused, 0);
  }

  get accepted(): number {
    return [...this.rows.values()].reduce((sum, row) => sum + row.accepted, 0);
  }

  /** Classes of invalid solutions that were never made. */
  get empty(): string[] {
    const names = [...this.rows].filter(([, row]) => row.refused === 0).map(([name]) => name);
    return names.filter((name) => !name.startsWith(VALID));
  }
}

export function tableOf(score: Score): string {
  const width = Math.max(...[...score.rows.keys()].map((name) => name.length), 10);
  const line = (name: string, refused: number | string, accepted: number | string) =>
    `${name.padEnd(width)} ${String(refused).padStart(9)} ${String(accepted).padStart(9)}\n`;
  const rows = [...score.rows].map(([name, row]) => line(name, row.refused, row.accepted));
  const head = line('', 'refused', 'accepted');
  return `${head}${rows.join('')}${line('all', score.refused, score.accepted)}`;
}
