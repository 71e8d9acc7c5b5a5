import { Wallet } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Anvil,
  AnvilError,
  BLOCK_GAS_LIMIT,
  startAnvil,
  TRANSACTION_GAS_LIMIT,
} from '../../testbed/anvil.ts';

const test = suite('testbed/anvil');

const PAST = 1_600_000_000;
/** Creation code that loops until its gas is gone. */
const BURN = '0x5b600056';

/** A sender that never had any ether. */
class Pauper {
  readonly #wallet = new Wallet(`0x${'11'.repeat(32)}`);
  readonly #anvil: Anvil;
  #nonce = 0;

  constructor(anvil: Anvil) {
    this.#anvil = anvil;
  }

  async send(fields: Record<string, unknown>): Promise<void> {
    const base = { chainId: 31337, nonce: this.#nonce, gasLimit: 21_000, to: this.#wallet.address };
    const raw = await this.#wallet.signTransaction({ ...base, ...fields });
    await this.#anvil.call('eth_sendRawTransaction', [raw]);
    this.#nonce++;
  }
}

const FREE = { type: 2, maxFeePerGas: 0, maxPriorityFeePerGas: 0 };

async function onAnvil(work: (anvil: Anvil) => Promise<void>): Promise<void> {
  const anvil = await startAnvil({ noMining: true, timestamp: PAST });
  try {
    await work(anvil);
  } finally {
    await anvil.stop();
  }
}

test('blocks are mined by command, at the times told, in the past and in the future', () =>
  onAnvil(async (anvil) => {
    for (const at of [PAST + 1, PAST + 2, PAST + 900, 2_000_000_000]) {
      assert.is((await anvil.mineAt(at)).timestamp, at);
    }
    const backwards = await anvil.mineAt(PAST + 3).catch((error: unknown) => error);
    assert.ok(backwards instanceof AnvilError && backwards.code === 'call');
  }));

test('who has no ether sends transactions of both types for nothing', () =>
  onAnvil(async (anvil) => {
    const pauper = new Pauper(anvil);
    await pauper.send(FREE);
    await pauper.send({ type: 0, gasPrice: 0 });
    assert.is(await anvil.pending(), 2);
    const block = await anvil.mineAt(PAST + 1);
    assert.is(block.transactionHashes.length, 2);
    assert.is(block.gasUsed, 42_000);
    assert.is(await anvil.pending(), 0);
  }));

test('gas stays free after full blocks, which hold no more than their limit', () =>
  onAnvil(async (anvil) => {
    const pauper = new Pauper(anvil);
    const burn = { ...FREE, to: null, data: BURN, gasLimit: 14_000_000 };
    for (let i = 0; i < 5; i++) await pauper.send(burn);
    for (let i = 1; i <= 3; i++) {
      const { gasUsed } = await anvil.mineAt(PAST + i);
      assert.ok(gasUsed <= BLOCK_GAS_LIMIT);
      assert.is(gasUsed, i < 3 ? 28_000_000 : 14_000_000);
    }
  }));

test('a transaction above the gas limit of production chains is refused', () =>
  onAnvil(async (anvil) => {
    const pauper = new Pauper(anvil);
    const above = { ...FREE, gasLimit: TRANSACTION_GAS_LIMIT + 1 };
    const over = await pauper.send(above).then(() => 'taken', String);
    assert.match(over, /gas/);
    await pauper.send({ ...FREE, gasLimit: TRANSACTION_GAS_LIMIT });
    assert.is((await anvil.mineAt(PAST + 1)).transactionHashes.length, 1);
  }));

test('its end is noticed when nobody stopped it', async () => {
  const anvil = await startAnvil({ noMining: true });
  process.kill(anvil.pid, 'SIGKILL');
  await anvil.ended;
  const gone = await anvil.call('eth_chainId').catch((error: unknown) => error);
  assert.ok(gone instanceof AnvilError);
  await anvil.stop();
});

test.run();
