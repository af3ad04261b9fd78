// Named errors from what a call, an estimate or a mined transaction leaves behind. An error passes through the log from the
// contract that raised it, so it is looked up in the ABIs of all.
import { Interface } from 'ethers';
import { artifact } from './contracts.mjs';

const NAMES = [
  'DiagnosisLog', 'ConsentRegistry', 'ModelRegistry', 'VerifierGateway', 'Groth16Verifier', 'VerifyingKeyStore',
  'InferenceMarket', 'Anchor',
];
const ABIS = NAMES.map((name) => new Interface(artifact(name).abi));

/** `{ name, args }`, or null if the data names no error of these contracts. */
export function namedError(data) {
  const found = ABIS.map((abi) => abi.parseError(data)).find((error) => error !== null);
  return found ? { name: found.name, args: found.args.toObject() } : null;
}

/** Why ethers threw: the contract's error, or what else stood in the way. */
export function explain(error) {
  if (error.code !== 'CALL_EXCEPTION') return { name: error.code ?? 'UNKNOWN', args: {} };
  if (!error.data || error.data === '0x') return { name: 'REVERTED_WITHOUT_DATA', args: {} };
  return namedError(error.data) ?? { name: 'UNKNOWN_ERROR', args: { data: error.data } };
}

/** Why a mined transaction failed: its receipt does not say, so it is asked again as a call in the state of that block. */
export async function whyFailed(provider, hash) {
  const { from, to, data, value, gasLimit, blockNumber } = await provider.getTransaction(hash);
  try {
    await provider.call({ from, to, data, value, gasLimit, blockTag: blockNumber });
  } catch (error) {
    return explain(error);
  }
  return null;
}
