/** Why a contract refused, in its own words: custom errors by name, or the text of `require`. */
import { AbiCoder, Interface } from 'ethers';
import { ASSETS_ABI, MATCHING_ABI, MICROGRID_ABI } from './abi.ts';

const contracts = [MATCHING_ABI, ASSETS_ABI, MICROGRID_ABI].map((abi) => new Interface(abi));

/** Selectors that the compiler itself uses: `Error(string)` and `Panic(uint256)`. */
const TEXT = '0x08c379a0';
const PANIC = '0x4e487b71';

/** @param data what the call returned, `0x` and hex; null when the endpoint gave nothing */
export function revertReason(data: string | null): string {
  if (data === null || data === '0x') return 'no reason given';
  try {
    if (data.startsWith(TEXT)) {
      return String(AbiCoder.defaultAbiCoder().decode(['string'], `0x${data.slice(10)}`)[0]);
    }
    if (data.startsWith(PANIC)) return `panic 0x${BigInt(`0x${data.slice(10)}`).toString(16)}`;
    for (const contract of contracts) {
      const error = contract.parseError(data);
      if (error !== null) return `${error.name}(${error.args.map(String).join(', ')})`;
    }
  } catch {
    // Not what its first bytes say: shown as it came.
  }
  return `unknown error ${data.slice(0, 74)}`;
}
