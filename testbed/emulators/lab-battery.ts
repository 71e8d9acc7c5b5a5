/**
 * The physics of a battery: power limits, a window of charge, losses, and two modes. In `set-point`
 * mode it does as told; in `automatic` mode it uses up the home's own surplus (self-consumption).
 * A dead-man timer leads back to automatic when nobody writes any more.
 *
 * Energy at the terminals is kept in whole mWs (W x ms), so that the outcome does not depend on how
 * time was cut into pieces.
 */

export interface BatterySpec {
  /** Usable capacity between empty and full. */
  capacityWs: number;
  /** Highest powers at the terminals. */
  chargeW: number;
  dischargeW: number;
  /** Of a whole round trip, 0 to 1; half of the loss (its root) falls on each way. */
  efficiency: number;
  /** Share of the capacity at the start. */
  initialShare: number;
}

export type BatteryMode = 'automatic' | 'set-point';

const MWS_PER_WS = 1000;

export class LabBattery {
  readonly spec: BatterySpec;
  mode: BatteryMode = 'automatic';
  /** Positive charges. */
  setPointW = 0;
  /** 0: the timer is off. */
  deadManSeconds = 0;
  #expiresAtMs = Number.POSITIVE_INFINITY;
  /** Energy at the terminals since the start. */
  #chargedMws = 0;
  #dischargedMws = 0;
  readonly #oneWay: number;

  constructor(spec: BatterySpec) {
    this.spec = spec;
    this.#oneWay = Math.sqrt(spec.efficiency);
  }

  /** Energy in the cells, never beyond empty and full. */
  get storedWs(): number {
    const change = this.#chargedMws * this.#oneWay - this.#dischargedMws / this.#oneWay;
    const stored = this.spec.initialShare * this.spec.capacityWs + change / MWS_PER_WS;
    return Math.min(Math.max(stored, 0), this.spec.capacityWs);
  }

  get stateOfCharge(): number {
    return this.storedWs / this.spec.capacityWs;
  }

  get chargedWs(): number {
    return this.#chargedMws / MWS_PER_WS;
  }

  get dischargedWs(): number {
    return this.#dischargedMws / MWS_PER_WS;
  }

  /** When the dead-man timer ends; infinite when it is off or the mode is automatic. */
  get expiresAtMs(): number {
    return this.#expiresAtMs;
  }

  /** Any write from outside: the timer starts anew. */
  touch(atMs: number): void {
    const runs = this.mode === 'set-point' && this.deadManSeconds > 0;
    this.#expiresAtMs = runs ? atMs + this.deadManSeconds * 1000 : Number.POSITIVE_INFINITY;
  }

  /** To be called when `expiresAtMs` is reached. */
  expire(): void {
    this.mode = 'automatic';
    this.setPointW = 0;
    this.#expiresAtMs = Number.POSITIVE_INFINITY;
  }

  /** Power it takes (positive) or gives now, whole W, beside a home that draws `othersW` net. */
  powerW(othersW: number): number {
    const wanted = this.mode === 'set-point' ? this.setPointW : -othersW;
    if (wanted > 0) return this.#isFull() ? 0 : Math.min(wanted, this.spec.chargeW);
    if (wanted < 0) return this.#isEmpty() ? 0 : Math.max(wanted, -this.spec.dischargeW);
    return 0;
  }

  /** Milliseconds at a power until it is full or empty, rounded up; at least 1. */
  msToLimit(powerW: number): number {
    if (powerW === 0) return Number.POSITIVE_INFINITY;
    const room =
      powerW > 0
        ? (this.spec.capacityWs - this.storedWs) / (powerW * this.#oneWay)
        : this.storedWs / (-powerW / this.#oneWay);
    return Math.max(1, Math.ceil(room * 1000));
  }

  /** @param powerW whole W as from `powerW`, @param ms whole and not beyond `msToLimit` */
  run(powerW: number, ms: number): void {
    if (powerW > 0) this.#chargedMws += powerW * ms;
    else this.#dischargedMws -= powerW * ms;
  }

  #isFull(): boolean {
    return this.storedWs >= this.spec.capacityWs;
  }

  #isEmpty(): boolean {
    return this.storedWs <= 0;
  }
}
