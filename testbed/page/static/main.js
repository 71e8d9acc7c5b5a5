/** Wires the page: pushed states into panels, at most once per frame and only while it is seen. */
import { onThemeChange } from './palette.js';
import { createBatteries } from './panels/batteries.js';
import { createFeeders } from './panels/feeders.js';
import { createFigures } from './panels/figures.js';
import { createHeader } from './panels/header.js';
import { createHomes } from './panels/homes.js';
import { createNeighbourhood } from './panels/neighbourhood.js';
import { createNow } from './panels/now.js';
import { createTrades } from './panels/trades.js';
import { redrawPlots } from './plot-frame.js';
import { follow } from './stream.js';
import { clock } from './units.js';

/** @param {string} id @returns {HTMLElement} */
function part(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element ${id}`);
  return element;
}

const header = createHeader(part('header'));
const trades = createTrades();
const batteries = createBatteries();
const panels = [
  header,
  createNow(part('now')),
  createFigures(part('figures')),
  createNeighbourhood(part('neighbourhood')),
  createFeeders(part('feeders')),
  createHomes(part('homes')),
  trades,
  batteries,
];
part('market').append(trades.node, batteries.node);

/** @type {import('../state.ts').CommunityState | null} */
let state = null;
let isConnected = false;
let isDue = false;

function render() {
  isDue = false;
  if (!state || document.hidden) return;
  for (const panel of panels) panel.show(state);
  document.title = `${state.run.name} – transax`;
  document.body.dataset.phase = state.run.phase;
}

function renderSoon() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(render);
}

/** The notice lies over the page, so that nothing moves when it comes. */
function showConnection() {
  const notice = part('notice');
  const isOver = state?.run.phase === 'ended';
  header.showLink(isOver ? 'ended' : isConnected ? 'live' : state ? 'lost' : 'connecting');
  notice.hidden = isConnected || (state === null && !isConnected);
  if (!state || isConnected) return;
  const at = clock(state.run.marketNowMs / 1000, state.run.zone);
  notice.textContent = isOver
    ? 'The run has ended and its server has stopped. These are its last figures.'
    : `The testbed does not answer. What is shown stands at ${at}; trying again.`;
}

follow(
  (next) => {
    state = next;
    renderSoon();
    showConnection();
  },
  (now) => {
    isConnected = now;
    showConnection();
  },
);
showConnection();
document.addEventListener('visibilitychange', renderSoon);
onThemeChange(redrawPlots);
