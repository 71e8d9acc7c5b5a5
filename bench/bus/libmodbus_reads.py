"""Reads by libmodbus (Debian's libmodbus5): libmodbus_reads.py tcp PORT | serial PATH, COUNT, READS.

Prints the time of each read, us, as one JSON list.
"""

import ctypes
import json
import sys
import time

kind, place, count, reads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
lib = ctypes.CDLL("libmodbus.so.5")
lib.modbus_new_tcp.restype = ctypes.c_void_p
lib.modbus_new_rtu.restype = ctypes.c_void_p
if kind == "tcp":
    raw = lib.modbus_new_tcp(b"127.0.0.1", int(place))
else:
    raw = lib.modbus_new_rtu(place.encode(), 9600, ctypes.c_char(b"N"), 8, 1)
context = ctypes.c_void_p(raw)
lib.modbus_set_slave(context, 1)
if lib.modbus_connect(context) != 0:
    sys.exit("no connection")
words = (ctypes.c_uint16 * count)()
times = []
for _ in range(reads):
    started = time.perf_counter_ns()
    got = lib.modbus_read_input_registers(context, 10, count, words)
    times.append((time.perf_counter_ns() - started) / 1000)
    if got != count:
        sys.exit("a read failed")
print(json.dumps(times))
