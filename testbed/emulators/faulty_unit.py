"""A Modbus unit of raw frames that does what it is told, on a pseudo-terminal or a TCP socket.

    faulty_unit.py --pty LINK                  RTU on a pseudo-terminal; LINK leads to it
    faulty_unit.py --tcp [--swallow]           Modbus TCP; with --swallow nobody accepts at first

Says one JSON line when it is ready: {"path": LINK} or {"port": N}. Then takes one command a line,
and answers "ok": what to do with the next request, or from now on.

    next FAULT [MS]     FAULT: one of the functions in FAULTS; MS: its delay
    always FAULT [MS]   "always good" ends it
    hangup              the port vanishes (pty), the connection is reset (tcp)
    return              the port is there again
    accept              after --swallow: connections are accepted

Register a holds (a * 3 + 1) mod 65536 (functions 3 and 4); coil a is on when a is odd. Writes are
answered and forgotten. Written from the Modbus standard; shares nothing with what it tests.
"""

import argparse
import json
import os
import pty
import select
import socket
import struct
import sys
import time
import tty


def crc(body):
    value = 0xFFFF
    for byte in body:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


def answer(request):
    """Unit and function and what follows; request likewise."""
    unit, code, address, count = struct.unpack(">BBHH", request[:6])
    if code in (3, 4):
        words = [((address + i) * 3 + 1) & 0xFFFF for i in range(count)]
        return bytes([unit, code, 2 * count]) + struct.pack(">%dH" % count, *words)
    if code in (1, 2):
        data = bytearray((count + 7) // 8)
        for i in range(count):
            data[i // 8] |= ((address + i) & 1) << (i % 8)
        return bytes([unit, code, len(data)]) + bytes(data)
    return request[:6]


class Asked:
    def __init__(self, raw, request, seal):
        self.raw = raw
        self.body = answer(request)
        self.seal = seal
        self.good = seal(self.body)

    def with_byte(self, index, value):
        return self.seal(self.body[:index] + bytes([value]) + self.body[index + 1 :])


# Each gives what is sent: pairs of delay (s) and bytes.
FAULTS = {
    "good": lambda a, ms: [(ms, a.good)],
    "silence": lambda a, ms: [],
    "late": lambda a, ms: [(ms, a.good)],
    "late-other": lambda a, ms: [(ms, a.seal(a.body[:2] + bytes([a.body[2] + 8]) + a.body[3:] + bytes(8)))],
    "twice": lambda a, ms: [(0, a.good), (ms, a.good)],
    "wrong-unit": lambda a, ms: [(0, a.with_byte(0, a.body[0] + 8))],
    "wrong-function": lambda a, ms: [(0, a.with_byte(1, a.body[1] ^ 7))],
    "garbage": lambda a, ms: [(0, b"\xa5" * 20)],
    "garbage-before": lambda a, ms: [(0, b"\xa5" * 20 + a.good)],
    "garbage-behind": lambda a, ms: [(0, a.good + b"\x01" * 7)],
    "babble": lambda a, ms: [(i * 0.02, b"\x01" * 200) for i in range(10)],
    "missing-byte": lambda a, ms: [(0, a.good[:-1])],
    "missing-first": lambda a, ms: [(0, a.good[1:])],
    "leading-zero": lambda a, ms: [(0, b"\0" + a.good)],
    "pieces": lambda a, ms: [(0.01 * i, a.good[i : i + 1]) for i in range(len(a.good))],
    "count-high": lambda a, ms: [(0, a.with_byte(2, a.body[2] + 2))],
    "count-low": lambda a, ms: [(0, a.with_byte(2, a.body[2] - 2))],
    "register-less": lambda a, ms: [(0, a.seal(a.body[:2] + bytes([a.body[2] - 2]) + a.body[3:-2]))],
    "register-more": lambda a, ms: [(0, a.seal(a.body[:2] + bytes([a.body[2] + 2]) + a.body[3:] + b"xy"))],
    "bad-crc": lambda a, ms: [(0, a.good[:-1] + bytes([a.good[-1] ^ 1]))],
    "noise": lambda a, ms: [(0, a.good[:4] + bytes([a.good[4] ^ 64]) + a.good[5:])],
    "echo": lambda a, ms: [(0, a.raw), (ms, a.good)],
    "echo-only": lambda a, ms: [(0, a.raw)],
    "half-then-hangup": lambda a, ms: [(0, a.good[:4]), (0.02, None)],
    "busy": lambda a, ms: [(0, a.seal(bytes([a.body[0], a.body[1] | 0x80, 6])))],
    "refuse": lambda a, ms: [(0, a.seal(bytes([a.body[0], a.body[1] | 0x80, 2])))],
    "unreached": lambda a, ms: [(0, a.seal(bytes([a.body[0], a.body[1] | 0x80, 11])))],
}


class Pty:
    def __init__(self, link):
        self.link = link
        self.master = None
        self.open()

    def open(self):
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.keep = slave
        os.symlink(os.ttyname(slave), self.link + ".new")
        os.replace(self.link + ".new", self.link)

    def hang_up(self):
        if self.master is None:
            return
        os.close(self.master)
        os.close(self.keep)
        os.unlink(self.link)
        self.master = None

    def readers(self):
        return [] if self.master is None else [self.master]

    def read(self, _):
        return self.master, os.read(self.master, 4096)

    def write(self, _, data):
        if self.master is not None:
            os.write(self.master, data)

    def split(self, pending):
        """The first whole request of what came in: its bytes, its body, how to seal an answer."""
        if len(pending) < 8:
            return None
        length = 9 + pending[6] if pending[1] >= 15 else 8
        if len(pending) < length:
            return None
        raw = pending[:length]
        return raw, raw[:-2], lambda body: body + crc(body)


class Tcp:
    def __init__(self, swallow):
        self.server = socket.socket()
        self.server.bind(("127.0.0.1", 0))
        self.server.listen(0 if swallow else 8)
        self.port = self.server.getsockname()[1]
        self.client = None
        self.accepting = not swallow
        self.fillers = []
        for _ in range(4 if swallow else 0):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self.fillers.append(filler)

    def accept(self):
        self.accepting = True
        for filler in self.fillers:
            filler.close()

    def hang_up(self):
        if self.client is not None:
            self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.client.close()
            self.client = None

    def readers(self):
        own = [self.server] if self.accepting else []
        return own + ([self.client] if self.client is not None else [])

    def read(self, ready):
        if ready is self.server:
            if self.client is not None:
                self.client.close()
            self.client, _ = self.server.accept()
            return self.client, None
        try:
            data = self.client.recv(4096)
        except OSError:
            data = b""
        if not data:
            self.client.close()
            self.client = None
            return None, None
        return self.client, data

    def write(self, to, data):
        try:
            to.sendall(data)
        except OSError:
            pass

    def split(self, pending):
        if len(pending) < 6 or len(pending) < 6 + (pending[4] << 8 | pending[5]):
            return None
        raw = pending[: 6 + (pending[4] << 8 | pending[5])]
        return raw, raw[6:], lambda body: raw[:4] + struct.pack(">H", len(body)) + body


def serve(wire):
    following, always = [], ("good", 0)
    pending, due = b"", []
    while True:
        wait = max(0, min([at for at, _, _ in due], default=time.monotonic() + 60) - time.monotonic())
        ready, _, _ = select.select([sys.stdin, *wire.readers()], [], [], wait)
        if sys.stdin in ready:
            words = sys.stdin.readline().split()
            if not words:
                return
            if words[0] == "next":
                following.append((words[1], float(words[2]) / 1000 if len(words) > 2 else 0))
            elif words[0] == "always":
                always = (words[1], float(words[2]) / 1000 if len(words) > 2 else 0)
            elif words[0] == "hangup":
                wire.hang_up()
            elif words[0] == "return":
                wire.open()
            elif words[0] == "accept":
                wire.accept()
            print("ok", flush=True)
            continue
        for one in ready:
            try:
                to, data = wire.read(one)
            except OSError:
                continue
            if data is None:
                pending = b""
                continue
            pending += data
            while (found := wire.split(pending)) is not None:
                raw, request, seal = found
                pending = pending[len(raw) :]
                name, delay = following.pop(0) if following else always
                now = time.monotonic()
                for later, out in FAULTS[name](Asked(raw, request, seal), delay):
                    due.append((now + later, to, out))
        now = time.monotonic()
        for item in sorted([item for item in due if item[0] <= now], key=lambda item: item[0]):
            due.remove(item)
            if item[2] is None:
                wire.hang_up()
            else:
                wire.write(item[1], item[2])


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--pty")
    options.add_argument("--tcp", action="store_true")
    options.add_argument("--swallow", action="store_true")
    given = options.parse_args()
    wire = Pty(given.pty) if given.pty else Tcp(given.swallow)
    print(json.dumps({"path": given.pty} if given.pty else {"port": wire.port}), flush=True)
    serve(wire)


main()
