// What people sign, and with which keys: EIP-712 written out once more, apart from the contracts' library.
import { secp256k1 } from '@noble/curves/secp256k1.js';
import * as e from './encodings.mjs';

export const text = (value) => e.keccak(Buffer.from(value, 'ascii'));
export const address = (value) => e.concat(new Uint8Array(12), e.uint(value, 20));

const DOMAIN = 'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)';
const CONSENT = 'Consent(address patient,address grantee,bytes32 purpose,uint8 scopeKind,bytes32 scope,uint256 record,'
  + 'uint40 validFrom,uint40 validUntil,bytes32 salt)';
const REVOCATION = 'Revocation(bytes32 consentId)';
const BATCH = 'Batch(uint256 sourceChainId,address sourceLog,uint256 firstIndex,uint256 count,bytes32 root,bytes32 head)';

function typedHash(name, { chainId, contract }, ...struct) {
  const domain = e.keccak(text(DOMAIN), text(name), text('1'), e.word(chainId), address(contract));
  return e.keccak(Uint8Array.of(0x19, 0x01), domain, e.keccak(...struct));
}

export function consentId(domain, { patient, grantee, purpose, scopeKind, scope, record, from, until, salt }) {
  return typedHash(
    'zkdx consents', domain, text(CONSENT), address(patient), address(grantee), purpose, e.word(scopeKind), scope,
    e.word(record), e.word(from), e.word(until), salt,
  );
}

export function revocationHash(domain, id) {
  return typedHash('zkdx consents', domain, text(REVOCATION), id);
}

export function batchHash(domain, { source, first, count, root, head }) {
  return typedHash(
    'zkdx anchor', domain, text(BATCH), e.word(source.chainId), address(source.log), e.word(first), e.word(count), root, head,
  );
}

/** r ‖ s ‖ v, as ECDSA signatures go on chain. */
export function sign(hash, key) {
  const signature = secp256k1.sign(hash, key, { prehash: false, format: 'recovered' });
  return e.hex(e.concat(signature.slice(1), Uint8Array.of(27 + signature[0])));
}

export function accountOf(key) {
  const point = secp256k1.getPublicKey(key, false).slice(1);
  return e.toInt(e.keccak(point)) % 2n ** 160n;
}
