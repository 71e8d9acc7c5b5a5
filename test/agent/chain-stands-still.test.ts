import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withGuardedAgent } from './guarded-agent.ts';

const test = suite('agent: a chain that stands still');

test('a last final block that grows old is noticed, and offers end until there are new ones', () =>
  withGuardedAgent([], {}, async ({ agent, lack, lines, runTo }) => {
    await runTo(0, 0.5);
    assert.ok(agent.status().chain?.isFresh);
    lack.blocks = true;
    await runTo(0, 0.55);
    assert.ok(agent.status().chain?.isFresh, 'a minute is nothing to speak of');
    await runTo(1, 0.1);
    const status = agent.status();
    assert.not(status.chain?.isFresh);
    const why = /the chain is not read: the last final block, \d+, is \d+ s old: the chain stands/;
    assert.ok(
      status.problems.some((problem) => why.test(problem)),
      status.problems.join('\n'),
    );
    lack.blocks = false;
    await runTo(1, 0.2);
    assert.ok(agent.status().chain?.isFresh);
    assert.is(lines.filter((line) => /the chain answers again/.test(line)).length, 1);
  }));

test.run();
