/**
 * What an anonymous address of this home may sign: one offer of what it was granted, the closing of
 * that offer, the settlement of its intervals, and deposits of what it holds; nothing else, and to
 * no other contract. Amounts are held against the wallet's own record of the final log.
 */
import type { Result } from 'ethers';
import { ASSETS_ABI, MATCHING_ABI } from '../../chain/abi.ts';
import { GAS_MAX } from '../../chain/calls.ts';
import { type AllowedCall, allow, SigningPolicy } from '../../chain/signing-policy.ts';
import type { GridFacts } from '../../market/grid.ts';
import { paymentMicro } from '../../market/units.ts';
import { coversInterval, type OwnOffer } from '../traders/own-offer.ts';

/** Tries of one kind: see `OfferSteps`. */
const TRIES = 3;
/** Each interval of an offer may be settled in slices, each of them tried. */
const SETTLEMENTS = 48;
const PER_ADDRESS = 1 + 3 * TRIES + SETTLEMENTS;
/** Addresses of one interval, and what each signs as a rule, several times over. */
const PER_INTERVAL = 64;
const LEAST_PER_DAY = 256;
const SECONDS_PER_DAY = 86_400;

/** @param offerOf the wallet's record of an address; null: none of ours */
export function agentPolicy(
  facts: Pick<GridFacts, 'chainId' | 'contracts' | 'calendar'>,
  offerOf: (address: string) => OwnOffer | null,
): SigningPolicy {
  const { chainId, contracts, calendar } = facts;
  const { matching, assets } = contracts;
  const held =
    (fault: (values: Result, offer: OwnOffer) => string | null): AllowedCall['fault'] =>
    (values, address) => {
      const offer = offerOf(address);
      return offer === null ? 'its address is none of this wallet' : fault(values, offer);
    };
  const perDay = (PER_INTERVAL * SECONDS_PER_DAY) / calendar.intervalSeconds;
  return new SigningPolicy({
    chainId,
    perAddress: PER_ADDRESS,
    perDay: Math.max(LEAST_PER_DAY, Math.ceil(perDay)),
    calls: [
      ...allow(matching, MATCHING_ABI, ['postOffer'], { perAddress: 1, fault: held(postFault) }),
      ...allow(matching, MATCHING_ABI, ['closeOffer'], {
        perAddress: TRIES,
        fault: held(([offerId], offer) =>
          Number(offerId) === offer.offerId ? null : 'it is not the offer of its address',
        ),
      }),
      ...allow(matching, MATCHING_ABI, ['settle'], {
        gasMax: GAS_MAX,
        perAddress: SETTLEMENTS,
        fault: held(([interval], { terms }) =>
          coversInterval(terms, Number(interval)) ? null : 'its offer is not of that interval',
        ),
      }),
      ...allow(assets, ASSETS_ABI, ['depositEnergy'], {
        perAddress: TRIES,
        fault: held(([assetId], offer) => assetFault(Number(assetId), offer)),
      }),
      ...allow(assets, ASSETS_ABI, ['depositFinancial'], {
        perAddress: TRIES,
        fault: held(([amountMicro], { heldMicro }) =>
          amountMicro <= heldMicro ? null : `it deposits ${amountMicro} of ${heldMicro} held`,
        ),
      }),
    ],
  });
}

function assetFault(assetId: number, offer: OwnOffer): string | null {
  return assetId === offer.assetId ? null : 'it is not what was granted to its address';
}

/** Never more energy or money than was granted, in no other intervals. */
function postFault(values: Result, offer: OwnOffer): string | null {
  const [assetId, energyWs, first, last, maxPowerW, priceMicro] = values.map(Number);
  const { terms, heldWs, heldMicro } = offer;
  const other = assetFault(Number(assetId), offer);
  if (other !== null) return other;
  if (Number(energyWs) > heldWs) return `it offers ${energyWs} Ws of ${heldWs} Ws granted`;
  if (Number(maxPowerW) > terms.maxPowerW) return `it offers ${maxPowerW} W`;
  if (Number(first) < terms.firstInterval || Number(last) > terms.lastInterval) {
    return 'it is for other intervals than were granted';
  }
  const escrow = paymentMicro(Number(priceMicro), Number(energyWs));
  if (terms.side === 'buy' && escrow > heldMicro) {
    return `it puts ${escrow} of ${heldMicro} granted millionths at stake`;
  }
  return null;
}
