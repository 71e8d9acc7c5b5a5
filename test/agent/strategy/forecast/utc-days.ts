/** Local days of a home whose clock shows UTC, without holidays. */
import { HomeDays } from '../../../../agent/strategy/forecast/home-days.ts';

export const UTC_DAYS = new HomeDays('UTC', 900);
