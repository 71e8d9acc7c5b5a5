/** Where forecasts of the weather come from, by the settings. */
import type { HouseMqtt } from '../../../host/mqtt-port.ts';
import { FileError, type Files } from '../../../host/ports.ts';
import type { WeatherPlace } from '../../config/forecast.ts';
import type { WeatherText } from './weather-file.ts';

/** Ten years of hours would fit. */
const MOST_BYTES = 4_000_000;

export function fileText(files: Files, path: string): WeatherText {
  return { place: path, read: () => files.readText(path) };
}

/** What a topic told last; nothing is asked before `listen`. */
export class MqttText implements WeatherText {
  readonly place: string;
  readonly #from: Exclude<WeatherPlace, string>;
  #text: string | null = null;
  #problem: string | null = 'no connection yet';

  constructor(from: Exclude<WeatherPlace, string>) {
    const { host, port } = from.at;
    this.#from = from;
    this.place = `mqtt://${host.includes(':') ? `[${host}]` : host}:${port} ${from.topic}`;
  }

  listen(mqtt: HouseMqtt, signal: AbortSignal): void {
    mqtt.listen(
      { ...this.#from, maxBytes: MOST_BYTES },
      (text) => {
        this.#text = text;
      },
      (problem) => {
        this.#problem = problem;
      },
      signal,
    );
  }

  /** A broker that is lost does not take back what it told. */
  read(): string {
    if (this.#text !== null) return this.#text;
    const why = this.#problem ?? 'nothing was published yet; publish it with retain';
    throw new FileError(this.place, 'missing', `${this.place}: ${why}`);
  }
}
