"""A house on a Modbus line, by pymodbus, behind a line that can be spoilt.

    emulator.py SETTINGS     (one JSON object)

Says {"port": N} or {"path": "/dev/pts/N"} when it can be read. Takes one JSON object a line:
{"fault": NAME or null}, {"powered": BOOL}, {"resetCounters": true}, {"dump": true}; the last is
answered with the house's own books.
"""

import asyncio
import json
import sys
import time

from house import House
from line import Line
from pymodbus.datastore import ModbusServerContext
from pymodbus.framer.rtu_framer import ModbusRtuFramer
from pymodbus.framer.socket_framer import ModbusSocketFramer
from pymodbus.server.async_io import ModbusTcpServer
from units import units_of


def market_clock(settings):
    """Milliseconds of market time: the same sum as the agent's lab clock."""
    starts, origin, factor = (settings[key] for key in ("startsAtMs", "wallOriginMs", "factor"))
    return lambda: int(starts + (time.time() * 1000 - origin) * factor)


def books_of(house):
    house.advance(house.now())
    return {
        "atMs": house.at_ms,
        "intervals": [{"interval": i, **book} for i, book in sorted(house.books.items())],
        "relay": house.relay_events,
        "orders": house.orders,
    }


async def obey(house, line):
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    async for text in reader:
        order = json.loads(text)
        if "fault" in order:
            line.fault = order["fault"]
        if "powered" in order:
            house.set_powered(order["powered"])
            line.is_dead = not order["powered"]
        if "resetCounters" in order:
            house.reset_counters()
        if "dump" in order:
            say({**books_of(house), "spoilt": line.spoilt})


def say(found):
    print(json.dumps(found), flush=True)


async def main():
    settings = json.loads(sys.argv[1])
    house = House(settings, market_clock(settings))
    is_serial = settings["line"] == "serial"
    is_rtu = settings["line"] != "tcp"
    context = ModbusServerContext(slaves=units_of(house, settings["meter"]), single=False)
    server = ModbusTcpServer(
        context,
        framer=ModbusRtuFramer if is_rtu else ModbusSocketFramer,
        address=("127.0.0.1", 0),
    )
    serving = asyncio.ensure_future(server.serve_forever())
    await server.serving
    port = server.server.sockets[0].getsockname()[1]
    line = Line(port, is_serial, is_rtu, settings["lateMs"], settings.get("baud"))
    say(await line.open())
    await obey(house, line)
    serving.cancel()


asyncio.run(main())
