/** A device profile that cannot be used. */
import { SettingsError } from '../../market/settings/toml.ts';

/** There is none of that name, or it is of another kind of device. A fault of the settings. */
export class ProfileError extends SettingsError {
  constructor(message: string) {
    super('profile', [{ key: 'profile', line: null, message }]);
    this.name = 'ProfileError';
    this.message = message;
  }
}
