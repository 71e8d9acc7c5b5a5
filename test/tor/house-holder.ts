/**
 * Runs in a network namespace of its own (`unshare --net`) and is all of the home network that is
 * in it: loopback, where each emulated meter answers at its port through a Unix socket, and a way
 * to everywhere else that leads nowhere, so that who tries it is heard by the sniffer. Stdin names
 * the meters, one line each: PORT PATH.
 */
import { execFileSync } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

const NOBODY = '02:00:00:00:00:01';

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

ip('link', 'set', 'lo', 'up');
// A cable from here to here: what goes into it arrives at nobody.
ip('link', 'add', 'out0', 'type', 'veth', 'peer', 'name', 'out1');
for (const end of ['out0', 'out1']) {
  // Else the kernel itself speaks: router solicitations.
  ip('link', 'set', end, 'addrgenmode', 'none');
  ip('link', 'set', end, 'up');
}
ip('address', 'add', '10.77.0.2/24', 'dev', 'out0');
ip('neighbour', 'add', '10.77.0.1', 'lladdr', NOBODY, 'dev', 'out0', 'nud', 'permanent');
ip('route', 'add', 'default', 'via', '10.77.0.1');
process.stdout.write('ready\n');

for await (const line of createInterface({ input: process.stdin })) {
  const [port = '', path = ''] = line.split(' ');
  const server = createServer((inside) => {
    const meter = connect(path);
    inside.pipe(meter).pipe(inside);
    inside.on('error', () => meter.destroy());
    meter.on('error', () => inside.destroy());
  });
  server.listen(Number(port), '127.0.0.1', () => process.stdout.write(`meter ${port}\n`));
}
process.exit(0);
