/** `transax-agent config show`: every setting that holds, with where it comes from. */
import { parse } from 'smol-toml';
import { keyLines, lineOf } from '../../../market/settings/toml-lines.ts';
import { AGENT_SCHEMA } from '../../config.ts';
import { type Command, loadSettings, readSettingsText } from '../command.ts';
import { columns, good } from '../output.ts';
import { settingsOf } from './schema-keys.ts';

export const configShow: Command = {
  words: ['config', 'show'],
  takes: '',
  summary: 'all settings that hold, those by default too, with where they come from',
  async run(host, args) {
    loadSettings(host, args.config);
    const text = readSettingsText(host, args.config);
    const lines = keyLines(text);
    const settings = settingsOf(AGENT_SCHEMA, parse(text)).map((setting) => ({
      ...setting,
      line: setting.origin === 'file' ? lineOf(lines, setting.key.split('.')) : null,
    }));
    const rows = settings.map(({ key, value, origin, line }) => [
      `${key} = ${JSON.stringify(value)}`,
      origin === 'default' ? '# by default' : `# line ${line ?? '?'}`,
    ]);
    return good({ file: host.resolve(args.config).path, settings }, columns(rows));
  },
};
