/**
 * Installs a package without its daemon. Debian starts a daemon when its package is configured, by
 * systemd or by an init script; both ask policy-rc.d first, which says no meanwhile. On a machine
 * that runs systemd its units are masked as well, and stay so, for they would start at each boot.
 * Who wants the daemon later: `systemctl unmask UNIT`.
 */
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const UNITS = '/etc/systemd/system';
const POLICY = '/usr/sbin/policy-rc.d';
/** "action forbidden by policy" */
const NO = '#!/bin/sh\nexit 101\n';

export async function withoutDaemons<T>(
  units: readonly string[],
  install: () => Promise<T>,
): Promise<T> {
  if (existsSync('/run/systemd/system')) mask(units);
  // One that is there is the decision of whoever set this machine up.
  const isOurs = !existsSync(POLICY);
  if (isOurs) writeFileSync(POLICY, NO, { mode: 0o755 });
  try {
    return await install();
  } finally {
    if (isOurs) rmSync(POLICY);
  }
}

function mask(units: readonly string[]): void {
  mkdirSync(UNITS, { recursive: true });
  for (const unit of units) {
    const place = join(UNITS, unit);
    if (!existsSync(place)) symlinkSync('/dev/null', place);
  }
}
