/**
 * A listener at an MQTT broker in the house: an IP literal only, one topic, quality 0, without a
 * password, so that nothing of this home is sent. What is lost is connected anew, ever more slowly.
 */
import { isIP, type Socket, connect as tcpConnect } from 'node:net';
import {
  connectPacket,
  MqttError,
  type MqttPacket,
  PINGREQ,
  readPackets,
  subscribePacket,
} from './mqtt-packets.ts';
import type { HouseMqtt, MqttTopic } from './mqtt-port.ts';
import { sleep } from './wall-clock.ts';

/** The broker ends a connection that is silent for one and a half of it. */
const KEEP_ALIVE_S = 60;
/** No answer, not even to a ping, in this time: the connection is dead. */
const SILENT_MS = 90_000;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 300_000;

export interface MqttTimes {
  firstPauseMs: number;
  silentMs: number;
}

export function houseMqtt(
  times: MqttTimes = { firstPauseMs: FIRST_PAUSE_MS, silentMs: SILENT_MS },
): HouseMqtt {
  return {
    listen(topic, onMessage, onProblem, signal) {
      keepListening(topic, times, onMessage, onProblem, signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    },
  };
}

type Listening = Parameters<HouseMqtt['listen']>;

async function keepListening(
  topic: MqttTopic,
  times: MqttTimes,
  onMessage: Listening[1],
  onProblem: Listening[2],
  signal: AbortSignal,
): Promise<void> {
  let pauseMs = times.firstPauseMs;
  while (!signal.aborted) {
    const problem = await listenOnce(topic, times.silentMs, signal, (heard) => {
      pauseMs = times.firstPauseMs;
      onProblem(null);
      if (heard !== null) onMessage(heard);
    });
    if (signal.aborted) return;
    onProblem(problem);
    await sleep(pauseMs, signal);
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
  }
}

/**
 * One connection, until it ends.
 * @param onGood null: the topic is heard from now on; else a message of it
 * @returns why it ended
 */
function listenOnce(
  { at, topic, maxBytes }: MqttTopic,
  silentMs: number,
  signal: AbortSignal,
  onGood: (heard: string | null) => void,
): Promise<string> {
  const place = `${at.host}:${at.port}`;
  if (isIP(at.host) === 0) return Promise.resolve(`"${at.host}" is no IP address`);
  return new Promise((resolve) => {
    const socket = tcpConnect({ host: at.host, port: at.port });
    let ping: NodeJS.Timeout | undefined;
    let heardAtMs = performance.now();
    const end = (problem: string): void => {
      clearInterval(ping);
      clearInterval(silent);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(`${place} ${problem}`);
    };
    const onAbort = (): void => end('is not asked any more');
    signal.addEventListener('abort', onAbort, { once: true });
    // A socket's own timer would count our pings as a sign of life.
    const silent = setInterval(() => {
      if (performance.now() - heardAtMs >= silentMs) end('does not answer');
    }, silentMs / 4);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      end(`cannot be reached (${error.code ?? error.message})`);
    });
    socket.on('close', () => end('ended the connection'));
    socket.on('connect', () => {
      socket.write(connectPacket(KEEP_ALIVE_S));
      ping = setInterval(() => socket.write(PINGREQ), Math.min(KEEP_ALIVE_S * 500, silentMs / 2));
    });
    let rest: Uint8Array = new Uint8Array(0);
    socket.on('data', (piece) => {
      heardAtMs = performance.now();
      try {
        const read = readPackets(Buffer.concat([rest, piece]), maxBytes);
        rest = read.rest;
        for (const each of read.packets) follow(each, socket, topic, onGood);
      } catch (error) {
        if (!(error instanceof MqttError)) throw error;
        end(`is not understood: ${error.message}`);
      }
    });
  });
}

/** @throws MqttError when the broker refuses */
function follow(
  packet: MqttPacket,
  socket: Socket,
  topic: string,
  onGood: (heard: string | null) => void,
): void {
  switch (packet.kind) {
    case 'connack':
      if (packet.code !== 0) throw new MqttError(`it refuses to be listened to (${packet.code})`);
      socket.write(subscribePacket(topic));
      return;
    case 'suback':
      if (packet.code !== 0) throw new MqttError(`it refuses the topic (${packet.code})`);
      onGood(null);
      return;
    case 'publish':
      if (packet.topic === topic) onGood(new TextDecoder().decode(packet.payload));
      return;
    case 'pingresp':
      return;
  }
}
