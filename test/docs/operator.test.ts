import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readOperatorSettings } from '../../operator/config.ts';
import { blockOf, messagesIn, readDocument, unsaid } from './document.ts';

const test = suite('docs: operator');
const TEXT = readDocument('operator.md');

test('the operator.toml to start from is read without a fault', () => {
  const settings = readOperatorSettings(blockOf(TEXT, 'toml'), 'operator.toml', '/etc/transax');
  assert.is(settings.grid.feeders.length, 2);
  assert.is(settings.grid.calendar.quietSeconds, 300);
  assert.is(settings.files.books, '/var/lib/transax-operator/books.db');
});

test('every complaint in it is one that the operator makes', () => {
  const messages = messagesIn(TEXT, 'When it complains');
  assert.ok(messages.length > 15, `${messages.length} messages`);
  assert.equal(unsaid(messages, /^(operator|solver|chain|host|market)\//), []);
});

test.run();
