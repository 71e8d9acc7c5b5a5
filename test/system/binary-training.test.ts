/** The one-file binary trains in a thread of its own, as the checkout does: the same model. */
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { trainFrom, trainingInput } from '../../agent/training/training-job.ts';
import { buildBinary } from '../../build/binary.ts';
import { ROOT } from '../../build/project-root.ts';
import { madeHistory } from '../agent/forecasting/made-home.ts';
import { temporaryFolder } from '../host/temporary-folder.ts';

const test = suite('binary training');

const DAYS = 20;
/** Asks a thread as the agent's trainer does, and prints the model. */
const ENTRY = `
  import { trainingInput } from './agent/training/training-job.ts';
  import { nodeThreads } from './host/threads.ts';
  import { madeHistory } from './test/agent/forecasting/made-home.ts';
  const input = trainingInput({ history: madeHistory(${DAYS}) }, 'Europe/Berlin', 0);
  const limits = { deadlineMs: 60_000, mostHeapMib: 48 };
  const job = { program: 'agent/training/main', input, transfer: [input.powersW.buffer] };
  nodeThreads().run({ ...job, ...limits }, new AbortController().signal).then(
    (answer) => console.log(JSON.stringify(answer)),
    (error) => { console.error(error); process.exitCode = 1; },
  );
`;

test('a thread of the binary makes the model that the checkout makes', async () => {
  const platform = `${process.platform}-${process.arch}`;
  const { path } = await buildBinary(platform, join(ROOT, '.cache', 'binary-training'), ENTRY);
  const folder = temporaryFolder();
  try {
    const alone = join(folder.path, 'program');
    copyFileSync(path, alone);
    const env = { PATH: '/nowhere' };
    const ended = spawnSync(alone, { cwd: folder.path, env, encoding: 'utf8' });
    assert.is(ended.status, 0, ended.stderr);
    const input = trainingInput({ history: madeHistory(DAYS) }, 'Europe/Berlin', 0);
    assert.is(ended.stdout.trim(), JSON.stringify(trainFrom(input)));
    assert.match(ended.stdout, '"linear"');
  } finally {
    folder.dispose();
  }
});

test.run();
