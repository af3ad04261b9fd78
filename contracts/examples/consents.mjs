// Consents as patients sign them (EIP-712), brought by whoever pays for the transaction, and withdrawn in the same way.
import { TypedDataEncoder } from 'ethers';

export const SCOPE_MODEL = 0;

const CONSENT = { Consent: [
  { name: 'patient', type: 'address' }, { name: 'grantee', type: 'address' }, { name: 'purpose', type: 'bytes32' },
  { name: 'scopeKind', type: 'uint8' }, { name: 'scope', type: 'bytes32' }, { name: 'record', type: 'uint256' },
  { name: 'validFrom', type: 'uint40' }, { name: 'validUntil', type: 'uint40' }, { name: 'salt', type: 'bytes32' },
] };
const REVOCATION = { Revocation: [{ name: 'consentId', type: 'bytes32' }] };

async function domainOf(consents) {
  const { chainId } = await consents.runner.provider.getNetwork();
  return { name: 'zkdx consents', version: '1', chainId, verifyingContract: consents.target };
}

/** The identity is the hash that is signed; `zkdx prove --consent` takes it. */
export async function signConsent(consents, patient, consent) {
  const domain = await domainOf(consents);
  return {
    consentId: TypedDataEncoder.hash(domain, CONSENT, consent),
    signature: await patient.signTypedData(domain, CONSENT, consent),
  };
}

/** Anyone may bring it, so the patient needs no ether and no transaction of its own. */
export async function bringConsent(consents, relayer, consent, signature) {
  const sent = await consents.connect(relayer).grantBySig(consent, signature);
  return sent.wait();
}

export async function withdrawConsent(consents, patient, relayer, consent) {
  const consentId = await consents.consentIdOf(consent);
  const signature = await patient.signTypedData(await domainOf(consents), REVOCATION, { consentId });
  const sent = await consents.connect(relayer).revokeBySig(consent, signature);
  return sent.wait();
}
