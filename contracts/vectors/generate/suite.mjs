// What the suite hashes and signs beside the proofs: versions, weights of a batch, consents and their signatures, the
// log's chain, requests, anchored trees.
import * as e from './encodings.mjs';
import { accountOf, address, batchHash, consentId, revocationHash, sign, text } from './signing.mjs';

const bytes = (hex) => Uint8Array.from(Buffer.from(hex.slice(2), 'hex'));
const pick = (label) => e.keccak(Buffer.from(`zkdx/vectors/suite/${label}`, 'ascii'));
const someone = (label) => e.toInt(pick(label)) % 2n ** 160n;

export const SUITE_TAGS = {
  TAG_ENTRY: 'zkdx/v1/entry',
  TAG_ANCHOR: 'zkdx/v1/anchor',
  TAG_VERIFIER: 'zkdx/two-round-groth16/v1/verifier',
  TAG_BATCH: 'zkdx/two-round-groth16/v1/batch',
};
const tag = (name) => text(SUITE_TAGS[name]);
const version = tag('TAG_VERIFIER').slice(0, 4);

// Consents

const consentDomain = { chainId: 31337n, contract: someone('consents') };

const CONSENTS = [
  { grantee: 0n, purpose: text('zkdx/purpose/diagnosis'), scopeKind: 2, scope: new Uint8Array(32), record: 0n, from: 1n, until: 2n ** 40n - 1n },
  { grantee: someone('grantee'), purpose: text('zkdx/purpose/diagnosis'), scopeKind: 0, scope: pick('model'), record: e.scalar('suite/record'), from: 0n, until: 2000000000n },
  { grantee: 2n ** 160n - 1n, purpose: e.word(2n ** 256n - 1n), scopeKind: 1, scope: pick('key'), record: 2n ** 256n - 1n, from: 1700000000n, until: 1700000001n },
];

function consent(fields, i) {
  const key = pick(`patient/${i}`);
  const [patient, salt] = [accountOf(key), pick(`salt/${i}`)];
  const { grantee, purpose, scopeKind, scope, record, from, until } = fields;
  const id = consentId(consentDomain, { ...fields, patient, salt });
  const revocation = revocationHash(consentDomain, id);
  return {
    patient_key: e.hex(key), patient: e.hex(e.uint(patient, 20)), grantee: e.hex(e.uint(grantee, 20)), purpose: e.hex(purpose),
    scope_kind: e.wordHex(scopeKind), scope: e.hex(scope), record: e.wordHex(record), valid_from: e.wordHex(from),
    valid_until: e.wordHex(until), salt: e.hex(salt), consent_id: e.hex(id), signature: sign(id, key),
    revocation_hash: e.hex(revocation), revocation_signature: sign(revocation, key),
  };
}

// The log's chain, and its entries anchored

function chain(count) {
  let head = new Uint8Array(32);
  return Array.from({ length: count }, (_, index) => {
    const [nullifier, digest, time] = [pick(`nullifier/${index}`), pick(`digest/${index}`), 1700000000n + BigInt(index)];
    const entry = e.keccak(tag('TAG_ENTRY'), e.word(index), nullifier, digest, version, new Uint8Array(28), e.word(time));
    head = e.keccak(head, entry);
    return { nullifier: e.hex(nullifier), digest: e.hex(digest), time: e.wordHex(time), entry_digest: e.hex(entry), head: e.hex(head) };
  });
}

const source = { chainId: 1337n, log: someone('source log') };
const leaf = (index, entry) => e.keccak(e.keccak(tag('TAG_ANCHOR'), e.word(source.chainId), address(source.log), e.word(index), entry));
const parent = (a, b) => (Buffer.compare(a, b) <= 0 ? e.keccak(a, b) : e.keccak(b, a));

/** Layers from the leaves to the root; the last node of an odd layer goes up as it is. */
function layers(leaves) {
  const all = [leaves];
  while (all.at(-1).length > 1) {
    const below = all.at(-1);
    all.push(Array.from({ length: Math.ceil(below.length / 2) }, (_, i) => (
      2 * i + 1 < below.length ? parent(below[2 * i], below[2 * i + 1]) : below[2 * i])));
  }
  return all;
}

