// Brings proofs to the log, and reads what it recorded. `exported` is what `zkdx export proof.json --as json` says.
import { concat } from 'ethers';

/** One case for each record that the proof is about, in the order of the proof. */
export function diagnosisFrom(exported) {
  const size = exported.words.length / exported.contexts.length;
  const cases = exported.contexts.map(({ consent_id: consentId, nonce, policy }, i) => ({
    consentId, nonce, policy: policy === 'saturate' ? 1 : 0, words: exported.words.slice(i * size, (i + 1) * size),
  }));
  return { modelId: exported.model_id, cases };
}

/** The four bytes in front name the contract that checks the proof. */
export async function versioned(verifier, exported) {
  return concat([await verifier.VERSION(), exported.proof]);
}

/** `preflight` costs nothing and reverts as `submit` would. The limit is explicit: a tight estimate can fail a good proof. */
export async function submitDiagnosis({ log, verifier }, clinic, exported) {
  const diagnosis = diagnosisFrom(exported);
  const proof = await versioned(verifier, exported);
  await log.preflight(clinic.address, diagnosis, proof);
  const sent = await log.connect(clinic).submit(diagnosis, proof, { gasLimit: 550_000 });
  return sent.wait();
}

/** Many proofs in one pairing, all or none. */
export async function submitMany({ log, verifier }, clinic, list) {
  const diagnoses = list.map(diagnosisFrom);
  const proofs = await Promise.all(list.map((exported) => versioned(verifier, exported)));
  for (const [i, diagnosis] of diagnoses.entries()) await log.preflight(clinic.address, diagnosis, proofs[i]);
  const sent = await log.connect(clinic).submitBatch(diagnoses, proofs, { gasLimit: 400_000 + 150_000 * list.length });
  return sent.wait();
}

/** The log's events in a receipt, whichever contract the transaction went to. */
export function recordedIn(receipt, log) {
  const own = receipt.logs.filter(({ address }) => address === log.target);
  const parsed = own.map((one) => log.interface.parseLog(one));
  return parsed.filter(({ name }) => name === 'DiagnosisRecorded').map(({ args }) => args.toObject());
}

/** The class of a disclosed outcome. Scores, maps and committed outcomes: see the book. */
export function classOf(outcome) {
  return Number(outcome[0] & 0xffffn);
}
