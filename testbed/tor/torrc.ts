/**
 * Settings of the members of a private Tor network. All listen on loopback, exits resolve no names
 * (there is no resolver), and the only authorities that anybody knows are those of this network: by
 * itself nothing goes to another machine.
 */

export interface Relay {
  name: string;
  orPort: number;
  dirPort: number;
  /** Of its RSA identity key. */
  fingerprint: string;
  /** Of an authority's long-term key; null: it is none. */
  v3Ident: string | null;
}

/** What everybody knows. */
function common(name: string, directory: string, relays: readonly Relay[]): string[] {
  return [
    'TestingTorNetwork 1',
    'PathsNeededToBuildCircuits 0.67',
    'TestingDirAuthVoteExit *',
    'TestingDirAuthVoteHSDir *',
    'TestingDirAuthVoteGuard *',
    'TestingMinExitFlagThreshold 0',
    'V3AuthNIntervalsValid 10',
    'RunAsDaemon 0',
    'Address 127.0.0.1',
    'ServerDNSDetectHijacking 0',
    'ServerDNSTestAddresses',
    'ServerDNSResolvConfFile /dev/null',
    'ShutdownWaitLength 0',
    'Sandbox 0',
    // /proc of a process that forbids this cannot be read: its memory and time are figures here.
    'DisableDebuggerAttachment 0',
    'CookieAuthentication 1',
    `CookieAuthFile ${directory}/control.authcookie`,
    `ControlSocket ${directory}/control`,
    `DataDirectory ${directory}`,
    `Nickname ${name}`,
    'SafeLogging 0',
    `Log notice file ${directory}/notice.log`,
    // Where the kernel does not end it with us, it looks for itself every few seconds.
    `__OwningControllerProcess ${process.pid}`,
    ...relays.flatMap(({ name: of, orPort, dirPort, fingerprint, v3Ident }) =>
      v3Ident === null
        ? []
        : `DirAuthority ${of} orport=${orPort} no-v2 v3ident=${v3Ident} ` +
          `127.0.0.1:${dirPort} ${fingerprint}`,
    ),
  ];
}

/** Least times that tor takes; the first consensus is there after some ten seconds. */
const AUTHORITY = [
  'AuthoritativeDirectory 1',
  'V3AuthoritativeDirectory 1',
  'TestingV3AuthInitialVotingInterval 5',
  'TestingV3AuthInitialVoteDelay 2',
  'TestingV3AuthInitialDistDelay 2',
  'V3AuthVotingInterval 10',
  'V3AuthVoteDelay 2',
  'V3AuthDistDelay 2',
];

const EXIT = [
  'ExitRelay 1',
  'ExitPolicyRejectPrivate 0',
  'ExitPolicy accept 127.0.0.0/8:*',
  'ExitPolicy accept private:*',
  // Without it nobody counts as an exit.
  'ExitPolicy accept *:*',
  'ExitPolicy reject *:*',
];

export function relayTorrc(relay: Relay, directory: string, relays: readonly Relay[]): string {
  return text([
    ...common(relay.name, directory, relays),
    'SocksPort 0',
    `ORPort 127.0.0.1:${relay.orPort}`,
    `DirPort 127.0.0.1:${relay.dirPort}`,
    'AssumeReachable 1',
    'ContactInfo somebody@example.invalid',
    ...(relay.v3Ident === null ? EXIT : [...AUTHORITY, 'ExitRelay 0']),
  ]);
}

/** As on a meter: a Unix socket, and a circuit of its own for each SOCKS identity. */
export function clientTorrc(name: string, directory: string, relays: readonly Relay[]): string {
  return text([
    ...common(name, directory, relays),
    `SocksPort unix:${directory}/socks RelaxDirModeCheck IsolateSOCKSAuth`,
    'ClientOnly 1',
    'ExitRelay 0',
    // Pairs of circuits for one stream make lists of circuits hard to read.
    'ConfluxEnabled 0',
    // A circuit whose address has done its one thing; time is scaled here.
    'MaxCircuitDirtiness 60',
  ]);
}

/** `http://NAME.onion` leads to a port of loopback; connections say of which circuit they are. */
export function onionTorrc(
  service: { name: string; port: number; tellsCircuits?: boolean },
  directory: string,
  relays: readonly Relay[],
): string {
  return text([
    ...common(service.name, directory, relays),
    'SocksPort 0',
    'ExitRelay 0',
    `HiddenServiceDir ${directory}/service`,
    'HiddenServiceVersion 3',
    `HiddenServicePort 80 127.0.0.1:${service.port}`,
    ...(service.tellsCircuits === true ? ['HiddenServiceExportCircuitID haproxy'] : []),
  ]);
}

function text(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
