/** One watt too much: of an offer's power or energy, inside a feeder, out of it, into it. */
import { isSingle } from '../model/state.ts';
import { caseOf, type Ground, type Mutator, opened } from './cases.ts';
import { BINDINGS, type Binding, copyOf, leastPowerW, offerOf, roomOf } from './drafts.ts';

const ERRORS: Record<Binding, string> = {
  'ask power': 'OfferOverPower',
  'bid power': 'OfferOverPower',
  'ask energy': 'OfferOverEnergy',
  'bid energy': 'OfferOverEnergy',
  'sold inside': 'InternalLimitBroken',
  'bought inside': 'InternalLimitBroken',
  export: 'ExternalLimitBroken',
  import: 'ExternalLimitBroken',
};

/** Of energy one class for offers of one interval, and one for those of several. */
export const LIMIT_MUTATORS: readonly Mutator[] = BINDINGS.flatMap((binding) => {
  const name = `${binding} + 1 W`;
  if (!binding.endsWith('energy'))
    return [{ name, make: (ground: Ground) => over(ground, binding) }];
  return [true, false].map((single) => ({
    name: `${name}, ${single ? 'one interval' : 'several'}`,
    make: (ground: Ground) => over(ground, binding, single),
  }));
});

function over(ground: Ground, binding: Binding, single: boolean | null = null) {
  const { state, base, chance } = ground;
  const places = base.flatMap((draft, d) => draft.trades.map((_, t) => [d, t] as const));
  for (const [d, t] of chance.shuffled(places).slice(0, 60)) {
    const draft = base[d];
    const trade = draft?.trades[t];
    if (draft === undefined || trade === undefined) continue;
    const id = binding.startsWith('ask') ? trade.askId : trade.bidId;
    if (single !== null && isSingle(offerOf(state, id)) !== single) continue;
    const room = roomOf(state, base, draft, trade);
    const others = BINDINGS.filter((other) => other !== binding).map((other) => room[other]);
    if (Math.min(...others) <= room[binding]) continue;
    const more = (powerW: number) => {
      const drafts = copyOf(base);
      const changed = drafts[d]?.trades[t];
      if (changed !== undefined) changed.powerW += powerW;
      return drafts;
    };
    return caseOf(ground, ERRORS[binding], more(room[binding] + 1), more(room[binding]));
  }
  return null;
}

export const SIZE_MUTATORS: readonly Mutator[] = [
  {
    name: 'least trade - 1 W',
    make: (ground) => {
      const { state } = ground;
      const { drafts, trade } = opened(ground);
      trade.powerW = leastPowerW(state);
      const good = copyOf(drafts);
      trade.powerW--;
      return caseOf(ground, 'TradeTooSmall', drafts, good);
    },
  },
  {
    name: 'a trade of nothing',
    make: (ground) => {
      const { drafts, trade } = opened(ground);
      trade.powerW = 0;
      return caseOf(ground, 'TradeTooSmall', drafts);
    },
  },
  {
    name: 'the most that 32 bits hold',
    make: (ground) => {
      const { drafts, trade } = opened(ground);
      trade.powerW = 0xffff_ffff;
      return { ...caseOf(ground, 'OfferOverPower', drafts), isLoose: true };
    },
  },
];
