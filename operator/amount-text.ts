/** @returns an amount for people, to the millionth: `"12.500000"` */
export function amountText(amountMicro: bigint): string {
  return `${amountMicro / 1_000_000n}.${String(amountMicro % 1_000_000n).padStart(6, '0')}`;
}
