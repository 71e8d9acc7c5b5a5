/**
 * A hot-water boiler behind a relay, with its own thermostat: it draws power only while the relay
 * gives it and the water is not hot yet. People draw water by a trace. Energy in whole mWs, as in
 * the battery.
 */

export interface BoilerSpec {
  powerW: number;
  /** What the household uses in a day, on average. */
  energyPerDayWs: number;
  /** Heat between "no warm water" and the thermostat's cut-out. */
  tankWs: number;
  /** Heat drawn by the household, mean W of each 15 minutes, from the community's start on. */
  drawW: Float64Array;
}

const MWS_PER_WS = 1000;
/** The thermostat calls again when this share of the tank is used. */
const HYSTERESIS = 0.1;
const INITIAL_SHARE = 0.6;

export class Boiler {
  readonly spec: BoilerSpec;
  relayOn = false;
  /** Times the relay changed. */
  switches = 0;
  /** Warm water that was wanted and not there. */
  unmetWs = 0;
  #heatMws: number;
  #calls = true;
  readonly #fullMws: number;
  readonly #callMws: number;

  constructor(spec: BoilerSpec) {
    this.spec = spec;
    this.#fullMws = Math.round(spec.tankWs) * MWS_PER_WS;
    this.#callMws = Math.round(this.#fullMws * (1 - HYSTERESIS));
    this.#heatMws = Math.round(this.#fullMws * INITIAL_SHARE);
  }

  /** Share of the tank that is warm. */
  get warmShare(): number {
    return this.#heatMws / this.#fullMws;
  }

  switchTo(on: boolean): void {
    if (on !== this.relayOn) this.switches += 1;
    this.relayOn = on;
  }

  /** Electric power now, W. */
  powerW(): number {
    return this.relayOn && this.#calls ? this.spec.powerW : 0;
  }

  /** Milliseconds until the thermostat changes its mind or the tank is empty, rounded up. */
  msToChange(drawW: number): number {
    const risingW = this.powerW() - this.#drawnW(drawW);
    if (risingW > 0) return Math.max(1, Math.ceil((this.#fullMws - this.#heatMws) / risingW));
    if (risingW === 0) return Number.POSITIVE_INFINITY;
    const floor = this.#calls || this.#heatMws <= this.#callMws ? 0 : this.#callMws;
    return Math.max(1, Math.ceil((this.#heatMws - floor) / -risingW));
  }

  /** @param drawW whole W, @param ms whole and not beyond `msToChange` */
  run(drawW: number, ms: number): void {
    const drawnW = this.#drawnW(drawW);
    this.unmetWs += ((drawW - drawnW) * ms) / MWS_PER_WS;
    this.#heatMws = Math.max(0, this.#heatMws + (this.powerW() - drawnW) * ms);
    if (this.#heatMws >= this.#fullMws) {
      this.#heatMws = this.#fullMws;
      this.#calls = false;
    } else if (this.#heatMws <= this.#callMws) {
      this.#calls = true;
    }
  }

  /** From an empty tank one gets no more than what is heated meanwhile. */
  #drawnW(drawW: number): number {
    return this.#heatMws > 0 ? drawW : Math.min(drawW, this.powerW());
  }
}
