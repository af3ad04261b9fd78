// Known answers for tags, context digests, model identity, seed, challenges and nullifier.
import * as e from './encodings.mjs';

const MAX_WORD = 2n ** 256n - 1n;
const MAX_ADDRESS = 2n ** 160n - 1n;
const label = (text) => e.keccak(Buffer.from(text, 'ascii'));
const point = (name) => e.times(e.G1.BASE, e.scalar(name));

const CONTEXTS = [
  { chainId: 0n, verifier: 0n, submitter: 0n, consentId: 0n, nonce: 0n, policy: 0n },
  { chainId: 1n, verifier: 0x1111111111111111111111111111111111111111n, submitter: 0x2222222222222222222222222222222222222222n,
    consentId: e.toInt(label('consent')), nonce: 7n, policy: 0n },
  { chainId: 1n, verifier: 0x1111111111111111111111111111111111111111n, submitter: 0x2222222222222222222222222222222222222222n,
    consentId: e.toInt(label('consent')), nonce: 7n, policy: 1n },
  { chainId: 2n ** 64n - 1n, verifier: MAX_ADDRESS, submitter: MAX_ADDRESS, consentId: MAX_WORD, nonce: MAX_WORD, policy: 1n },
];

// Which of the contexts above, one for each case: a single one, two in either order, the same twice, many.
const CONTEXT_LISTS = [[0], [1], [1, 2], [2, 1], [1, 1], [0, 1, 2, 3], Array.from({ length: 32 }, (_, i) => (3 * i + 1) % 4)];

const MODELS = [
  { keyDigest: new Uint8Array(32), weights: e.encodeG1(e.G1.BASE), metadata: new Uint8Array(32) },
  { keyDigest: label('key'), weights: e.encodeG1(point('transcript/weights')), metadata: label('metadata') },
  { keyDigest: e.word(MAX_WORD), weights: e.encodeG1(e.G1.BASE.negate()), metadata: e.word(MAX_WORD) },
];

// `firstRound` at infinity is a legal encoding; words at 0 and r − 1 are the ends of their range.
const CHALLENGES = [
  { contexts: [0], model: 0, firstRound: e.G1.ZERO, words: [0n, 0n], count: 1 },
  { contexts: [1], model: 1, firstRound: point('transcript/first'), words: [e.scalar('transcript/record'), 3n], count: 2 },
  { contexts: [2], model: 1, firstRound: e.G1.BASE, words: [e.r - 1n, 0n, e.r - 1n], count: 3 },
  { contexts: [3], model: 2, firstRound: e.G1.BASE.negate(), words: Array.from({ length: 64 }, (_, i) => e.scalar(`transcript/word/${i}`)), count: 8 },
  { contexts: [1, 2], model: 1, firstRound: e.G1.BASE, words: [e.scalar('transcript/record'), 3n, e.scalar('transcript/other'), 4n], count: 2 },
];

const NULLIFIERS = [
  { model: 0, record: 0n, consentId: 0n, nonce: 0n },
  { model: 1, record: e.scalar('transcript/record'), consentId: e.toInt(label('consent')), nonce: 7n },
  { model: 2, record: e.r - 1n, consentId: MAX_WORD, nonce: MAX_WORD },
];

const identity = (model) => e.modelId(model.keyDigest, model.weights, model.metadata);

const at = (list) => list.map((index) => CONTEXTS[index]);

function challengeCase({ contexts, model, firstRound, words, count }) {
  const { keyDigest, weights } = MODELS[model];
  const input = {
    context: e.contextsDigest(at(contexts)), keyDigest, model: identity(MODELS[model]), weightCommitment: weights,
    firstRound: e.encodeG1(firstRound), words,
  };
  const seed = e.seed(input);
  return {
    context_digest: e.hex(input.context), vk_digest: e.hex(keyDigest), model_id: e.hex(input.model),
    weight_commitment: e.hex(weights), first_round: e.hex(input.firstRound), words: words.map(e.wordHex),
    seed: e.hex(seed), challenges: e.challenges(seed, count).map(e.wordHex),
  };
}

export function transcript() {
  return {
    about: 'Known answers for docs/src/encodings.md, made by vectors/generate/transcript.mjs. Points are x then y.',
    tags: Object.fromEntries(Object.keys(e.TAGS).map((name) => [name, e.hex(e.tag(name))])),
    contexts: CONTEXTS.map(e.contextJson),
    context_lists: CONTEXT_LISTS.map((list) => ({
      contexts: list, digests: at(list).map((context) => e.hex(e.contextDigest(context))), context_digest: e.hex(e.contextsDigest(at(list))),
    })),
    models: MODELS.map((model) => ({
      vk_digest: e.hex(model.keyDigest), weight_commitment: e.hex(model.weights), metadata_digest: e.hex(model.metadata),
      model_id: e.hex(identity(model)),
    })),
    challenges: CHALLENGES.map(challengeCase),
    nullifiers: NULLIFIERS.map(({ model, record, consentId, nonce }) => ({
      model_id: e.hex(identity(MODELS[model])), record_commitment: e.wordHex(record), consent_id: e.wordHex(consentId),
      nonce: e.wordHex(nonce), nullifier: e.hex(e.nullifier(identity(MODELS[model]), record, consentId, nonce)),
    })),
  };
}
