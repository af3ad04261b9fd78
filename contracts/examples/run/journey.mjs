// The examples in their order, on one chain: each step states what must have come of it.
import assert from 'node:assert/strict';
import { id, parseEther } from 'ethers';
import { bringConsent, signConsent, withdrawConsent } from '../consents.mjs';
import { deploySuite } from '../deploy.mjs';
import { ask, contextOf, fulfilRequest, withdraw } from '../market.mjs';
import { approveModel, isFromCeremony, listAuthority, registerModel } from '../models.mjs';
import { recordedDigest } from '../replay.mjs';
import { classOf, diagnosisFrom, recordedIn, submitDiagnosis, submitMany, versioned } from '../submit.mjs';
import { addressOf, consentIdOf, consentOf, diagnoses, models, plan, refused, request, vector } from './world.mjs';

const { key, model } = models.one;
const CONTRACTS = {
  store: 'VerifyingKeyStore', verifier: 'Groth16Verifier', gateway: 'VerifierGateway', registry: 'ModelRegistry',
  consents: 'ConsentRegistry', log: 'DiagnosisLog', market: 'InferenceMarket',
};

export const journey = [
  ['deploys the suite where salt, code and arguments say', deploys],
  ['registers key and model, and approves it', registers],
  ['brings consents that a patient signed', consents],
  ['submits a diagnosis and reads its event', submits],
  ['submits two proofs in one batch', submitsBatch],
  ['submits one proof about two records', submitsTwo],
  ['withdraws a consent by signature, and meets the named error', withdraws],
  ['asks for a diagnosis, fulfils and is paid', trades],
  ['refunds what was not fulfilled', refunds],
];

async function deploys(world) {
  const { relayer } = world.people;
  world.suite = await deploySuite(relayer, plan());
  for (const [name, contract] of Object.entries(CONTRACTS)) {
    assert.equal(world.suite[name].target.toLowerCase(), vector.deployment.addresses[contract], contract);
  }
  const sent = await relayer.getNonce();
  await deploySuite(world.people.stranger, plan());
  assert.equal(await relayer.getNonce(), sent, 'who deploys again finds all of it');
  assert.equal(await world.people.stranger.getNonce(), 0);
  assert.equal(await world.suite.log.PURPOSE(), id(vector.deployment.purpose));
}

async function registers({ suite, people }) {
  const { registry, store } = suite;
  await registerModel(suite, people.owner, key, model, 'https://example.org/card.json');
  assert.equal(await registry.ownerOf(model.model_id), addressOf('owner'));
  assert.equal(await isFromCeremony(store, key.digest), false);
  await refused(registry.approvedModel(model.model_id), 'NotApproved', { required: 1, got: 0 });
  const unlisted = approveModel(registry, people.authority, model.model_id, id('audit'), '');
  await refused(unlisted, 'UnknownAuthority', { account: addressOf('authority') });
  const usurper = listAuthority(registry, people.stranger, addressOf('stranger'), 'me');
  await refused(usurper, 'AccessControlUnauthorizedAccount');
  await listAuthority(registry, people.admin, addressOf('authority'), 'Ethics board of the clinic');
  await approveModel(registry, people.authority, model.model_id, id('audit'), 'https://example.org/audit.pdf');
  assert.equal((await registry.approvedModel(model.model_id)).keyDigest, key.digest);
}

async function consents({ suite, people }) {
  for (const name of Object.keys(vector.consents)) {
    const consent = consentOf(name);
    const { consentId, signature } = await signConsent(suite.consents, people.patient, consent);
    assert.equal(consentId, consentIdOf(name));
    const receipt = await bringConsent(suite.consents, people.relayer, consent, signature);
    assert.equal(receipt.logs[0].args.consentId, consentId);
  }
  const { signature } = await signConsent(suite.consents, people.stranger, consentOf('single'));
  const forged = { ...consentOf('single'), salt: id('another') };
  const brought = bringConsent(suite.consents, people.relayer, forged, signature);
  await refused(brought, 'InvalidConsentSignature', { patient: addressOf('patient') });
  assert.equal(await people.patient.getNonce(), 0, 'the patient sent nothing');
}

