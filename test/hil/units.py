"""The house's devices as pymodbus sees them. The register maps are written from the makers' tables.

Unit 1: the meter. Unit 2: the battery (the lab's register map). Unit 3: a relay, coil 0.
"""

import struct

from pymodbus.datastore import ModbusSlaveContext
from pymodbus.datastore.store import BaseModbusDataBlock

WS_PER_KWH = 3_600_000


def words(form, *values):
    raw = struct.pack(form, *values)
    return list(struct.unpack(f">{len(raw) // 2}H", raw))


def nothing():
    return {}


class Block(BaseModbusDataBlock):
    """Registers made at each look. `registers()` gives address -> word; the others do not exist."""

    def __init__(self, registers, write=None):
        self.registers = registers
        self.write = write

    def validate(self, address, count=1):
        known = self.registers()
        return all(address + i in known for i in range(count))

    def getValues(self, address, count=1):
        known = self.registers()
        return [known[address + i] for i in range(count)]

    def setValues(self, address, values):
        if self.write is not None:
            self.write(address, values if isinstance(values, list) else [values])


def only(**blocks):
    """A unit that has these and nothing else: pymodbus gives zeros where nothing is said."""
    every = {name: blocks.get(name, Block(nothing)) for name in ("di", "co", "hr", "ir")}
    return ModbusSlaveContext(**every, zero_mode=True)


def spread(*parts):
    found = {}
    for address, many in parts:
        for i, word in enumerate(many):
            found[address + i] = word
    return found


def sdm630(house):
    """Eastron SDM630 V2: input registers, float, high word first; kWh, W, V, A, Hz."""

    def registers():
        net_w = house.read()
        zeros = {address: 0 for address in range(0, 0x50)}
        zeros.update(
            spread(
                (0x00, words(">fff", 230.1, 229.7, 231.2)),
                (0x0C, words(">fff", net_w / 3, net_w / 3, net_w / 3)),
                (0x34, words(">f", net_w)),
                (0x46, words(">f", 50.01)),
                (0x48, words(">f", house.imported_ws / WS_PER_KWH)),
                (0x4A, words(">f", house.exported_ws / WS_PER_KWH)),
            )
        )
        return zeros

    return only(ir=Block(registers))


def abb_b23(house):
    """ABB B23: holding registers; W / 100 as int32, kWh / 100 as uint64, high word first."""

    def registers():
        net_w = house.read()
        third = round(100 * net_w / 3)
        return spread(
            (0x5000, words(">Q", int(100 * house.imported_ws / WS_PER_KWH))),
            (0x5004, words(">Q", int(100 * house.exported_ws / WS_PER_KWH))),
            (0x5B00, words(">III", 2301, 2297, 2312)),
            (0x5B0C, words(">III", 150, 150, 150)),
            (0x5B14, words(">i", round(100 * net_w))),
            (0x5B16, words(">iii", third, third, third)),
            (0x5B2C, words(">H", 5001)),
            (0x8960, words(">4s", b"B23 ")),
        )

    return only(hr=Block(registers))


def lab_battery(house):
    """See agent/drivers/profiles/transax-lab-battery.toml."""

    def inputs():
        house.read()
        battery = house.battery
        power_w = round(house.battery_w())
        share = round(1000 * battery.held_ws / battery.capacity_ws)
        return spread((0, words(">i", power_w)), (2, [share]))

    def holdings():
        battery = house.battery
        set_point_w = battery.set_point_w or 0
        mode = 0 if battery.set_point_w is None else 1
        return spread((0, words(">i", set_point_w)), (2, [battery.dead_man_s, mode]))

    def write(address, values):
        at = dict(enumerate(values, address))
        if 2 in at:
            house.set_dead_man(at[2])
        if 0 in at and 1 in at:
            house.set_point(struct.unpack(">i", struct.pack(">HH", at[0], at[1]))[0])
        if at.get(3) == 0:
            house.set_automatic()

    return only(ir=Block(inputs), hr=Block(holdings, write))


def relay(house):
    def coils():
        house.read()
        return {0: house.boiler.is_on}

    def write(address, values):
        if address == 0:
            house.set_relay(bool(values[0]))

    return only(co=Block(coils, write))


METERS = {"eastron-sdm630": sdm630, "abb-b23": abb_b23}


def units_of(house, meter):
    units = {1: METERS[meter](house)}
    if house.battery is not None:
        units[2] = lab_battery(house)
    if house.boiler is not None:
        units[3] = relay(house)
    return units
