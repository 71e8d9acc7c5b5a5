/** Each feeder's traded and metered flow against its limits. */
import { el, setAttribute, setShare, setText } from '../elements.js';
import { createPlotFrame } from '../plot-frame.js';
import { plain, scaled, short, UNKNOWN } from '../units.js';
import { nowAt } from './home-words.js';

/** More feeders than this get lower plots. */
const FEW = 4;

/** @param {HTMLElement} root */
export function createFeeders(root) {
  const about =
    'Net flow into each feeder. Trades cannot exceed the limits; what is not traded can.';
  const grid = el('div', { class: 'feeder-grid' });
  root.append(
    el(
      'div',
      { class: 'section-head' },
      el('h2', { id: 'feeders-title' }, 'Feeders and their limits'),
      el('p', { class: 'about' }, about),
    ),
    grid,
  );
  /** @type {ReturnType<typeof createFeeder>[]} */
  let feeders = [];
  return { show };

  /** @param {import('../../state.ts').CommunityState} state */
  function show(state) {
    if (feeders.length !== state.feeders.length) {
      const heightPx = state.feeders.length > FEW ? 150 : 210;
      feeders = state.feeders.map(() => createFeeder(heightPx));
      grid.replaceChildren(...feeders.map((feeder) => feeder.node));
    }
    for (const [at, feeder] of state.feeders.entries()) feeders[at]?.show(state, feeder);
  }
}

/** @param {number} heightPx */
function createFeeder(heightPx) {
  const frame = createPlotFrame({
    title: '',
    about: '',
    heading: 'h3',
    unit: 'kW',
    empty: () => 'Flows appear with the first readings.',
    heightPx,
    series: [
      { name: 'Traded', colour: 'traded', shape: 'area' },
      { name: 'Metered', colour: 'metered', shape: 'line' },
    ],
  });
  const sold = createGauge('Sold inside');
  const bought = createGauge('Bought inside');
  frame.node
    .querySelector('details')
    ?.before(el('div', { class: 'gauges' }, sold.node, bought.node));
  return { node: frame.node, show };

  /**
   * @param {import('../../state.ts').CommunityState} state
   * @param {import('../../state.ts').FeederState} feeder
   */
  function show(state, feeder) {
    frame.rename(feeder.name, `${feeder.homes} ${feeder.homes === 1 ? 'home' : 'homes'}`);
    const tradedW = feeder.boughtW.map((boughtW, at) => {
      const soldW = feeder.soldW[at] ?? null;
      return boughtW === null || soldW === null ? null : boughtW - soldW;
    });
    const limit = feeder.externalLimitW / 1000;
    const label = `limit ${short(limit)} kW`;
    const levels = [limit, -limit].map((value) => ({ value, label, isLimit: true }));
    frame.show(state, [scaled(tradedW, 'kW'), scaled(feeder.meteredW, 'kW')], levels);
    const at = nowAt(state);
    sold.show(feeder.soldW[at] ?? null, feeder.internalLimitW);
    bought.show(feeder.boughtW[at] ?? null, feeder.internalLimitW);
  }
}

/** How much of the internal limit trades use in the running interval. @param {string} name */
function createGauge(name) {
  const bar = el('span', {});
  const track = el(
    'span',
    { class: 'track', role: 'meter', 'aria-label': name, 'aria-valuemin': 0 },
    bar,
  );
  const value = el('span', { class: 'gauge-value' });
  const node = el('div', { class: 'gauge' }, el('span', {}, name), track, value);
  return { node, show };

  /** @param {number | null} powerW @param {number} limitW */
  function show(powerW, limitW) {
    setShare(bar, (powerW ?? 0) / limitW);
    setAttribute(track, 'aria-valuemax', `${limitW / 1000}`);
    setAttribute(track, 'aria-valuenow', `${(powerW ?? 0) / 1000}`);
    const now = powerW === null ? UNKNOWN : plain(powerW / 1000);
    const words = `${now} of ${short(limitW / 1000)} kW`;
    setAttribute(track, 'aria-valuetext', words);
    setText(value, words);
  }
}
