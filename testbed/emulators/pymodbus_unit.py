"""A plain unit by Debian's pymodbus: the same registers as faulty_unit.py, by another's code.

    pymodbus_unit.py tcp PORT | rtu-tcp PORT | serial PATH [BAUD]

Says "ready" on stdout. Input registers (a * 3 + 1) mod 65536, holding registers that keep what is
written, coils and discrete inputs that are on at odd addresses; units 1 and 2; 1,000 of each.
"""

import asyncio
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartAsyncSerialServer, StartAsyncTcpServer
from pymodbus.transaction import ModbusRtuFramer, ModbusSocketFramer

SIZE = 1000


def unit():
    bits = [i % 2 == 1 for i in range(SIZE)]
    return ModbusSlaveContext(
        di=ModbusSequentialDataBlock(0, list(bits)),
        co=ModbusSequentialDataBlock(0, list(bits)),
        ir=ModbusSequentialDataBlock(0, [(i * 3 + 1) & 0xFFFF for i in range(SIZE)]),
        hr=ModbusSequentialDataBlock(0, [0] * SIZE),
        zero_mode=True,
    )


async def main():
    kind, place = sys.argv[1:3]
    context = ModbusServerContext(slaves={1: unit(), 2: unit()}, single=False)
    asyncio.get_event_loop().call_later(0.3, lambda: print("ready", flush=True))
    if kind == "serial":
        baud = int(sys.argv[3]) if len(sys.argv) > 3 else 9600
        await StartAsyncSerialServer(
            context, framer=ModbusRtuFramer, port=place, baudrate=baud, timeout=0.01
        )
    else:
        framer = ModbusSocketFramer if kind == "tcp" else ModbusRtuFramer
        await StartAsyncTcpServer(context, framer=framer, address=("127.0.0.1", int(place)))


asyncio.run(main())
