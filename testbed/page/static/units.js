/** Numbers for people: kW, kWh, money and local time. The page's text is English, so are they. */

const WS_PER_KWH = 3_600_000;
/** Shown where a number is not known. */
export const UNKNOWN = '–';

/** @param {number} digits */
const fixed = (digits) =>
  new Intl.NumberFormat('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits });
const FORMATS = [fixed(0), fixed(1), fixed(2)];

/**
 * A decimal or two for small numbers, none for large ones, and a true minus sign.
 * @param {number | null | undefined} value
 */
export function plain(value) {
  if (value === null || value === undefined) return UNKNOWN;
  const size = Math.abs(value);
  const format = FORMATS[size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2];
  const text = format ? format.format(value) : `${value}`;
  return /[1-9]/.test(text) ? text.replace('-', '−') : text.replace('-', '');
}

/** Without zeros behind the point, for axes and limits. @param {number} value */
export function short(value) {
  return plain(value).replace(/\.0+$|(\.\d)0$/, '$1');
}

/** @param {number} value */
export function count(value) {
  return fixed(0).format(value);
}

/** @param {number | null | undefined} powerW */
export function kilowatts(powerW) {
  return powerW === null || powerW === undefined ? UNKNOWN : `${plain(powerW / 1000)} kW`;
}

/** @param {number | null | undefined} energyWs */
export function kilowattHours(energyWs) {
  return energyWs === null || energyWs === undefined
    ? UNKNOWN
    : `${plain(energyWs / WS_PER_KWH)} kWh`;
}

/** @param {readonly (number | null)[]} column @param {'kW' | 'kWh' | '%'} unit of the result */
export function scaled(column, unit) {
  const by = unit === 'kW' ? 1000 : unit === 'kWh' ? WS_PER_KWH : 0.01;
  return column.map((value) => (value === null ? null : value / by));
}

/** @param {number | null | undefined} share 0 to 1 */
export function percent(share) {
  return share === null || share === undefined ? UNKNOWN : `${plain(100 * share)} %`;
}

/** Whole percent. @param {number | null | undefined} share 0 to 1 */
export function wholePercent(share) {
  return share === null || share === undefined ? UNKNOWN : `${Math.round(100 * share)} %`;
}

/** @param {number | null} amountMicro @param {string | null} currency ISO 4217 */
export function money(amountMicro, currency) {
  if (amountMicro === null) return UNKNOWN;
  return currencyFormat(currency, 2)
    .format(amountMicro / 1e6)
    .replace('-', '−');
}

/** @param {number} priceMicroPerKwh @param {string | null} currency */
export function price(priceMicroPerKwh, currency) {
  return `${currencyFormat(currency, 3).format(priceMicroPerKwh / 1e6)} per kWh`;
}

/** @param {string | null} currency @param {number} digits */
function currencyFormat(currency, digits) {
  const style = currency === null ? {} : { style: /** @type {const} */ ('currency'), currency };
  return new Intl.NumberFormat('en-GB', {
    ...style,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const timeFormats = new Map();

/** @param {string} zone @param {'time' | 'day' | 'short-day'} what */
function timeFormat(zone, what) {
  const key = `${zone} ${what}`;
  let format = timeFormats.get(key);
  if (!format) {
    /** @type {Record<typeof what, Intl.DateTimeFormatOptions>} */
    const options = {
      time: { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
      day: { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' },
      'short-day': { day: 'numeric', month: 'short' },
    };
    format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, ...options[what] });
    timeFormats.set(key, format);
  }
  return format;
}

/** @param {number} unixSeconds @param {string} zone IANA */
export function clock(unixSeconds, zone) {
  return timeFormat(zone, 'time').format(unixSeconds * 1000);
}

/** @param {number} unixSeconds @param {string} zone */
export function day(unixSeconds, zone) {
  return timeFormat(zone, 'day').format(unixSeconds * 1000);
}

/** @param {number} unixSeconds @param {string} zone */
export function shortDay(unixSeconds, zone) {
  return timeFormat(zone, 'short-day').format(unixSeconds * 1000);
}

/**
 * `14:15–14:30` in the run's zone.
 * @param {number} interval absolute index
 * @param {{ intervalSeconds: number, zone: string }} run
 */
export function span(interval, run) {
  const start = interval * run.intervalSeconds;
  return `${clock(start, run.zone)}–${clock(start + run.intervalSeconds, run.zone)}`;
}
