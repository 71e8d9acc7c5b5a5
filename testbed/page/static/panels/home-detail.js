/** The chosen home: its commitment against its meter, its battery, and why it last offered. */
import { el, setHidden, setText } from '../elements.js';
import { createPlotFrame } from '../plot-frame.js';
import { kilowattHours, plain, scaled, wholePercent } from '../units.js';
import { chargeWords, commitmentNowW, powerWords, tradeWords } from './home-words.js';

/** @typedef {import('../../state.ts').HomeState} HomeState */

const FULL = [{ value: 100, label: 'full', isLimit: false }];

export function createHomeDetail() {
  const frame = createPlotFrame({
    title: 'Home',
    about: '',
    heading: 'h3',
    unit: 'kW',
    empty: 'Meter and target appear at the end of the first interval.',
    heightPx: 230,
    series: [
      { name: 'Metered', colour: 'metered', shape: 'area' },
      { name: 'Target', colour: 'target', shape: 'line', dash: [7, 4] },
      { name: 'Traded', colour: 'traded', shape: 'line', dash: [2, 3] },
    ],
  });
  const battery = createPlotFrame({
    title: 'Battery',
    about: '',
    heading: 'h3',
    unit: '%',
    empty: 'Appears at the end of the first interval.',
    heightPx: 120,
    series: [{ name: 'Stored', colour: 'battery', shape: 'area' }],
  });
  const facts = el('dl', { class: 'facts' });
  const without = el('p', { class: 'card without' }, 'This home has no battery.');
  const lines = ['Now', 'Trade now', 'Switched load', 'Deviation', 'Last offer'].map((title) => {
    const value = el('dd', {});
    facts.append(el('div', {}, el('dt', {}, title), value));
    return value;
  });
  frame.node.querySelector('.plot-head')?.after(facts);
  const node = el(
    'div',
    { class: 'home-detail', 'aria-live': 'off' },
    frame.node,
    battery.node,
    without,
  );
  return { node, show };

  /** @param {import('../../state.ts').CommunityState} state @param {HomeState} home */
  function show(state, home) {
    const feeder = state.feeders.find((one) => one.id === home.feeder);
    frame.rename(home.name, feeder?.name ?? '');
    const columns = [home.meteredW, home.targetW, home.committedW];
    frame.show(
      state,
      columns.map((column) => scaled(column, 'kW')),
    );
    factsOf(state, home).forEach((words, at) => {
      const line = lines[at];
      if (!line) return;
      setText(line, words ?? '');
      setHidden(/** @type {HTMLElement} */ (line.parentElement), words === null);
    });
    setHidden(battery.node, home.battery === null);
    setHidden(without, home.battery !== null);
    if (!home.battery) return;
    const { capacityWs, storedShare, powerW } = home.battery;
    const now = [wholePercent(storedShare), `of ${kilowattHours(capacityWs)}`, chargeWords(powerW)];
    battery.rename('Battery', now.filter((word) => word !== '').join(' '));
    battery.show(state, [scaled(home.storedShare, '%')], FULL);
  }
}

/** @param {import('../../state.ts').CommunityState} state @param {HomeState} home */
function factsOf(state, home) {
  const error = home.commitmentErrorPercent;
  return [
    powerWords(home.powerW),
    tradeWords(commitmentNowW(state, home)),
    home.isLoadOn === null ? null : home.isLoadOn ? 'on' : 'off',
    error === null ? 'has not traded yet' : `${plain(error)} %`,
    home.reason ?? 'none yet',
  ];
}
