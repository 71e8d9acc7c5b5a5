"""The wire between agent and devices: loopback TCP, or a pseudo-terminal that is a serial line.

It hands on requests as they are, and spoils answers as told. `fault` is one of FAULTS or None. With
a `baud`, a terminal that is set to another one is not heard.
"""

import asyncio
import os
import random
import termios
import tty


def crc16(frame):
    crc = 0xFFFF
    for byte in frame:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc.to_bytes(2, "little")


class Line:
    FAULTS = ("silence", "late", "duplicate", "wrong-unit", "garbage")

    def __init__(self, port, is_serial, is_rtu, late_ms, baud=None):
        self.port = port
        self.is_serial = is_serial
        self.is_rtu = is_rtu
        self.speed = None if baud is None else getattr(termios, f"B{baud}")
        self.late_ms = late_ms
        self.fault = None
        self.is_dead = False
        self.spoilt = {name: 0 for name in (*self.FAULTS, "dead")}
        self.chance = random.Random(7)

    async def open(self):
        if self.is_serial:
            return {"path": await self._open_terminal()}
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.server = server
        return {"port": server.sockets[0].getsockname()[1]}

    # -------------------------------------------------------------------------------------- TCP

    async def _carry(self, reader, writer):
        if self.is_dead:
            self.spoilt["dead"] += 1
            writer.close()
            return
        await self._bridge(reader.read, writer.write, writer.close)

    # ------------------------------------------------------------------------- pseudo-terminal

    async def _open_terminal(self):
        master, slave = os.openpty()
        # Held open here too, so that the line stays when the agent is killed.
        self.slave = slave
        tty.setraw(master)
        tty.setraw(slave)
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        file = os.fdopen(master, "rb", buffering=0)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), file)
        self.carrying = asyncio.ensure_future(
            self._bridge(reader.read, lambda data: os.write(master, data), lambda: None)
        )
        return os.ttyname(slave)

    # ------------------------------------------------------------------------------------- both

    async def _bridge(self, read, write, close):
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.port)
        down = asyncio.ensure_future(self._answers(up_reader, write, close))
        try:
            while data := await read(4096):
                if self.is_dead:
                    self.spoilt["dead"] += 1
                    continue
                if self.speed is not None and termios.tcgetattr(self.slave)[5] != self.speed:
                    continue
                up_writer.write(data)
        except ConnectionError:
            pass
        finally:
            up_writer.close()
            down.cancel()
            close()

    async def _answers(self, reader, write, close):
        while data := await reader.read(4096):
            if self.is_dead:
                close()
                continue
            fault = self.fault
            if fault is None:
                write(data)
                continue
            self.spoilt[fault] += 1
            if fault == "late":
                asyncio.get_running_loop().call_later(self.late_ms / 1000, self._late, write, data)
            else:
                for piece in self._spoil(fault, data):
                    write(piece)

    def _late(self, write, data):
        try:
            write(data)
        except (OSError, RuntimeError):
            pass

    def _spoil(self, fault, data):
        if fault == "silence":
            return []
        if fault == "duplicate":
            return [data, data]
        if fault == "garbage":
            return [bytes(self.chance.randrange(256) for _ in range(20)), data]
        if self.is_rtu:
            frame = bytes([data[0] ^ 0x40]) + data[1:-2]
            return [frame + crc16(frame)]
        return [data[:6] + bytes([data[6] ^ 0x40]) + data[7:]]
