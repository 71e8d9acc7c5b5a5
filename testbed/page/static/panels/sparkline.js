/** A home's meter (filled) and its plan (line) over the run, without numbers. */
import { setAttribute, svg } from '../elements.js';

const WIDTH = 120;
const HEIGHT = 36;

export function createSparkline() {
  const metered = svg('path', { class: 'spark-metered' });
  const target = svg('path', { class: 'spark-target' });
  const zero = svg('path', { class: 'spark-zero' });
  const view = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', class: 'spark' };
  const node = svg('svg', { ...view, 'aria-hidden': 'true' }, zero, metered, target);
  return { node, show };

  /** @param {import('../../state.ts').HomeState} home @param {number} atLeast intervals in view */
  function show(home, atLeast) {
    const span = Math.max(1, atLeast, home.meteredW.length);
    const y = scaleOf(home);
    setAttribute(zero, 'd', `M0 ${y(0)}H${WIDTH}`);
    setAttribute(metered, 'd', stepPath(home.meteredW, span, y, y(0)));
    setAttribute(target, 'd', stepPath(home.targetW, span, y, null));
  }
}

/**
 * From W to pixels, so that all of the home's values and zero are in view.
 * @param {import('../../state.ts').HomeState} home
 */
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
