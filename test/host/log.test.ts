import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('log and schedule');

function runScript(script: string, env: Record<string, string> = {}): string {
  const base = new URL('../../host/', import.meta.url).href;
  const child = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', script.replaceAll('HOST/', base)],
    { encoding: 'utf8', env: { PATH: process.env.PATH ?? '', ...env }, timeout: 20_000 },
  );
  assert.is(child.stdout, '');
  return child.stderr;
}

const SAY = `import { stderrLog } from 'HOST/log.ts';
  const fields = { count: 3, big: 5n, words: 'a b', none: null };
  stderrLog('agent', JSON_OPTION).warn('two\\nlines', fields);`;

test('one event is one line on stderr, also when the message has several', () => {
  const line = runScript(SAY.replace('JSON_OPTION', '{}'));
  assert.match(line, /^\S+Z warn {2}agent: two \| lines count=3 big=5 words="a b" none=null\n$/);
});

test('under systemd the level goes in front and the time away', () => {
  const line = runScript(SAY.replace('JSON_OPTION', '{}'), { JOURNAL_STREAM: '8:1' });
  assert.match(line, /^<4>agent: two \| lines/);
});

test('for machines a line is one JSON object', () => {
  const record = JSON.parse(runScript(SAY.replace('JSON_OPTION', '{ json: true }')));
  assert.is(record.level, 'warn');
  assert.is(record.message, 'two\nlines');
  assert.is(record.big, '5');
});

test('a job runs at each match of its calendar until called off, and holds no process open', () => {
  const said = runScript(`import { cronSchedule } from 'HOST/schedule.ts';
    const stop = new AbortController();
    let runs = 0;
    const signal = stop.signal;
    cronSchedule().at('* * * * * *', () => { runs += 1; if (runs === 2) stop.abort(); }, signal);
    cronSchedule().at('0 0 1 1 *', () => {}, new AbortController().signal);
    const look = setInterval(() => {
      if (runs < 2) return;
      clearInterval(look);
      setTimeout(() => process.stderr.write('runs ' + runs), 1_300);
    }, 20);`);
  assert.is(said, 'runs 2');
});

test.run();
