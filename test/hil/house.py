"""A house with a meter, perhaps a battery and a boiler: its physics and its own books.

Piecewise exact: everything is constant between two events (a change of the household's load, the
edge of an interval, a full or empty battery, a satisfied thermostat, a dead-man timer), so the
books do not depend on how often anybody asks. Powers in W, positive into the house; energies in Ws;
times are market time in ms.
"""

import math
import random

INTERVAL_MS = 900_000
SEGMENT_MS = 60_000
# The thermostat's band, as a share of the tank.
COLD, WARM = 0.6, 1.0


class House:
    def __init__(self, settings, now):
        self.now = now
        self.at_ms = now()
        self.seed = settings["seed"]
        self.base_w = settings["baseW"]
        self.pv_w = settings.get("pvW", 0)
        self.imported_ws = settings["importedWs"]
        self.exported_ws = settings["exportedWs"]
        self.battery = Battery(settings["battery"]) if settings.get("battery") else None
        self.boiler = Boiler(settings["boiler"]) if settings.get("boiler") else None
        self.is_powered = True
        self.books = {}
        self.relay_events = []
        self.orders = []

    # ------------------------------------------------------------------ what devices ask and say

    def read(self):
        """Lives up to this moment. Returns the net power."""
        self.advance(self.now())
        return self.net_w()

    def set_relay(self, is_on):
        self.advance(self.now())
        if self.boiler is None or self.boiler.is_on == is_on:
            return
        self.boiler.is_on = is_on
        self.relay_events.append({"atMs": self.at_ms, "isOn": is_on, "cause": "command"})

    def set_point(self, power_w):
        self.advance(self.now())
        self.orders.append({"atMs": self.at_ms, "powerW": power_w})
        self.battery.order(power_w, self.at_ms)

    def set_dead_man(self, seconds):
        self.advance(self.now())
        self.battery.dead_man(seconds, self.at_ms)

    def set_automatic(self):
        self.advance(self.now())
        self.battery.set_point_w = None

    def reset_counters(self):
        self.advance(self.now())
        self.imported_ws = 0.0
        self.exported_ws = 0.0

    def set_powered(self, is_powered):
        """A power cut: contactors fall open, nothing flows, counters keep what they have."""
        self.advance(self.now())
        self.is_powered = is_powered
        if is_powered:
            return
        if self.boiler is not None and self.boiler.is_on:
            self.boiler.is_on = False
            self.relay_events.append({"atMs": self.at_ms, "isOn": False, "cause": "power"})
        if self.battery is not None:
            self.battery.set_point_w = None

    # ------------------------------------------------------------------------------- the physics

    def household_w(self):
        """Load less generation in the minute that runs."""
        minute = self.at_ms // SEGMENT_MS
        chance = random.Random(self.seed * 1_000_003 + minute)
        hour = (self.at_ms / 3_600_000) % 24
        load_w = self.base_w * (0.7 + 0.6 * chance.random())
        if 17 <= hour < 22:
            load_w += self.base_w
        sun = max(0.0, math.sin(math.pi * (hour - 4) / 15)) if 4 <= hour <= 19 else 0.0
        return round(load_w - self.pv_w * sun * (0.85 + 0.15 * chance.random()))

    def others_w(self):
        """All but the battery."""
        if not self.is_powered:
            return 0.0
        boiler_w = 0.0 if self.boiler is None else self.boiler.power_w()
        return float(self.household_w()) + boiler_w

    def battery_w(self):
        if self.battery is None or not self.is_powered:
            return 0.0
        return self.battery.power_w(self.others_w())

    def net_w(self):
        return self.others_w() + self.battery_w()

    def advance(self, to_ms):
        while self.at_ms < to_ms:
            self._step(to_ms)

    def _step(self, to_ms):
        net_w = self.net_w()
        battery_w = self.battery_w()
        edges = [to_ms, (self.at_ms // SEGMENT_MS + 1) * SEGMENT_MS]
        if self.battery is not None:
            edges.append(self.battery.next_event(battery_w, self.at_ms))
        if self.boiler is not None:
            edges.append(self.boiler.next_event(self.at_ms))
        end_ms = max(self.at_ms + 1, min(edges))
        seconds = (end_ms - self.at_ms) / 1000
        book = self.books.setdefault(
            self.at_ms // INTERVAL_MS, {"importedWs": 0.0, "exportedWs": 0.0}
        )
        if net_w >= 0:
            self.imported_ws += net_w * seconds
            book["importedWs"] += net_w * seconds
        else:
            self.exported_ws -= net_w * seconds
            book["exportedWs"] -= net_w * seconds
        if self.battery is not None:
            self.battery.live(battery_w, seconds, end_ms)
        if self.boiler is not None:
            self.boiler.live(seconds, self.is_powered)
        self.at_ms = end_ms


class Battery:
    """Charge positive. Without a set-point it keeps the house's net power at nothing."""

    def __init__(self, settings):
        self.capacity_ws = settings["capacityWs"]
        self.charge_w = settings["chargeW"]
        self.discharge_w = settings["dischargeW"]
        self.held_ws = self.capacity_ws * settings.get("charged", 0.5)
        self.set_point_w = None
        self.dead_man_s = 0
        self.due_ms = None

    def order(self, power_w, at_ms):
        self.set_point_w = power_w
        self._arm(at_ms)

    def dead_man(self, seconds, at_ms):
        self.dead_man_s = seconds
        self._arm(at_ms)

    def _arm(self, at_ms):
        self.due_ms = at_ms + self.dead_man_s * 1000 if self.dead_man_s > 0 else None

    def power_w(self, others_w):
        wanted_w = -others_w if self.set_point_w is None else self.set_point_w
        wanted_w = max(-self.discharge_w, min(self.charge_w, wanted_w))
        if wanted_w > 0 and self.held_ws >= self.capacity_ws:
            return 0.0
        if wanted_w < 0 and self.held_ws <= 0:
            return 0.0
        return float(wanted_w)

    def next_event(self, power_w, at_ms):
        edges = [math.inf]
        if self.set_point_w is not None and self.due_ms is not None:
            edges.append(self.due_ms)
        if power_w > 0:
            edges.append(at_ms + math.ceil(1000 * (self.capacity_ws - self.held_ws) / power_w))
        if power_w < 0:
            edges.append(at_ms + math.ceil(1000 * self.held_ws / -power_w))
        return min(edges)

    def live(self, power_w, seconds, at_ms):
        self.held_ws = max(0.0, min(self.capacity_ws, self.held_ws + power_w * seconds))
        if self.due_ms is not None and at_ms >= self.due_ms:
            self.set_point_w = None
            self.due_ms = None


class Boiler:
    """A heating element behind a relay and a thermostat of its own."""

    def __init__(self, settings):
        self.element_w = settings["powerW"]
        self.tank_ws = settings["tankWs"]
        self.drain_w = settings["drainW"]
        self.warm_ws = self.tank_ws * 0.7
        self.is_on = False
        self.wants = True

    def power_w(self):
        return float(self.element_w) if self.is_on and self.wants else 0.0

    def next_event(self, at_ms):
        gain_w = self.power_w() - self.drain_w
        if gain_w > 0:
            left_ws = self.tank_ws * WARM - self.warm_ws
            return at_ms + max(1, math.ceil(1000 * left_ws / gain_w))
        if not self.wants:
            left_ws = self.warm_ws - self.tank_ws * COLD
            return at_ms + max(1, math.ceil(1000 * left_ws / self.drain_w))
        return math.inf

    def live(self, seconds, is_powered):
        power_w = self.power_w() if is_powered else 0.0
        self.warm_ws = max(0.0, self.warm_ws + (power_w - self.drain_w) * seconds)
        if self.warm_ws >= self.tank_ws * WARM:
            self.wants = False
        elif self.warm_ws <= self.tank_ws * COLD:
            self.wants = True
