// Deploys the suite through the deterministic deployer: addresses follow from salt, code and arguments (EIP-1014), the
// same on every chain and whoever sends it.
import { Interface, ZeroHash, concat, getBytes, getCreate2Address, hexlify, id, keccak256 } from 'ethers';
import { artifact, contractAt } from './contracts.mjs';

export const DEPLOYER = '0x4e59b44847b379578588920cA78FbF26c0B4956C';

/** Creates a contract where it belongs, unless it is there already. */
export async function deploy(signer, name, args, salt = ZeroHash) {
  const { abi, bytecode } = artifact(name);
  const code = concat([bytecode, new Interface(abi).encodeDeploy(args)]);
  const address = getCreate2Address(DEPLOYER, salt, keccak256(code));
  if (await signer.provider.getCode(address) === '0x') {
    const sent = await signer.sendTransaction({ to: DEPLOYER, data: concat([salt, code]) });
    await sent.wait();
  }
  if (!await isCodeOf(signer.provider, name, address)) throw new Error(`${name} is not at ${address}: has ${DEPLOYER} its code?`);
  return contractAt(name, address, signer);
}

/** Whoever sends this gets no privilege: the roles are those of the arguments. */
export async function deploySuite(signer, { delay, admin, guardian, approvalsRequired, purpose }) {
  const store = await deploy(signer, 'VerifyingKeyStore', []);
  const verifier = await deploy(signer, 'Groth16Verifier', [store.target]);
  const gateway = await deploy(signer, 'VerifierGateway', [delay, admin, guardian, verifier.target]);
  const registry = await deploy(signer, 'ModelRegistry', [store.target, delay, admin, approvalsRequired]);
  const consents = await deploy(signer, 'ConsentRegistry', []);
  const log = await deploy(signer, 'DiagnosisLog', [gateway.target, registry.target, consents.target, id(purpose)]);
  const market = await deploy(signer, 'InferenceMarket', [log.target]);
  return { store, verifier, gateway, registry, consents, log, market };
}

/** Whether the code at an address is the artifact's, whatever the values of its immutables. */
export async function isCodeOf(provider, name, address) {
  const { deployedBytecode, immutables } = artifact(name);
  const code = getBytes(await provider.getCode(address));
  for (const { start, length } of immutables) code.fill(0, start, start + length);
  return hexlify(code) === deployedBytecode;
}
