/** The top: whose neighbourhood, whether the page is live, and the health of the components. */
import { el, mark, setText } from '../elements.js';

const NAMES = { chain: 'Chain', dso: 'DSO', solver: 'Solver', agents: 'Agents', tor: 'Tor' };
const WORDS = { starting: 'starting', ok: 'well', degraded: 'degraded', down: 'down' };
const LINK_WORDS = { connecting: 'Connecting', live: 'Live', lost: 'Disconnected', ended: 'Ended' };

/** @typedef {keyof typeof LINK_WORDS} Link */

/** @param {HTMLElement} root */
export function createHeader(root) {
  const name = el('p', { class: 'community' });
  const brand = el(
    'div',
    { class: 'brand' },
    el('img', { src: '/icon.svg', alt: '', width: 34, height: 34 }),
  );
  brand.append(el('div', {}, el('h1', {}, 'transax'), name));
  const parts = Object.entries(NAMES).map(([component, title]) => createPart(component, title));
  const health = el('ul', { class: 'health', 'aria-label': 'Health of the components' });
  health.append(...parts.map((part) => part.node));
  const link = el('p', { class: 'link', role: 'status' });
  root.append(brand, health, link);
  return { show, showLink };

  /** @param {import('../../state.ts').CommunityState} state */
  function show(state) {
    setText(name, state.run.name);
    for (const part of parts) part.show(state);
  }

  /** @param {Link} now */
  function showLink(now) {
    link.dataset.link = now;
    setText(link, LINK_WORDS[now]);
  }
}

/** @param {string} component @param {string} title */
function createPart(component, title) {
  const sign = mark('starting');
  const sentence = el('small', {});
  const word = el('span', { class: 'unseen' });
  const node = el(
    'li',
    { 'data-component': component },
    sign.node,
    el('span', {}, el('b', {}, title), word, sentence),
  );
  return { node, show };

  /** @param {import('../../state.ts').CommunityState} state */
  function show(state) {
    const health = state.health.find((one) => one.component === component);
    node.hidden = !health;
    if (!health) return;
    sign.show(health.state);
    node.dataset.state = health.state;
    setText(word, ` ${WORDS[health.state]}: `);
    setText(sentence, health.sentence);
    node.title = health.sentence;
  }
}
