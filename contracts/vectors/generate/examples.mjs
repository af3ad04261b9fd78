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
const SHAPE = { name: 'examples', words: 2, records: 1, challenges: 2 };
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

// Key and model

const TRAPDOOR = trapdoor(SHAPE);
const KEY = keyOf(SHAPE, TRAPDOOR);
const KEY_DIGEST = e.keccak(KEY);
const MODEL = modelOf(SHAPE, KEY_DIGEST);

// Consents: each for this model and one record

const recordOf = (name) => e.scalar(`examples/record/${name}`);

function consent(name, { grantee = account.clinic, until = TIME + DAY } = {}) {
  const fields = { patient: account.patient, grantee, record: recordOf(name), from: TIME, until, salt: pick(`salt/${name}`) };
  const domain = { chainId: CHAIN, contract: at.ConsentRegistry };
  const id = consentId(domain, { ...fields, purpose: text(PURPOSE), scopeKind: 0, scope: MODEL.id });
  return { ...fields, id };
}

const CONSENTS = {
  single: consent('single'),
  first: consent('first'),
  second: consent('second'),
  revoked: consent('revoked'),
  brief: consent('brief', { until: TIME + HOUR }),
  anyone: consent('anyone', { grantee: 0n }),
  paid: consent('paid', { grantee: at.InferenceMarket }),
};

function consentJson({ patient, grantee, record, from, until, salt, id }) {
  return {
    patient: addressHex(patient), grantee: addressHex(grantee), record: e.wordHex(record), valid_from: Number(from),
    valid_until: Number(until), salt: e.hex(salt), consent_id: e.hex(id),
  };
}

// A request: the market is the submitter, and the nonce names request and prover

const REQUEST = { price: 10n ** 16n, fee: 10n ** 15n, maxPolicy: 0n, deadline: TIME + DAY, salt: pick('request') };
const { price, fee, maxPolicy, deadline, salt } = REQUEST;
const REQUEST_ID = requestId({
  chainId: CHAIN, market: at.InferenceMarket, payer: account.payer, token: 0n,
  words: [e.word(price), e.word(fee), MODEL.id, e.word(recordOf('paid')), CONSENTS.paid.id, e.word(maxPolicy), e.word(deadline), salt],
});

function requestJson() {
  return {
    price: e.wordHex(price), fee: e.wordHex(fee), max_policy: e.wordHex(maxPolicy), deadline: Number(deadline),
    salt: e.hex(salt), request_id: e.hex(REQUEST_ID), nonce: e.hex(requestNonce(REQUEST_ID, account.prover)),
  };
}

// Diagnoses

const DIAGNOSES = {
  single: {},
  first: {},
  second: {},
  revoked: {},
  brief: {},
  anyone: {},
  elsewhere: { consent: 'anyone', chainId: 1n },
  paid: { submitter: at.InferenceMarket, nonce: e.toInt(requestNonce(REQUEST_ID, account.prover)) },
};

function diagnosis(name, { consent = name, chainId = CHAIN, submitter = account.clinic, nonce = e.toInt(pick(`nonce/${name}`)) }) {
  const consentId = e.toInt(CONSENTS[consent].id);
  const context = { chainId, verifier: at.DiagnosisLog, submitter, consentId, nonce, policy: 0n };
  const words = [recordOf(consent), CLASS];
  const digest = e.contextDigest(context);
  const statement = {
    context: digest, keyDigest: KEY_DIGEST, model: MODEL.id, weightCommitment: MODEL.weightCommitment,
    weights: MODEL.weights, words, challengeCount: SHAPE.challenges,
  };
  const proof = prove(TRAPDOOR, statement, `examples/${name}`);
  return { ...exportOf(context, digest, words, proof.bytes), rerandomised_proof: e.hex(proof.rerandomised) };
}

/** As `zkdx export proof.json --as json` says it. */
function exportOf(context, digest, words, proof) {
  return {
    context_digest: e.hex(digest), context_digests: [e.hex(digest)],
    contexts: [{
      chain_id: Number(context.chainId), consent_id: e.wordHex(context.consentId), nonce: e.wordHex(context.nonce),
      policy: 'refuse', submitter: addressHex(context.submitter), verifier: addressHex(context.verifier),
    }],
    model_id: e.hex(MODEL.id), proof: e.hex(proof), words: words.map(e.wordHex),
  };
}

const mapped = (object, f) => Object.fromEntries(Object.entries(object).map(([name, value]) => [name, f(value, name)]));

export function examples() {
  const [x, y] = [MODEL.weightCommitment.slice(0, 32), MODEL.weightCommitment.slice(32)];
  return {
    about: 'What contracts/examples/ runs on, made by vectors/generate/examples.mjs. Its keys and its trapdoor are public: for tests only.',
    chain_id: Number(CHAIN), time: Number(TIME),
    people: mapped(account, (address, role) => ({ address: addressHex(address), key: e.hex(pick(role)) })),
    deployment: {
      salt: e.hex(SALT), delay: Number(DAY), approvals_required: Number(APPROVALS), purpose: PURPOSE,
      addresses: mapped(at, addressHex),
    },
    key: { digest: e.hex(KEY_DIGEST), key: e.hex(KEY) },
    model: {
      key_digest: e.hex(KEY_DIGEST), metadata_digest: e.hex(MODEL.metadata), model_id: e.hex(MODEL.id),
      weight_commitment: { x: e.hex(x), y: e.hex(y) },
    },
    consents: mapped(CONSENTS, consentJson),
    request: requestJson(),
    diagnoses: mapped(DIAGNOSES, (about, name) => diagnosis(name, about)),
  };
}
