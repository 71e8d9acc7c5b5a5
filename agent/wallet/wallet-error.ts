/** Why a wallet cannot be opened, or gives no address. */
export class WalletError extends Error {
  /**
   * `empty`: no identity in it, the meter must be enrolled. `no-grid`: made, and not enrolled yet.
   * `wrong-key`: the keystore's key does not open its secrets. `incomplete`: a secret is gone while
   * others, or addresses, are there. `old-format`: of an early release. `other-grid`: it belongs to
   * another grid. `not-now`: no address can be made at the moment. `exhausted`: no index is left at
   * the moment. `no-key`: the key of an address was erased.
   */
  readonly code:
    | 'empty'
    | 'no-grid'
    | 'wrong-key'
    | 'incomplete'
    | 'old-format'
    | 'other-grid'
    | 'not-now'
    | 'exhausted'
    | 'no-key';
  constructor(code: WalletError['code'], message: string) {
    super(message);
    this.name = 'WalletError';
    this.code = code;
  }
}