async function submits({ suite, people }) {
  const { log } = suite;
  const [one] = diagnosisFrom(diagnoses.single).cases;
  assert.equal(await log.isRecorded(addressOf('clinic'), model.model_id, one), false);
  const receipt = await submitDiagnosis(suite, people.clinic, diagnoses.single);
  const events = recordedIn(receipt, log);
  assert.equal(events.length, 1);
  const [{ index, submitter, consentId, outcome, nullifier }] = events;
  assert.deepEqual([index, submitter, consentId, classOf(outcome)], [0n, addressOf('clinic'), consentIdOf('single'), 1]);
  assert.equal(await log.recorded(nullifier), recordedDigest(events[0]));
  assert.equal(await log.isRecorded(addressOf('clinic'), model.model_id, one), true);
  const again = { ...diagnoses.single, proof: diagnoses.single.rerandomised_proof };
  for (const exported of [diagnoses.single, again]) {
    await refused(submitDiagnosis(suite, people.clinic, exported), 'AlreadyRecorded', { nullifier });
  }
}

async function submitsBatch({ suite, people }) {
  const { clinic } = people;
  const swapped = [{ ...diagnoses.first, proof: diagnoses.second.proof }, { ...diagnoses.second, proof: diagnoses.first.proof }];
  const proofs = await Promise.all(swapped.map((exported) => versioned(suite.verifier, exported)));
  await refused(suite.log.connect(clinic).submitBatch.staticCall(swapped.map(diagnosisFrom), proofs), 'ProofRejected');
  const receipt = await submitMany(suite, clinic, [diagnoses.first, diagnoses.second]);
  const indices = recordedIn(receipt, suite.log).map(({ index }) => index);
  assert.deepEqual(indices, [1n, 2n]);
}

async function submitsTwo({ suite, people }) {
  const { key, model } = models.two;
  await registerModel(suite, people.owner, key, model, '');
  await approveModel(suite.registry, people.authority, model.model_id, id('audit'), '');
  const { words, contexts } = diagnoses.both;
  const swapped = { ...diagnoses.both, words: [words[2], words[3], words[0], words[1]], contexts: contexts.toReversed() };
  await refused(submitDiagnosis(suite, people.clinic, swapped), 'ProofRejected');
  const events = recordedIn(await submitDiagnosis(suite, people.clinic, diagnoses.both), suite.log);
  const seen = events.map(({ index, consentId, policy }) => [index, consentId, policy]);
  assert.deepEqual(seen, [[3n, consentIdOf('left'), 0n], [4n, consentIdOf('right'), 1n]]);
}

async function withdraws({ suite, people }) {
  const { patient, relayer, clinic, stranger } = people;
  const consentId = consentIdOf('revoked');
  await refused(withdrawConsent(suite.consents, stranger, relayer, consentOf('revoked')), 'InvalidConsentSignature');
  const receipt = await withdrawConsent(suite.consents, patient, relayer, consentOf('revoked'));
  assert.deepEqual([receipt.logs[0].eventName, receipt.logs[0].args.consentId], ['ConsentWithdrawn', consentId]);
  await refused(submitDiagnosis(suite, clinic, diagnoses.revoked), 'ConsentRevoked', { consentId });
}

async function trades({ suite, people, provider }) {
  const { market, log } = suite;
  const wanted = request();
  assert.equal(await ask(market, people.payer, wanted), vector.request.request_id);
  assert.equal(await provider.getBalance(market.target), wanted.price + wanted.fee);
  const context = await contextOf(market, wanted, addressOf('prover'));
  assert.equal(context.nonce, diagnoses.paid.contexts[0].nonce);
  const { stranger } = people;
  await refused(fulfilRequest(suite, stranger, wanted, stranger.address, diagnoses.paid), 'OtherNonce', { got: context.nonce });
  const receipt = await fulfilRequest(suite, stranger, wanted, addressOf('prover'), diagnoses.paid);
  assert.deepEqual(recordedIn(receipt, log).map(({ submitter }) => submitter), [market.target]);
  assert.equal(await withdraw(market, people.owner), wanted.price);
  assert.equal(await withdraw(market, people.prover), wanted.fee);
  assert.equal(await provider.getBalance(market.target), 0n);
  await refused(withdraw(market, stranger), 'NothingOwed', { account: stranger.address });
}

async function refunds({ suite, people, provider }) {
  const { market } = suite;
  const { timestamp } = await provider.getBlock('latest');
  const wanted = { ...request(), deadline: timestamp + 60, salt: id('nobody wants this one') };
  const before = await provider.getBalance(addressOf('payer'));
  await ask(market, people.payer, wanted);
  await refused(market.connect(people.payer).refund(wanted), 'DeadlineNotPassed', { deadline: wanted.deadline });
  await provider.send('evm_increaseTime', [60]);
  const sent = await market.connect(people.stranger).refund(wanted);
  await sent.wait();
  assert.equal(await withdraw(market, people.payer), wanted.price + wanted.fee);
  const spent = before - await provider.getBalance(addressOf('payer'));
  assert.ok(spent < parseEther('0.001'), 'only gas is gone');
}
