#!/usr/bin/env node
// Writes snapshots/storage/<Contract>.json, where each variable lies; with --check it compares and writes nothing.
'use strict';
const { execFileSync } = require('node:child_process');
const { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const CONTRACTS = ['VerifierGateway', 'ModelRegistry', 'ConsentRegistry', 'DiagnosisLog', 'InferenceMarket', 'Anchor'];
// These have none, and must not get any: they are trusted because nothing in them changes.
const STATELESS = ['VerifyingKeyStore', 'Groth16Verifier'];
const folder = join(__dirname, 'snapshots', 'storage');

function layoutOf(name) {
  const options = { cwd: __dirname, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], shell: process.platform === 'win32' };
  const text = execFileSync('npx', ['forge', 'inspect', name, 'storage-layout', '--json'], options);
  const { storage, types } = JSON.parse(text.slice(text.indexOf('{')));
  return { variables: storage.map((variable) => place(variable)), structs: structs(types ?? {}) };
}

/** Numbers of syntax nodes change with every edit, and say nothing. */
const plain = (type) => type.replace(/\)\d+_/g, ')_');
const place = ({ label, slot, offset, type }) => ({ label, slot, offset, type: plain(type) });

function structs(types) {
  const members = Object.entries(types).filter(([, type]) => type.members);
  return Object.fromEntries(members.map(([id, type]) => [plain(id), type.members.map(place)]).sort());
}

function main() {
  const check = process.argv.includes('--check');
  const files = Object.fromEntries([...CONTRACTS, ...STATELESS].map((name) => [name, layoutOf(name)]));
  const stateful = STATELESS.filter((name) => files[name].variables.length > 0);
  if (stateful.length > 0) throw new Error(`${stateful.join(', ')}: must have no storage`);
  if (!check) mkdirSync(folder, { recursive: true });
  const stale = check ? readdirSync(folder).filter((file) => !CONTRACTS.includes(file.replace(/\.json$/, ''))) : [];
  for (const name of CONTRACTS) {
    const path = join(folder, `${name}.json`);
    const text = JSON.stringify(files[name], null, 1) + '\n';
    if (!check) writeFileSync(path, text);
    else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) stale.push(`${name}.json`);
  }
  if (stale.length === 0) return;
  console.error(`snapshots/storage/ differs from the contracts: ${stale.join(', ')}; run npm run storage`);
  process.exitCode = 1;
}

main();
