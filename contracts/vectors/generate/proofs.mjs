// Valid keys, models and proofs made by a trapdoor simulator: every discrete logarithm is chosen, and C is solved for.
//
//   a·b = α·β + ic·γ + d_W·δ_W + d_1·δ_1 + c·δ_2        so        c = (a·b − α·β − ic·γ − d_W·δ_W − d_1·δ_1) / δ_2
//
// Whoever knows these logarithms can prove anything under the keys: they are for tests and nothing else.
import * as e from './encodings.mjs';

const OFF_CHAIN = { chainId: 0n, verifier: 0n, submitter: 0n, consentId: 0n, nonce: 0n, policy: 0n };
const onChain = (name, consent = 'consent') => ({
  chainId: 31337n, verifier: e.scalar(`${name}/verifier`) % 2n ** 160n, submitter: e.scalar(`${name}/submitter`) % 2n ** 160n,
  consentId: e.toInt(e.keccak(Buffer.from(`${name}/${consent}`))), nonce: 1n, policy: 0n,
});
const severalOnChain = (name, count) => Array.from({ length: count }, (_, i) => (
  { ...onChain(name, `consent/${i}`), nonce: BigInt(i + 1), policy: BigInt(i % 2) }));
const several = (name, words, records) => ({ name, words, records, challenges: 2, contexts: severalOnChain(name, records) });

// A record for each context. `words` counts those of all records.
const SHAPES = [
  { name: 'smallest', words: 2, challenges: 1, contexts: [OFF_CHAIN] },
  { name: 'class_only', words: 2, challenges: 2, contexts: [onChain('class_only')] },
  { name: 'gamma_is_generator', words: 2, challenges: 2, gamma: 1n, setup: 1, contexts: [onChain('gamma_is_generator')] },
  { name: 'scores', words: 5, challenges: 3, contexts: [{ ...onChain('scores'), policy: 1n }] },
  { name: 'many_challenges', words: 2, challenges: 8, contexts: [OFF_CHAIN] },
  { name: 'largest', words: 64, challenges: 8, setup: 1, contexts: [onChain('largest')] },
  { name: 'extreme_words', words: 3, challenges: 1, contexts: [OFF_CHAIN], values: [0n, e.r - 1n, 1n] },
  { name: 'four_words', words: 4, challenges: 2, contexts: [onChain('four_words')] },
  several('two_records', 4, 2),
  several('five_records', 15, 5),
  several('eight_records', 16, 8),
  several('most_records', 64, 32),
];

const invert = (a) => power(e.mod(a), e.r - 2n);
function power(base, exponent) {
  let result = 1n;
  for (let b = base, k = exponent; k > 0n; k >>= 1n, b = (b * b) % e.r) if (k & 1n) result = (result * b) % e.r;
  return result;
}

/** The logarithms behind a key. */
export function trapdoor({ name, words, challenges, gamma }) {
  const pick = (part) => e.scalar(`proofs/${name}/${part}`);
  return {
    alpha: pick('alpha'), beta: pick('beta'), gamma: gamma ?? pick('gamma'),
    deltaW: pick('delta_w'), delta1: pick('delta_1'), delta2: pick('delta_2'),
    ic: Array.from({ length: 1 + words + challenges }, (_, i) => pick(`ic/${i}`)),
  };
}

export function keyOf(shape, t = trapdoor(shape)) {
  const [g1, g2] = [(s) => e.times(e.G1.BASE, s), (s) => e.times(e.G2.BASE, s)];
  const setup = shape.setup ?? 0;
  return e.encodeKey({
    setup, challenges: shape.challenges, words: shape.words, records: shape.records ?? 1,
    architecture: e.keccak(Buffer.from(`architecture/${shape.name}`)),
    setupDigest: setup === 0 ? new Uint8Array(32) : e.keccak(Buffer.from(`ceremony/${shape.name}`)),
    alpha: g1(t.alpha), beta: g2(t.beta), gamma: g2(t.gamma), deltaW: g2(t.deltaW), delta1: g2(t.delta1), delta2: g2(t.delta2),
    ic: t.ic.map(g1),
  });
}

