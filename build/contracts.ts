/**
 * Compiles `contracts/*.sol` (and `contracts/test/*.sol`) with the npm build of solc: no compiler
 * on the machine is needed.
 *
 * Writes `contracts/artifacts/<Name>.json` (abi, bytecode, deployedBytecode; not committed) and
 * `chain/abi.ts` (committed, so that nothing but a deployment needs the compiler). Does nothing
 * when sources, this file and `chain/abi.ts` are those of the last run. Warnings are errors.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { InterfaceAbi } from 'ethers';
import { Interface } from 'ethers';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const SOURCES = join(ROOT, 'contracts');
const ARTIFACTS = join(SOURCES, 'artifacts');
const ABI_FILE = join(ROOT, 'chain', 'abi.ts');

/** Contracts that are deployed, and what their ABI is called in `chain/abi.ts`. */
const DEPLOYED: readonly (readonly [contract: string, constant: string])[] = [
  ['Microgrid', 'MICROGRID_ABI'],
  ['Assets', 'ASSETS_ABI'],
  ['Matching', 'MATCHING_ABI'],
];

/** Called by `Matching` at addresses of their own: all of it is more than one contract may hold. */
const LIBRARIES: readonly string[] = ['Finalization', 'Settlement', 'SolutionVerification'];

/** Built for the contracts' own tests. */
const HARNESSES: readonly string[] = ['TradesHarness'];

/** Paris: no PUSH0, TLOAD or MCOPY, so that chains which stopped at an older fork take it too. */
const SETTINGS = {
  evmVersion: 'paris',
  optimizer: { enabled: true, runs: 400 },
  viaIR: true,
  metadata: { bytecodeHash: 'none', appendCBOR: false },
  outputSelection: {
    '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] },
  },
};

export interface Artifact {
  abi: InterfaceAbi;
  /** Creation code, `0x` and hex; constructor arguments follow it. */
  bytecode: string;
  deployedBytecode: string;
}

export class CompileError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CompileError';
  }
}

interface SolcOutput {
  errors?: { severity: string; formattedMessage: string }[];
  contracts?: Record<
    string,
    Record<
      string,
      { abi: object[]; evm: { bytecode: { object: string }; deployedBytecode: { object: string } } }
    >
  >;
}

/**
 * Brings artifacts and `chain/abi.ts` up to date.
 * @throws CompileError with the compiler's own words on any error or warning.
 */
export async function compileContracts(): Promise<void> {
  const sources = readSources();
  const stamp = join(ARTIFACTS, 'sources.sha256');
  const builder = readFileSync(fileURLToPath(import.meta.url), 'utf8');
  const state = () => sha256(JSON.stringify([sources, builder, readIfThere(ABI_FILE)]));
  if (readIfThere(stamp) === state()) return;

  const artifacts = compile(sources);
  mkdirSync(ARTIFACTS, { recursive: true });
  for (const name of [...DEPLOYED.map(([contract]) => contract), ...LIBRARIES, ...HARNESSES]) {
    const artifact = artifacts.get(name);
    if (artifact === undefined) throw new CompileError(`there is no contract ${name}`);
    replaceFile(join(ARTIFACTS, `${name}.json`), `${JSON.stringify(artifact)}\n`);
  }
  const abi = abiModule(artifacts);
  if (readIfThere(ABI_FILE) !== abi) replaceFile(ABI_FILE, abi);
  replaceFile(stamp, state());
}

/** A compiled contract by name. @throws Error when it was never compiled. */
export function readArtifact(name: string): Artifact {
  return JSON.parse(readFileSync(join(ARTIFACTS, `${name}.json`), 'utf8')) as Artifact;
}

function readSources(): Record<string, { content: string }> {
  const names = ['', 'test/'].flatMap((folder) =>
    readdirSync(join(SOURCES, folder))
      .filter((name) => name.endsWith('.sol'))
      .map((name) => folder + name),
  );
  return Object.fromEntries(
    names.sort().map((name) => [name, { content: readFileSync(join(SOURCES, name), 'utf8') }]),
  );
}

function compile(sources: Record<string, { content: string }>): Map<string, Artifact> {
  const input = JSON.stringify({ language: 'Solidity', sources, settings: SETTINGS });
  const output = JSON.parse(loadSolc().compile(input)) as SolcOutput;
  const faults = (output.errors ?? []).filter((fault) => fault.severity !== 'info');
  if (faults.length > 0) {
    throw new CompileError(faults.map((fault) => fault.formattedMessage).join('\n'));
  }
  const artifacts = new Map<string, Artifact>();
  for (const file of Object.values(output.contracts ?? {})) {
    for (const [name, { abi, evm }] of Object.entries(file)) {
      artifacts.set(name, {
        abi,
        bytecode: `0x${evm.bytecode.object}`,
        deployedBytecode: `0x${evm.deployedBytecode.object}`,
      });
    }
  }
  return artifacts;
}

/** Loaded only when needed (it takes a second), and without its handlers of others' errors. */
function loadSolc(): { compile(input: string): string } {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => process.listeners(event as 'uncaughtException'));
  const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string };
  events.forEach((event, i) => {
    for (const listener of process.listeners(event as 'uncaughtException')) {
      if (!before[i]?.includes(listener)) process.removeListener(event, listener);
    }
  });
  return solc;
}

/** The text of `chain/abi.ts`, one line per function, event and error, in human-readable form. */
function abiModule(artifacts: Map<string, Artifact>): string {
  const parts = [
    '/** Written by `npm run build:contracts` from contracts/*.sol: change those, not this. */\n',
  ];
  for (const [contract, constant] of DEPLOYED) {
    const abi = artifacts.get(contract)?.abi ?? [];
    const lines = [...new Interface(abi).format()].sort();
    parts.push(
      `export const ${constant} = [\n${lines.map((l) => `  '${l}',\n`).join('')}] as const;\n`,
    );
  }
  return parts.join('\n');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** Whole or not at all, also when two processes do it at once. */
function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  compileContracts().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
