#!/usr/bin/env node
// Compiles sol/ and writes artifacts/<Contract>.json; with --check it compares byte for byte and writes nothing.
'use strict';
const { checkedIn } = require('./checked-in.js');
const { CONTRACTS, compile, settings, version } = require('./compile.js');

const OUTPUTS = ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object', 'evm.deployedBytecode.immutableReferences'];

function artifact(name, { abi, evm }) {
  // Immutables are zero in deployedBytecode; where they go is the same on every build, their names are not.
  const immutables = Object.values(evm.deployedBytecode.immutableReferences ?? {}).flat();
  return JSON.stringify({
    contractName: name,
    compiler: version,
    settings,
    abi,
    bytecode: `0x${evm.bytecode.object}`,
    deployedBytecode: `0x${evm.deployedBytecode.object}`,
    immutables: immutables.sort((a, b) => a.start - b.start),
  }, null, 2) + '\n';
}

const compiled = compile(OUTPUTS);
const files = Object.fromEntries(CONTRACTS.map((name) => [`${name}.json`, artifact(name, compiled[name])]));
checkedIn('artifacts', files, 'npm run artifacts');
