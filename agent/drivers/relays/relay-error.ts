/** A relay that was reached and does not do as told. */
export class RelayError extends Error {
  /** `mismatch`: it reads otherwise. `refused`: the device says no, or something senseless. */
  readonly code: 'mismatch' | 'refused';
  constructor(code: RelayError['code'], message: string) {
    super(message);
    this.name = 'RelayError';
    this.code = code;
  }
}
