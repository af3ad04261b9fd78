#!/usr/bin/env node
// Compiles sol/ and writes artifacts/<Contract>.json; with --check it compares byte for byte and writes nothing.
'use strict';
const { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const solc = require('solc');

const CONTRACTS = [
  'VerifyingKeyStore', 'Groth16Verifier', 'VerifierGateway', 'ModelRegistry', 'ConsentRegistry', 'DiagnosisLog',
  'InferenceMarket', 'Anchor',
];
// "Transient storage can break composability": the guard against re-entry clears its slot.
const EXPECTED_WARNINGS = ['2394'];
const settings = JSON.parse(readFileSync(join(__dirname, 'compiler-settings.json'), 'utf8'));

function compile() {
  const sources = Object.fromEntries(CONTRACTS.map((name) => [`sol/${name}.sol`, { content: read(`sol/${name}.sol`) }]));
  const outputSelection = { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object', 'evm.deployedBytecode.immutableReferences'] } };
  const input = { language: 'Solidity', sources, settings: { ...settings, outputSelection } };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: resolveImport }));
  const problems = (output.errors ?? []).filter(({ errorCode }) => !EXPECTED_WARNINGS.includes(errorCode));
  problems.forEach((problem) => console.error(problem.formattedMessage));
  if (problems.length > 0) throw new Error('the contracts do not compile without complaint');
  return output.contracts;
}

const read = (path) => readFileSync(join(__dirname, path), 'utf8');

function resolveImport(path) {
  return existsSync(join(__dirname, path)) ? { contents: read(path) } : { error: `${path} not found: run npm ci` };
}

function artifact(name, { abi, evm }) {
  // Immutables are zero in deployedBytecode; where they go is the same on every build, their names are not.
  const immutables = Object.values(evm.deployedBytecode.immutableReferences ?? {}).flat();
  return JSON.stringify({
    contractName: name,
    compiler: solc.version(),
    settings,
    abi,
    bytecode: `0x${evm.bytecode.object}`,
    deployedBytecode: `0x${evm.deployedBytecode.object}`,
    immutables: immutables.sort((a, b) => a.start - b.start),
  }, null, 2) + '\n';
}

function main() {
  const check = process.argv.includes('--check');
  const folder = join(__dirname, 'artifacts');
  const compiled = compile();
  const files = Object.fromEntries(CONTRACTS.map((name) => [`${name}.json`, artifact(name, compiled[`sol/${name}.sol`][name])]));
  if (!check) mkdirSync(folder, { recursive: true });
  const stale = check ? readdirSync(folder).filter((file) => !(file in files)) : [];
  for (const [file, text] of Object.entries(files)) {
    const path = join(folder, file);
    if (!check) writeFileSync(path, text);
    else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) stale.push(file);
  }
  if (stale.length === 0) return;
  console.error(`artifacts/ differs from what sol/ compiles to: ${stale.join(', ')}; run npm run artifacts`);
  process.exitCode = 1;
}

main();
