/**
 * Malformed replies through the decoder of the bus, without sockets: the check of frames, and
 * behind it the library. Whatever is taken must be the truth.
 */
import { ClientPort, openClient } from '../../../host/modbus/client-port.ts';
import { judgeRtu, judgeTcp, questionOf, type Verdict } from '../../../host/modbus/frames.ts';
import { Dice, MUTATION_NAMES, MUTATIONS, type Reply } from './mutations.ts';
import { withChecksum, withHeader } from './raw-device.ts';

export interface FramesReport {
  malformed: number;
  /** Taken with the right values: the reply was whole, with something before or behind it. */
  right: number;
  /** Taken with other values. */
  wrong: number;
  /** Likewise, and nobody could tell: a good checksum by chance (RTU), a whole header (TCP). */
  collisions: number;
  refused: number;
  valid: number;
  validTaken: number;
}

interface Case {
  isTcp: boolean;
  transaction: number;
  code: 1 | 2 | 3 | 4;
  unit: number;
  address: number;
  count: number;
}

/** @param count malformed replies, and as many valid ones. */
export function fuzzFrames(count: number, seed: number): FramesReport {
  const dice = new Dice(seed);
  const report: FramesReport = {
    ...{ malformed: 0, right: 0, wrong: 0, collisions: 0, refused: 0, valid: 0, validTaken: 0 },
  };
  const decoder = new Decoder();
  for (let i = 0; i < count; i++) {
    const one = randomCase(dice);
    const reply = replyTo(one, dice);
    report.valid += 1;
    if (decoder.decode(one, inPieces(reply.good, dice))?.equals(truthOf(reply)) === true) {
      report.validTaken += 1;
    }
    const mutate = MUTATIONS[dice.pick(MUTATION_NAMES)];
    const bytes = mutate?.(reply, dice) ?? reply.good;
    if (bytes.equals(reply.good)) continue;
    report.malformed += 1;
    const taken = decoder.decode(one, inPieces(bytes, dice));
    if (taken === null) report.refused += 1;
    else if (taken.equals(truthOf(reply))) report.right += 1;
    else if (seemsWhole(one, reply, bytes, decoder.frame)) report.collisions += 1;
    else report.wrong += 1;
  }
  return report;
}

/** Check and library, as the bus has them, fed by hand. */
class Decoder {
  #request = Buffer.alloc(0);
  #data: Buffer | null = null;
  readonly #port = new ClientPort((request) => {
    this.#request = request;
  });
  readonly #client = openClient(this.#port);
  /** What was last handed to the library. */
  frame = Buffer.alloc(0);

  /** @returns the data that the caller of the bus would get; null when it gets none. */
  decode(one: Case, pieces: readonly Buffer[]): Buffer | null {
    this.#data = null;
    const { unit, address, count } = one;
    const done = (error: unknown, result: { buffer: Buffer } | null): void => {
      if (!error) this.#data = result?.buffer ?? null;
    };
    this.#client[`writeFC${one.code}`](unit, address, count, done);
    const question = questionOf(this.#request);
    let received: Buffer = Buffer.alloc(0);
    for (const piece of pieces) {
      received = Buffer.concat([received, piece]);
      const verdict: Verdict = one.isTcp
        ? judgeTcp(question, one.transaction, received)
        : judgeRtu(question, received, false);
      if (verdict.kind === 'fault') return null;
      if (verdict.kind !== 'answer') continue;
      this.frame = Buffer.from(verdict.frame);
      this.#port.deliver(verdict.frame);
      return this.#data;
    }
    return null;
  }
}

function randomCase(dice: Dice): Case {
  const code = (1 + dice.below(4)) as Case['code'];
  const count = 1 + dice.below(code <= 2 ? 40 : 12);
  return {
    ...{ isTcp: dice.below(2) === 0, transaction: dice.below(0x10000), code, count },
    unit: 1 + dice.below(247),
    address: dice.below(0x10000 - count),
  };
}

function replyTo({ isTcp, transaction, code, unit, count }: Case, dice: Dice): Reply {
  const data = dice.bytes(code <= 2 ? Math.ceil(count / 8) : 2 * count);
  const body = Buffer.concat([Buffer.from([unit, code, data.length]), data]);
  const seal = (each: Buffer) => (isTcp ? withHeader(transaction, each) : withChecksum(each));
  return { good: seal(body), body, seal, isTcp, valuesAt: isTcp ? 9 : 3 };
}

function truthOf({ body }: Reply): Buffer {
  return body.subarray(3);
}

function inPieces(bytes: Buffer, dice: Dice): Buffer[] {
  if (dice.below(4) > 0) return [bytes];
  const at = dice.below(bytes.length + 1);
  return [bytes.subarray(0, at), bytes.subarray(at)];
}

/** Whether a malformed reply shows nowhere that it is one. */
function seemsWhole({ isTcp }: Case, { good, valuesAt }: Reply, bytes: Buffer, frame: Buffer) {
  if (isTcp) return bytes.subarray(0, valuesAt).equals(good.subarray(0, valuesAt));
  return withChecksum(frame.subarray(0, frame.length - 2)).equals(frame);
}
