/** A home whose agent was enrolled, to run commands in. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { type Fixture, withFixture } from '../agent/agent-fixture.ts';
import { AGENT, type Ended, run, Started, until } from './processes.ts';

export interface Envelope {
  ok: boolean;
  code: number;
  // biome-ignore lint/suspicious/noExplicitAny: looked into at many places, each asserted
  data: any;
  warnings: string[];
}

export interface CliHome extends Fixture {
  /** A command in words, as one would type it. */
  cli(line: string): Promise<Ended>;
  /** The same with --json; the envelope is checked. */
  json(line: string): Promise<Envelope>;
  start(): Promise<Started>;
  /** Names, sizes and times in the state folder. */
  looks(): string[];
}

export function withCliHome(work: (home: CliHome) => Promise<void>): Promise<void> {
  return withFixture(
    () => Date.now(),
    async (fixture) => {
      const { config, folder, gridFile } = fixture;
      const words = (line: string) => line.split(' ').filter((word) => word !== '');
      const cli = (line: string) => run(AGENT, ...words(line), '--config', config);
      const home: CliHome = {
        ...fixture,
        cli,
        async json(line) {
          const { code, out, err } = await cli(`${line} --json`);
          assert.is(out.trimEnd().split('\n').length, 1, `${line}: ${out}${err}`);
          const answer = JSON.parse(out) as Envelope;
          assert.equal(Object.keys(answer), ['ok', 'code', 'data', 'warnings'], line);
          assert.is(answer.code, code, line);
          assert.is(answer.ok, code === 0, line);
          return answer;
        },
        async start() {
          const agent = new Started(AGENT, 'run', '--config', config);
          const socket = join(folder, 'agent.sock');
          await until('it listens', () => existsSync(socket) && agent.lines.some(isRunning));
          return agent;
        },
        looks: () => looksOf(folder),
      };
      const enrolled = await cli(`enrol ${gridFile}`);
      assert.is(enrolled.code, 0, enrolled.err);
      await work(home);
    },
  );
}

function isRunning(line: string): boolean {
  return line.includes('the agent runs');
}

export function looksOf(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const { size, mtimeMs, mode } = statSync(join(folder, name));
      return `${name} ${size} ${mtimeMs} ${mode}`;
    });
}

/** A socket that accepts, and never says anything: an agent that hangs. */
export async function hangAt(path: string): Promise<() => void> {
  const server = createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return () => void server.close();
}
