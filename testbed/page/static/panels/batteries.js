/** What all batteries hold, and each one of them. */
import { el, setHidden, setShare, setText } from '../elements.js';
import { createPlotFrame } from '../plot-frame.js';
import { kilowattHours, scaled, short, wholePercent } from '../units.js';
import { chargeWords } from './home-words.js';

export function createBatteries() {
  const frame = createPlotFrame({
    title: 'Batteries',
    about: '',
    unit: 'kWh',
    empty: () => 'Appears at the end of the first interval.',
    heightPx: 150,
    series: [{ name: 'Stored in all', colour: 'battery', shape: 'area' }],
  });
  const list = el('ul', { class: 'battery-list' });
  const scroll = el(
    'div',
    { class: 'scroll battery-scroll', tabindex: 0, role: 'region', 'aria-label': 'Each battery' },
    list,
  );
  const none = el('p', { class: 'list-empty' }, 'No home of this neighbourhood has a battery.');
  frame.node.querySelector('details')?.before(scroll, none);
  /** @type {Map<string, ReturnType<typeof createBattery>>} */
  const rows = new Map();
  return { node: frame.node, show };

  /** @param {import('../../state.ts').CommunityState} state */
  function show(state) {
    const { storedEnergyWs, batteryCapacityWs } = state.neighbourhood;
    const homes = state.homes.filter((home) => home.battery !== null);
    const capacity = scaled([batteryCapacityWs], 'kWh')[0] ?? 0;
    const levels =
      homes.length > 0
        ? [{ value: capacity, label: `capacity ${short(capacity)} kWh`, isLimit: false }]
        : [];
    const together = kilowattHours(batteryCapacityWs);
    frame.rename('Batteries', `${homes.length} of ${state.homes.length} homes, ${together}`);
    frame.show(state, [scaled(storedEnergyWs, 'kWh')], levels);
    setHidden(none, homes.length > 0);
    setHidden(scroll, homes.length === 0);
    for (const home of homes) {
      let row = rows.get(home.id);
      if (!row) {
        row = createBattery();
        rows.set(home.id, row);
        list.append(row.node);
      }
      row.show(home);
    }
  }
}

function createBattery() {
  const name = el('span', {});
  const bar = el('span', {});
  const share = el('b', {});
  const doing = el('span', { class: 'about' });
  const node = el(
    'li',
    {},
    name,
    el('span', { class: 'track', 'aria-hidden': 'true' }, bar),
    share,
    doing,
  );
  return { node, show };

  /** @param {import('../../state.ts').HomeState} home */
  function show({ name: homeName, battery }) {
    setText(name, homeName);
    setShare(bar, battery?.storedShare ?? 0);
    setText(share, wholePercent(battery?.storedShare));
    setText(doing, chargeWords(battery?.powerW ?? null));
  }
}
