/** A real market on a real chain, hostile endpoints before it, and the client that meets them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { computeAddress, hexlify } from 'ethers';
import { addFinancialBalanceCall } from '../../chain/calls.ts';
import { readKeyFile } from '../../host/key-file.ts';
import { parseDeployment } from '../../operator/deployment.ts';
import { startUtility } from '../operator/world.ts';
import type { Met, Task } from './client.ts';

const HOLDER = `0x${'a7'.repeat(20)}`;
const program = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Each behaviour so often. @param onMet called with each one's figures when it is through */
export async function meetAll(
  names: readonly string[],
  times: number,
  onMet: (met: Met) => void,
): Promise<Met[]> {
  const utility = await startUtility();
  const children: ChildProcess[] = [];
  try {
    const deployed = await utility.run(['deploy']);
    if (deployed.code !== 0) throw new Error(deployed.log.join('\n'));
    const path = join(utility.folder, 'deployment.json');
    const { chainId, contracts } = parseDeployment(readFileSync(path, 'utf8'), path);
    const granter = computeAddress(hexlify(readKeyFile(join(utility.folder, 'dso.key'))));
    await utility.anvil.call('anvil_impersonateAccount', [granter]);
    const { to, data } = addFinancialBalanceCall(contracts, HOLDER, contracts.matching, 7n);
    // The honest ones apart: what the hostile one does must not take their time.
    const [first = '', second = ''] = await endpoints(children, utility.anvil.url);
    const [, , hostileUrl = ''] = await endpoints(children, utility.anvil.url);
    const task: Task = {
      ...{ chainUrl: utility.anvil.url, honestUrls: [first, second], hostileUrl },
      ...{ chainId, contracts, granter, grant: { to: to ?? '', data } },
      ...{ names: [...names], times },
    };
    return await runClient(children, task, onMet);
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await utility.close();
  }
}

function start(children: ChildProcess[], args: string[]) {
  const quiet = '--disable-warning=ExperimentalWarning';
  const child = spawn(process.execPath, [quiet, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

/** The URLs of two honest endpoints and a hostile one, of one process. */
async function endpoints(children: ChildProcess[], chainUrl: string): Promise<string[]> {
  const endpoint = start(children, [program('./endpoint.ts'), chainUrl]);
  const ports = await portsOf(endpoint);
  return ports.map((port) => `http://127.0.0.1:${port}`);
}

async function portsOf(endpoint: ChildProcess): Promise<number[]> {
  if (endpoint.stdout === null) throw new Error('the endpoint has no output');
  for await (const line of createInterface({ input: endpoint.stdout })) return JSON.parse(line);
  throw new Error('the hostile endpoint did not start');
}

async function runClient(
  children: ChildProcess[],
  task: Task,
  onMet: (met: Met) => void,
): Promise<Met[]> {
  const client = start(children, ['--expose-gc', program('./client.ts')]);
  const ended = new Promise<string>((resolve) => {
    client.once('exit', (code, signal) => resolve(`code ${code}, signal ${signal}`));
  });
  client.stdin?.end(JSON.stringify(task));
  const all: Met[] = [];
  if (client.stdout === null) throw new Error('the client has no output');
  for await (const line of createInterface({ input: client.stdout })) {
    const met: Met = JSON.parse(line);
    all.push(met);
    onMet(met);
  }
  const end = await ended;
  if (end === 'code 0, signal null' && all.length === task.names.length) return all;
  const name = task.names[all.length] ?? 'the end';
  throw new Error(`the client ended at "${name}" with ${end}`);
}