/** Model and weights under a shape's key. */
export function modelOf(shape, keyDigest) {
  const weights = e.scalar(`proofs/${shape.name}/weights`);
  const weightCommitment = e.encodeG1(e.times(e.G1.BASE, weights));
  const metadata = e.keccak(Buffer.from(`metadata/${shape.name}`));
  return { weights, weightCommitment, metadata, id: e.modelId(keyDigest, weightCommitment, metadata) };
}

/** A proof of the statement, from `a`, `b` and `d_1` chosen by the label. */
export function prove(t, statement, label) {
  const [a, b, first] = ['a', 'b', 'd_1'].map((part) => e.scalar(`proofs/${label}/${part}`));
  const firstRound = e.encodeG1(e.times(e.G1.BASE, first));
  const challenges = e.challenges(e.seed({ ...statement, firstRound }), statement.challengeCount);
  const ic = [1n, ...statement.words, ...challenges].reduce((sum, z, i) => sum + z * t.ic[i], 0n);
  const rest = t.alpha * t.beta + ic * t.gamma + statement.weights * t.deltaW + first * t.delta1;
  const c = e.mod((a * b - rest) * invert(t.delta2));
  const u = e.scalar(`proofs/${label}/u`);
  return { bytes: assemble(a, b, c, firstRound), rerandomised: assemble(a * u, b * invert(u), c, firstRound) };
}

function assemble(a, b, c, firstRound) {
  const [A, B, C] = [e.times(e.G1.BASE, a), e.times(e.G2.BASE, b), e.times(e.G1.BASE, c)];
  return e.concat(e.encodeG1(A), e.encodeG2(B), e.encodeG1(C), firstRound);
}

function proofCase(shape) {
  const t = trapdoor(shape);
  const key = keyOf(shape, t);
  const keyDigest = e.keccak(key);
  const { weights, weightCommitment, metadata, id: model } = modelOf(shape, keyDigest);
  const words = shape.values ?? Array.from({ length: shape.words }, (_, i) => e.scalar(`proofs/${shape.name}/word/${i}`));
  const context = e.contextsDigest(shape.contexts);
  const statement = { context, keyDigest, model, weightCommitment, weights, words, challengeCount: shape.challenges };
  const [first, second] = [prove(t, statement, shape.name), prove(t, statement, `${shape.name}/second`)];
  return {
    name: shape.name, words_count: shape.words, records_count: shape.contexts.length, challenges_count: shape.challenges,
    key: e.hex(key), vk_digest: e.hex(keyDigest), weight_commitment: e.hex(weightCommitment), metadata_digest: e.hex(metadata),
    model_id: e.hex(model), contexts: shape.contexts.map(e.contextJson), context_digest: e.hex(context),
    words: words.map(e.wordHex),
    proof: e.hex(first.bytes), rerandomised_proof: e.hex(first.rerandomised), second_proof: e.hex(second.bytes),
    nullifiers: nullifiersOf(model, words, shape.contexts),
    trapdoor: {
      alpha: e.wordHex(t.alpha), beta: e.wordHex(t.beta), gamma: e.wordHex(t.gamma), delta_w: e.wordHex(t.deltaW),
      delta_1: e.wordHex(t.delta1), delta_2: e.wordHex(t.delta2), ic: t.ic.map(e.wordHex), weights: e.wordHex(weights),
    },
  };
}

function nullifiersOf(model, words, contexts) {
  const size = words.length / contexts.length;
  return contexts.map((context, i) => e.hex(e.nullifier(model, words[i * size], context.consentId, context.nonce)));
}

/** Points of G2 with their logarithms, and each divided by 5: for simulators that cannot multiply in G2. */
function g2Points() {
  return Array.from({ length: 4 }, (_, i) => {
    const b = e.scalar(`proofs/g2/${i}`);
    const fifth = e.mod(b * invert(5n));
    return {
      log: e.wordHex(b), point: e.hex(e.encodeG2(e.times(e.G2.BASE, b))),
      fifth_log: e.wordHex(fifth), fifth: e.hex(e.encodeG2(e.times(e.G2.BASE, fifth))),
    };
  });
}

export function proofs() {
  return {
    about: 'Keys, models and proofs of a trapdoor simulator (vectors/generate/proofs.mjs). Their secrets are public: for tests only.',
    cases: SHAPES.map(proofCase),
    g2_points: g2Points(),
    outside_subgroup: e.hex(e.encodeG2(e.outsideSubgroup())),
  };
}
