/**
 * What the contracts hold, asked by `eth_call`: for tools and tests; the market is followed by its
 * log.
 */
import { Interface, type Result } from 'ethers';
import type { MarketCalendar } from '../market/intervals.ts';
import type { EnergyAsset, FeederLimits } from '../market/offers.ts';
import { SIDE_CODE, type Side, sideFromCode } from '../market/units.ts';
import { ASSETS_ABI, MATCHING_ABI, MICROGRID_ABI } from './abi.ts';
import type { MarketContracts } from './decode.ts';
import type { BlockTag, JsonRpc } from './rpc.ts';
import { parseData, RpcError } from './rpc-forms.ts';

/** What a solver must know of a market besides its grid file. */
export interface SolverTerms {
  /** Least stake of who submits. */
  minStakeMicro: bigint;
  /** What a better solution gains at least. */
  minGainWs: number;
  /** What final energy between homes pays solvers. */
  rewardMicroPerKwh: number;
  /** The contract takes no more trades in one chunk. */
  maxTradesPerChunk: number;
}

const microgrid = new Interface(MICROGRID_ABI);
const assets = new Interface(ASSETS_ABI);
const matching = new Interface(MATCHING_ABI);

export class MarketReads {
  readonly #rpc: JsonRpc;
  readonly #contracts: MarketContracts;
  readonly #at: BlockTag;

  /** @param at the block whose state is read */
  constructor(rpc: JsonRpc, contracts: MarketContracts, at: BlockTag = 'latest') {
    this.#rpc = rpc;
    this.#contracts = contracts;
    this.#at = at;
  }

  // ------------------------------------------------------------------------------- Microgrid

  async calendar(signal?: AbortSignal): Promise<MarketCalendar> {
    const [struct] = await this.#microgrid('calendar', [], signal);
    const [interval, clear, lead, quiet, horizon] = (struct as Result).map(Number);
    return {
      intervalSeconds: interval ?? 0,
      clearIntervals: clear ?? 0,
      leadSeconds: lead ?? 0,
      quietSeconds: quiet ?? 0,
      horizonIntervals: horizon ?? 0,
    };
  }

