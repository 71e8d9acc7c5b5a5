/** `transax-agent meter models`: the devices that this release can read. */
import { listProfiles, profileFaults } from '../../drivers/profile.ts';
import type { Command } from '../command.ts';
import { columns, good } from '../output.ts';
import { ownProfiles } from './profiles.ts';

export const meterModels: Command = {
  words: ['meter', 'models'],
  takes: '',
  summary: 'the meters, inverters and batteries that can be read, and how well each is founded',
  text: 'Those that ship, and your own in /etc/transax/profiles; faults of those are told.',
  async run(host) {
    const own = ownProfiles(host);
    const models = listProfiles(host.resources, own).map(({ name, ...rest }) => ({
      profile: name,
      ...rest,
    }));
    const rows = models.map((each) => [
      each.profile,
      `v${each.version}`,
      each.kind,
      `${each.vendor} ${each.title}`,
      each.isShipped ? each.foundation : 'your own',
    ]);
    return good({ models }, columns(rows), profileFaults(host.resources, own));
  },
};
