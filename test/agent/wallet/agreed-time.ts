/** A wallet that makes addresses at a moment: clock and chain agree on it, and did so before. */
import type { Wallet } from '../../../agent/wallet/wallet.ts';

const BEFORE_SECONDS = 600;

/** @param unixSeconds of an interval of 900 s or less */
export function agreeOnTime(wallet: Wallet, unixSeconds: number): void {
  for (const at of [unixSeconds - BEFORE_SECONDS, unixSeconds]) wallet.agree(at * 1000, at);
}
