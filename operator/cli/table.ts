/** All commands, in the order of the help. */
import type { Command } from './command.ts';
import { deployCommand } from './deploy.ts';
import { dsoCommand } from './dso.ts';
import { gridExport } from './grid.ts';
import { meterAdd, meterList, meterResume, meterSuspend } from './meter.ts';
import { rewardsFund, rewardsShow } from './rewards.ts';
import { solverCommand } from './solver.ts';
import { solverAdmit, solverClaim } from './solver-money.ts';

export const COMMANDS: readonly Command[] = [
  deployCommand,
  gridExport,
  meterAdd,
  meterList,
  meterSuspend,
  meterResume,
  dsoCommand,
  solverCommand,
  solverAdmit,
  solverClaim,
  rewardsFund,
  rewardsShow,
];
