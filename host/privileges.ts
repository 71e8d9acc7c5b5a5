/**
 * Root is not needed: who starts the program as root, an installer with sudo, gets what the user of
 * the agent may do, and files that this user owns.
 */
import { findGroups, findUser } from './machine.ts';

/** Groups that may use serial ports, relays and Tor's socket, kept where the machine has them. */
const DEVICE_GROUPS = ['dialout', 'gpio', 'tty', 'systemd-journal', 'transax-tor'];

/**
 * Root becomes `name`, for good; anybody else stays who he is, and so does root where there is no
 * such user.
 * @returns whether it did
 */
export function dropRootTo(name: string): boolean {
  if (process.getuid?.() !== 0) return false;
  const user = findUser(name);
  if (user === null || user.id === 0) return false;
  const own = findGroups().filter(
    (group) => group.members.includes(name) || DEVICE_GROUPS.includes(group.name),
  );
  process.setgroups?.([...new Set([user.group, ...own.map(({ id }) => id)])]);
  process.setgid?.(user.group);
  process.setuid?.(user.id);
  return true;
}
