/** `transax-agent config check`: whether the settings can be used, before a restart needs them. */
import { SettingsError } from '../../../market/settings/toml.ts';
import { type Command, EXIT, loadSettings } from '../command.ts';
import { ended, good } from '../output.ts';

export const configCheck: Command = {
  words: ['config', 'check'],
  takes: '',
  summary: 'whether the settings can be used; all faults at once, with lines',
  examples: ['transax-agent config check && systemctl restart transax-agent'],
  async run(host, args) {
    const { path } = host.resolve(args.config);
    try {
      const { buses, meters, loads } = loadSettings(host, args.config);
      const counts = `${buses.length} buses, ${meters.length} meters, ${loads.length} loads`;
      return good({ file: path, faults: [] }, `${path} is good: ${counts}`);
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      return ended(EXIT.usage, { file: path, faults: error.faults }, error.message);
    }
  },
};
