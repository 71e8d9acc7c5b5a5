/**
 * The log: one line per event on stderr. Under systemd the journal adds the time, and the level
 * goes in front as sd-daemon(3) has it.
 */

import type { Log, LogFields } from './ports.ts';

type Level = 'info' | 'warn' | 'error';
const JOURNAL_PREFIX: Record<Level, string> = { info: '<6>', warn: '<4>', error: '<3>' };

/** @param options.json one JSON object a line, for machines. */
export function stderrLog(component: string, options: { json?: boolean } = {}): Log {
  const isJournal = process.env.JOURNAL_STREAM !== undefined;
  const write = (level: Level, message: string, fields: LogFields = {}): void => {
    process.stderr.write(
      options.json === true
        ? `${asJson(level, component, message, fields)}\n`
        : `${asText(level, component, message, fields, isJournal)}\n`,
    );
  };
  return {
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
  };
}

function asJson(level: Level, component: string, message: string, fields: LogFields): string {
  const record = { time: new Date().toISOString(), level, component, message, ...fields };
  return JSON.stringify(record, (_, value) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}

function asText(
  level: Level,
  component: string,
  message: string,
  fields: LogFields,
  isJournal: boolean,
): string {
  const front = isJournal
    ? `${JOURNAL_PREFIX[level]}${component}`
    : `${new Date().toISOString()} ${level.padEnd(5)} ${component}`;
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${quoted(value)}`);
  return `${front}: ${oneLine(message)}${rest.join('')}`;
}

function quoted(value: LogFields[string]): string {
  const text = String(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

/** A message from outside must not be able to forge a second line. */
function oneLine(message: string): string {
  return message.replace(/[\r\n]+/g, ' | ');
}
