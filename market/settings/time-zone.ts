/** An IANA time zone as it stands in a config file. */
import * as v from 'valibot';

export const timeZone = () =>
  v.pipe(
    v.string('must be text, for example "Europe/Berlin"'),
    v.check(isZone, 'is no IANA time zone; write for example "Europe/Berlin"'),
  );

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
