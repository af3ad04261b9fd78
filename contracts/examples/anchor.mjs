// Anchors entries of a log on another chain: a Merkle tree over their leaves, signed by the consortium's members, and the
// proof that one entry is in it. The trees are OpenZeppelin's: two children in ascending order, a single one as it is.
import { AbiCoder, concat, id, keccak256 } from 'ethers';

const BATCH = { Batch: [
  { name: 'sourceChainId', type: 'uint256' }, { name: 'sourceLog', type: 'address' }, { name: 'firstIndex', type: 'uint256' },
  { name: 'count', type: 'uint256' }, { name: 'root', type: 'bytes32' }, { name: 'head', type: 'bytes32' },
] };

export function leafOf(chainId, log, { index, digest }) {
  const types = ['bytes32', 'uint256', 'address', 'uint256', 'bytes32'];
  return keccak256(keccak256(AbiCoder.defaultAbiCoder().encode(types, [id('zkdx/v1/anchor'), chainId, log, index, digest])));
}

function above(layer) {
  const pairs = Array.from({ length: Math.ceil(layer.length / 2) }, (_, i) => layer.slice(2 * i, 2 * i + 2));
  return pairs.map((pair) => (pair.length === 1 ? pair[0] : keccak256(concat(pair.toSorted()))));
}

/** Layers from the leaves to the root. */
export function treeOf(leaves) {
  const layers = [leaves];
  while (layers.at(-1).length > 1) layers.push(above(layers.at(-1)));
  return layers;
}

/** The siblings of a leaf, up to the root. */
export function siblingsOf(tree, position) {
  return tree.slice(0, -1).flatMap((layer, depth) => layer[(position >> depth) ^ 1] ?? []);
}

/** Entries of the replayed log, from the first that is not anchored yet, and the head after the last of them. */
export function batchOf(sourceChainId, sourceLog, entries, head) {
  const tree = treeOf(entries.map((entry) => leafOf(sourceChainId, sourceLog, entry)));
  const [firstIndex, count, root] = [entries[0].index, entries.length, tree.at(-1)[0]];
  return { tree, batch: { sourceChainId, sourceLog, firstIndex, count, root, head } };
}

/** Each member replays the log, compares root and head, and signs; the signatures go in ascending order of the members. */
export async function signBatch(anchor, members, batch) {
  const { chainId } = await anchor.runner.provider.getNetwork();
  const domain = { name: 'zkdx anchor', version: '1', chainId, verifyingContract: anchor.target };
  const ascending = members.toSorted((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1));
  return Promise.all(ascending.map(async (member) => (
    { member: member.address, signature: await member.signTypedData(domain, BATCH, batch) })));
}

export async function postBatch(anchor, bearer, batch, signatures) {
  const sent = await anchor.connect(bearer).post(batch, signatures);
  return sent.wait();
}
