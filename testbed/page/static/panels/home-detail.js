/** The chosen home: its commitment against its meter, its battery, and why it last offered. */
import { el, setHidden, setText } from '../elements.js';
import { createPlotFrame } from '../plot-frame.js';
import { kilowattHours, plain, scaled, wholePercent } from '../units.js';
import { chargeWords, commitmentNowW, powerWords, tradeWords } from './home-words.js';

/**
 * @typedef {import('../../state.ts').CommunityState} CommunityState
 * @typedef {import('../../state.ts').HomeState} HomeState
 * @type {[string, (home: HomeState, state: CommunityState) => string | null][]} null: not shown
 */
const FACTS = [
  ['Now', (home) => powerWords(home.powerW)],
  ['Trade now', (home, state) => tradeWords(commitmentNowW(state, home))],
  ['Switched load', (home) => switchWords(home.isLoadOn)],
  ['Trades not kept', (home) => deviationWords(home.commitmentErrorPercent)],
  ['Last offer', (home) => home.reason ?? 'none yet'],
];

const FULL = [{ value: 100, label: 'full', isLimit: false }];

export function createHomeDetail() {
  const frame = createPlotFrame({
    title: 'Home',
    about: '',
    heading: 'h3',
    unit: 'kW',
    empty: () => 'Meter and plan appear at the end of the first interval.',
    heightPx: 230,
    series: [
      { name: 'Metered', colour: 'metered', shape: 'area' },
      { name: 'Planned', colour: 'target', shape: 'line', dash: [7, 4] },
      { name: 'Traded', colour: 'traded', shape: 'line', dash: [2, 3] },
    ],
  });
  const battery = createPlotFrame({
    title: 'Battery',
    about: '',
    heading: 'h3',
    unit: '%',
    empty: () => 'Appears at the end of the first interval.',
    heightPx: 120,
    series: [{ name: 'Stored', colour: 'battery', shape: 'area' }],
  });
  const facts = createFacts();
  const without = el('p', { class: 'card without' }, 'This home has no battery.');
  frame.node.querySelector('.plot-head')?.after(facts.node);
  const node = el('div', { class: 'home-detail' }, frame.node, battery.node, without);
  return { node, show };

  /** @param {CommunityState} state @param {HomeState} home */
  function show(state, home) {
    const feeder = state.feeders.find((one) => one.id === home.feeder);
    frame.rename(home.name, feeder?.name ?? '');
    const columns = [home.meteredW, home.targetW, home.committedW];
    const inKw = columns.map((column) => scaled(column, 'kW'));
    frame.show(state, inKw);
    facts.show(state, home);
    setHidden(battery.node, home.battery === null);
    setHidden(without, home.battery !== null);
    if (!home.battery) return;
    const { capacityWs, storedShare, powerW } = home.battery;
    const now = [
      `${wholePercent(storedShare)} of ${kilowattHours(capacityWs)}`,
      chargeWords(powerW),
    ];
    battery.rename('Battery', now.filter((word) => word !== '').join(', '));
    battery.show(state, [scaled(home.storedShare, '%')], FULL);
  }
}

function createFacts() {
  const lines = FACTS.map(([title, words]) => {
    const value = el('dd', {});
    return { words, value, node: el('div', {}, el('dt', {}, title), value) };
  });
  const node = el('dl', { class: 'facts' }, ...lines.map((line) => line.node));
  return { node, show };

  /** @param {CommunityState} state @param {HomeState} home */
  function show(state, home) {
    for (const line of lines) {
      const words = line.words(home, state);
      setText(line.value, words ?? '');
      setHidden(line.node, words === null);
    }
  }
}

/** @param {number | null} errorPercent */
function deviationWords(errorPercent) {
  return errorPercent === null ? 'has not traded yet' : `${plain(errorPercent)} %`;
}

/** @param {boolean | null} isOn */
function switchWords(isOn) {
  return isOn === null ? null : isOn ? 'on' : 'off';
}
