// Compiles sol/ with the settings of compiler-settings.json, for the scripts that check in what comes out.
'use strict';
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const solc = require('solc');

const CONTRACTS = [
  'VerifyingKeyStore', 'Groth16Verifier', 'VerifierGateway', 'ModelRegistry', 'ConsentRegistry', 'DiagnosisLog',
  'InferenceMarket', 'Anchor',
];
// "Transient storage can break composability": the guard against re-entry clears its slot.
const EXPECTED_WARNINGS = ['2394'];
const settings = JSON.parse(read('compiler-settings.json'));

/** The outputs asked for, of each contract. */
function compile(outputs) {
  const sources = Object.fromEntries(CONTRACTS.map((name) => [`sol/${name}.sol`, { content: read(`sol/${name}.sol`) }]));
  const input = { language: 'Solidity', sources, settings: { ...settings, outputSelection: { '*': { '*': outputs } } } };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: resolveImport }));
  const problems = (output.errors ?? []).filter(({ errorCode }) => !EXPECTED_WARNINGS.includes(errorCode));
  problems.forEach((problem) => console.error(problem.formattedMessage));
  if (problems.length > 0) throw new Error('the contracts do not compile without complaint');
  return Object.fromEntries(CONTRACTS.map((name) => [name, output.contracts[`sol/${name}.sol`][name]]));
}

function read(path) {
  return readFileSync(join(__dirname, path), 'utf8');
}

function resolveImport(path) {
  return existsSync(join(__dirname, path)) ? { contents: read(path) } : { error: `${path} not found: run npm ci` };
}

module.exports = { CONTRACTS, compile, settings, version: solc.version() };
