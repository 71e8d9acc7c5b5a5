/** Making and changing elements; a change that changes nothing touches nothing. */

/**
 * @param {string} tag
 * @param {Record<string, string | number | boolean>} attributes `class` and others; false: left out
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children);
  return element;
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {...Node} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, `${value}`);
  element.append(...children);
  return element;
}

/** @param {Node} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** @param {Element} element @param {string} name @param {string} value */
export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** @param {HTMLElement} element @param {boolean} isHidden */
export function setHidden(element, isHidden) {
  if (element.hidden !== isHidden) element.hidden = isHidden;
}

/** Width in percent of its parent. @param {HTMLElement} element @param {number} share 0 to 1 */
export function setShare(element, share) {
  const width = `${(100 * Math.max(0, Math.min(1, share))).toFixed(1)}%`;
  if (element.style.width !== width) element.style.width = width;
}

const MARKS = {
  ok: 'M3.5 8.5l3 3 6-7',
  degraded: 'M8 2.5l6 11H2zM8 7v3M8 11.8v.2',
  down: 'M4 4l8 8M12 4l-8 8',
  starting: 'M8 3a5 5 0 1 0 .01 0',
  'under-way': 'M8 3a5 5 0 1 0 .01 0M8 7.9v.2',
};

/**
 * A mark whose shape, not only its colour, tells the state.
 * @param {keyof typeof MARKS} state
 */
export function mark(state) {
  const path = svg('path', { d: MARKS[state] });
  const drawing = svg('svg', { viewBox: '0 0 16 16', class: 'mark', 'aria-hidden': 'true' }, path);
  return { node: drawing, show: showMark };

  /** @param {keyof typeof MARKS} now */
  function showMark(now) {
    setAttribute(drawing, 'data-state', now);
    setAttribute(path, 'd', MARKS[now]);
  }
}