function proofOf(tree, index) {
  return tree.slice(0, -1).flatMap((layer, depth) => {
    const sibling = (index >> depth) ^ 1;
    return sibling < layer.length ? [e.hex(layer[sibling])] : [];
  });
}

const anchorDomain = { chainId: 31337n, contract: someone('anchor') };
const MEMBERS = Array.from({ length: 4 }, (_, i) => pick(`member/${i}`)).sort((a, b) => (accountOf(a) < accountOf(b) ? -1 : 1));

function batches(entries, sizes) {
  let first = 0;
  return sizes.map((count) => {
    const part = entries.slice(first, first + count);
    const tree = layers(part.map((entry, i) => leaf(first + i, bytes(entry.entry_digest))));
    const [root, head] = [tree.at(-1)[0], bytes(part.at(-1).head)];
    const hash = batchHash(anchorDomain, { source, first, count, root, head });
    const batch = {
      first_index: e.wordHex(first), count: e.wordHex(count), root: e.hex(root), head: e.hex(head), batch_hash: e.hex(hash),
      signatures: MEMBERS.map((key) => sign(hash, key)), proofs: part.map((_, i) => ({ siblings: proofOf(tree, i) })),
    };
    first += count;
    return batch;
  });
}

// Requests

/** `words` from the price on, 32 bytes each. */
export function requestId({ chainId, market, payer, token, words }) {
  return e.keccak(e.word(chainId), address(market), address(payer), address(token), ...words);
}

export const requestNonce = (id, prover) => e.keccak(id, address(prover));

function request() {
  const [market, payer, token, prover] = ['market', 'payer', 'token', 'prover'].map(someone);
  const words = [e.word(12n), e.word(3n), pick('model'), e.word(e.scalar('suite/record')), pick('consent'), e.word(1n), e.word(1800000000n), pick('request')];
  const id = requestId({ chainId: 31337n, market, payer, token, words });
  const names = ['price', 'fee', 'model_id', 'record_commitment', 'consent_id', 'max_policy', 'deadline', 'salt'];
  return {
    market: e.hex(e.uint(market, 20)), payer: e.hex(e.uint(payer, 20)), token: e.hex(e.uint(token, 20)),
    ...Object.fromEntries(names.map((name, i) => [name, e.hex(words[i])])),
    request_id: e.hex(id), prover: e.hex(e.uint(prover, 20)), nonce: e.hex(requestNonce(id, prover)),
  };
}

// The weights of a batch

function weights() {
  const seeds = [0, 1, 2].map((i) => pick(`seed/${i}`));
  const proofs = [0, 1, 2].map((i) => e.concat(...Array.from({ length: 10 }, (_, j) => pick(`proof/${i}/${j}`))));
  const seed = e.keccak(tag('TAG_BATCH'), ...seeds.map((one, i) => e.keccak(one, proofs[i])));
  const all = seeds.map((_, i) => (i === 0 ? 1n : e.toInt(e.keccak(seed, e.word(i))) >> 128n));
  return { seeds: seeds.map(e.hex), proofs: proofs.map(e.hex), weights: all.map(e.wordHex) };
}

export function suite() {
  const entries = chain(12);
  return {
    about: 'Known answers for the suite around the verifier, made by vectors/generate/suite.mjs. Its keys are public: for tests only.',
    tags: Object.fromEntries(Object.keys(SUITE_TAGS).map((name) => [name, e.hex(tag(name))])),
    version: e.hex(version),
    batch_weights: weights(),
    consent_registry: e.hex(e.uint(consentDomain.contract, 20)),
    consents: CONSENTS.map(consent),
    entries,
    anchor: e.hex(e.uint(anchorDomain.contract, 20)),
    members: MEMBERS.map((key) => e.hex(e.uint(accountOf(key), 20))),
    source_chain_id: e.wordHex(source.chainId), source_log: e.hex(e.uint(source.log, 20)),
    batches: batches(entries, [1, 2, 4, 5]),
    request: request(),
  };
}
