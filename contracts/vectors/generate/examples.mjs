// What contracts/examples/ runs on: people with their keys, where the contracts are if the deterministic deployer creates
// them, a key, a model, consents, a request, and diagnoses proven for that log on that chain, in the forms of `zkdx export
// --as json`. The proofs are a simulator's: whoever reads the trapdoor here can prove anything under this key.
import { readFileSync } from 'node:fs';
import * as e from './encodings.mjs';
import { keyOf, modelOf, prove, trapdoor } from './proofs.mjs';
import { accountOf, consentId, text } from './signing.mjs';
import { requestId, requestNonce } from './suite.mjs';

const CHAIN = 31337n;
/** Block time at which the chain starts; consents are valid for a day from then on, the brief one for an hour. */
const TIME = 1800000000n;
const [HOUR, DAY] = [3600n, 86400n];
const PURPOSE = 'zkdx/purpose/diagnosis';
const CLASS = 1n;

const pick = (label) => e.keccak(Buffer.from(`zkdx/vectors/examples/${label}`, 'ascii'));
const bytes = (hex) => Uint8Array.from(Buffer.from(hex.slice(2), 'hex'));
const addressHex = (value) => e.hex(e.uint(value, 20));

// People

const ROLES = [
  'admin', 'guardian', 'authority', 'owner', 'patient', 'clinic', 'relayer', 'stranger', 'payer', 'prover',
  'first member', 'second member', 'third member',
];
const account = Object.fromEntries(ROLES.map((role) => [role, accountOf(pick(role))]));

// Contracts: CREATE2 (EIP-1014) by the deterministic deployer, which takes a salt and creation code

const DEPLOYER = 0x4e59b44847b379578588920ca78fbf26c0b4956cn;
const SALT = new Uint8Array(32);
const APPROVALS = 1n;

function created(name, ...words) {
  const { bytecode } = JSON.parse(readFileSync(new URL(`../../artifacts/${name}.json`, import.meta.url), 'utf8'));
  const digest = e.keccak(bytes(bytecode), ...words.map(e.word));
  return e.toInt(e.keccak(Uint8Array.of(0xff), e.uint(DEPLOYER, 20), SALT, digest).slice(12));
}

function deployed() {
  const VerifyingKeyStore = created('VerifyingKeyStore');
  const Groth16Verifier = created('Groth16Verifier', VerifyingKeyStore);
  const VerifierGateway = created('VerifierGateway', DAY, account.admin, account.guardian, Groth16Verifier);
  const ModelRegistry = created('ModelRegistry', VerifyingKeyStore, DAY, account.admin, APPROVALS);
  const ConsentRegistry = created('ConsentRegistry');
  const DiagnosisLog = created('DiagnosisLog', VerifierGateway, ModelRegistry, ConsentRegistry, e.toInt(text(PURPOSE)));
  const InferenceMarket = created('InferenceMarket', DiagnosisLog);
  return {
    VerifyingKeyStore, Groth16Verifier, VerifierGateway, ModelRegistry, ConsentRegistry, DiagnosisLog, InferenceMarket,
  };
}

const at = deployed();

// Keys and models: for one record in a proof, and for two

function keyAndModel(shape) {
  const t = trapdoor(shape);
  const key = keyOf(shape, t);
  const keyDigest = e.keccak(key);
  return { shape, trapdoor: t, key, keyDigest, ...modelOf(shape, keyDigest) };
}

const ONE = keyAndModel({ name: 'examples', words: 2, records: 1, challenges: 2 });
const TWO = keyAndModel({ name: 'examples/two', words: 4, records: 2, challenges: 2 });

function modelJson({ key, keyDigest, weightCommitment, metadata, id }) {
  return {
    key: { digest: e.hex(keyDigest), key: e.hex(key) },
    model: {
      key_digest: e.hex(keyDigest), metadata_digest: e.hex(metadata), model_id: e.hex(id),
      weight_commitment: { x: e.hex(weightCommitment.slice(0, 32)), y: e.hex(weightCommitment.slice(32)) },
    },
  };
}

// Consents: each for one model and one record

const recordOf = (name) => e.scalar(`examples/record/${name}`);

function consent(name, { grantee = account.clinic, until = TIME + DAY, model = ONE } = {}) {
  const fields = { patient: account.patient, grantee, record: recordOf(name), from: TIME, until, salt: pick(`salt/${name}`) };
  const domain = { chainId: CHAIN, contract: at.ConsentRegistry };
  const id = consentId(domain, { ...fields, purpose: text(PURPOSE), scopeKind: 0, scope: model.id });
  return { ...fields, model, id };
}

