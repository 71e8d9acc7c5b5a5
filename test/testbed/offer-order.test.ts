/** Offers of one block stand in the order of their homes, on a real chain. */
import { SigningKey, Transaction } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { postOfferCall } from '../../chain/calls.ts';
import { startAnvil } from '../../testbed/anvil.ts';
import { arrangeOffers } from '../../testbed/offer-order.ts';

const test = suite('offer order');

const MARKET = `0x${'11'.repeat(20)}`;
const CONTRACTS = { microgrid: MARKET, assets: MARKET, matching: MARKET };
const HOMES = ['home-1', 'home-2', 'home-3', 'home-4'];

function signed(data: string, nonce = 0): Transaction {
  const key = new SigningKey(Uint8Array.from({ length: 32 }, () => 1 + Math.random() * 250));
  const transaction = Transaction.from({
    type: 2,
    chainId: 31337,
    nonce,
    to: MARKET,
    data,
    gasLimit: 500_000,
    maxFeePerGas: 0,
    maxPriorityFeePerGas: 0,
  });
  transaction.signature = key.sign(transaction.unsignedHash);
  return transaction;
}

function offer(assetId: number, energyWs: number): string {
  const terms = { firstInterval: 5, lastInterval: 6, maxPowerW: 900, priceMicroPerKwh: 200_000 };
  return postOfferCall(CONTRACTS, { assetId, energyWs, ...terms }).data;
}

test('whoever came first, offers stand by home and terms, after what else waits', async () => {
  const anvil = await startAnvil({ noMining: true });
  try {
    // Of the first home two offers; their assets' numbers are chance.
    const wanted = [offer(9, 100), offer(3, 200), offer(7, 50), offer(1, 50), offer(4, 50)];
    const owners = ['home-1', ...HOMES];
    const offers = wanted.map((data) => signed(data));
    const other = signed('0x12345678');
    const names = new Map(
      offers.map(({ from }, at) => [String(from).toLowerCase(), owners[at] ?? '']),
    );
    for (const at of [3, 0, 4, 2, 1]) await send(offers[at]);
    await send(other);
    await arrangeOffers(anvil, (address) => names.get(address) ?? '');
    assert.is(await anvil.pending(), 6);
    const { transactionHashes } = await anvil.mineAt(2_000_000_000);
    assert.equal(
      transactionHashes,
      [other, ...offers].map(({ hash }) => hash),
    );
  } finally {
    await anvil.stop();
  }

  async function send(transaction: Transaction | undefined): Promise<void> {
    await anvil.call('eth_sendRawTransaction', [transaction?.serialized]);
  }
});

test.run();
