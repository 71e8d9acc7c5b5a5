import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { MarketFeed, MarketNews } from '../../chain/follower.ts';
import type { MarketEvent } from '../../market/events.ts';
import { SharedFeed } from '../../testbed/shared-feed.ts';
import { never, stillClock } from '../chain/scripted-transport.ts';

const test = suite('shared feed');

/** One event and one transaction in each block. */
function source(): MarketFeed {
  let number = 0;
  return {
    async poll(): Promise<MarketNews> {
      number += 1;
      const event = { kind: 'interval-settled', interval: number, blockNumber: number };
      return {
        events: [event as MarketEvent],
        head: { number, timestamp: number },
        included: [{ hash: `0x${number}`, blockNumber: number }],
      };
    },
  };
}

test('each reader gets every event and transaction from its block on, once', async () => {
  const clock = stillClock();
  const shared = new SharedFeed(source(), clock);
  const early = shared.open(1);
  const late = shared.open(2);
  const read = async (feed: MarketFeed) => {
    const { events, included, head } = await feed.poll(never);
    return [events, included]
      .map((each) => each.map(({ blockNumber }) => blockNumber))
      .concat([[head.number]]);
  };
  assert.equal(await read(early), [[1], [1], [1]]);
  clock.nowMs += 1;
  assert.equal(await read(early), [[2], [2], [2]]);
  assert.equal(await read(late), [[2], [2], [2]]);
  assert.equal(await read(late), [[], [], [2]]);
  clock.nowMs += 1;
  assert.equal(await read(late), [[3], [3], [3]]);
  assert.equal(await read(early), [[3], [3], [3]]);
});

test.run();
