/**
 * A house in a process of its own, by an implementation of Modbus that is not ours (pymodbus), with
 * its own physics and its own books, on a line that can be spoilt (see `emulator.py`).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../../build/project-root.ts';

/** Debian's, which has pymodbus. */
const PYTHON = '/usr/bin/python3';
const EMULATOR = join(ROOT, 'test', 'hil', 'emulator.py');
const ANSWER_MS = 30_000;

export const LINE_FAULTS = ['silence', 'late', 'duplicate', 'wrong-unit', 'garbage'] as const;
export type LineFault = (typeof LINE_FAULTS)[number];

/** Powers in W, energies in Ws, positive into the thing. */
export interface HouseSettings {
  line: 'tcp' | 'rtu-tcp' | 'serial';
  /** Of a serial line; absent: any will do. */
  baud?: number;
  meter: 'eastron-sdm630' | 'abb-b23';
  seed: number;
  baseW: number;
  pvW: number;
  /** Counters when the meter was put in. */
  importedWs: number;
  exportedWs: number;
  battery?: { capacityWs: number; chargeW: number; dischargeW: number };
  boiler?: { powerW: number; tankWs: number; drainW: number };
  /** How late a late answer is, real ms. */
  lateMs: number;
}

/** The lab's clock, as in the agents' settings. */
export interface Scale {
  startsAtMs: number;
  wallOriginMs: number;
  factor: number;
}

/** What the house itself knows of what happened; times in market ms. */
export interface HouseTruth {
  atMs: number;
  intervals: { interval: number; importedWs: number; exportedWs: number }[];
  relay: { atMs: number; isOn: boolean; cause: 'command' | 'power' }[];
  orders: { atMs: number; powerW: number }[];
  /** Answers spoilt by each fault. */
  spoilt: Record<LineFault | 'dead', number>;
}

type Order =
  | { fault: LineFault | null }
  | { powered: boolean }
  | { resetCounters: true }
  | { dump: true };

export class HouseProcess {
  /** As `connection` in the agent's settings. */
  readonly connection: string;
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #complaints: string[];

  private constructor(
    child: ChildProcess,
    answers: AsyncIterator<string>,
    complaints: string[],
    connection: string,
  ) {
    this.#child = child;
    this.#answers = answers;
    this.#complaints = complaints;
    this.connection = connection;
  }

  static async start(settings: HouseSettings, scale: Scale): Promise<HouseProcess> {
    const child = spawn(PYTHON, [EMULATOR, JSON.stringify({ ...settings, ...scale })], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const complaints: string[] = [];
    child.stderr?.on('data', (piece) => complaints.push(String(piece)));
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await answerOf(answers, complaints);
    const place = JSON.parse(first) as { port?: number; path?: string };
    const connection =
      place.path === undefined
        ? `${settings.line}://127.0.0.1:${place.port}`
        : `serial:${place.path}`;
    return new HouseProcess(child, answers, complaints, connection);
  }

  /** What the line does to answers from now on. */
  spoil(fault: LineFault | null): void {
    this.#tell({ fault });
  }

  /** False: a power cut in the whole house. */
  power(isOn: boolean): void {
    this.#tell({ powered: isOn });
  }

  /** The meter's counters start anew at nothing. */
  resetCounters(): void {
    this.#tell({ resetCounters: true });
  }

  async truth(): Promise<HouseTruth> {
    this.#tell({ dump: true });
    return JSON.parse(await answerOf(this.#answers, this.#complaints)) as HouseTruth;
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }

  #tell(order: Order): void {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
  }
}

async function answerOf(answers: AsyncIterator<string>, complaints: string[]): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the house says nothing')), ANSWER_MS);
  });
  try {
    const { value, done } = await Promise.race([answers.next(), late]);
    if (done === true) throw new Error(`the house ended: ${complaints.join('')}`);
    return value;
  } finally {
    clearTimeout(timer);
  }
}
