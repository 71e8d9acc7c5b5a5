/** Load and generation of all homes, and the energy they traded. */
import { createPlotFrame } from '../plot-frame.js';
import { scaled } from '../units.js';
import { noTradeWords } from './trade-words.js';

/** @param {HTMLElement} root */
export function createNeighbourhood(root) {
  const power = createPlotFrame({
    title: 'Load and generation',
    about: 'All homes, mean power of each interval',
    unit: 'kW',
    empty: () => 'The first values appear at the end of the first interval.',
    heightPx: 250,
    series: [
      { name: 'Generation', colour: 'generation', shape: 'area' },
      { name: 'Load', colour: 'load', shape: 'line' },
      { name: 'Net through the meters', colour: 'net', shape: 'line', dash: [5, 4] },
    ],
  });
  const traded = createPlotFrame({
    title: 'Energy traded',
    about: 'Final trades by interval of delivery',
    unit: 'kWh',
    empty: noTradeWords,
    heightPx: 250,
    series: [{ name: 'Traded', colour: 'traded', shape: 'bars' }],
  });
  root.append(power.node, traded.node);
  return { show };

  /** @param {import('../../state.ts').CommunityState} state */
  function show(state) {
    const { loadW, generationW, meteredW, tradedEnergyWs } = state.neighbourhood;
    power.show(
      state,
      [generationW, loadW, meteredW].map((column) => scaled(column, 'kW')),
    );
    traded.show(state, [scaled(tradedEnergyWs, 'kWh')]);
  }
}
