#!/usr/bin/env node
/**
 * The npm build of solc, as the compiler on a command line that forge wants to call. It asks for
 * `--version`, and for `--standard-json` with all sources on stdin.
 */
'use strict';

const { readFileSync } = require('node:fs');
const solc = require('solc');

const STDIN = 0;

if (process.argv.includes('--version')) {
  // Forge looks for the name of a platform that it knows.
  const version = solc.version().replace('.Emscripten.clang', '.Linux.g++');
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`);
} else {
  // No exit behind this: a pipe takes what is larger than its buffer only by and by.
  process.stdout.write(solc.compile(readFileSync(STDIN, 'utf8')));
}
