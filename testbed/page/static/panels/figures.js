/** The totals of the run. */
import { el, mark, setText } from '../elements.js';
import { count, kilowattHours, money, plain, UNKNOWN, wholePercent } from '../units.js';

/**
 * @typedef {import('../../state.ts').CommunityState} CommunityState
 * @typedef {{ value: string, detail: string, mark?: 'ok' | 'degraded' | 'down' }} Figure
 * @type {[string, (state: CommunityState) => Figure][]}
 */
const FIGURES = [
  ['Traded between homes', traded],
  ['Covered by neighbours', covered],
  ['Saved against the tariff', saved],
  ['Trades not kept', missed],
  ['Limit violations', violations],
  ['Rejected solutions', rejected],
];

/** @param {HTMLElement} root */
export function createFigures(root) {
  const cards = FIGURES.map(([title, figure]) => {
    const sign = mark('ok');
    const value = el('span', {});
    const detail = el('dd', { class: 'detail' });
    const main = el('dd', { class: 'value' }, sign.node, value);
    const node = el('div', { class: 'card' }, el('dt', {}, title), main, detail);
    /** @param {CommunityState} state */
    const show = (state) => {
      const made = figure(state);
      setText(value, made.value);
      setText(detail, made.detail);
      sign.node.toggleAttribute('hidden', made.mark === undefined);
      if (made.mark) sign.show(made.mark);
    };
    return { node, show };
  });
  root.append(el('dl', {}, ...cards.map((card) => card.node)));
  return {
    /** @param {CommunityState} state */
    show: (state) => {
      for (const card of cards) card.show(state);
    },
  };
}

/** @param {number} number @param {string} one @param {string} many */
const counted = (number, one, many) => `${count(number)} ${number === 1 ? one : many}`;

/** @param {CommunityState} state @returns {Figure} */
function traded({ totals }) {
  const intervals = counted(totals.finalizedIntervals, 'interval', 'intervals');
  const detail = `${counted(totals.trades, 'trade', 'trades')}, ${intervals}`;
  return { value: kilowattHours(totals.tradedEnergyWs), detail };
}

/** @param {CommunityState} state @returns {Figure} */
function covered({ totals }) {
  if (totals.importedEnergyWs === 0) return { value: UNKNOWN, detail: 'after the first interval' };
  const share = totals.coveredEnergyWs / totals.importedEnergyWs;
  const [part, whole] = [totals.coveredEnergyWs, totals.importedEnergyWs].map(kilowattHours);
  return { value: wholePercent(share), detail: `${part} of ${whole}` };
}

/** @param {CommunityState} state @returns {Figure} */
function saved({ totals, run }) {
  const value = money(totals.savedMicro, run.currency);
  return {
    value,
    detail: totals.savedMicro === null ? 'no tariff given' : 'buyers and sellers together',
  };
}

/** @param {CommunityState} state @returns {Figure} */
function missed({ totals, run }) {
  const error = totals.commitmentErrorPercent;
  if (error === null) return { value: UNKNOWN, detail: 'after the first trades' };
  const detail = run.isFollowing ? 'of homes that traded' : 'control run: nobody follows';
  return { value: `${plain(error)} %`, detail };
}

/** @param {CommunityState} state @returns {Figure} */
function violations({ totals }) {
  const overloads = counted(totals.physicalOverloads, 'physical overload', 'physical overloads');
  const sign = totals.limitViolations === 0 ? 'ok' : 'down';
  return { value: count(totals.limitViolations), detail: overloads, mark: sign };
}

/** @param {CommunityState} state @returns {Figure} */
function rejected({ totals }) {
  const rejected = totals.rejectedSolutions;
  if (rejected === null) return { value: UNKNOWN, detail: 'not counted' };
  return { value: count(rejected), detail: 'refused by the contract' };
}
