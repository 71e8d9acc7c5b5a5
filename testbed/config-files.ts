/** The config files of a run, as an installer and a utility would write them. */
import type { CommunitySpec, HomeSpec } from './homes/community.ts';

export interface OperatorPlan {
  name: string;
  /** Endpoints of the chain. */
  rpc: readonly string[];
  /** The same for meters, where they reach it in another way. */
  metersRpc?: readonly string[];
  dsoPort: number;
  /** Where meters find the DSO; at its port by default. */
  dsoUrl?: string;
  community: CommunitySpec;
  horizonIntervals: number;
  leadSeconds: number;
  /** Market time between polls of the log. */
  pollSeconds: number;
  clock: string | null;
}

/** `operator.toml` of a run. */
export function operatorToml(plan: OperatorPlan): string {
  const feeders = plan.community.feeders
    .map(
      (feeder) =>
        `  { internal_limit = "${feeder.internalLimitW} W", ` +
        `external_limit = "${feeder.externalLimitW} W" },`,
    )
    .join('\n');
  return `[chain]
rpc = ${listToml(plan.rpc)}
${plan.metersRpc ? `meters_rpc = ${listToml(plan.metersRpc)}\n` : ''}finality = "instant"

[keys]
owner = "owner.key"
dso = "dso.key"
solver = "solver.key"

[files]
deployment = "deployment.json"
books = "books.db"
grid = "grid.json"

[grid]
name = "${plan.name}"
interval = "15 min"
clear_intervals = 1
lead = "${plan.leadSeconds} s"
horizon = ${plan.horizonIntervals}
min_offer = "1 Wh"
min_trade = "1 Wh"
offers_per_asset = 4
tariff_zone = "Europe/Berlin"
feeders = [
${feeders}
]

[tariff]
use = ["0.30 /kWh"]
feed_in = ["0.08 /kWh"]

[caps]
money_per_day = "1000000"
feeder_power = "10 MW"

[dso]
listen = "127.0.0.1:${plan.dsoPort}"
url = "${plan.dsoUrl ?? `http://127.0.0.1:${plan.dsoPort}`}"
credit = "50"
poll = "${plan.pollSeconds} s"

[solver]
poll = "${plan.pollSeconds} s"
stake = "1"

[lab]
plain_keys = true
${outsideOf(plan)}${plan.clock === null ? '' : `clock = "${plan.clock}"\n`}`;
}

function listToml(urls: readonly string[]): string {
  return `[${urls.map((url) => `"${url}"`).join(', ')}]`;
}

export interface AgentPlan {
  home: HomeSpec;
  modbusPort: number;
  pollSeconds: number;
  tradingPollSeconds: number;
  blockSeconds: number;
  follow: boolean;
  /** What keeps its addresses apart and is left out. */
  without?: readonly string[];
  clock: string | null;
  /** Tor's socket; null: chain and DSO are on this machine and reached without Tor. */
  socks?: string | null;
}

/** Time is scaled, ways through Tor are not: a whole interval to ask for a grant and to post. */
const TOR_AHEAD = 2;

/** `agent.toml` of one home. */
export function agentToml(plan: AgentPlan): string {
  const socks = plan.socks ?? null;
  const connection = `tcp://127.0.0.1:${plan.modbusPort}`;
  return [
    `[buses.house]
connection = "${connection}"
gap = "0 s"

[meters.house]
role = "grid"
profile = "eastron-sdm630"
bus = "house"
unit = 1
poll = "${plan.pollSeconds} s"
`,
    batteryToml(plan.home),
    boilerToml(plan.home),
    `[home]
zone = "Europe/Berlin"
max_power = "${plan.home.maxPowerW} W"

[state]
wallet = "wallet.db"
journal = "journal.db"
key = "keystore.key"
grid = "grid.json"
socket = "agent.sock"

[trading]
poll = "${plan.tradingPollSeconds} s"
ahead = ${socks === null ? 1 : TOR_AHEAD}
block = "${plan.blockSeconds} s"

[following]
enabled = ${plan.follow}

${outsideToml(socks)}without = ${JSON.stringify(plan.without ?? [])}
${plan.clock === null ? 'unproven_clock = true\n' : `clock = "${plan.clock}"\n`}`,
  ].join('\n');
}

/** Endpoints of this very machine are none that a meter reaches through Tor. */
function outsideOf({ metersRpc = [] }: OperatorPlan): string {
  const isThroughTor = metersRpc.some((url) => new URL(url).hostname !== '127.0.0.1');
  return isThroughTor ? '' : 'clear_net = true\n';
}

/** Through Tor there are two endpoints, so that agents can compare them. */
function outsideToml(socks: string | null): string {
  if (socks === null) return '[lab]\nclear_net = true\nsingle_endpoint = true\n';
  return `[tor]\nsocks = "${socks}"\n\n[lab]\n`;
}

function batteryToml(home: HomeSpec): string {
  const battery = home.battery;
  if (!battery) return '';
  return `[battery]
profile = "transax-lab-battery"
bus = "house"
unit = 2
capacity = "${Math.round(battery.capacityWs / 3600)} Wh"
charge = "${battery.chargeW} W"
discharge = "${battery.dischargeW} W"
charge_window = ["10 %", "95 %"]
efficiency = "${Math.round(battery.efficiency * 100)} %"
`;
}

function boilerToml(home: HomeSpec): string {
  const load = home.switchedLoad;
  if (!load) return '';
  return `[loads.boiler]
power = "${load.powerW} W"
relay = { driver = "modbus-coil", bus = "house", unit = 3, coil = 0 }
energy_per_day = "${Math.round(load.energyPerDayWs / 3600)} Wh"
minimum_on = "10 min"
minimum_off = "5 min"
safe = "off"
`;
}
