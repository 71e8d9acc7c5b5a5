/** A command whose output is only shown when it fails. */

import { type ChildProcess, spawn } from 'node:child_process';

export interface CommandResult {
  /** 0 when it went well; -1 when it could not be started. */
  code: number;
  /** stdout and stderr, as they came. */
  output: string;
}

const running = new Set<ChildProcess>();

export function runCommand(
  command: string,
  args: string[],
  cwd: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    let output = '';
    const keep = (piece: Buffer): void => {
      output += piece;
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const end = (code: number): void => {
      running.delete(child);
      resolve({ code, output });
    };
    child.on('error', (error) => {
      output += error.message;
      end(-1);
    });
    child.on('close', (code) => end(code ?? -1));
  });
}

export function killCommands(): void {
  for (const child of running) child.kill('SIGKILL');
}
