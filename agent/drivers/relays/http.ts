/**
 * The relay driver `http`: a network relay with a dead-man timer. Whenever the output is not in its
 * safe state, the device itself holds a timer that turns it back; this driver renews it at a third
 * of its time. When agent, computer or network fail, the load is safe after that time.
 *
 * Renewing never switches: a device that went back by its timer is left alone, since the one who
 * uses this relay must decide anew.
 */
import type { Clock, HeldRelay, HouseAddress, HouseHttp } from '../../../host/ports.ts';
import { RelayError } from './relay-error.ts';
import { type RelayState, SHELLY_APIS, type ShellyApi } from './shelly.ts';

export interface HttpRelaySettings {
  api: keyof typeof SHELLY_APIS;
  address: HouseAddress;
  /** Which output of the device, from 0. */
  output: number;
  deadManMs: number;
}

/** Of one exchange, real ms. */
const DEADLINE_MS = 3_000;
const MAX_BYTES = 16_384;
/** A renewal that failed is tried again after this share of the dead-man time. */
const RETRY_SHARE = 12;
const RENEW_SHARE = 3;

export interface HttpRelayPorts {
  http: HouseHttp;
  clock: Pick<Clock, 'delay' | 'monotonicMs'>;
}

/** @throws TransportError, RelayError */
export function openHttpRelay(
  settings: HttpRelaySettings,
  ports: HttpRelayPorts,
  safeOn: boolean,
): HeldRelay {
  return new HttpRelay(settings, ports, safeOn);
}

class HttpRelay implements HeldRelay {
  readonly #settings: HttpRelaySettings;
  readonly #ports: HttpRelayPorts;
  readonly #safeOn: boolean;
  readonly #api: ShellyApi;
  #renewing: AbortController | null = null;

  constructor(settings: HttpRelaySettings, ports: HttpRelayPorts, safeOn: boolean) {
    this.#settings = settings;
    this.#ports = ports;
    this.#safeOn = safeOn;
    this.#api = SHELLY_APIS[settings.api];
  }

  async set(on: boolean): Promise<void> {
    this.#stopRenewing();
    const sentAtMs = this.#ports.clock.monotonicMs();
    await this.#write(on);
    const state = await this.#state();
    const isSafe = on === this.#safeOn;
    if (state.on !== on) throw this.#mismatch(`reads ${onOff(state.on)} after ${onOff(on)}`);
    if (isSafe && state.isTimed) throw this.#mismatch('has a timer that would undo its safe state');
    if (!isSafe && !state.isTimed) {
      await this.#write(this.#safeOn);
      throw this.#mismatch('took no timer: it would stay as it is if this computer failed');
    }
    if (!isSafe) this.#startRenewing(on, sentAtMs);
  }

  async read(): Promise<boolean> {
    return (await this.#state()).on;
  }

  async close(): Promise<void> {
    this.#stopRenewing();
  }

  #startRenewing(on: boolean, sentAtMs: number): void {
    this.#renewing = new AbortController();
    const { signal } = this.#renewing;
    // It ends by the signal, or by itself; it never fails.
    void this.#renew(on, sentAtMs, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  #stopRenewing(): void {
    this.#renewing?.abort(new Error('the relay was told otherwise'));
    this.#renewing = null;
  }

  async #renew(on: boolean, sentAtMs: number, signal: AbortSignal): Promise<void> {
    const { deadManMs } = this.#settings;
    const { clock } = this.#ports;
    let armedAtMs = sentAtMs;
    let waitMs = deadManMs / RENEW_SHARE;
    while (clock.monotonicMs() - armedAtMs < deadManMs) {
      await clock.delay(waitMs, signal);
      const triedAtMs = clock.monotonicMs();
      try {
        const { on: isOn } = await this.#state(signal);
        signal.throwIfAborted();
        if (isOn !== on || triedAtMs - armedAtMs >= deadManMs) return;
        await this.#write(on, signal);
        armedAtMs = triedAtMs;
        waitMs = deadManMs / RENEW_SHARE;
      } catch (error) {
        if (signal.aborted) throw error;
        waitMs = deadManMs / RETRY_SHARE;
      }
    }
  }

  #write(on: boolean, signal?: AbortSignal): Promise<string> {
    const { output, deadManMs } = this.#settings;
    const backAfter = on === this.#safeOn ? null : Math.ceil(deadManMs / 1000);
    return this.#get(this.#api.setPath(output, on, backAfter), signal);
  }

  async #state(signal?: AbortSignal): Promise<RelayState> {
    const body = await this.#get(this.#api.readPath(this.#settings.output), signal);
    const state = this.#api.parse(body);
    if (state !== null) return state;
    throw new RelayError(
      'refused',
      `${this.#name()} does not answer as ${this.#settings.api} does`,
    );
  }

  async #get(path: string, signal?: AbortSignal): Promise<string> {
    const { http } = this.#ports;
    const limits = { deadlineMs: DEADLINE_MS, maxBytes: MAX_BYTES };
    const withSignal = signal === undefined ? limits : { ...limits, signal };
    const { status, body } = await http.get(this.#settings.address, path, withSignal);
    if (status === 200) return body;
    const why = status === 401 ? 'asks for a password, which is not supported' : `HTTP ${status}`;
    throw new RelayError('refused', `${this.#name()}: ${why}`);
  }

  #mismatch(what: string): RelayError {
    return new RelayError('mismatch', `${this.#name()} ${what}`);
  }

  #name(): string {
    const { address, output } = this.#settings;
    return `output ${output} of the relay at ${address.host}`;
  }
}

function onOff(on: boolean): string {
  return on ? 'on' : 'off';
}
