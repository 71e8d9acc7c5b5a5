import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readAgentSettings } from '../../agent/config.ts';
import { blockOf, messagesIn, readDocument, unsaid } from './document.ts';

const test = suite('docs: install');
const TEXT = readDocument('install.md');

test('the relays in it are read without a fault, together with the settings to start from', () => {
  const start = blockOf(readDocument('meter.md'), 'toml');
  const [before = '', after = ''] = start.split(/\[loads\.boiler\][\s\S]*?(?=\n\[)/);
  const text = `${before}${blockOf(TEXT, 'toml')}${after}`;
  const { loads } = readAgentSettings(text, 'agent.toml', '/etc/transax');
  const drivers = loads.flatMap(({ relays }) => relays.map(({ driver }) => driver));
  assert.equal(drivers, ['gpio', 'gpio-sysfs', 'http', 'modbus-coil']);
  assert.is(loads.find(({ name }) => name === 'freezer')?.safe, 'on');
});

test('every complaint in it is one that the agent makes', () => {
  const messages = messagesIn(TEXT, 'When it complains');
  assert.ok(messages.length > 8, `${messages.length} messages`);
  assert.equal(unsaid(messages, /^(agent|host|market)\//), []);
});

test.run();
