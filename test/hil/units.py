"""The house's devices as pymodbus sees them. The register maps are written from the makers' tables.

Unit 1: the meter. Unit 2: the battery (the lab's register map). Unit 3: a relay, coil 0.
"""

import struct

from pymodbus.datastore import ModbusSlaveContext
from pymodbus.datastore.store import BaseModbusDataBlock

WS_PER_KWH = 3_600_000
VOLTS = (230.1, 229.7, 231.2)


def words(form, *values):
    raw = struct.pack(form, *values)
    return list(struct.unpack(f">{len(raw) // 2}H", raw))


def nothing():
    """Instead of pymodbus's own blocks, which have all registers there can be, at 0."""
    return Block(lambda: {})


def context(**blocks):
    kinds = ("di", "co", "ir", "hr")
    return ModbusSlaveContext(
        **{kind: blocks.get(kind) or nothing() for kind in kinds}, zero_mode=True
    )


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
                (0x00, words(">fff", *VOLTS)),
                (0x06, words(">fff", *[abs(net_w) / 3 / volts for volts in VOLTS])),
                (0x0C, words(">fff", net_w / 3, net_w / 3, net_w / 3)),
                (0x34, words(">f", net_w)),
                (0x46, words(">f", 50.01)),
                (0x48, words(">f", house.imported_ws / WS_PER_KWH)),
                (0x4A, words(">f", house.exported_ws / WS_PER_KWH)),
                (0x15A, words(">fff", *[house.imported_ws / WS_PER_KWH / 3] * 3)),
            )
        )
        return zeros

    return context(ir=Block(registers))


def abb_b23(house):
    """ABB B23: holding registers; W / 100 as int32, kWh / 100 as uint64, high word first."""

    def registers():
        net_w = house.read()
        third = round(100 * net_w / 3)
        imported = int(100 * house.imported_ws / WS_PER_KWH)
        exported = int(100 * house.exported_ws / WS_PER_KWH)
        blocks = ((0x5000, 0x34), (0x5460, 0x18), (0x5B00, 0x42), (0x8908, 16))
        zeros = {first + i: 0 for first, count in blocks for i in range(count)}
        known = spread(
            (0x5000, words(">QQ", imported, exported)),
            (0x5460, words(">QQQ", *[imported // 3] * 3)),
            (0x546C, words(">QQQ", *[exported // 3] * 3)),
            (0x5B00, words(">III", *[round(10 * volts) for volts in VOLTS])),
            (0x5B0C, words(">III", *[round(100 * abs(net_w) / 3 / volts) for volts in VOLTS])),
            (0x5B14, words(">i", round(100 * net_w))),
            (0x5B16, words(">iii", third, third, third)),
            (0x5B2C, words(">H", 5001)),
            (0x5B3A, words(">h", 1000)),
            (0x8908, words(">16s", b"B1.2.3")),
            (0x8960, list(struct.unpack(">HH", b"B23 "))),
        )
        return {**zeros, **known}

    return context(hr=Block(registers))


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

    return context(ir=Block(inputs), hr=Block(holdings, write))


def relay(house):
    def coils():
        house.read()
        return {0: house.boiler.is_on}

    def write(address, values):
        if address == 0:
            house.set_relay(bool(values[0]))

    return context(co=Block(coils, write))


METERS = {"eastron-sdm630": sdm630, "abb-b23": abb_b23}


def units_of(house, meter):
    units = {1: METERS[meter](house)}
    if house.battery is not None:
        units[2] = lab_battery(house)
    if house.boiler is not None:
        units[3] = relay(house)
    return units
