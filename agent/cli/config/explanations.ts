/**
 * What each setting means, for `config explain` and the manual; a test holds the keys to those of
 * the schema. What may be written and what is the default comes from the schema.
 */
export interface Explanation {
  /** `a power, "2 kW"`. */
  form: string;
  text: string;
}

const DURATION = 'a duration, such as "10 min"';
const POWER = 'a power, such as "2 kW"';
const ENERGY = 'an energy, such as "4 kWh"';
const SHARE = 'a share, such as "90 %"';
const PATH = 'a path; a relative one starts at the folder of the file';
const TEXT = 'text';
const FLAG = 'true or false';
const NUMBER = 'a whole number';

export const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  'buses.*.connection': {
    form: TEXT,
    text:
      'How the wire is reached: "tcp://IP:PORT" for Modbus TCP, "rtu-tcp://IP:PORT" for serial ' +
      'frames over TCP, "serial:/dev/serial/by-id/..." for a port of this machine. IP addresses ' +
      'only: no name is looked up in the house.',
  },
  'buses.*.baud': { form: NUMBER, text: 'Speed of a serial port; 9600 if absent.' },
  'buses.*.parity': { form: TEXT, text: 'Parity of a serial port; none if absent.' },
  'buses.*.stop_bits': { form: NUMBER, text: 'Stop bits of a serial port; 1 if absent.' },
  'buses.*.timeout': {
    form: DURATION,
    text:
      'How long an answer may take. If absent: 1500 ms, or longer where the profile of a device ' +
      'on the bus asks for it.',
  },
  'buses.*.gap': {
    form: DURATION,
    text:
      'Silence between an answer and the next request. If absent: 20 ms, or longer where a ' +
      'profile asks for it.',
  },
  'buses.*.connect_delay': {
    form: DURATION,
    text: 'Silence after connecting. If absent: none, or what the profiles ask for.',
  },
  'meters.*.role': {
    form: TEXT,
    text: 'What the meter counts. Exactly one has the role grid: the whole home.',
  },
  'meters.*.profile': {
    form: TEXT,
    text: 'The register map of the device: transax-agent meter models lists them.',
  },
  'meters.*.bus': { form: TEXT, text: 'The table of [buses] that it is wired to.' },
  'meters.*.unit': { form: NUMBER, text: 'Its Modbus address on the bus.' },
  'meters.*.poll': { form: DURATION, text: 'How often it is read.' },
  'meters.*.invert': {
    form: FLAG,
    text: 'It was built in the wrong way round: flips powers, swaps import and export.',
  },
  'battery.profile': { form: TEXT, text: 'The register map of the battery.' },
  'battery.bus': { form: TEXT, text: 'The table of [buses] that it is wired to.' },
  'battery.unit': { form: NUMBER, text: 'Its Modbus address on the bus.' },
  'battery.capacity': { form: ENERGY, text: 'What it can hold, usable.' },
  'battery.charge': { form: POWER, text: 'Most power in.' },
  'battery.discharge': { form: POWER, text: 'Most power out.' },
  'battery.charge_window': {
    form: 'two shares, such as ["10 %", "95 %"]',
    text: 'Its charge is kept between these.',
  },
  'battery.efficiency': { form: SHARE, text: 'Energy out over energy in, of a whole cycle.' },
  'battery.reserve': {
    form: SHARE,
    text: 'This much of its charge is never sold nor used to follow: for the house alone.',
  },
  'battery.dead_man': {
    form: DURATION,
    text: 'After so long without a word it goes to its own automatic mode.',
  },
  'battery.volatile': {
    form: FLAG,
    text: 'false: set-points wear out its memory, and are written on change alone.',
  },
  'battery.writes_per_day': { form: NUMBER, text: 'Most set-points in a day that wear it out.' },
  'groups.*.members': { form: 'a list of loads', text: 'The loads that share something.' },
  'groups.*.interlock': { form: FLAG, text: 'Never two of them are on.' },
  'groups.*.max': {
    form: POWER,
    text: 'The fuse: what its members draw together stays below this.',
  },
  'loads.*.kind': {
    form: TEXT,
    text: 'How the load may be switched; the other keys depend on it. thermostatic if absent.',
  },
  'loads.*.relays': { form: 'two relays, as for relay', text: 'The two inputs of SG-Ready.' },
  'loads.*.boost': { form: TEXT, text: 'Which state of SG-Ready is used to take more.' },
  'loads.*.by': {
    form: 'a time of the day, such as "07:00"; of some kinds a list',
    text: 'By this local time it has had its energy, or its program has ended.',
  },
  'loads.*.days': { form: 'a list of days', text: 'The days on which it wants its energy.' },
  'loads.*.energy': { form: ENERGY, text: 'What one program takes, in pieces.' },
  'loads.*.duration': { form: DURATION, text: 'How long one program takes, uncut.' },
  'loads.*.must_run': {
    form: FLAG,
    text: 'It runs at its latest start though nothing was planned.',
  },
  'loads.*.comfort_floor': {
    form: ENERGY,
    text: 'When so much heat may be missing it runs at once, whatever the plan.',
  },
  'loads.*.cycle.every': {
    form: DURATION,
    text: 'So often it must heat long, against legionella.',
  },
  'loads.*.cycle.duration': { form: DURATION, text: 'How long that heating takes.' },
  'loads.*.surplus': { form: FLAG, text: 'It may take surplus when nothing is scheduled.' },
  'loads.*.power': { form: POWER, text: 'What the load draws while it is on.' },
  'loads.*.relay.driver': { form: TEXT, text: 'How the relay is reached.' },
  'loads.*.relay.bus': { form: TEXT, text: 'The table of [buses] that the relay is wired to.' },
  'loads.*.relay.unit': { form: NUMBER, text: 'Its Modbus address on the bus.' },
  'loads.*.relay.coil': { form: NUMBER, text: 'Number of the coil, from 0.' },
  'loads.*.relay.chip': { form: TEXT, text: 'Label of the GPIO chip, as "gpiodetect" shows it.' },
  'loads.*.relay.line': {
    form: 'name or number of a line',
    text: 'The GPIO line on its chip; gpio-sysfs takes a number.',
  },
  'loads.*.relay.active_low': {
    form: FLAG,
    text: 'The relay is on while the line is low, as on many relay boards.',
  },
  'loads.*.relay.address': {
    form: TEXT,
    text: 'Where a network relay is: IP address and port, no name.',
  },
  'loads.*.relay.api': { form: TEXT, text: 'What a network relay speaks.' },
  'loads.*.relay.output': {
    form: NUMBER,
    text: 'Number of the output of a network relay, from 0.',
  },
  'loads.*.relay.dead_man': {
    form: DURATION,
    text: 'A network relay turns itself off when nothing came for so long.',
  },
  'loads.*.energy_per_day': {
    form: ENERGY,
    text: 'It gets this by the end of the local day in any case.',
  },
  'loads.*.minimum_on': { form: DURATION, text: 'Once on, it stays on for this long.' },
  'loads.*.minimum_off': { form: DURATION, text: 'Once off, it stays off for this long.' },
  'loads.*.maximum_on': { form: DURATION, text: 'It is never on for longer without a break.' },
  'loads.*.starts_per_hour': { form: NUMBER, text: 'It is turned on so often in an hour at most.' },
  'loads.*.feedback.expect': {
    form: POWER,
    text: 'What the meter should see when it is turned on; its power if absent.',
  },
  'loads.*.feedback.tolerance': { form: SHARE, text: 'How far off that may be.' },
  'loads.*.feedback.within': { form: DURATION, text: 'Within which time it should be seen.' },
  'loads.*.safe': {
    form: TEXT,
    text: 'Its state when the agent starts, stops, or must let go.',
  },
  'home.zone': { form: 'an IANA zone, such as "Europe/Berlin"', text: 'For local days and times.' },
  'home.max_power': { form: POWER, text: 'What the grid connection is good for, both ways.' },
  'state.wallet': { form: PATH, text: 'The encrypted wallet.' },
  'state.journal': { form: PATH, text: 'Readings, forecasts, plans, schedule.' },
  'state.key': {
    form: PATH,
    text: 'The key of the wallet, where systemd gives no credential "keystore".',
  },
  'state.grid': { form: PATH, text: 'The pinned grid file.' },
  'state.socket': { form: PATH, text: 'Where the running agent is asked; 107 bytes at most.' },
  'state.solver': { form: PATH, text: 'Transactions of the solver, with [solver] only.' },
  'trading.poll': { form: DURATION, text: "How often the market's log is read." },
  'trading.ahead': {
    form: NUMBER,
    text: 'How many intervals ahead a single interval is offered.',
  },
  'trading.strategy': {
    form: TEXT,
    text:
      'What the home counts with when it decides how much to offer: what the market has taken in ' +
      "that part of the day before, or the supplier's prices alone.",
  },
  'trading.block': { form: DURATION, text: 'The usual time between blocks of the chain.' },
  'forecast.method': {
    form: 'text',
    text: '"auto" trains a model of the home from two weeks of history on; "simple" never does.',
  },
  'forecast.weather': {
    form: 'the path of a file, or { mqtt = "mqtt://ADDRESS:PORT", topic = "TOPIC" }',
    text: 'Forecasts of the weather, CSV or JSON; generation that is metered follows them.',
  },
  'following.enabled': {
    form: FLAG,
    text: 'false: it trades, and does not steer; for measurements.',
  },
  'solver.poll': { form: DURATION, text: 'How often the solver looks at the market.' },
  'solver.tie_rule': { form: TEXT, text: 'Which of the best solutions it submits.' },
  'solver.most_offers': {
    form: NUMBER,
    text: 'In a larger market it leaves clearing to others, so as not to hold up the home.',
  },
  'tor.socks': {
    form: TEXT,
    text: 'Where Tor listens: the path of its Unix socket, or an address of this machine.',
  },
  'lab.clear_net': {
    form: FLAG,
    text: 'Chain and utility are reached over the clear net: both see the address of the house.',
  },
  'lab.single_endpoint': {
    form: FLAG,
    text:
      'Where the grid file names one endpoint of the chain, it is believed; without this setting ' +
      'the agent does not trade there.',
  },
  'lab.unproven_clock': {
    form: FLAG,
    text: 'The clock of this machine is taken as it is, though no time service vouches for it.',
  },
  'lab.without': {
    form: 'a list, such as ["random-times"]',
    text:
      'What keeps the addresses of this home apart and is left out, so that a lab can measure ' +
      'what it does: random-times, common-sizes, read-everything, separate-connections.',
  },
  'lab.clock': { form: TEXT, text: 'Market time of a lab: stepped:SOCKET or scaled:...' },
};
