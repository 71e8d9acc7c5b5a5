/** All homes as tiles, of which one is chosen and shown in detail beside them. */
import { el, setAttribute, setText } from '../elements.js';
import { createHomeDetail } from './home-detail.js';
import { createHomeTile } from './home-tile.js';
import { areTradesKept, commitmentNowW } from './home-words.js';

/**
 * @typedef {import('../../state.ts').CommunityState} CommunityState
 * @typedef {import('../../state.ts').HomeState} HomeState
 * @type {Record<string, (state: CommunityState, home: HomeState) => boolean>}
 */
const FILTERS = {
  'All homes': () => true,
  'Trading now': (state, home) => (commitmentNowW(state, home) ?? 0) !== 0,
  'With a battery': (_, home) => home.battery !== null,
  'Trade not kept': (_, home) => areTradesKept(home) === false,
  'Agent not well': (_, home) => home.agent === 'down' || home.agent === 'degraded',
};

/** More homes than this get small tiles in a box that scrolls. */
const MANY = 24;

/** @param {HTMLElement} root */
export function createHomes(root) {
  const filter = createFilter(() => state && show(state));
  const detail = createHomeDetail();
  const labels = { role: 'radiogroup', 'aria-labelledby': 'homes-title' };
  const tilesNode = el('div', { class: 'tiles', ...labels });
  const none = el('p', { class: 'about', hidden: true }, 'No home fits now.');
  const box = el('div', { class: 'tiles-box' }, tilesNode, none);
  root.append(sectionHead(filter.node), el('div', { class: 'homes-grid' }, box, detail.node));
  /** @type {Map<string, ReturnType<typeof createHomeTile>>} */
  const tiles = new Map();
  /** @type {CommunityState | null} */
  let state = null;
  /** Id of a home as the address has it. */
  let chosen = location.hash.replace(/^#home=/, '');
  chooseByKeys(tilesNode);
  return { show };

  /** @param {string} id @param {boolean} isPointed by pointer, not by key */
  function choose(id, isPointed) {
    chosen = encodeURIComponent(id);
    history.replaceState(null, '', `#home=${chosen}`);
    if (state) show(state);
    // On a narrow screen the details stand below the tiles, out of sight.
    const isBelow = detail.node.offsetLeft === box.offsetLeft;
    if (isPointed && isBelow) detail.node.scrollIntoView({ block: 'start' });
  }

  /** @param {CommunityState} next */
  function show(next) {
    state = next;
    const { homes } = next;
    const home = homes.find((one) => encodeURIComponent(one.id) === chosen) ?? homes[0];
    if (!home) return;
    let shown = 0;
    for (const one of homes) {
      const isShown = filter.fits(next, one);
      if (isShown) shown++;
      tileOf(one.id).show(next, one, one === home, isShown);
    }
    keepOneTabStop(tilesNode);
    tilesNode.classList.toggle('many', homes.length > MANY);
    none.hidden = shown > 0;
    filter.showCount(shown, homes.length);
    detail.show(next, home);
  }

  /** @param {string} id */
  function tileOf(id) {
    let tile = tiles.get(id);
    if (!tile) {
      tile = createHomeTile(choose);
      tiles.set(id, tile);
      tilesNode.append(tile.node);
    }
    return tile;
  }
}

/** @param {() => void} onChange */
function createFilter(onChange) {
  const choice = /** @type {HTMLSelectElement} */ (el('select', { id: 'home-filter' }));
  choice.append(...Object.keys(FILTERS).map((name) => el('option', { value: name }, name)));
  choice.addEventListener('change', onChange);
  const count = el('span', { class: 'about' });
  const label = el('label', { for: 'home-filter' }, 'Show');
  return {
    node: el('div', { class: 'filter' }, label, choice, count),
    /** @param {CommunityState} state @param {HomeState} home */
    fits: (state, home) => FILTERS[choice.value]?.(state, home) ?? true,
    /** @param {number} shown @param {number} all */
    showCount: (shown, all) =>
      setText(count, shown === all ? `${all} homes` : `${shown} of ${all}`),
  };
}

/** @param {HTMLElement} filter */
function sectionHead(filter) {
  const title = el('h2', { id: 'homes-title' }, 'Homes: commitment against meter');
  const words =
    'Plan: what it traded, and what it expected besides. Trades are kept; what comes besides is not held.';
  const metered = el('i', { class: 'key-metered' });
  const target = el('i', { class: 'key-target' });
  const key = el('p', { class: 'about key' }, metered, 'metered ', target, 'plan');
  return el(
    'div',
    { class: 'section-head' },
    title,
    el('p', { class: 'about' }, words),
    key,
    filter,
  );
}

/** The tab key enters the tiles at the chosen one. @param {HTMLElement} tiles */
function keepOneTabStop(tiles) {
  const stop =
    tiles.querySelector('.tile[aria-checked="true"]:not([hidden])') ??
    tiles.querySelector('.tile:not([hidden])');
  for (const tile of tiles.children) setAttribute(tile, 'tabindex', tile === stop ? '0' : '-1');
}

/** @param {HTMLElement} tiles */
function chooseByKeys(tiles) {
  tiles.addEventListener('keydown', (event) => {
    const to = neighbourOf(event.key, tiles);
    if (!to) return;
    event.preventDefault();
    to.focus();
    to.click();
  });
}

/**
 * The tile that an arrow key leads to.
 * @param {string} key
 * @param {HTMLElement} tiles
 * @returns {HTMLElement | undefined}
 */
function neighbourOf(key, tiles) {
  const shown = /** @type {HTMLElement[]} */ ([...tiles.querySelectorAll('.tile:not([hidden])')]);
  const at = shown.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  if (at < 0) return undefined;
  const columns = getComputedStyle(tiles).gridTemplateColumns.split(' ').length;
  /** @type {Record<string, number>} */
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  if (key === 'Home') return shown[0];
  if (key === 'End') return shown.at(-1);
  const step = steps[key];
  return step === undefined ? undefined : shown[at + step];
}
