// The genesis file that the book gives for a permissioned chain, as far as anvil knows what is in it: chain id, forks, gas
// limit, the deployer's account. Consensus, validators and permissions are Besu's, and not tried here.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Wallet } from 'ethers';
import { deploySuite } from '../deploy.mjs';
import { FreeGasProvider } from '../free-gas.mjs';
import { startAnvil } from './anvil.mjs';
import { plan, vector } from './world.mjs';

const { genesis } = JSON.parse(readFileSync(new URL('../qbft.json', import.meta.url), 'utf8'));
const NO_FEES = ['--block-base-fee-per-gas', '0', '--gas-price', '0', '--disable-min-priority-fee'];

export const permissioned = [['deploys without ether on a chain from the genesis file, at the same addresses', withoutEther]];

async function withoutEther() {
  const folder = mkdtempSync(join(tmpdir(), 'zkdx-examples-'));
  const file = join(folder, 'genesis.json');
  writeFileSync(file, JSON.stringify({ ...genesis, extraData: '0x' }));
  const { chainId } = genesis.config;
  const node = await startAnvil(chainId, ['--init', file, '--no-create2', ...NO_FEES], FreeGasProvider);
  try {
    await deploysThere(node);
  } finally {
    await node.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function deploysThere({ provider }) {
  const pauper = Wallet.createRandom(provider);
  const { log, market } = await deploySuite(pauper, plan());
  const { DiagnosisLog, InferenceMarket } = vector.deployment.addresses;
  assert.deepEqual([log, market].map(({ target }) => target.toLowerCase()), [DiagnosisLog, InferenceMarket]);
  const { gasLimit } = await provider.getBlock('latest');
  assert.equal(gasLimit, BigInt(genesis.gasLimit));
  assert.equal(await provider.getBalance(pauper.address), 0n);
}
