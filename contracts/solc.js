#!/usr/bin/env node
// Gives forge the npm build of solc: `--version` in solc's own form, otherwise standard JSON from stdin to stdout.
'use strict';
const { readFileSync } = require('node:fs');
const solc = require('solc');

if (process.argv.includes('--version')) {
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`);
} else if (process.argv.includes('--standard-json')) {
  process.stdout.write(solc.compile(readFileSync(0, 'utf8')));
} else {
  process.stderr.write('solc.js answers --version and --standard-json only\n');
  process.exitCode = 2;
}
