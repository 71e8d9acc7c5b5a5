/**
 * One agent, wired: everything that touches the machine comes in as a port, so that many agents can
 * run in one process and tests can break whatever they like (design: the house).
 *
 * Without a usable wallet the agent meters and leaves battery and loads to their own ways (design
 * 12: credential missing); the cause stands in `status`, and it trades once the wallet opens.
 */
import { openMarketFeed } from '../chain/agreed-feed.ts';
import type { MarketFeed } from '../chain/follower.ts';
import { Outbox } from '../chain/outbox.ts';
import { JsonRpc } from '../chain/rpc.ts';
import { SilentDelivery } from '../chain/silent-delivery.ts';
import { writerLines } from '../chain/writer-lines.ts';
import type { HouseMqtt } from '../host/mqtt-port.ts';
import type { HttpListener, Log, Random, Sql, Transport } from '../host/ports.ts';
import type { Threads } from '../host/thread-port.ts';
import type { GridFacts } from '../market/grid.ts';
import { intervalAt } from '../market/intervals.ts';
import type { BatteryTap } from './battery-tap.ts';
import { BillingService } from './billing.ts';
import { type AgentSettings, gridMeter } from './config.ts';
import { askingByName, oneConnection, ownMargin } from './countermeasures.ts';
import { type DevicePorts, Devices } from './devices.ts';
import { EventMap } from './events.ts';
import { FollowingService } from './following.ts';
import { ControlledPower } from './journal/controlled.ts';
import { Journal } from './journal/journal.ts';
import { JOURNAL_MIGRATIONS } from './journal/schema.ts';
import { MeteringService } from './metering.ts';
import { readPinnedGrid } from './pinned-grid.ts';
import { PlanningService } from './planning.ts';
import { ReportingService } from './reporting.ts';
import { SettlingService } from './settling.ts';
import { SideMetering } from './side-metering.ts';
import { socketApiOf } from './socket/of-agent.ts';
import { answerSocket } from './socket/socket-api.ts';
import { SolvingService } from './solving.ts';
import { type AgentStatus, statusOf } from './status.ts';
import { LOG_CURSOR } from './trading/market-log.ts';
import { MarketWatch } from './trading/market-watch.ts';
import { agentPolicy } from './trading/signing-rules.ts';
import { TradingService } from './trading.ts';
import { DsoClient } from './wallet/dso-client.ts';
import { WALLET_MIGRATIONS } from './wallet/schema.ts';
import { openWallet, type Wallet, walletStatusOf } from './wallet/wallet.ts';
import { walletProblem } from './wallet/wallet-problem.ts';

export interface AgentPorts extends DevicePorts {
  random: Random;
  log: Log;
  /** The key of the keystore, 32 bytes. @throws FileError */
  readKey: () => Uint8Array;
  openSql: (path: string, options: { key?: Uint8Array; migrations: readonly string[] }) => Sql;
  /** To chain and DSO. */
  transport: Transport;
  /** Serves `status`; null: none. */
  listener: HttpListener | null;
  /** Where long work is done; null: it is not. */
  threads: Threads | null;
  /** To brokers in the house. */
  mqtt: HouseMqtt;
  /** Of the process, where the agent has one of its own; commands are told. */
  pid?: number;
  /** The market's log; by default read from the grid file's endpoints. Agents may share one. */
  openFeed?: (fromBlock: number) => MarketFeed;
}

export interface RunningAgent {
  status(): AgentStatus;
  /** Ends in the safe state; resolves when everything is closed. */
  stop(): Promise<void>;
}

/** What needs a wallet. */
interface Market {
  trading: TradingService;
  planning: PlanningService;
  settling: SettlingService;
  reporting: ReportingService;
  /** Null where this agent is no solver. */
  solving: SolvingService | null;
  start(signal: AbortSignal): void;
}

