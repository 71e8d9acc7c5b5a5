/** The device profiles that commands know: those that ship with the program, and people's own. */
import {
  listProfiles,
  loadProfile,
  OWN_PROFILES_FOLDER,
  type OwnProfiles,
} from '../../drivers/profile.ts';
import type { Profile } from '../../drivers/profile-types.ts';
import type { CommandHost } from '../command.ts';

export function ownProfiles(host: Pick<CommandHost, 'files'>): OwnProfiles {
  return { files: host.files, folder: OWN_PROFILES_FOLDER };
}

export function allProfiles(host: Pick<CommandHost, 'files' | 'resources'>): Profile[] {
  const own = ownProfiles(host);
  return listProfiles(host.resources, own).map(({ name }) => profileNamed(host, name));
}

/** @throws ProfileError, SettingsError, FileError */
export function profileNamed(
  host: Pick<CommandHost, 'files' | 'resources'>,
  name: string,
): Profile {
  return loadProfile(host.resources, name, ownProfiles(host));
}