  async feederCount(signal?: AbortSignal): Promise<number> {
    return Number((await this.#microgrid('feederCount', [], signal))[0]);
  }

  async limitsAt(feeder: number, interval: number, signal?: AbortSignal): Promise<FeederLimits> {
    const [struct] = await this.#microgrid('limitsAt', [feeder, interval], signal);
    const [internal, external] = (struct as Result).map(Number);
    return { internalLimitW: internal ?? 0, externalLimitW: external ?? 0 };
  }

  async tariffAt(
    interval: number,
    signal?: AbortSignal,
  ): Promise<{ useMicroPerKwh: number; feedInMicroPerKwh: number }> {
    const [use, feedIn] = await this.#microgrid('tariffAt', [interval], signal);
    return { useMicroPerKwh: Number(use), feedInMicroPerKwh: Number(feedIn) };
  }

  async owner(signal?: AbortSignal): Promise<string> {
    return String((await this.#microgrid('owner', [], signal))[0]).toLowerCase();
  }

  /** Who may accept ownership, lower case; null: nobody. */
  async proposedOwner(signal?: AbortSignal): Promise<string | null> {
    const next = String((await this.#microgrid('proposedOwner', [], signal))[0]).toLowerCase();
    return BigInt(next) === 0n ? null : next;
  }

  /** From when on a proposed market may be admitted, unix s; 0: it was not proposed. */
  async admittedAt(market: string, signal?: AbortSignal): Promise<number> {
    return Number((await this.#microgrid('admittedAt', [market], signal))[0]);
  }

  async isGranter(holder: string, signal?: AbortSignal): Promise<boolean> {
    return (await this.#microgrid('isGranter', [holder], signal))[0] === true;
  }

  async isSettler(holder: string, signal?: AbortSignal): Promise<boolean> {
    return (await this.#microgrid('isSettler', [holder], signal))[0] === true;
  }

  async isMarket(market: string, signal?: AbortSignal): Promise<boolean> {
    return (await this.#microgrid('isMarket', [market], signal))[0] === true;
  }

  async isPaused(signal?: AbortSignal): Promise<boolean> {
    return (await this.#microgrid('isPaused', [], signal))[0] === true;
  }

  async isSealed(signal?: AbortSignal): Promise<boolean> {
    return (await this.#microgrid('isSealed', [], signal))[0] === true;
  }

  // ---------------------------------------------------------------------------------- Assets

  async asset(assetId: number, signal?: AbortSignal): Promise<EnergyAsset> {
    const [struct] = await this.#assets('assets', [assetId], signal);
    const [owner, feeder, side, first, last, energy, power] = struct as Result;
    return {
      id: assetId,
      owner: String(owner).toLowerCase(),
      feeder: Number(feeder),
      side: sideFromCode(Number(side)),
      firstInterval: Number(first),
      lastInterval: Number(last),
      energyWs: Number(energy),
      maxPowerW: Number(power),
    };
  }

  async assetCount(signal?: AbortSignal): Promise<number> {
    return Number((await this.#assets('assetCount', [], signal))[0]);
  }

  async balanceMicro(holder: string, signal?: AbortSignal): Promise<bigint> {
    return BigInt((await this.#assets('balanceMicro', [holder], signal))[0]);
  }

  /** One for each holder, in its order. */
  async balancesMicro(holders: readonly string[], signal?: AbortSignal): Promise<bigint[]> {
    const at = typeof this.#at === 'number' ? `0x${this.#at.toString(16)}` : this.#at;
    const calls = holders.map((holder) => {
      const data = assets.encodeFunctionData('balanceMicro', [holder]);
      return { method: 'eth_call', params: [{ to: this.#contracts.assets, data }, at] };
    });
    const answers = await this.#rpc.batch(calls, signal);
    return answers.map((answer) => {
      if (answer instanceof RpcError) throw answer;
      return BigInt(assets.decodeFunctionResult('balanceMicro', parseData(answer, 'eth_call'))[0]);
    });
  }

  async moneyTotals(
    signal?: AbortSignal,
  ): Promise<{ grantedMicro: bigint; depositedMicro: bigint }> {
    const [struct] = await this.#assets('moneyTotals', [], signal);
    const [granted, deposited] = (struct as Result).map((value) => BigInt(value));
    return { grantedMicro: granted ?? 0n, depositedMicro: deposited ?? 0n };
  }

  async energyTotals(
    side: Side,
    signal?: AbortSignal,
  ): Promise<{ grantedWs: bigint; depositedWs: bigint }> {
    const [struct] = await this.#assets('energyTotals', [SIDE_CODE[side]], signal);
    const [granted, deposited] = (struct as Result).map((value) => BigInt(value));
    return { grantedWs: granted ?? 0n, depositedWs: deposited ?? 0n };
  }

  /** Money inside the market: in offers, stakes, the pot and rewards set aside. */
  async insideMicro(signal?: AbortSignal): Promise<bigint> {
    return BigInt((await this.#assets('insideMicro', [this.#contracts.matching], signal))[0]);
  }

  /** The market whose money an address can hold, lower case; null: nothing was granted to it. */
  async marketOf(holder: string, signal?: AbortSignal): Promise<string | null> {
    const market = String((await this.#assets('marketOf', [holder], signal))[0]).toLowerCase();
    return BigInt(market) === 0n ? null : market;
  }

  // -------------------------------------------------------------------------------- Matching

  /** The contract takes no more trades in one chunk. */
  async maxTradesPerChunk(signal?: AbortSignal): Promise<number> {
    return Number((await this.#matching('maxTradesPerChunk', [], signal))[0]);
  }

  async solverTerms(signal?: AbortSignal): Promise<SolverTerms> {
    const [struct] = await this.#matching('params', [], signal);
    const [, , , minStake, , minGain, reward] = struct as Result;
    return {
      minStakeMicro: BigInt(minStake),
      minGainWs: Number(minGain),
      rewardMicroPerKwh: Number(reward),
      maxTradesPerChunk: await this.maxTradesPerChunk(signal),
    };
  }

  async stakeMicro(solver: string, signal?: AbortSignal): Promise<bigint> {
    return BigInt((await this.#matching('stakeOf', [solver], signal))[0]);
  }

  async rewardPotMicro(signal?: AbortSignal): Promise<bigint> {
    return BigInt((await this.#matching('rewardPotMicro', [], signal))[0]);
  }

  /** What a solver can claim of an interval: 0 before it is final, and once it was claimed. */
  async claimableMicro(interval: number, solver: string, signal?: AbortSignal): Promise<bigint> {
    const credit = await this.#matching('creditOf', [interval, solver], signal);
    const [, creditedWs = 0n, ownWs = 0n, rewardMicro = 0n] = credit.map((value) => BigInt(value));
    return creditedWs === 0n ? 0n : (ownWs * rewardMicro) / creditedWs;
  }

  /** The solution that a solver can add to now, or null. */
  async openSolutionOf(solver: string, signal?: AbortSignal): Promise<number | null> {
    const [id] = await this.#matching('openSolutionOf', [solver], signal);
    return Number(id) === 0 ? null : Number(id);
  }

  #microgrid(name: string, values: unknown[], signal: AbortSignal | undefined) {
    return this.#read(this.#contracts.microgrid, microgrid, name, values, signal);
  }

  #assets(name: string, values: unknown[], signal: AbortSignal | undefined) {
    return this.#read(this.#contracts.assets, assets, name, values, signal);
  }

  #matching(name: string, values: unknown[], signal: AbortSignal | undefined) {
    return this.#read(this.#contracts.matching, matching, name, values, signal);
  }

  async #read(
    to: string,
    contract: Interface,
    name: string,
    values: unknown[],
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    const data = contract.encodeFunctionData(name, values);
    const answer = await this.#rpc.ethCall({ to, data }, this.#at, signal);
    try {
      return contract.decodeFunctionResult(name, answer);
    } catch (cause) {
      const empty = answer === '0x' ? `: is there a contract at ${to}?` : '';
      throw new RpcError('malformed', `the answer to ${name} does not fit it${empty}`, { cause });
    }
  }
}
