// What ezkl's verifier for the network of models/mlp costs on a node, beside ours: `node peers/gas.mjs FOLDER`, FOLDER as
// peers/ezkl_verifier.py leaves it. A changed proof must be refused, or the figures are of something that does not verify.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import { dataLength, getBytes, hexlify } from 'ethers';
import { startAnvil } from '../examples/run/anvil.mjs';

const solc = createRequire(import.meta.url)('solc');
const [BASE, ZERO_BYTE, BYTE] = [21_000, 4, 16];
const GAS_LIMIT = 10_000_000;
// At a million runs, as ours are compiled, the code is larger than a contract may be (EIP-170).
const RUNS = 1;

function compile(code) {
  const settings = {
    optimizer: { enabled: true, runs: RUNS }, evmVersion: 'cancun', metadata: { bytecodeHash: 'none', appendCBOR: false },
    outputSelection: { '*': { '*': ['evm.bytecode.object', 'evm.deployedBytecode.object'] } },
  };
  const input = { language: 'Solidity', sources: { 'verifier.sol': { content: code } }, settings };
  const { contracts, errors = [] } = JSON.parse(solc.compile(JSON.stringify(input)));
  const fatal = errors.find(({ severity }) => severity === 'error');
  if (fatal) throw new Error(fatal.formattedMessage);
  return contracts['verifier.sol'].Halo2Verifier.evm;
}

async function measure(node, { bytecode, deployedBytecode }, data) {
  const signer = await node.provider.getSigner(0);
  const deployment = await (await signer.sendTransaction({ data: `0x${bytecode.object}`, gasLimit: GAS_LIMIT })).wait();
  const call = { to: deployment.contractAddress, data, gasLimit: GAS_LIMIT };
  assert.equal(BigInt(await node.provider.call(call)), 1n, 'the proof is accepted');
  await assert.rejects(node.provider.call({ ...call, data: changed(data) }), { code: 'CALL_EXCEPTION' });
  const { gasUsed } = await (await signer.sendTransaction(call)).wait();
  const calldata = getBytes(data).reduce((sum, byte) => sum + (byte === 0 ? ZERO_BYTE : BYTE), 0);
  return {
    'transaction gas': Number(gasUsed), 'execution gas': Number(gasUsed) - BASE - calldata, 'calldata bytes': dataLength(data),
    'code bytes': deployedBytecode.object.length / 2, 'deployment gas': Number(deployment.gasUsed),
  };
}

/** One bit of the proof's first scalar is another. */
function changed(data) {
  const bytes = getBytes(data);
  bytes[bytes.length >> 1] ^= 1;
  return hexlify(bytes);
}

async function main(folder) {
  const evm = compile(readFileSync(join(folder, 'verifier.sol'), 'utf8'));
  const node = await startAnvil(31337, []);
  try {
    console.log(`ezkl, solc ${solc.version()}, ${RUNS} run`, await measure(node, evm, hexlify(readFileSync(join(folder, 'calldata')))));
  } finally {
    await node.stop();
  }
}

if (process.argv.length !== 3) throw new Error('name the folder that peers/ezkl_verifier.py filled');
await main(process.argv[2]);
