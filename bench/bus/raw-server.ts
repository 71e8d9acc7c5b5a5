/** A Modbus TCP server of raw sockets, as a process of its own: answers as fast as Node can. */
import { createServer } from 'node:net';

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  // One request at a time comes in one piece.
  socket.on('data', (request) => {
    const count = request.readUInt16BE(10);
    const answer = Buffer.alloc(9 + 2 * count);
    request.copy(answer, 0, 0, 8);
    answer.writeUInt16BE(3 + 2 * count, 4);
    answer.writeUInt8(2 * count, 8);
    for (let i = 0; i < count; i++)
      answer.writeUInt16BE((request.readUInt16BE(8) + i) & 0xffff, 9 + 2 * i);
    socket.write(answer);
  });
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as { port: number };
  process.stdout.write(`${port}\n`);
});
