"""Counts the packets of a network namespace: those to and from the meters, and all others.

sniffer.py PORT...: the meters' TCP ports on 127.0.0.1. After each line on stdin it writes one line
of JSON: {"meters": N, "others": {"tcp 127.0.0.1:8545": N, ...}}. A packet counts once, when it is
sent.
"""
import json
import socket
import struct
import sys
import threading

ALL_PROTOCOLS = 3
OUTGOING = 4
NAMES = {1: "icmp", 6: "tcp", 17: "udp"}
meters = {int(port) for port in sys.argv[1:]}
counts = {"meters": 0, "others": {}}
lock = threading.Lock()


def what(ether_type, packet):
    """Name of a packet's kind and destination; None: it is to or from a meter."""
    if ether_type != 0x0800:
        return "ether type %04x" % ether_type
    header = (packet[0] & 15) * 4
    protocol = packet[9]
    source = socket.inet_ntoa(packet[12:16])
    destination = socket.inet_ntoa(packet[16:20])
    name = NAMES.get(protocol, "protocol %d" % protocol)
    if protocol not in (6, 17):
        return "%s %s" % (name, destination)
    from_port, to_port = struct.unpack("!HH", packet[header : header + 4])
    is_house = protocol == 6 and source == destination == "127.0.0.1"
    if is_house and (to_port in meters or from_port in meters):
        return None
    return "%s %s:%d" % (name, destination, to_port)


def listen(sniffer):
    while True:
        packet, (_, ether_type, kind, *_) = sniffer.recvfrom(65535)
        if kind != OUTGOING:
            continue
        name = what(ether_type, packet)
        with lock:
            if name is None:
                counts["meters"] += 1
            else:
                counts["others"][name] = counts["others"].get(name, 0) + 1


sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ALL_PROTOCOLS))
sniffer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
threading.Thread(target=listen, args=(sniffer,), daemon=True).start()
print("ready", flush=True)
for _ in sys.stdin:
    with lock:
        print(json.dumps(counts), flush=True)
