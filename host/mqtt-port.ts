/** The border to an MQTT broker in the house. Interfaces only; the implementation is `mqtt.ts`. */
import type { HouseAddress } from './ports.ts';

export interface MqttTopic {
  /** An IP literal of the house. */
  at: HouseAddress;
  /** Without wildcards. */
  topic: string;
  /** Longer messages are an error of the broker; the connection is ended. */
  maxBytes: number;
}

/** Listens, and never publishes. */
export interface HouseMqtt {
  /**
   * Hears each message of the topic, until the signal aborts. A connection that is lost is made
   * anew after a while.
   * @param onMessage its payload as UTF-8
   * @param onProblem what hinders it, in words; null when it is over
   */
  listen(
    topic: MqttTopic,
    onMessage: (text: string) => void,
    onProblem: (problem: string | null) => void,
    signal: AbortSignal,
  ): void;
}
