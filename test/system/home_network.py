"""The far end of a home's cable: devices of the home, and what the agent must never reach.

home_network.py INTERFACE DEVICES CANARY DNS PORT=PATH...

Runs in a network namespace of its own, whose INTERFACE leads to the agent's. At address DEVICES
each PORT is a device of the home, passed on to the Unix socket PATH. CANARY takes connections at
many ports, DNS answers every name with CANARY. After each line on stdin it writes one line of JSON:
how many packets came from the agent, by whom they were for.
"""
import json
import socket
import struct
import sys
import threading

interface, devices, canary, dns, *doors = sys.argv[1:]
doors = {int(port): path for port, path in (door.split("=", 1) for door in doors)}
PROBED = [53, 80, 443, 853, 1080, 8443, 8545, 8546, 8800, 9001, 9030, 9050, 9150]
ALL_PROTOCOLS = 3
HOST = 0
ARP = 0x0806
TCP, UDP = 6, 17

counts = {"devices": 0, "canary": 0, "dns": 0, "others": {}}
lock = threading.Lock()


def kind_of(ether_type, packet):
    if ether_type != 0x0800:
        return "ether type %04x" % ether_type
    protocol = packet[9]
    to = socket.inet_ntoa(packet[16:20])
    if to == canary:
        return "canary"
    if to == dns:
        return "dns"
    if protocol not in (TCP, UDP):
        return "protocol %d to %s" % (protocol, to)
    at = (packet[0] & 15) * 4
    port = struct.unpack("!H", packet[at + 2 : at + 4])[0]
    if to == devices and protocol == TCP and port in doors:
        return "devices"
    return "%s %s:%d" % ("tcp" if protocol == TCP else "udp", to, port)


def sniff(sniffer):
    while True:
        packet, (_, ether_type, how, *_) = sniffer.recvfrom(65535)
        # Neighbours look each other up, on this cable alone.
        if how != HOST or ether_type == ARP:
            continue
        kind = kind_of(ether_type, packet)
        with lock:
            if kind in ("devices", "canary", "dns"):
                counts[kind] += 1
            else:
                counts["others"][kind] = counts["others"].get(kind, 0) + 1


def pump(one, other):
    try:
        while data := one.recv(65536):
            other.sendall(data)
    except OSError:
        pass
    for each in (one, other):
        try:
            each.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(address, port, path):
    server = socket.create_server((address, port), backlog=64)

    def loop():
        while True:
            inside, _ = server.accept()
            if path is None:
                # The canary takes what it is told, and says nothing.
                continue
            beyond = socket.socket(socket.AF_UNIX)
            try:
                beyond.connect(path)
            except OSError:
                inside.close()
                continue
            for pair in ((inside, beyond), (beyond, inside)):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()


def answer_names():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((dns, 53))
    while True:
        query, asker = server.recvfrom(4096)
        end = query.index(b"\0", 12) + 5
        is_address = query[end - 4 : end - 2] == b"\0\1"
        record = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + socket.inet_aton(canary)
        head = query[:2] + b"\x81\x80\0\1" + (b"\0\1" if is_address else b"\0\0") + b"\0\0\0\0"
        server.sendto(head + query[12:end] + (record if is_address else b""), asker)


sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ALL_PROTOCOLS))
sniffer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
sniffer.bind((interface, ALL_PROTOCOLS))
threading.Thread(target=sniff, args=(sniffer,), daemon=True).start()
threading.Thread(target=answer_names, daemon=True).start()
for port, path in doors.items():
    serve(devices, port, path)
for port in PROBED:
    serve(canary, port, None)
print("ready", flush=True)
for _ in sys.stdin:
    with lock:
        print(json.dumps(counts), flush=True)
