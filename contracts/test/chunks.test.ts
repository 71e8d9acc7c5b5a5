import { readFileSync } from 'node:fs';
import { Interface, keccak256 } from 'ethers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readArtifact } from '../../build/contracts.ts';
import { decodeChunk, encodeChunk, TRADE_BYTES } from '../../market/matching/chunk.ts';
import type { Trade } from '../../market/offers.ts';
import { inWorld } from './world.ts';

const test = suite('contracts/Trades: the bytes of a chunk');

interface Vector {
  name: string;
  trades: Trade[];
  bytes: string;
  keccak256: string;
}

const file = new URL('../../test/vectors/chunks.json', import.meta.url);
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: Vector[] };

test('contract and market read the same trades out of every vector', () =>
  inWorld({}, async (world) => {
    const { abi, deployedBytecode } = readArtifact('TradesHarness');
    const contract = new Interface(abi);
    const at = world.fresh().address;
    await world.anvil.call('anvil_setCode', [at, deployedBytecode]);
    const read = async (bytes: string, position: number, tradeBytes: number) => {
      const data = contract.encodeFunctionData('read', [bytes, position, tradeBytes]);
      const answer = await world.anvil.call('eth_call', [{ to: at, data }, 'latest']);
      return contract.decodeFunctionResult('read', answer as string).map(Number);
    };
    assert.ok(vectors.length >= 8);
    for (const { name, trades, bytes, keccak256: hash } of vectors) {
      assert.is(encodeChunk(trades), bytes, name);
      assert.equal(decodeChunk(bytes), trades, name);
      assert.is(keccak256(bytes), hash, name);
      for (const [i, { askId, bidId, powerW }] of trades.entries()) {
        assert.equal(await read(bytes, i, TRADE_BYTES), [askId, bidId, powerW, 0], name);
      }
    }
    const priced = '0x00000001000000020000000300000004';
    assert.equal(await read(priced + priced.slice(2), 1, 16), [1, 2, 3, 4]);
  }));

test.run();
