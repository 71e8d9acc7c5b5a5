/** Housekeeping by calendar, over node-cron in UTC. */

import { schedule } from 'node-cron';
import type { Schedule } from './ports.ts';

export function cronSchedule(): Schedule {
  return {
    at(cron, job, signal) {
      if (signal.aborted) return;
      const task = schedule(cron, () => job(), { timezone: 'UTC', unref: true });
      signal.addEventListener('abort', () => void task.destroy(), { once: true });
    },
  };
}
