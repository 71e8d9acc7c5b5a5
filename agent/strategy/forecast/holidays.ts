/**
 * Public holidays of a whole country, by the zone of the home. Only such on which most people stay
 * at home; those of regions are left out: the zone does not tell them. A zone that is not here has
 * none, and its holidays are ordinary days of the week.
 */

/** Fixed days as `MM-DD`, and days from Easter Sunday. */
interface Holidays {
  fixed: readonly string[];
  fromEaster: readonly number[];
}

const GOOD_FRIDAY = -2;
const EASTER_MONDAY = 1;
const ASCENSION = 39;
const WHIT_MONDAY = 50;
const CORPUS_CHRISTI = 60;

const SWITZERLAND: Holidays = {
  fixed: ['01-01', '08-01', '12-25', '12-26'],
  fromEaster: [GOOD_FRIDAY, EASTER_MONDAY, ASCENSION, WHIT_MONDAY],
};
const GERMANY: Holidays = {
  fixed: ['01-01', '05-01', '10-03', '12-25', '12-26'],
  fromEaster: [GOOD_FRIDAY, EASTER_MONDAY, ASCENSION, WHIT_MONDAY],
};
const AUSTRIA: Holidays = {
  fixed: [...['01-01', '01-06', '05-01', '08-15', '10-26', '11-01', '12-08', '12-25', '12-26']],
  fromEaster: [EASTER_MONDAY, ASCENSION, WHIT_MONDAY, CORPUS_CHRISTI],
};
const FRANCE: Holidays = {
  fixed: ['01-01', '05-01', '05-08', '07-14', '08-15', '11-01', '11-11', '12-25'],
  fromEaster: [EASTER_MONDAY, ASCENSION, WHIT_MONDAY],
};
const ITALY: Holidays = {
  fixed: [
    ...['01-01', '01-06', '04-25', '05-01', '06-02', '08-15', '11-01', '12-08', '12-25', '12-26'],
  ],
  fromEaster: [EASTER_MONDAY],
};
const NETHERLANDS: Holidays = {
  fixed: ['01-01', '04-27', '12-25', '12-26'],
  fromEaster: [EASTER_MONDAY, ASCENSION, WHIT_MONDAY],
};
const BELGIUM: Holidays = {
  fixed: ['01-01', '05-01', '07-21', '08-15', '11-01', '11-11', '12-25'],
  fromEaster: [EASTER_MONDAY, ASCENSION, WHIT_MONDAY],
};

const BY_ZONE: Readonly<Record<string, Holidays>> = {
  'Europe/Zurich': SWITZERLAND,
  'Europe/Berlin': GERMANY,
  'Europe/Vienna': AUSTRIA,
  'Europe/Paris': FRANCE,
  'Europe/Rome': ITALY,
  'Europe/Amsterdam': NETHERLANDS,
  'Europe/Brussels': BELGIUM,
};

const DAY_MS = 86_400_000;

/** @param day local days since 1970-01-01 */
export function isHoliday(zone: string, day: number): boolean {
  const holidays = BY_ZONE[zone];
  if (holidays === undefined) return false;
  const date = new Date(day * DAY_MS).toISOString();
  if (holidays.fixed.includes(date.slice(5, 10))) return true;
  return holidays.fromEaster.includes(day - easterSunday(Number(date.slice(0, 4))));
}

/** Gregorian Easter (Meeus, Jones, Butcher). @returns days since 1970-01-01 */
export function easterSunday(year: number): number {
  const golden = year % 19;
  const century = Math.floor(year / 100);
  const ofCentury = year % 100;
  const skipped = century - Math.floor(century / 4);
  const lunar = Math.floor((8 * century + 13) / 25);
  const epact = (19 * golden + skipped - lunar + 15) % 30;
  const late = Math.floor((golden + 11 * epact) / 319);
  const weekday =
    (2 * (century % 4) + 2 * Math.floor(ofCentury / 4) - (ofCentury % 4) - epact + late + 32) % 7;
  const month = Math.floor((epact - late + weekday + 90) / 25);
  const day = (epact - late + weekday + month + 19) % 32;
  return Date.UTC(year, month - 1, day) / DAY_MS;
}
