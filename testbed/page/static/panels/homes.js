/** All homes as tiles, of which one is chosen and shown in detail beside them. */
import { el, setText } from '../elements.js';
import { createHomeDetail } from './home-detail.js';
import { createHomeTile } from './home-tile.js';
import { commitmentNowW, isOnTarget } from './home-words.js';

/**
 * @typedef {import('../../state.ts').CommunityState} CommunityState
 * @typedef {import('../../state.ts').HomeState} HomeState
 * @type {Record<string, (state: CommunityState, home: HomeState) => boolean>}
 */
const FILTERS = {
  'All homes': () => true,
  'Trading now': (state, home) => (commitmentNowW(state, home) ?? 0) !== 0,
  'With a battery': (_, home) => home.battery !== null,
  'Off target': (_, home) => isOnTarget(home) === false,
  'Agent not well': (_, home) => home.agent === 'down' || home.agent === 'degraded',
};

/** More homes than this get small tiles in a box that scrolls. */
const MANY = 24;

/** @param {HTMLElement} root */
export function createHomes(root) {
  const choice = /** @type {HTMLSelectElement} */ (el('select', { id: 'home-filter' }));
  choice.append(...Object.keys(FILTERS).map((name) => el('option', { value: name }, name)));
  const shownCount = el('span', { class: 'about' });
  const tilesNode = el('div', {
    class: 'tiles',
    role: 'radiogroup',
    'aria-labelledby': 'homes-title',
  });
  const none = el('p', { class: 'about', hidden: true }, 'No home fits now.');
  const detail = createHomeDetail();
  const key = el(
    'p',
    { class: 'about key' },
    el('i', { class: 'key-metered' }),
    'metered ',
    el('i', { class: 'key-target' }),
    'target',
  );
  const filter = el(
    'div',
    { class: 'filter' },
    el('label', { for: 'home-filter' }, 'Show'),
    choice,
    shownCount,
  );
  const about = el(
    'p',
    { class: 'about' },
    'Target: what it traded, and what its plan left untraded.',
  );
  root.append(
    el(
      'div',
      { class: 'section-head' },
      el('h2', { id: 'homes-title' }, 'Homes: commitment against meter'),
      about,
      key,
      filter,
    ),
    el(
      'div',
      { class: 'homes-grid' },
      el('div', { class: 'tiles-box' }, tilesNode, none),
      detail.node,
    ),
  );
  /** @type {Map<string, ReturnType<typeof createHomeTile>>} */
  const tiles = new Map();
  /** @type {CommunityState | null} */
  let state = null;
  let chosen = decodeURIComponent(location.hash.replace(/^#home=/, ''));
  choice.addEventListener('change', () => state && show(state));
  tilesNode.addEventListener('keydown', (event) => {
    const to = neighbourOf(event.key, tilesNode);
    if (!to) return;
    event.preventDefault();
    to.focus();
    to.click();
  });
  return { show };

  /** @param {string} id @param {boolean} isPointed by pointer, not by key */
  function choose(id, isPointed) {
    chosen = id;
    history.replaceState(null, '', `#home=${encodeURIComponent(id)}`);
    if (state) show(state);
    // On a narrow screen the details stand below the tiles, out of sight.
    const isBelow = detail.node.offsetLeft === tilesNode.offsetLeft;
    if (isPointed && isBelow) detail.node.scrollIntoView({ block: 'start' });
  }

  /** @param {CommunityState} next */
  function show(next) {
    state = next;
    const { homes } = next;
    const fits = FILTERS[choice.value] ?? (() => true);
    const home = homes.find((one) => one.id === chosen) ?? homes[0];
    if (!home) return;
    let shown = 0;
    for (const one of homes) {
      const isShown = fits(next, one);
      if (isShown) shown++;
      tileOf(one.id).show(next, one, one === home, isShown);
    }
    const [first] = tilesNode.querySelectorAll('.tile:not([hidden])');
    const current = tilesNode.querySelector('.tile[aria-checked="true"]:not([hidden])') ?? first;
    for (const tile of tilesNode.children)
      tile.setAttribute('tabindex', tile === current ? '0' : '-1');
    tilesNode.classList.toggle('many', homes.length > MANY);
    none.hidden = shown > 0;
    setText(shownCount, shown === homes.length ? `${shown} homes` : `${shown} of ${homes.length}`);
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

/** The tile that an arrow key leads to. @param {string} key @param {HTMLElement} tiles @returns {HTMLElement | undefined} */
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
