/** One home in small: its meter against its target, its trade of the moment, its battery. */
import { el, mark, setAttribute, setHidden, setShare, setText, svg } from '../elements.js';
import { wholePercent } from '../units.js';
import { commitmentNowW, isOnTarget, tradeWords } from './home-words.js';

const WIDTH = 120;
const HEIGHT = 36;

/** @param {(id: string, isPointed: boolean) => void} onChoose */
export function createHomeTile(onChoose) {
  const name = el('b', {});
  const sign = mark('starting');
  const signWords = el('span', { class: 'unseen' });
  const metered = svg('path', { class: 'spark-metered' });
  const target = svg('path', { class: 'spark-target' });
  const zero = svg('path', { class: 'spark-zero' });
  const view = {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: 'none',
    class: 'spark',
    'aria-hidden': 'true',
  };
  const trade = el('span', { class: 'tile-trade' });
  const bar = el('span', {});
  const battery = el('span', { class: 'cell', 'aria-hidden': 'true' }, bar);
  const stored = el('span', { class: 'tile-stored' });
  const node = el(
    'button',
    { type: 'button', class: 'tile', role: 'radio', 'aria-checked': 'false', tabindex: -1 },
    el('span', { class: 'tile-head' }, name, signWords, sign.node),
    svg('svg', view, zero, metered, target),
    el(
      'span',
      { class: 'tile-foot' },
      trade,
      el('span', { class: 'tile-battery' }, battery, stored),
    ),
  );
  let id = '';
  node.addEventListener('click', (event) => onChoose(id, event.detail > 0));
  return { node, show };

  /**
   * @param {import('../../state.ts').CommunityState} state
   * @param {import('../../state.ts').HomeState} home
   * @param {boolean} isChosen
   * @param {boolean} isShown
   */
  function show(state, home, isChosen, isShown) {
    id = home.id;
    setHidden(node, !isShown);
    setAttribute(node, 'aria-checked', `${isChosen}`);
    if (!isShown) return;
    setText(name, home.name);
    const standing = signOf(home);
    sign.show(standing.mark);
    setText(signWords, ` ${standing.words}, `);
    const words = tradeWords(commitmentNowW(state, home));
    setText(trade, words);
    node.title = `${home.name}: ${standing.words}, ${words}`;
    setHidden(battery.parentElement ?? battery, home.battery === null);
    setShare(bar, home.battery?.storedShare ?? 0);
    setText(stored, wholePercent(home.battery?.storedShare));
    const span = Math.max(1, Math.min(96, state.run.intervalCount), home.meteredW.length);
    const y = scaleOf(home);
    setAttribute(zero, 'd', `M0 ${y(0)}H${WIDTH}`);
    setAttribute(metered, 'd', stepPath(home.meteredW, span, y, y(0)));
    setAttribute(target, 'd', stepPath(home.targetW, span, y, null));
  }
}

/**
 * @param {import('../../state.ts').HomeState} home
 * @returns {{ mark: 'starting' | 'ok' | 'degraded' | 'down', words: string }}
 */
function signOf(home) {
  if (home.agent === 'down') return { mark: 'down', words: 'agent down' };
  if (home.agent === 'degraded') return { mark: 'degraded', words: 'agent degraded' };
  const isKept = isOnTarget(home);
  if (isKept === null) return { mark: 'starting', words: 'no target yet' };
  return isKept ? { mark: 'ok', words: 'on target' } : { mark: 'degraded', words: 'off target' };
}

/** From W to pixels, so that all of the home's values and zero are in view. @param {import('../../state.ts').HomeState} home */
function scaleOf(home) {
  const values = [0, ...home.meteredW, ...home.targetW].map((value) => value ?? 0);
  const top = Math.max(...values, 100);
  const bottom = Math.min(...values);
  return (/** @type {number} */ powerW) => {
    const share = (top - powerW) / (top - bottom);
    return Math.round((2 + share * (HEIGHT - 4)) * 10) / 10;
  };
}

/**
 * @param {readonly (number | null)[]} column
 * @param {number} span intervals from left to right
 * @param {(powerW: number) => number} y
 * @param {number | null} floor closes the path to this line; null: a line
 */
function stepPath(column, span, y, floor) {
  const wide = WIDTH / span;
  let path = '';
  column.forEach((value, at) => {
    if (value === null) return;
    const isFirst = at === 0 || (column[at - 1] ?? null) === null;
    const isLast = (column[at + 1] ?? null) === null;
    const left = (at * wide).toFixed(1);
    if (isFirst) path += floor === null ? `M${left} ${y(value)}` : `M${left} ${floor}V${y(value)}`;
    else path += `V${y(value)}`;
    path += `H${((at + 1) * wide).toFixed(1)}`;
    if (isLast && floor !== null) path += `V${floor}Z`;
  });
  return path;
}
