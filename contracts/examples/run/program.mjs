// The whole way with the program itself: the network of models/mlp, keys, a record, a consent that names its commitment, a
// proof for this log on this chain, brought here. The keys are a single party's, made for this run and thrown away.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { id } from 'ethers';
import { bringConsent, signConsent } from '../consents.mjs';
import { approveModel, registerModel } from '../models.mjs';
import { classOf, recordedIn, submitDiagnosis } from '../submit.mjs';
import { addressOf, consentOf, vector } from './world.mjs';

const MODELS = fileURLToPath(new URL('../../../models/', import.meta.url));
const MALIGNANT = 0;

/** The step, with a path to the program. */
export const withProgram = (program) => [['proves with the program and records its proof', (world) => inFolder(world, program)]];

async function inFolder(world, program) {
  const folder = mkdtempSync(join(tmpdir(), 'zkdx-examples-'));
  const zkdx = async (...args) => {
    const { stdout } = await promisify(execFile)(program, ['--json', ...args], { cwd: folder });
    return JSON.parse(stdout.trim().split('\n').at(-1));
  };
  try {
    await provesAndRecords(world, zkdx);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function provesAndRecords({ suite, people }, zkdx) {
  const { key, model } = await registers(zkdx);
  await registerModel(suite, people.owner, key, model, '');
  await approveModel(suite.registry, people.authority, model.model_id, id('audit'), '');
  const consent = { ...consentOf('single'), scope: model.model_id, record: await commits(zkdx) };
  const { consentId, signature } = await signConsent(suite.consents, people.patient, consent);
  await bringConsent(suite.consents, people.relayer, consent, signature);
  const exported = await proves(zkdx, suite.log.target, consentId);
  const [recorded] = recordedIn(await submitDiagnosis(suite, people.clinic, exported), suite.log);
  assert.deepEqual([recorded.consentId, classOf(recorded.outcome)], [consentId, MALIGNANT]);
}

const exportOf = async (zkdx, file) => (await zkdx('export', file, '--as', 'json')).export;

async function registers(zkdx) {
  const calibration = `${MODELS}data/calibration.csv`;
  await zkdx('quantize', `${MODELS}mlp/model.onnx`, '--card', `${MODELS}mlp/card.json`, '--calibrate', calibration);
  await zkdx('compile', 'model.zkdx');
  await zkdx('setup', 'circuit.zkdx');
  await zkdx('register', 'model.zkdx');
  return { key: await exportOf(zkdx, 'verifying.key'), model: await exportOf(zkdx, 'model.public') };
}

async function commits(zkdx) {
  const { record_commitment: commitment } = await zkdx('commit', `${MODELS}data/record.json`);
  return commitment;
}

async function proves(zkdx, log, consentId) {
  const context = { 'chain-id': vector.chain_id, verifier: log, submitter: addressOf('clinic'), consent: consentId };
  await zkdx('prove', ...Object.entries(context).flatMap(([name, value]) => [`--${name}`, String(value)]));
  return exportOf(zkdx, 'proof.json');
}
