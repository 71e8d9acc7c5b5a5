/**
 * Malformed replies on real sockets, many buses beside each other so that their time-outs overlap.
 * After each malformed reply comes a good one, which must be read.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Bus, BusError } from '../../../host/ports.ts';
import { Dice, MUTATION_NAMES, MUTATIONS } from './mutations.ts';
import { type Asked, type Framing, TIMEOUT_MS, withDevice, wordsAt } from './raw-device.ts';

export interface SocketsReport {
  malformed: number;
  right: number;
  wrong: number;
  refused: number;
  /** Good replies behind the malformed ones, and how many were read. */
  valid: number;
  validTaken: number;
}

/** More than the descriptors of a process allow at once would fail. */
const MOST_BUSES = 200;
const ARRIVAL_MS = 20;

/** @param count malformed replies. */
export async function fuzzSockets(count: number, seed: number): Promise<SocketsReport> {
  const report: SocketsReport = {
    ...{ malformed: 0, right: 0, wrong: 0, refused: 0, valid: 0, validTaken: 0 },
  };
  const buses = Math.min(MOST_BUSES, count);
  const shares = Array.from({ length: buses }, (_, i) => Math.ceil((count - i) / buses));
  await Promise.all(
    shares.map((share, i) => fuzzOne(i % 2 === 0 ? 'tcp' : 'rtu-tcp', share, seed + i, report)),
  );
  return report;
}

async function fuzzOne(framing: Framing, count: number, seed: number, report: SocketsReport) {
  const dice = new Dice(seed);
  await withDevice(
    framing,
    async ({ bus, faults }) => {
      for (let i = 0; i < count; i++) {
        faults.length = 0;
        let isOver: Promise<void> = Promise.resolve();
        faults.push((asked) => {
          isOver = sendMalformed(framing, dice, asked);
        });
        report.malformed += 1;
        report[await readBlock(bus, 10 + dice.below(200), 1 + dice.below(6))] += 1;
        await isOver;
        // What was sent last is still on its way.
        await pause(ARRIVAL_MS);
        report.valid += 1;
        const after = await readBlock(bus, 300 + dice.below(200), 1 + dice.below(6));
        if (after === 'right') report.validTaken += 1;
        else if (after === 'wrong') report.wrong += 1;
      }
    },
    { timeoutMs: 2 * TIMEOUT_MS },
  );
}

async function readBlock(
  bus: Bus,
  address: number,
  count: number,
): Promise<'right' | 'wrong' | 'refused'> {
  try {
    const words = await bus.readInput(1, address, count);
    return `${[...words]}` === `${wordsAt(address, count)}` ? 'right' : 'wrong';
  } catch (error) {
    if (error instanceof BusError) return 'refused';
    throw error;
  }
}

/** Settles when nothing more comes of it. */
async function sendMalformed(framing: Framing, dice: Dice, asked: Asked): Promise<void> {
  const { socket, good, body, seal } = asked;
  const isTcp = framing === 'tcp';
  const reply = { good, body, seal, isTcp, valuesAt: isTcp ? 9 : 3 };
  const bytes = MUTATIONS[dice.pick(MUTATION_NAMES)]?.(reply, dice) ?? good;
  const kind = dice.below(20);
  if (kind === 0) {
    await pause(2 * TIMEOUT_MS + dice.below(40));
    socket.write(good);
  } else if (kind === 1) {
    socket.end(bytes);
  } else if (kind < 8) {
    const at = dice.below(bytes.length + 1);
    socket.write(bytes.subarray(0, at));
    await pause(dice.below(30));
    socket.write(bytes.subarray(at));
  } else {
    socket.write(bytes);
  }
}