const CONSENTS = {
  single: consent('single'),
  first: consent('first'),
  second: consent('second'),
  revoked: consent('revoked'),
  brief: consent('brief', { until: TIME + HOUR }),
  anyone: consent('anyone', { grantee: 0n }),
  paid: consent('paid', { grantee: at.InferenceMarket }),
  left: consent('left', { model: TWO }),
  right: consent('right', { model: TWO }),
};

function consentJson({ model, patient, grantee, record, from, until, salt, id }) {
  return {
    model_id: e.hex(model.id), patient: addressHex(patient), grantee: addressHex(grantee), record: e.wordHex(record), valid_from: Number(from),
    valid_until: Number(until), salt: e.hex(salt), consent_id: e.hex(id),
  };
}

// A request: the market is the submitter, and the nonce names request and prover

const REQUEST = { price: 10n ** 16n, fee: 10n ** 15n, maxPolicy: 0n, deadline: TIME + DAY, salt: pick('request') };
const { price, fee, maxPolicy, deadline, salt } = REQUEST;
const REQUEST_ID = requestId({
  chainId: CHAIN, market: at.InferenceMarket, payer: account.payer, token: 0n,
  words: [e.word(price), e.word(fee), ONE.id, e.word(recordOf('paid')), CONSENTS.paid.id, e.word(maxPolicy), e.word(deadline), salt],
});

function requestJson() {
  return {
    price: e.wordHex(price), fee: e.wordHex(fee), max_policy: e.wordHex(maxPolicy), deadline: Number(deadline),
    salt: e.hex(salt), request_id: e.hex(REQUEST_ID), nonce: e.hex(requestNonce(REQUEST_ID, account.prover)),
  };
}

// Diagnoses: the cases of one proof each, by the names of their consents

const DIAGNOSES = {
  single: {},
  first: {},
  second: {},
  revoked: {},
  brief: {},
  anyone: {},
  elsewhere: { cases: ['anyone'], chainId: 1n },
  both: { cases: ['left', 'right'] },
  paid: { submitter: at.InferenceMarket, nonce: e.toInt(requestNonce(REQUEST_ID, account.prover)) },
};

function diagnosis(name, { cases = [name], ...about }) {
  const { model } = CONSENTS[cases[0]];
  const contexts = cases.map((consent, i) => context(consent, i, about));
  const words = cases.flatMap((consent) => [recordOf(consent), CLASS]);
  const statement = {
    context: e.contextsDigest(contexts), keyDigest: model.keyDigest, model: model.id, weightCommitment: model.weightCommitment,
    weights: model.weights, words, challengeCount: model.shape.challenges,
  };
  const proof = prove(model.trapdoor, statement, `examples/${name}`);
  return { ...exportOf(model, contexts, words, proof.bytes), rerandomised_proof: e.hex(proof.rerandomised) };
}

/** The second case of a proof saturates. */
function context(consent, policy, { chainId = CHAIN, submitter = account.clinic, nonce = e.toInt(pick(`nonce/${consent}`)) }) {
  return { chainId, verifier: at.DiagnosisLog, submitter, consentId: e.toInt(CONSENTS[consent].id), nonce, policy: BigInt(policy) };
}

/** As `zkdx export proof.json --as json` says it. */
function exportOf(model, contexts, words, proof) {
  return {
    context_digest: e.hex(e.contextsDigest(contexts)), context_digests: contexts.map((one) => e.hex(e.contextDigest(one))),
    contexts: contexts.map(({ chainId, consentId, nonce, policy, submitter, verifier }) => ({
      chain_id: Number(chainId), consent_id: e.wordHex(consentId), nonce: e.wordHex(nonce),
      policy: ['refuse', 'saturate'][policy], submitter: addressHex(submitter), verifier: addressHex(verifier),
    })),
    model_id: e.hex(model.id), proof: e.hex(proof), words: words.map(e.wordHex),
  };
}

const mapped = (object, f) => Object.fromEntries(Object.entries(object).map(([name, value]) => [name, f(value, name)]));

export function examples() {
  return {
    about: 'What contracts/examples/ runs on, made by vectors/generate/examples.mjs. Its keys and its trapdoor are public: for tests only.',
    chain_id: Number(CHAIN), time: Number(TIME),
    people: mapped(account, (address, role) => ({ address: addressHex(address), key: e.hex(pick(role)) })),
    deployment: {
      salt: e.hex(SALT), delay: Number(DAY), approvals_required: Number(APPROVALS), purpose: PURPOSE,
      addresses: mapped(at, addressHex),
    },
    models: mapped({ one: ONE, two: TWO }, modelJson),
    consents: mapped(CONSENTS, consentJson),
    request: requestJson(),
    diagnoses: mapped(DIAGNOSES, (about, name) => diagnosis(name, about)),
  };
}
