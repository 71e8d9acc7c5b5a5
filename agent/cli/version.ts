/** `transax-agent version`. */
import { VERSION } from '../version.ts';
import type { Command } from './command.ts';
import { good } from './output.ts';

export const version: Command = {
  words: ['version'],
  takes: '',
  summary: 'which release this is',
  async run(host) {
    return good({ version: VERSION, ...host.machine.versions() }, `transax-agent ${VERSION}`);
  },
};
