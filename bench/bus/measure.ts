/** Reads of one block by the bus, by bare modbus-serial and by libmodbus, in turns. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import modbusSerial from 'modbus-serial';
import { ROOT } from '../../build/project-root.ts';
import { openBus } from '../../host/modbus/open-bus.ts';
import type { BusConnection } from '../../host/ports.ts';
import { ForeignUnit, PYTHON } from '../../testbed/emulators/foreign-unit.ts';

/** The median time of a read, us, in the quietest round. */
export interface Path {
  name: 'tcp' | 'serial';
  registers: number;
  busUs: number;
  bareUs: number;
  libmodbusUs: number;
}

export interface Amount {
  rounds: number;
  /** Of each client in each round. */
  reads: number;
}

const ADDRESS = 10;
const TIMEOUT_MS = 2_000;
const WARM_READS = 200;

/** Every round asks all clients, as the machine has its moods; the quietest one counts. */
export async function measureAll(registers: readonly number[], amount: Amount): Promise<Path[]> {
  const paths: Path[] = [];
  await withRawServer(async (port) => {
    const connection = { kind: 'tcp', host: '127.0.0.1', port } as const;
    for (const count of registers) paths.push(await measure(connection, count, amount));
  });
  await withSerialServer(async (path) => {
    const connection = { kind: 'serial', path, baud: 9600, parity: 'none', stopBits: 1 } as const;
    // A read takes several times as long.
    const less = { ...amount, reads: Math.ceil(amount.reads / 5) };
    for (const count of registers) paths.push(await measure(connection, count, less));
  });
  return paths;
}

async function measure(
  connection: BusConnection,
  registers: number,
  { rounds, reads }: Amount,
): Promise<Path> {
  const times = { bus: [] as number[], bare: [] as number[], libmodbus: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    // One client after the other: only one may hold a serial port.
    times.bus.push(median(await busReads(connection, registers, reads)));
    times.bare.push(median(await bareReads(connection, registers, reads)));
    times.libmodbus.push(median(await libmodbusReads(connection, registers, reads)));
  }
  return {
    name: connection.kind === 'serial' ? 'serial' : 'tcp',
    registers,
    busUs: Math.min(...times.bus),
    bareUs: Math.min(...times.bare),
    libmodbusUs: Math.min(...times.libmodbus),
  };
}

async function busReads(connection: BusConnection, count: number, reads: number) {
  const bus = openBus({ name: 'bench', connection, timeoutMs: TIMEOUT_MS, minGapMs: 0 });
  try {
    return await timed(reads, () => bus.readInput(1, ADDRESS, count));
  } finally {
    bus.close();
    await settle();
  }
}

async function bareReads(connection: BusConnection, count: number, reads: number) {
  const client = new modbusSerial.default();
  if (connection.kind === 'serial') {
    await client.connectRTUBuffered(connection.path, { baudRate: connection.baud });
  } else {
    await client.connectTCP(connection.host, { port: connection.port });
  }
  client.setID(1);
  client.setTimeout(TIMEOUT_MS);
  try {
    return await timed(reads, () => client.readInputRegisters(ADDRESS, count));
  } finally {
    await new Promise<void>((resolve) => client.close(() => resolve()));
    await settle();
  }
}

async function libmodbusReads(connection: BusConnection, count: number, reads: number) {
  const place = connection.kind === 'serial' ? connection.path : String(connection.port);
  const script = join(ROOT, 'bench', 'bus', 'libmodbus_reads.py');
  const args = [script, connection.kind, place, String(count), String(reads)];
  const { stdout } = await promisify(execFile)(PYTHON, args, { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout) as number[];
}

/** Time of each read, us, after some that warm up. */
async function timed(reads: number, read: () => Promise<unknown>): Promise<number[]> {
  for (let i = 0; i < WARM_READS; i++) await read();
  const times: number[] = [];
  for (let i = 0; i < reads; i++) {
    const startedMs = performance.now();
    await read();
    times.push((performance.now() - startedMs) * 1_000);
  }
  return times;
}

function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** A serial port is closed in a thread. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50));
}

async function withRawServer(work: (port: number) => Promise<void>): Promise<void> {
  const file = join(ROOT, 'bench', 'bus', 'raw-server.ts');
  const flags = ['--disable-warning=ExperimentalWarning'];
  const server: ChildProcess = spawn(process.execPath, [...flags, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = server.stdout === null ? [''] : await once(server.stdout, 'data');
    await work(Number(String(line)));
  } finally {
    server.kill('SIGKILL');
  }
}

async function withSerialServer(work: (path: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'transax-bench-'));
  const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')];
  const pair = await ForeignUnit.serialPair(ours, theirs);
  const unit = await ForeignUnit.pymodbusSerial(theirs);
  try {
    await work(ours);
  } finally {
    await unit.stop();
    await pair.stop();
    rmSync(folder, { recursive: true });
  }
}
