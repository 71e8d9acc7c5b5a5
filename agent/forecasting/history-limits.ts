/** How much of a home's history counts. */

/** With less history nothing can be learned that the first weeks' method does not know. */
export const LEAST_DAYS = 14;
/** What a model learns from, with the profiles of the days before. */
export const HISTORY_DAYS = 150;
/** A mean power so many times above what the connection carries is a fault of the meter. */
export const IMPOSSIBLE_TIMES = 2;
