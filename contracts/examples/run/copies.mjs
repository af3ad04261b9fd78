// What others make of the log: a copy that follows it, through a reorganisation, and an anchor on another chain.
import assert from 'node:assert/strict';
import { ZeroHash, id } from 'ethers';
import { batchOf, postBatch, siblingsOf, signBatch } from '../anchor.mjs';
import { deploy } from '../deploy.mjs';
import { Follower } from '../follow.mjs';
import { replay } from '../replay.mjs';
import { submitDiagnosis } from '../submit.mjs';
import { PUBLIC_CHAIN, addressOf, consentIdOf, diagnoses, refused, startWorld, vector } from './world.mjs';

export const copies = [
  ['replays length and head from the events', follows],
  ['notices a forged, a missing and an exchanged entry', notices],
  ['takes back what a reorganisation took back', reorganises],
  ['anchors entries on another chain, and finds each there', anchors],
];

const nonces = (follower) => follower.entries.map(({ nonce }) => nonce);
const contexts = Object.values(diagnoses).flatMap((one) => one.contexts);
const nonceOf = (name) => contexts.find(({ consent_id: id }) => id === consentIdOf(name)).nonce;

async function follows(world) {
  const { log } = world.suite;
  world.follower = new Follower(log, vector.chain_id, 0);
  await world.follower.advance();
  assert.deepEqual(nonces(world.follower), ['single', 'first', 'second', 'left', 'right', 'paid'].map(nonceOf));
  await world.follower.advance();
  assert.equal(world.follower.entries.length, 6, 'nothing is read twice');
}

async function notices({ suite, follower }) {
  const { target } = suite.log;
  const events = follower.entries.map(({ time, ...args }) => ({ args, time }));
  const run = (changed) => replay(vector.chain_id, target, changed);
  const head = await suite.log.head();
  assert.equal(run(events).head, head);
  assert.throws(() => run(events.toSpliced(1, 1)), /entry 1 is missing/);
  assert.throws(() => run(events.toReversed()), /missing/);
  const exchanged = (fields) => run(events.with(1, { ...events[1], args: { ...events[1].args, ...fields } }));
  assert.notEqual(exchanged({ outcome: [0n] }).head, head);
  assert.notEqual(exchanged({ version: '0x00000000' }).head, head);
  assert.throws(() => exchanged({ submitter: addressOf('stranger') }), /another context/);
  assert.throws(() => exchanged({ modelId: id('another') }), /another nullifier/);
  assert.notEqual(run(events.with(1, { ...events[1], time: events[1].time + 1 })).head, head);
}

/** The chain goes back to before `brief` was recorded, and records `anyone` instead. */
async function reorganises({ suite, people, provider, follower }) {
  const before = nonces(follower);
  const state = await provider.send('evm_snapshot', []);
  await submitDiagnosis(suite, people.clinic, diagnoses.brief);
  await follower.advance();
  assert.deepEqual(nonces(follower), [...before, nonceOf('brief')]);
  const behind = new Follower(suite.log, vector.chain_id, 0);
  await behind.advance(await provider.getBlockNumber() - 1);
  assert.deepEqual(nonces(behind), before, 'one block behind, it has not seen what goes');
  await provider.send('evm_revert', [state]);
  await submitDiagnosis(suite, people.clinic, diagnoses.anyone);
  for (const one of [follower, behind]) {
    await one.advance();
    assert.deepEqual(nonces(one), [...before, nonceOf('anyone')]);
  }
}

async function anchors({ suite, follower }) {
  const elsewhere = await startWorld(PUBLIC_CHAIN);
  try {
    await anchorsOn(elsewhere, suite.log.target, follower);
  } finally {
    await elsewhere.stop();
  }
}

async function anchorsOn({ people }, sourceLog, { entries, steps }) {
  const members = ['first member', 'second member', 'third member'].map((role) => people[role]);
  const addresses = members.map(({ address }) => address);
  const anchor = await deploy(people.relayer, 'Anchor', [vector.deployment.delay, addressOf('admin'), addresses, 2]);
  const early = batchOf(vector.chain_id, sourceLog, entries.slice(0, 3), headAfter(entries, sourceLog, 3));
  const late = batchOf(vector.chain_id, sourceLog, entries.slice(3), steps.at(-1).head);
  const signatures = await signBatch(anchor, members, late.batch);
  const tooEarly = postBatch(anchor, people.stranger, late.batch, signatures);
  await refused(tooEarly, 'NotContiguous', { expected: 0, got: 3 });
  await signs(anchor, people, members, early.batch);
  await postBatch(anchor, people.stranger, late.batch, signatures);
  const [length, head] = await anchor.stateOf(vector.chain_id, sourceLog);
  assert.deepEqual([length, head], [BigInt(entries.length), steps.at(-1).head]);
  for (const { tree, batch } of [early, late]) await isThere(anchor, batch, tree, entries);
}

function headAfter(entries, sourceLog, count) {
  return replay(vector.chain_id, sourceLog, entries.slice(0, count).map((args) => ({ args, time: args.time }))).head;
}

async function signs(anchor, { stranger }, members, batch) {
  const [first, ...others] = await signBatch(anchor, members, batch);
  await refused(postBatch(anchor, stranger, batch, [first]), 'TooFewSignatures', { required: 2, got: 1 });
  const changed = postBatch(anchor, stranger, { ...batch, head: ZeroHash }, [first, ...others]);
  await refused(changed, 'InvalidMemberSignature', { member: first.member });
  const outsider = await signBatch(anchor, [members[0], stranger], batch);
  await refused(postBatch(anchor, stranger, batch, outsider), 'UnknownMember', { account: stranger.address });
  const receipt = await postBatch(anchor, stranger, batch, [first, others[0]]);
  assert.equal(receipt.logs[0].args.root, batch.root);
}

/** Each entry at its index with its siblings, and not with another's digest. */
async function isThere(anchor, { sourceChainId, sourceLog, firstIndex, count }, tree, entries) {
  for (let position = 0; position < count; position++) {
    const { index, digest } = entries[Number(firstIndex) + position];
    const siblings = siblingsOf(tree, position);
    await anchor.verifyInclusion(sourceChainId, sourceLog, index, digest, siblings);
    await refused(anchor.verifyInclusion(sourceChainId, sourceLog, index, id('another'), siblings), 'NotIncluded', { index });
  }
  const past = BigInt(entries.length);
  await refused(anchor.verifyInclusion(sourceChainId, sourceLog, past, ZeroHash, []), 'NotAnchored', { length: past, index: past });
}
