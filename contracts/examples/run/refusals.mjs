// What goes wrong most often, and the error that says so.
import assert from 'node:assert/strict';
import { Wallet, dataSlice, id } from 'ethers';
import { whyFailed } from '../errors.mjs';
import { ask } from '../market.mjs';
import { revokeModel } from '../models.mjs';
import { diagnosisFrom, submitDiagnosis, versioned } from '../submit.mjs';
import { addressOf, consentIdOf, diagnoses, models, refused, request } from './world.mjs';

export const refusals = [
  ['refuses a proof for another chain', anotherChain],
  ['refuses a foreign submitter', foreignSubmitter],
  ['refuses a changed outcome', changedOutcome],
  ['refuses an unknown model', unknownModel],
  ['refuses cut calldata and cut proofs', cutCalldata],
  ['refuses too little money', tooLittleMoney],
  ['tells why a mined transaction failed', minedFailure],
];

/** Asked as the clinic, of a log that would take the honest form of each. */
const asked = (world, exported) => submitDiagnosis(world.suite, world.people.clinic, exported);

async function anotherChain(world) {
  const [context] = diagnoses.elsewhere.contexts;
  assert.equal(context.chain_id, 1, 'all else is as it must be');
  await refused(asked(world, diagnoses.elsewhere), 'ProofRejected');
}

/** A consent that names the clinic stops a stranger at once; one for anyone leaves it to the proof, which names the clinic. */
async function foreignSubmitter({ suite, people }) {
  const [expected, got] = [addressOf('clinic'), addressOf('stranger')];
  const named = submitDiagnosis(suite, people.stranger, diagnoses.brief);
  await refused(named, 'ConsentForOtherGrantee', { consentId: consentIdOf('brief'), expected, got });
  await refused(submitDiagnosis(suite, people.stranger, diagnoses.anyone), 'ProofRejected');
}

async function changedOutcome(world) {
  const { words } = diagnoses.brief;
  await refused(asked(world, { ...diagnoses.brief, words: [words[0], '0x00'] }), 'ProofRejected');
  await refused(asked(world, { ...diagnoses.brief, words: ['0x01', words[1]] }), 'ConsentForOtherUse', { record: 1 });
  const other = { ...diagnoses.brief, contexts: [{ ...diagnoses.brief.contexts[0], policy: 'saturate' }] };
  await refused(asked(world, other), 'ProofRejected');
}

async function unknownModel(world) {
  const modelId = id('a model that nobody registered');
  await refused(asked(world, { ...diagnoses.brief, model_id: modelId }), 'UnknownModel', { modelId });
}

/** Calldata that is no call of the ABI reverts without data: there is nothing to name yet. */
async function cutCalldata(world) {
  const { log, verifier } = world.suite;
  const { clinic } = world.people;
  const proof = await versioned(verifier, diagnoses.brief);
  const data = log.interface.encodeFunctionData('submit', [diagnosisFrom(diagnoses.brief), proof]);
  for (const length of [data.length / 2 - 33, 100, 4, 2]) {
    await refused(clinic.call({ to: log.target, data: dataSlice(data, 0, length) }), 'REVERTED_WITHOUT_DATA');
  }
  await refused(asked(world, { ...diagnoses.brief, proof: dataSlice(diagnoses.brief.proof, 0, 319) }), 'ProofLength', { got: 319 });
  const naked = log.preflight(clinic.address, diagnosisFrom(diagnoses.brief), diagnoses.brief.proof);
  await refused(naked, 'UnknownVersion', { version: dataSlice(diagnoses.brief.proof, 0, 4) });
}

async function tooLittleMoney({ suite, provider }) {
  const pauper = Wallet.createRandom(provider);
  const wanted = { ...request(), payer: pauper.address, salt: id('too dear') };
  await refused(ask(suite.market, pauper, wanted), 'INSUFFICIENT_FUNDS');
  await provider.send('anvil_setBalance', [pauper.address, '0xde0b6b3a7640000']);
  const half = suite.market.connect(pauper).ask(wanted, { value: wanted.price });
  await refused(half, 'PaymentMismatch', { expected: wanted.price + wanted.fee, got: wanted.price });
}

/** Sent without asking first: the receipt says only that it failed. */
async function minedFailure({ suite, people, provider }) {
  const proof = await versioned(suite.verifier, diagnoses.elsewhere);
  const length = await suite.log.length();
  const rejected = await sendBlindly(suite.log, people.clinic, proof, 550_000);
  assert.deepEqual(await whyFailed(provider, rejected), { name: 'ProofRejected', args: {} });
  const starved = await sendBlindly(suite.log, people.clinic, await versioned(suite.verifier, diagnoses.anyone), 250_000);
  assert.equal((await whyFailed(provider, starved)).name, 'PairingFailed');
  assert.equal(await suite.log.length(), length, 'nothing was recorded');
}

async function sendBlindly(log, clinic, proof, gasLimit) {
  const sent = await log.connect(clinic).submit(diagnosisFrom(diagnoses.anyone), proof, { gasLimit });
  const failed = await sent.wait().then(() => null, (error) => error);
  assert.equal(failed?.receipt?.status, 0);
  return sent.hash;
}

export const endings = [['refuses an expired consent', expired], ['refuses a revoked model', revokedModel]];

async function expired(world) {
  const { log } = world.suite;
  const consentId = consentIdOf('brief');
  await log.preflight(addressOf('clinic'), diagnosisFrom(diagnoses.brief), await versioned(world.suite.verifier, diagnoses.brief));
  await world.provider.send('evm_increaseTime', [3600]);
  await world.provider.send('evm_mine', []);
  await refused(asked(world, diagnoses.brief), 'ConsentExpired', { consentId });
}

async function revokedModel(world) {
  const { registry } = world.suite;
  const { owner, authority, stranger } = world.people;
  const { model_id: modelId } = models.two.model;
  const contexts = diagnoses.both.contexts.map((context) => ({ ...context, nonce: id('a fresh one') }));
  const fresh = { ...diagnoses.both, contexts };
  await refused(asked(world, fresh), 'ProofRejected');
  await refused(revokeModel(registry, stranger, modelId, ''), 'NeitherOwnerNorAuthority', { caller: stranger.address });
  await revokeModel(registry, authority, modelId, 'wrong labels in the training data');
  await refused(asked(world, fresh), 'RevokedModel', { modelId });
  await refused(revokeModel(registry, owner, modelId, 'again'), 'RevokedModel', { modelId });
}
