/** The step of all traces: a quarter of an hour, as meters record it. */
export const TRACE_STEP_SECONDS = 900;
export const STEPS_PER_DAY = 96;
