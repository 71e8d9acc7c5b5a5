/** All commands, in the order of the help. */
import { auditCommand } from './audit.ts';
import { backup } from './backup.ts';
import type { Command } from './command.ts';
import { pauseCommand, resumeCommand, suspendCommand } from './control.ts';
import { deployCommand } from './deploy.ts';
import { dsoCommand } from './dso.ts';
import { fleet } from './fleet.ts';
import { gridExport } from './grid.ts';
import { gridAdopt, gridDraft, gridEndorse, gridReissue } from './grid-term.ts';
import { keysCreate, keysImport, keysList, keysPassphrase } from './keys.ts';
import { limitCommand, limitList, limitRemove } from './limit.ts';
import { meterAdd, meterList, meterReplace, meterResume, meterSuspend } from './meter.ts';
import { restore } from './restore.ts';
import { rewardsFund, rewardsShow } from './rewards.ts';
import {
  rolesAcceptOwner,
  rolesAdmitMarket,
  rolesGrantDso,
  rolesProposeMarket,
  rolesProposeOwner,
  rolesRevokeDso,
  rolesShow,
  send,
} from './roles.ts';
import { solverCommand } from './solver.ts';
import { solverAdmit, solverClaim } from './solver-money.ts';

export const COMMANDS: readonly Command[] = [
  deployCommand,
  keysCreate,
  keysList,
  keysImport,
  keysPassphrase,
  gridExport,
  gridReissue,
  gridDraft,
  gridEndorse,
  gridAdopt,
  meterAdd,
  meterList,
  meterSuspend,
  meterResume,
  meterReplace,
  dsoCommand,
  pauseCommand,
  resumeCommand,
  limitCommand,
  limitList,
  limitRemove,
  suspendCommand,
  auditCommand,
  solverCommand,
  solverAdmit,
  solverClaim,
  rewardsFund,
  rewardsShow,
  rolesShow,
  rolesGrantDso,
  rolesRevokeDso,
  rolesProposeOwner,
  rolesAcceptOwner,
  rolesProposeMarket,
  rolesAdmitMarket,
  send,
  fleet,
  backup,
  restore,
];
