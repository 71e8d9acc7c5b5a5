/** One home in small: its meter against its plan, its trade of the moment, its battery. */
import { el, mark, setAttribute, setHidden, setShare, setText } from '../elements.js';
import { wholePercent } from '../units.js';
import { areTradesKept, commitmentNowW, tradeWords } from './home-words.js';
import { createSparkline } from './sparkline.js';

/** @param {(id: string, isPointed: boolean) => void} onChoose */
export function createHomeTile(onChoose) {
  const name = el('b', {});
  const sign = mark('starting');
  const signWords = el('span', { class: 'unseen' });
  const spark = createSparkline();
  const trade = el('span', { class: 'tile-trade' });
  const bar = el('span', {});
  const battery = el('span', { class: 'cell', 'aria-hidden': 'true' }, bar);
  const stored = el('span', { class: 'tile-stored' });
  const node = el(
    'button',
    { type: 'button', class: 'tile', role: 'radio', 'aria-checked': 'false', tabindex: -1 },
    el('span', { class: 'tile-head' }, name, signWords, sign.node),
    spark.node,
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
    spark.show(home, Math.min(96, state.run.intervalCount));
  }
}

/**
 * @param {import('../../state.ts').HomeState} home
 * @returns {{ mark: 'starting' | 'ok' | 'degraded' | 'down', words: string }}
 */
function signOf(home) {
  if (home.agent === 'down') return { mark: 'down', words: 'agent down' };
  if (home.agent === 'degraded') return { mark: 'degraded', words: 'agent degraded' };
  const isKept = areTradesKept(home);
  if (isKept === null) return { mark: 'starting', words: 'no trade yet' };
  return isKept
    ? { mark: 'ok', words: 'trades kept' }
    : { mark: 'degraded', words: 'trade not kept' };
}
