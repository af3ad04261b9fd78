#!/usr/bin/env node
// Writes snapshots/storage/<Contract>.json, where each variable lies; with --check it compares and writes nothing.
'use strict';
const { checkedIn } = require('./checked-in.js');
const { CONTRACTS, compile } = require('./compile.js');

// These are trusted because nothing in them changes, so they must not get any storage.
const STATELESS = ['VerifyingKeyStore', 'Groth16Verifier'];

/** Numbers of syntax nodes change with every edit, and say nothing. */
const plain = (type) => type.replace(/\)\d+/g, ')');
const place = ({ label, slot, offset, type }) => ({ label, slot, offset, type: plain(type) });

function layout({ storageLayout: { storage, types } }) {
  const structs = Object.entries(types ?? {}).filter(([, type]) => type.members);
  return {
    variables: storage.map(place),
    structs: Object.fromEntries(structs.map(([id, type]) => [plain(id), type.members.map(place)]).sort()),
  };
}

const compiled = compile(['storageLayout']);
const layouts = Object.fromEntries(CONTRACTS.map((name) => [name, layout(compiled[name])]));
for (const name of STATELESS) {
  if (layouts[name].variables.length > 0) throw new Error(`${name} must have no storage`);
}
const stateful = CONTRACTS.filter((name) => !STATELESS.includes(name));
const files = Object.fromEntries(stateful.map((name) => [`${name}.json`, JSON.stringify(layouts[name], null, 1) + '\n']));
checkedIn('snapshots/storage', files, 'npm run storage');
