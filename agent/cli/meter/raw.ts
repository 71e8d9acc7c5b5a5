/** `transax-agent meter raw BUS|ADDRESS UNIT RANGE`: registers as they are on the wire. */
import { BusError } from '../../../host/ports.ts';
import { type Command, EXIT, UsageError } from '../command.ts';
import { columns } from '../output.ts';
import { numberOf, rangeOf } from '../words.ts';
import { noAnswer, reach } from './reach.ts';

const MOST = 500;
const AT_ONCE = 50;

interface Register {
  address: number;
  /** Null: the device refuses it. */
  word: number | null;
}

export const meterRaw: Command = {
  words: ['meter', 'raw'],
  takes: 'BUS|ADDRESS UNIT RANGE',
  summary: 'registers of a unit, in hexadecimal and as the usual types',
  text:
    'Reads only. RANGE is 0..20, or one address; 0x20 is hexadecimal. Addresses are those of the ' +
    'wire, from 0: manuals often say one more. Registers that the device refuses are shown as -.',
  options: [
    { name: 'fc', value: '3|4', text: 'function: 3 holding, 4 input registers; 3 if absent' },
  ],
  examples: [
    'transax-agent meter raw cabinet 7 0..20 --fc 4',
    'transax-agent meter raw tcp://192.168.1.20:502 1 0x5B00..0x5B10',
  ],
  exits: [4, 5],
  least: 3,
  async run(host, args) {
    const [place = '', unitText = '', rangeText = ''] = args.positionals;
    const unit = numberOf('UNIT', unitText, 247);
    const { first, last } = rangeOf('RANGE', rangeText, { most: 0xffff, count: MOST });
    const code = args.options.fc ?? '3';
    if (code !== '3' && code !== '4') throw new UsageError(`--fc ${code} is neither 3 nor 4`);
    const bus = (await reach(host, args, place)).open();
    const read = (address: number, count: number) =>
      code === '3' ? bus.readHolding(unit, address, count) : bus.readInput(unit, address, count);
    try {
      const registers: Register[] = [];
      for (let at = first; at <= last; at += AT_ONCE) {
        registers.push(...(await readRange(read, at, Math.min(AT_ONCE, last - at + 1))));
      }
      const data = { place, unit, function: Number(code), registers };
      const isSilent = registers.every(({ word }) => word === null);
      return { code: isSilent ? EXIT.silent : EXIT.good, data, text: tableOf(registers) };
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      throw noAnswer(`unit ${unit}`, error, place);
    } finally {
      bus.close();
    }
  },
};

type Read = (address: number, count: number) => Promise<Uint16Array>;

/** Refused as a whole, it is read in halves, down to the registers that are not there. */
async function readRange(read: Read, address: number, count: number): Promise<Register[]> {
  try {
    const words = await read(address, count);
    return [...words].map((word, i) => ({ address: address + i, word }));
  } catch (error) {
    if (!(error instanceof BusError) || error.code !== 'exception') throw error;
    if (error.exceptionCode === 10 || error.exceptionCode === 11) throw error;
    if (count === 1) return [{ address, word: null }];
    const half = Math.floor(count / 2);
    const low = await readRange(read, address, half);
    return [...low, ...(await readRange(read, address + half, count - half))];
  }
}

function tableOf(registers: readonly Register[]): string {
  const rows = registers.map(({ address, word }, i) => {
    if (word === null) return [String(address), hex(address), '-', '', '', '', ''];
    const next = registers[i + 1]?.word ?? null;
    const signed = word > 0x7fff ? String(word - 0x1_0000) : '';
    const pair = next === null ? ['', ''] : pairOf(word, next);
    return [String(address), hex(address), hex(word), String(word), signed, ...pair];
  });
  return columns([['address', '', 'word', 'u16', 'i16', 'i32', 'f32'], ...rows]);
}

function pairOf(high: number, low: number): [string, string] {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, high);
  view.setUint16(2, low);
  const float = view.getFloat32(0);
  const isSense = Number.isFinite(float) && Math.abs(float) > 1e-6 && Math.abs(float) < 1e12;
  return [String(view.getInt32(0)), isSense ? float.toPrecision(7) : ''];
}

function hex(value: number): string {
  return `0x${value.toString(16).toUpperCase().padStart(4, '0')}`;
}
