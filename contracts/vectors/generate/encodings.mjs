// The encodings page (docs/src/encodings.md) once more, written apart from the contracts and from the Rust code, so that
// vectors made with it test both. Integers are BigInt, byte strings are Uint8Array.
import { bn254 } from '@noble/curves/bn254.js';
import { keccak_256 } from '@noble/hashes/sha3.js';

export const G1 = bn254.G1.Point;
export const G2 = bn254.G2.Point;
export const Fp2 = bn254.fields.Fp2;
export const r = bn254.fields.Fr.ORDER;
export const q = bn254.fields.Fp.ORDER;

export const keccak = (...parts) => keccak_256(concat(...parts));
export const toInt = (bytes) => BigInt(hex(bytes));
export const mod = (a, m = r) => ((a % m) + m) % m;

export function concat(...parts) {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

export function hex(bytes) {
  return '0x' + Buffer.from(bytes).toString('hex');
}

/** A big-endian integer of `size` bytes. */
export function uint(value, size) {
  return Uint8Array.from(Buffer.from(BigInt(value).toString(16).padStart(2 * size, '0'), 'hex'));
}

export const word = (value) => uint(value, 32);
export const wordHex = (value) => hex(word(value));

export const TAGS = {
  TAG_TRANSCRIPT: 'zkdx/two-round-groth16/v1/transcript',
  TAG_MODEL: 'zkdx/v1/model',
  TAG_CONTEXT: 'zkdx/v1/context',
  TAG_CONTEXTS: 'zkdx/v1/contexts',
  TAG_NULLIFIER: 'zkdx/v1/nullifier',
  TAG_ARCHITECTURE: 'zkdx/v1/architecture',
  TAG_CARD: 'zkdx/v1/card',
};
export const tag = (name) => keccak(Buffer.from(TAGS[name], 'ascii'));

/** A scalar that depends on the label alone: vectors are the same on every run. Never zero in practice. */
export function scalar(label) {
  return toInt(keccak(Buffer.from(`zkdx/vectors/${label}`, 'ascii'))) % r;
}

export function encodeG1(point) {
  if (point.is0()) return new Uint8Array(64);
  const { x, y } = point.toAffine();
  return concat(word(x), word(y));
}

export function encodeG2(point) {
  if (point.is0()) return new Uint8Array(128);
  const { x, y } = point.toAffine();
  return concat(word(x.c1), word(x.c0), word(y.c1), word(y.c0));
}

/** `s·P` for any `s`, zero included. */
export function times(point, s) {
  const reduced = mod(s);
  return reduced === 0n ? point.subtract(point) : point.multiply(reduced);
}

/** The twist is y² = x³ + 3/(9 + i). */
const TWIST_B = Fp2.div(Fp2.create({ c0: 3n, c1: 0n }), Fp2.create({ c0: 9n, c1: 1n }));

/** A point of the twist outside the subgroup: the first x of the form k + i whose y exists. */
export function outsideSubgroup() {
  for (let k = 1n; ; k++) {
    const x = Fp2.create({ c0: k, c1: 1n });
    try {
      const y = Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(x), x), TWIST_B));
      const point = G2.fromAffine({ x, y });
      if (!point.isTorsionFree()) return point;
    } catch { /* no square root: the next x */ }
  }
}

export function encodeKey({ setup, challenges, words, records, architecture, setupDigest, alpha, beta, gamma, deltaW, delta1, delta2, ic }) {
  return concat(
    Buffer.from('zkdx-vk\0', 'ascii'), uint(1, 2), uint(setup, 1), uint(challenges, 1),
    uint(words, 4), uint(records, 4), new Uint8Array(12),
    architecture, setupDigest, encodeG1(alpha),
    ...[beta, gamma, deltaW, delta1, delta2].map(encodeG2), ...ic.map(encodeG1),
  );
}

export function modelId(keyDigest, weightCommitment, metadataDigest) {
  return keccak(tag('TAG_MODEL'), keyDigest, weightCommitment, metadataDigest);
}

export function contextDigest({ chainId, verifier, submitter, consentId, nonce, policy }) {
  return keccak(
    tag('TAG_CONTEXT'), word(chainId), new Uint8Array(12), uint(verifier, 20), new Uint8Array(12), uint(submitter, 20),
    word(consentId), word(nonce), word(policy),
  );
}

/** What the challenges bind of the contexts: a single one's digest as it is, several under a tag. */
export function contextsDigest(contexts) {
  const digests = contexts.map(contextDigest);
  return digests.length === 1 ? digests[0] : keccak(tag('TAG_CONTEXTS'), ...digests);
}

export function seed({ context, keyDigest, model, weightCommitment, firstRound, words }) {
  return keccak(tag('TAG_TRANSCRIPT'), context, keyDigest, model, weightCommitment, firstRound, ...words.map(word));
}

export function challenges(seedBytes, count) {
  return Array.from({ length: count }, (_, i) => toInt(keccak(seedBytes, word(i))) % r);
}

export function nullifier(model, recordCommitment, consentId, nonce) {
  return keccak(tag('TAG_NULLIFIER'), model, word(recordCommitment), word(consentId), word(nonce));
}

/** The JSON form of a context. */
export function contextJson(context) {
  return {
    chain_id: wordHex(context.chainId),
    verifier: hex(uint(context.verifier, 20)),
    submitter: hex(uint(context.submitter, 20)),
    consent_id: wordHex(context.consentId),
    nonce: wordHex(context.nonce),
    policy: wordHex(context.policy),
    context_digest: hex(contextDigest(context)),
  };
}
