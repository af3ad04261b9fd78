// The people and things of vectors/examples.json, on a chain of their own.
import { readFileSync } from 'node:fs';
import assert from 'node:assert/strict';
import { Wallet, ZeroAddress, getAddress, id } from 'ethers';
import { SCOPE_MODEL } from '../consents.mjs';
import { explain } from '../errors.mjs';
import { startAnvil } from './anvil.mjs';

export const vector = JSON.parse(readFileSync(new URL('../../vectors/examples.json', import.meta.url), 'utf8'));
export const { models, diagnoses } = vector;
/** A chain of another id, for the anchor. */
export const PUBLIC_CHAIN = 31338;
const TEN_ETHER = '0x8ac7230489e80000';

export const addressOf = (role) => getAddress(vector.people[role].address);

/** A node, and everybody with a key and ten ether. */
export async function startWorld(chainId) {
  const node = await startAnvil(chainId, ['--timestamp', String(vector.time)]);
  const entries = Object.entries(vector.people).map(([role, { key }]) => [role, new Wallet(key, node.provider)]);
  for (const [, { address }] of entries) await node.provider.send('anvil_setBalance', [address, TEN_ETHER]);
  return { ...node, people: Object.fromEntries(entries) };
}

/** The arguments of `deploySuite`. */
export function plan() {
  const { delay, approvals_required: approvalsRequired, purpose } = vector.deployment;
  return { delay, approvalsRequired, purpose, admin: addressOf('admin'), guardian: addressOf('guardian') };
}

/** A consent of the vectors as the registry takes it: one model and one record. */
export function consentOf(name) {
  const { model_id: scope, patient, grantee, record, valid_from: validFrom, valid_until: validUntil, salt } = vector.consents[name];
  return {
    patient, grantee, purpose: id(vector.deployment.purpose), scopeKind: SCOPE_MODEL, scope, record, validFrom,
    validUntil, salt,
  };
}

export const consentIdOf = (name) => vector.consents[name].consent_id;

export function request() {
  const { price, fee, max_policy: maxPolicy, deadline, salt } = vector.request;
  return {
    payer: addressOf('payer'), token: ZeroAddress, price: BigInt(price), fee: BigInt(fee), modelId: models.one.model.model_id,
    recordCommitment: vector.consents.paid.record, consentId: consentIdOf('paid'), maxPolicy, deadline, salt,
  };
}

/** The call must be refused with this error and these arguments, as far as they are given. */
export async function refused(call, name, args = {}) {
  const error = await call.then(() => assert.fail(`${name} was expected, and nothing was refused`), explain);
  assert.equal(error.name, name);
  const plain = (value) => String(value).toLowerCase();
  for (const [key, value] of Object.entries(args)) assert.equal(plain(error.args[key]), plain(value), key);
}
