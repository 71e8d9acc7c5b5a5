/** The page's server over real sockets: what it serves, what it refuses, how it pushes. */
import { request } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PageError, startPage } from '../../../testbed/page/server.ts';
import { CommunityDay, SMALL_DAY } from '../../fixtures/community-day.ts';

const test = suite('testbed/page/server');

function day(): CommunityDay {
  return new CommunityDay(SMALL_DAY).begin().advance(3);
}

interface Answer {
  status: number;
  body: string;
  headers: NodeJS.Dict<string | string[]>;
}

function ask(
  url: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent: false, ...options }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body, headers: response.headers });
      });
    });
    sent.on('error', reject).end();
  });
}

/** Reads events until `enough` says so of the data lines, then closes. */
function readEvents(url: string, enough: (data: string[]) => boolean): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}events`, { agent: false }, (response) => {
      let text = '';
      const done = (data: string[]) => {
        sent.destroy();
        resolve(data);
      };
      const data = () => [...text.matchAll(/^data: (.+)\n\n/gm)].map((match) => match[1] ?? '');
      response.setEncoding('utf8').on('data', (piece) => {
        text += piece;
        if (enough(data())) done(data());
      });
      response.on('end', () => done(data()));
    });
    sent.on('error', reject).end();
  });
}

test('serves the page, its scripts and uPlot, all from itself', async () => {
  const { record } = day();
  const page = await startPage({ state: () => record.state() });
  try {
    const index = await ask(page.url);
    assert.is(index.status, 200);
    assert.match(String(index.headers['content-security-policy']), "default-src 'none'");
    const named = [...index.body.matchAll(/(?:href|src)="(\/[^"]+)"/g)].map((match) => match[1]);
    assert.ok(named.length >= 5);
    for (const path of [...named, '/uplot/uplot.js', '/panels/homes.js']) {
      assert.is((await ask(new URL(path ?? '', page.url).href)).status, 200, path);
    }
    assert.not.match(index.body, /https?:\/\//);
  } finally {
    await page.close();
  }
});

test('gives the state as JSON', async () => {
  const { record } = day();
  const page = await startPage({ state: () => record.state() });
  try {
    const answer = await ask(`${page.url}state`);
    assert.is(answer.headers['content-type'], 'application/json');
    assert.equal(JSON.parse(answer.body), record.state());
  } finally {
    await page.close();
  }
});

test('refuses unknown paths, writes, and names that are not its own', async () => {
  const { record } = day();
  const page = await startPage({ state: () => record.state() });
  try {
    for (const path of ['nothing', '../server.ts', '%2e%2e/server.ts', 'jsconfig.json']) {
      assert.is((await ask(`${page.url}${path}`)).status, 404, path);
    }
    assert.is((await ask(`${page.url}state`, { method: 'POST' })).status, 405);
    const rebound = await ask(`${page.url}state`, { headers: { host: 'evil.example' } });
    assert.is(rebound.status, 421);
    assert.not.match(rebound.body, 'homes');
    const local = await ask(`${page.url}state`, { headers: { host: `localhost:${page.port}` } });
    assert.is(local.status, 200);
  } finally {
    await page.close();
  }
});

test('pushes at once to who comes, again when told, and never the same for nothing', async () => {
  const told = day();
  const page = await startPage({ state: () => told.record.state(), gapMs: 20 });
  try {
    const events = readEvents(page.url, (data) => {
      if (data.length === 1) {
        told.advance(1);
        page.notify();
        page.notify();
      }
      return data.length === 2;
    });
    const [first, second] = (await events).map((data) => JSON.parse(data));
    assert.is(second.run.currentInterval, first.run.currentInterval + 1);
  } finally {
    await page.close();
  }
});

test('many notices in a row become one push, and the last state always arrives', async () => {
  const told = day();
  let made = 0;
  const state = () => {
    made++;
    return told.record.state();
  };
  const page = await startPage({ state, gapMs: 30 });
  try {
    const events = readEvents(page.url, (data) => {
      if (data.length === 1) {
        for (let at = 0; at < 1000; at++) page.notify();
        told.record.phase('ended', 'over');
        page.notify();
      }
      return data.some((text) => text.includes('"phase":"ended"'));
    });
    await events;
    assert.is(made, 2);
  } finally {
    await page.close();
  }
});

test('closing pushes the last state and ends every connection', async () => {
  const told = day();
  const page = await startPage({ state: () => told.record.state(), gapMs: 60_000 });
  let closing: Promise<void> | null = null;
  const data = await readEvents(page.url, (seen) => {
    if (seen.length === 1 && !closing) {
      told.record.phase('ended', 'over');
      closing = page.close();
    }
    return false;
  });
  await closing;
  assert.match(data.at(-1) ?? '', '"phase":"ended"');
  assert.is(await ask(page.url).catch((error) => error.code), 'ECONNREFUSED');
});

test('a taken port is said in words', async () => {
  const { record } = day();
  const page = await startPage({ state: () => record.state() });
  try {
    await startPage({ state: () => record.state(), port: page.port });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, PageError);
    assert.is(error instanceof PageError && error.code, 'port-taken');
    assert.match((error as Error).message, `port ${page.port} is taken`);
  } finally {
    await page.close();
  }
});

test.run();
