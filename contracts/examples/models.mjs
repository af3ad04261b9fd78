// Registers a verification key and a model, lists an authority, and has it approve the model.
import { getBytes } from 'ethers';

/** `key` and `model` are what `zkdx export verifying.key --as json` and `zkdx export model.public --as json` say. */
export async function registerModel({ store, registry }, owner, key, model, uri) {
  if (!await store.isRegistered(key.digest)) {
    const sent = await store.connect(owner).register(key.key);
    await sent.wait();
  }
  const { key_digest: keyDigest, weight_commitment: weights, metadata_digest: metadata } = model;
  const sent = await registry.connect(owner).register(keyDigest, weights, metadata, uri);
  await sent.wait();
  if (await registry.ownerOf(model.model_id) !== owner.address) throw new Error('not yours: run zkdx register again');
}

/** Once for each authority, by the registry's admin. */
export async function listAuthority(registry, admin, authority, name) {
  const sent = await registry.connect(admin).listAuthority(authority, name);
  await sent.wait();
}

/** What an authority looks at first: a key of a single party lets that party prove anything. */
export async function isFromCeremony(store, keyDigest) {
  return getBytes(await store.keyOf(keyDigest))[10] === 1;
}

export async function approveModel(registry, authority, modelId, evidenceDigest, uri) {
  const sent = await registry.connect(authority).approve(modelId, evidenceDigest, uri);
  await sent.wait();
}

/** For good, by the model's owner or any authority. */
export async function revokeModel(registry, by, modelId, reason) {
  const sent = await registry.connect(by).revoke(modelId, reason);
  await sent.wait();
}