/** How often it is looked whether the utility should hear something. Market ms. */
const LOOK_MS = 60_000;
const LAB_LOOK_MS = 1_800_000;
const SOCKET_MODE = 0o660;
/** A wallet that could not be used is tried again so much later. Real ms. */
const WALLET_RETRY_MS = 15_000;
/** What is in no final block so many blocks after it was sent is sent again. */
const RESEND_BLOCKS = 8;
/** What waited, for an outage to end say, leaves at random within so many polls. */
const SPREAD_POLLS = 3;
/** After a blackout a street must not switch at once. */
const SPREAD_MS = 60_000;

/**
 * Starts an agent that was enrolled. It runs until `stop`.
 * @throws SettingsError, PinnedGridError, SqlError (journal), ProfileError
 */
export async function startAgent(
  settings: AgentSettings,
  ports: AgentPorts,
): Promise<RunningAgent> {
  const facts = readPinnedGrid(ports.files, settings.state.grid).facts;
  const agent = new Agent(settings, ports, facts);
  await agent.start();
  return agent;
}

class Agent implements RunningAgent {
  readonly #settings: AgentSettings;
  readonly #ports: AgentPorts;
  readonly #facts: GridFacts;
  readonly #stopping = new AbortController();
  readonly #events = new EventMap();
  readonly #devices: Devices;
  readonly #sql: Sql;
  readonly #journal: Journal;
  readonly #metering: MeteringService;
  readonly #following: FollowingService;
  readonly #side: SideMetering;
  readonly #tap: BatteryTap | null;
  #wallet: Wallet | null = null;
  #walletProblem: string | null = null;
  #walletTriedAtMs = Number.NEGATIVE_INFINITY;
  #market: Market | null = null;
  #closeSocket: (() => Promise<void>) | null = null;

