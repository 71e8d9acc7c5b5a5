import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readAgentSettings } from '../../agent/config.ts';
import { blockOf, messagesIn, readDocument, unsaid } from './document.ts';

const test = suite('docs: meter');
const TEXT = readDocument('meter.md');

test('the agent.toml to start from is read without a fault', () => {
  const settings = readAgentSettings(blockOf(TEXT, 'toml'), 'agent.toml', '/etc/transax');
  assert.is(settings.state.wallet, '/var/lib/transax/wallet.db');
  assert.is(settings.loads[0]?.name, 'boiler');
  assert.ok(settings.battery);
  assert.ok(settings.lab.singleEndpoint);
});

test('every complaint in it is one that the agent makes', () => {
  const messages = messagesIn(TEXT, 'When it complains');
  assert.ok(messages.length > 30, `${messages.length} messages`);
  assert.equal(unsaid(messages, /^(agent|chain|host|market|solver)\//), []);
});

test.run();
