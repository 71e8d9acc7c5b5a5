/**
 * The order of offers that wait for the same block. Homes post at the same moments of stepped time,
 * and who comes first is chance; but offers are numbered as they come, and pairing goes by number.
 * So that a run can be repeated, they are put in the order of their homes and terms before the
 * block is mined. Offers come after what else waits: nothing of it can depend on them.
 */
import { id } from 'ethers';
import type { Anvil } from './anvil.ts';
import { signedBytes, type Waiting } from './waiting.ts';

/** `postOffer(assetId, energyWs, firstInterval, lastInterval, maxPowerW, priceMicroPerKwh)`. */
const POST_OFFER = id('postOffer(uint32,uint48,uint32,uint32,uint32,uint32)').slice(0, 10);
/** Hex digits of the selector and the asset's number, which is chance as well. */
const BEFORE_TERMS = 10 + 64;

/** @param homeOf name of the home behind an address, lower case; empty where there is none */
export async function arrangeOffers(
  anvil: Pick<Anvil, 'call'>,
  homeOf: (address: string) => string,
): Promise<void> {
  const pool = (await anvil.call('txpool_content')) as {
    pending: Record<string, Record<string, Waiting>>;
  };
  const offers = Object.values(pool.pending)
    .flatMap((byNonce) => Object.values(byNonce))
    .filter(({ input }) => input.startsWith(POST_OFFER));
  if (offers.length < 2) return;
  const places = new Map(offers.map((offer) => [offer, placeOf(offer, homeOf)]));
  offers.sort((a, b) => ((places.get(a) ?? '') < (places.get(b) ?? '') ? -1 : 1));
  const bytes = offers.map(signedBytes);
  for (const { hash } of offers) await anvil.call('anvil_dropTransaction', [hash]);
  for (const each of bytes) await anvil.call('eth_sendRawTransaction', [each]);
}

function placeOf({ from, input }: Waiting, homeOf: (address: string) => string): string {
  return `${homeOf(from.toLowerCase())} ${input.slice(BEFORE_TERMS)}`;
}
