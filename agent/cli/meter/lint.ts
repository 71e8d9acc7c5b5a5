/** `transax-agent meter lint FILE`: whether a profile of one's own is one. */
import { lintProfile } from '../../drivers/profile.ts';
import { type Command, EXIT } from '../command.ts';

export const meterLint: Command = {
  words: ['meter', 'lint'],
  takes: 'FILE',
  summary: 'checks a device profile; all faults are told, with lines',
  examples: ['transax-agent meter lint /etc/transax/profiles/my-meter.toml'],
  least: 1,
  async run(host, args) {
    const [file = ''] = args.positionals;
    const text = host.files.readText(host.resolve(file).path);
    const { profile, faults, warnings } = lintProfile(text, file);
    const data = {
      file,
      profile: profile?.name ?? null,
      version: profile?.version ?? null,
      values: profile?.points.length ?? null,
      faults,
    };
    const lines = faults.map(({ line, key, message }) => {
      const place = line === null ? '' : `line ${line}: `;
      return `${file}: ${place}${key === '' ? 'the file' : key} ${message}`;
    });
    const said =
      profile === null
        ? lines.join('\n')
        : `${file}: profile ${profile.name} v${profile.version}, ${profile.points.length} values`;
    return { code: profile === null ? EXIT.usage : EXIT.good, data, text: said, warnings };
  },
};
