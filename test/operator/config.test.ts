import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SettingsError } from '../../market/settings/toml.ts';
import { readOperatorSettings } from '../../operator/config.ts';
import { operatorToml } from './world.ts';

const test = suite('operator settings');

function faultsOf(text: string): string[] {
  try {
    readOperatorSettings(text, 'operator.toml', '/etc/transax');
    return [];
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.faults.map(({ key, line }) => `${line} ${key}`);
  }
}

const GOOD = operatorToml('http://127.0.0.1:8545', 8800);

test('quantities become inner units, paths start at the folder of the file', () => {
  const settings = readOperatorSettings(GOOD, 'operator.toml', '/etc/transax');
  assert.equal(settings.grid.calendar, {
    intervalSeconds: 900,
    clearIntervals: 1,
    leadSeconds: 60,
    quietSeconds: 300,
    horizonIntervals: 13,
  });
  assert.equal(settings.tariff, { useMicroPerKwh: [300_000], feedInMicroPerKwh: [80_000] });
  assert.equal(settings.grid.feeders[1], { internalLimitW: 25_000, externalLimitW: 20_000 });
  assert.equal(settings.caps, { moneyMicroPerDay: 100_000_000_000n, feederPowerW: 10_000_000 });
  assert.is(settings.dso.creditMicro, 50_000_000n);
  assert.is(settings.files.books, '/etc/transax/books.db');
  assert.is(settings.files.solver, '/etc/transax/solver.db');
});

test('all faults are named together, with key and line', () => {
  const bad = GOOD.replace('25 kW', '25 kVA')
    .replace('name = ', 'nmae = ')
    .replace('credit = "50"', 'credit = -1')
    .replace('http://127.0.0.1:8545', 'ftp://x');
  assert.equal(faultsOf(bad).sort(), [
    '16 dso.credit',
    '2 chain.rpc.0',
    '3 grid.name',
    '4 grid.nmae',
    '7 grid.feeders.0.internal_limit',
  ]);
});

test('every form of finality is read, and nothing else', () => {
  const withFinality = (text: string) => GOOD.replace('[grid]', `finality = "${text}"\n[grid]`);
  const finalityOf = (text: string) =>
    readOperatorSettings(withFinality(text), 'operator.toml', '/').chain.finality;
  assert.equal(finalityOf('instant'), { kind: 'instant' });
  assert.equal(finalityOf('depth 12'), { kind: 'depth', blocks: 12 });
  assert.equal(finalityOf('safe'), { kind: 'tag', tag: 'safe' });
  assert.equal(faultsOf(withFinality('depth')), ['3 chain.finality']);
});

test('a calendar in which nothing could be posted is refused before it is deployed', () => {
  const text = GOOD.replace('tariff_zone', 'horizon = 2\nclear_intervals = 2\ntariff_zone');
  assert.equal(faultsOf(text), ['5 grid.horizon']);
});

test('among equal deadlines welfare decides, or equal shares where the operator says so', () => {
  const ruleOf = (text: string) =>
    readOperatorSettings(text, 'operator.toml', '/').solver.secondTieRule;
  const withRule = (rule: string) => GOOD.replace('[solver]', `[solver]\ntie_rule = "${rule}"`);
  assert.is(ruleOf(GOOD), 'welfare');
  assert.is(ruleOf(withRule('equal-shares')), 'equal-shares');
  assert.equal(
    faultsOf(withRule('arbitrary')).map((fault) => fault.split(' ')[1]),
    ['solver.tie_rule'],
  );
});

test('a payout account is an address that was not mistyped', () => {
  const withPayout = (text: string) => GOOD.replace('[solver]', `[solver]\npayout = "${text}"`);
  const payoutOf = (text: string) => readOperatorSettings(text, 'operator.toml', '/').solver.payout;
  const account = '0xde709f2102306220921060314715629080e2fb77';
  assert.is(payoutOf(GOOD), null);
  assert.is(payoutOf(withPayout(account))?.toLowerCase(), account);
  const [fault = ''] = faultsOf(withPayout('0xDe709f2102306220921060314715629080e2fb77'));
  assert.match(fault, 'solver.payout');
});

const ONION = `http://${'a'.repeat(56)}.onion`;

/** Not of a lab. */
function real(rpc: string, meters: string | null, dso = ONION): string {
  const metersRpc = meters === null ? '' : `meters_rpc = ["${meters}"]\n`;
  return GOOD.replace('clear_net = true', '')
    .replace(/^rpc = .*$/m, `rpc = ["${rpc}"]\n${metersRpc}`)
    .replace(/^url = .*$/m, `url = "${dso}"`);
}

test('without the lab setting the chain is an onion service, https, or on this machine', () => {
  const own = ['http://127.0.0.1:8545', 'http://127.1:8545', 'http://[::1]:1'];
  for (const url of [ONION, 'https://chain.example', ...own]) {
    assert.equal(faultsOf(real(url, ONION)), [], url);
  }
  for (const url of ['http://chain.example', 'http://192.168.1.5:8545', 'http://localhost:8545']) {
    assert.match(faultsOf(real(url, ONION)).join(), /chain.rpc/, url);
    assert.equal(faultsOf(GOOD.replace(/^rpc = .*$/m, `rpc = ["${url}"]`)), [], 'in a lab');
  }
});

test('meters are told of nothing that Tor could not carry', () => {
  assert.equal(faultsOf(real(ONION, null)), []);
  assert.match(faultsOf(real('http://127.0.0.1:1', null)).join(), /chain.rpc/);
  assert.match(faultsOf(real(ONION, 'http://127.0.0.1:1')).join(), /chain.meters_rpc/);
  assert.match(faultsOf(real(ONION, null, 'http://127.0.0.1:1')).join(), /dso.url/);
  const { chain } = readOperatorSettings(real('http://127.0.0.1:1', ONION), 'x', '/');
  assert.equal(chain.metersRpc, [ONION]);
});

test.run();
