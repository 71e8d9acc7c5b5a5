/** Malformed replies: none gives a wrong value or ends the process, and good ones are all taken. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fuzzFrames } from './fuzz-frames.ts';
import { fuzzSockets } from './fuzz-sockets.ts';

const test = suite('bus-fuzz');

const REPLIES = 10_000;
const FRAMES = 1_000_000;

test('10,000 malformed replies on sockets give no wrong value, good ones are read', async () => {
  const report = await fuzzSockets(REPLIES, 1);
  assert.is(report.malformed, REPLIES);
  assert.is(report.wrong, 0);
  assert.is(report.validTaken, report.valid);
  // Noise before an RTU answer, a duplicate: those are read all the same.
  assert.ok(report.right > REPLIES / 20 && report.refused > REPLIES / 2, JSON.stringify(report));
});

test('1,000,000 malformed replies through the decoder give no wrong value', () => {
  const report = fuzzFrames(FRAMES, 1);
  assert.is(report.wrong, 0);
  assert.is(report.validTaken, FRAMES);
  assert.ok(report.malformed > 0.99 * FRAMES);
  // Of those that are random in every byte, one of 65,536 has a good checksum.
  assert.ok(report.collisions < FRAMES / 30_000, JSON.stringify(report));
});

test.run();
