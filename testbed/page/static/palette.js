/** The style sheet's colours for canvases, which cannot read them by themselves. */

/** @type {Map<string, string>} */
const known = new Map();

/** @param {string} name custom property of the root, without dashes: `load` */
export function colour(name) {
  let value = known.get(name);
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    known.set(name, value);
  }
  return value;
}

/**
 * Calls back when the reader's system goes from light to dark or back.
 * @param {() => void} redraw
 */
export function onThemeChange(redraw) {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    known.clear();
    redraw();
  });
}
