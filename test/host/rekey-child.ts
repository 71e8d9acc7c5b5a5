/** A process that changes the key of databases and ends itself before a step: see rekey.test.ts. */
import { rekeyFiles } from '../../host/sqlite-rekey.ts';

const [keyPath = '', step = '', ...databases] = process.argv.slice(2);
let count = 0;
rekeyFiles(
  {
    keyPath,
    databases,
    onStep() {
      if (count === Number(step)) process.kill(process.pid, 'SIGKILL');
      count += 1;
    },
  },
  new Uint8Array(32).fill(9),
);
process.stdout.write(String(count));