  constructor(settings: AgentSettings, ports: AgentPorts, facts: GridFacts) {
    this.#settings = settings;
    this.#ports = ports;
    this.#facts = facts;
    const { clock, log } = ports;
    const { calendar } = facts;
    const { battery, home, loads } = settings;
    const meterSettings = gridMeter(settings);
    this.#devices = new Devices(settings, ports);
    const meter = this.#devices.meter(meterSettings);
    const { intervalSeconds } = calendar;
    this.#tap = battery === null ? null : this.#devices.battery(battery, intervalSeconds);
    this.#sql = ports.openSql(settings.state.journal, { migrations: [...JOURNAL_MIGRATIONS] });
    this.#journal = new Journal(this.#sql);
    const shared = { clock, log, journal: this.#journal, events: this.#events, calendar };
    this.#metering = new MeteringService({
      ...shared,
      meter,
      pollMs: meterSettings.pollMs,
      maxPowerW: home.maxPowerW,
    });
    this.#side = new SideMetering(this.#devices.sideMeters(), clock, log, intervalSeconds);
    this.#following = new FollowingService({
      ...shared,
      battery:
        this.#tap === null || battery === null
          ? null
          : { device: this.#tap, limits: battery, care: battery.care },
      loads: loads.map((load) => ({
        settings: load,
        relays: load.relays.map((relay) => this.#devices.relay(relay, load)),
      })),
      groups: settings.groups,
      zone: home.zone,
      pollMs: meterSettings.pollMs,
      maxPowerW: home.maxPowerW,
      worthIn: (interval) => this.#market?.planning.worthIn(interval) ?? null,
      // A stepped run must be the same each time.
      isRealPace: settings.lab.clock === undefined,
      spreadMs: settings.lab.clock === undefined ? ports.random.uniform() * SPREAD_MS : 0,
      isEnabled: settings.following.enabled,
    });
  }

  async start(): Promise<void> {
    const { listener, log } = this.#ports;
    const { signal } = this.#stopping;
    try {
      this.#openMarket();
      await this.#following.start(signal);
      this.#market?.planning.start(signal);
      this.#metering.start(signal);
      this.#side.start(signal);
      this.#market?.start(signal);
      this.#events.on('sample', () => this.#openMarketLater(signal));
      if (listener !== null) {
        const at = { path: this.#settings.state.socket, mode: SOCKET_MODE };
        const api = socketApiOf({
          ...{ facts: this.#facts, settings: this.#settings, clock: this.#ports.clock },
          ...{
            journal: this.#journal,
            buses: this.#devices.buses,
            loads: this.#following.commands,
          },
          ...{ status: () => this.status(), pid: this.#ports.pid ?? null },
        });
        const server = await listener.listen(at, (request) => answerSocket(api, request));
        this.#closeSocket = server.close;
      }
    } catch (error) {
      await this.stop();
      throw error;
    }
    log.info('the agent runs', { grid: this.#facts.name, trading: this.#market !== null });
  }

  status(): AgentStatus {
    const { clock, transport } = this.#ports;
    return statusOf({
      settings: this.#settings,
      facts: this.#facts,
      clock,
      transport,
      journal: this.#journal,
      buses: this.#devices.busCounters(),
      metering: this.#metering.status(),
      sideMeters: this.#side.status(),
      following: this.#following.status(),
      trading: this.#market?.trading.status() ?? null,
      settling: this.#market?.settling.status() ?? null,
      solving: this.#market?.solving?.status() ?? null,
      plan: this.#market?.planning.plan ?? null,
      wallet: this.#wallet === null ? null : walletStatusOf(this.#wallet),
      walletProblem: this.#walletProblem,
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the agent stops'));
    const market = this.#market;
    const { trading, planning, settling, reporting, solving } = market ?? {};
    const ofMarket = [trading, planning, settling, reporting, solving];
    const services = [this.#following, this.#metering, this.#side, ...ofMarket];
    await Promise.allSettled(services.map(async (service) => service?.stop()));
    await this.#closeSocket?.();
    this.#closeSocket = null;
    await this.#devices.close();
    this.#wallet?.close();
    this.#wallet = null;
    this.#journal.close();
  }

  /** Wallet and what needs it; a wallet that cannot be used leaves metering alone. */
  #openMarket(): Market | null {
    const settings = this.#settings;
    const { clock, log, random, files, threads, mqtt } = this.#ports;
    const { without } = settings.lab;
    const isShared = without.includes('separate-connections');
    const transport = isShared ? oneConnection(this.#ports.transport) : this.#ports.transport;
    const [facts, wallet] = [this.#facts, this.#tryWallet()];
    if (wallet === null) return null;
    const rpcFor = (id: string) => new JsonRpc({ urls: facts.rpc, transport, identity: id, clock });
    const outbox = this.#makeOutbox(wallet, transport);
    const dso = new DsoClient({ facts, transport, wallet, clock });
    const shared = { settings, facts, clock, log, events: this.#events, journal: this.#journal };
    const openFeed = this.#ports.openFeed ?? ((from) => this.#follow('reader', from, transport));
    const askOwn = without.includes('read-everything')
      ? { askOwn: askingByName(rpcFor('reader')) }
      : {};
    const watch = this.#watchOf(wallet);
    const parts = { ...shared, random, wallet, outbox, dso, openFeed, watch, ...askOwn };
    const trading = new TradingService(parts);
    const controlled = new ControlledPower(this.#sql);
    const planning = new PlanningService({
      ...shared,
      calendar: facts.calendar,
      leastOfferWs: Math.max(facts.minOfferWs, facts.minTradeWs),
      ...{ controlled, battery: this.#tap, generation: this.#side.generation },
      ...{ market: trading, clearsAt: (interval) => watch.clearsAt(interval) },
      ...{ random, files, mqtt, threads, isRealPace: settings.lab.clock === undefined },
      ownMargin: without.includes('common-sizes') ? ownMargin(random) : null,
    });
    const billing = new BillingService({
      ...{ ...shared, controlled, intervalSeconds: facts.calendar.intervalSeconds },
      tariffAt: (interval) => trading.tariffAt(interval),
    });
    const settling = new SettlingService({
      clock,
      log,
      journal: this.#journal,
      dso,
      calendar: facts.calendar,
      phase: settings.lab.clock === undefined ? random.uniform() : 0,
    });
    const reporting = this.#makeReporting(dso);
    const solving = this.#makeSolving({ wallet, dso, rpc: rpcFor('solver') });
    this.#market = {
      trading,
      planning,
      settling,
      reporting,
      solving,
      start(signal) {
        billing.start(signal);
        // The plan wants the tariff, which is in the log.
        trading.start(signal, () => planning.planNow());
        settling.start(signal);
        reporting.start(signal);
        solving?.start(signal);
      },
    };
    return this.#market;
  }

  /** Offers that are out already when the log is not read from its beginning are not told again. */
  #watchOf(wallet: Wallet): MarketWatch {
    const { calendar } = this.#facts;
    const isWhole = wallet.fact(LOG_CURSOR) === null;
    return new MarketWatch({
      intervalSeconds: calendar.intervalSeconds,
      wholeFrom: isWhole ? 0 : intervalAt(calendar, this.#ports.clock.now() / 1000) + 2,
      records: this.#journal.market,
    });
  }

  /** Of anonymous addresses: it asks for nothing of its own. */
  #makeOutbox(wallet: Wallet, transport: Transport): Outbox {
    const facts = this.#facts;
    const { clock, log, random } = this.#ports;
    const { blockMs, pollMs } = this.#settings.trading;
    const store = wallet.outbox;
    const openLine = writerLines({ urls: facts.rpc, transport, clock });
    const times = { resendMs: RESEND_BLOCKS * blockMs, spreadMs: SPREAD_POLLS * pollMs };
    const delivery = new SilentDelivery({ store, openLine, clock, random, log, ...times });
    const policy = agentPolicy(facts, (address) => wallet.offerOf(address));
    return new Outbox({ store, delivery, chainId: facts.chainId, policy, clock });
  }

  #makeReporting(dso: DsoClient): ReportingService {
    const { clock, log, random } = this.#ports;
    return new ReportingService({
      ...{ clock, log, random, dso, status: () => this.status() },
      lookMs: this.#settings.lab.clock === undefined ? LOOK_MS : LAB_LOOK_MS,
    });
  }

  #makeSolving(parts: { wallet: Wallet; dso: DsoClient; rpc: JsonRpc }): SolvingService | null {
    const { solver: settings, state } = this.#settings;
    if (settings === null) return null;
    const { clock, log, readKey, openSql, transport } = this.#ports;
    return new SolvingService({
      ...{ ...parts, settings, facts: this.#facts, clock, log },
      openFeed: this.#ports.openFeed ?? ((from) => this.#follow('solver', from, transport)),
      openSql: (migrations) => openSql(state.solver, { key: readKey(), migrations }),
    });
  }

  /** Recovery is by itself: the key may have been put back, the file restored. */
  #openMarketLater(signal: AbortSignal): void {
    const now = this.#ports.clock.monotonicMs();
    const isDue = now - this.#walletTriedAtMs >= WALLET_RETRY_MS;
    if (this.#market !== null || !isDue || signal.aborted) return;
    const market = this.#openMarket();
    if (market === null) return;
    this.#ports.log.info('the wallet can be used again; this home trades');
    market.planning.start(signal);
    market.start(signal);
  }

  #tryWallet(): Wallet | null {
    const { clock, readKey, openSql, random, log } = this.#ports;
    this.#walletTriedAtMs = clock.monotonicMs();
    try {
      const key = readKey();
      const sql = openSql(this.#settings.state.wallet, { key, migrations: WALLET_MIGRATIONS });
      try {
        this.#wallet = openWallet(sql, key, this.#facts, random);
      } catch (error) {
        sql.close();
        throw error;
      }
      this.#walletProblem = null;
      return this.#wallet;
    } catch (error) {
      const problem = walletProblem(error);
      if (problem === null) throw error;
      if (problem !== this.#walletProblem) {
        log.error(`metering only, no trade: the wallet cannot be used: ${problem}`);
      }
      this.#walletProblem = problem;
      return null;
    }
  }

  /** Reads everything, and names nothing of its own: the same requests from every home. */
  #follow(identity: string, fromBlock: number, transport: Transport): MarketFeed {
    const { rpc: urls, chainId, contracts, finality } = this.#facts;
    const { clock, log } = this.#ports;
    // The solver has a public name: it asks for the outcomes of its transactions.
    const withTransactions = identity === 'reader';
    const market = { chainId, contracts, fromBlock, finality, withTransactions };
    return openMarketFeed({ urls, transport, identity, clock, ...market, log });
  }
}
