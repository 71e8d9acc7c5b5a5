/** All commands: help, completion, the manual and docs/cli.md are made from this table. */
import { billShow } from './bill-show.ts';
import { clockCommand } from './clock.ts';
import type { Command } from './command.ts';
import { configCheck } from './config/check.ts';
import { configExplain } from './config/explain.ts';
import { configShow } from './config/show.ts';
import { doctor } from './doctor.ts';
import { enrol } from './enrol.ts';
import { forecastShow } from './forecast-show.ts';
import { completionCommand } from './help/completion.ts';
import { manCommand } from './help/man.ts';
import { loadList } from './load/list.ts';
import { loadAuto, loadOff, loadOn, loadOverride } from './load/order.ts';
import { loadTest } from './load/test.ts';
import { loadSafe } from './load-safe.ts';
import { logs } from './logs.ts';
import { marketHistory } from './market/history.ts';
import { marketStatus } from './market/status.ts';
import { meterLint } from './meter/lint.ts';
import { meterList } from './meter/list.ts';
import { meterModels } from './meter/models.ts';
import { meterRaw } from './meter/raw.ts';
import { meterRead } from './meter/read.ts';
import { meterScan } from './meter/scan.ts';
import { meterTest } from './meter/test.ts';
import { meterWatch } from './meter/watch.ts';
import { readingsExport } from './readings-export.ts';
import { run } from './run.ts';
import { scheduleShow } from './schedule-show.ts';
import { status } from './status.ts';
import { supportBundle } from './support/bundle.ts';
import { version } from './version.ts';
import { walletBackupShow } from './wallet/backup-show.ts';
import { walletInit } from './wallet/init.ts';
import { walletRekey } from './wallet/rekey.ts';
import { walletRestore } from './wallet/restore.ts';
import { walletRotate } from './wallet/rotate.ts';
import { walletStatus } from './wallet/status.ts';

export const COMMANDS: readonly Command[] = [
  enrol,
  run,
  status,
  doctor,
  clockCommand,
  configCheck,
  configShow,
  configExplain,
  meterModels,
  meterList,
  meterScan,
  meterRead,
  meterWatch,
  meterTest,
  meterRaw,
  meterLint,
  loadList,
  loadTest,
  loadOn,
  loadOff,
  loadAuto,
  loadOverride,
  loadSafe,
  readingsExport,
  forecastShow,
  scheduleShow,
  billShow,
  marketStatus,
  marketHistory,
  walletStatus,
  walletInit,
  walletBackupShow,
  walletRestore,
  walletRekey,
  walletRotate,
  logs,
  supportBundle,
  completionCommand(() => COMMANDS),
  manCommand(() => COMMANDS),
  version,
];
