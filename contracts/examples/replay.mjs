// The log's chain once more, from its events alone: who arrives at the contract's `length` and `head` has every entry and
// none that is not there. Written from the book's encodings; asks no view of the contract for a digest.
import { AbiCoder, ZeroHash, id, keccak256 } from 'ethers';

const hash = (types, values) => keccak256(AbiCoder.defaultAbiCoder().encode(types, values));

export function contextDigest(chainId, log, { submitter, consentId, nonce, policy }) {
  return hash(
    ['bytes32', 'uint256', 'address', 'address', 'bytes32', 'bytes32', 'uint256'],
    [id('zkdx/v1/context'), chainId, log, submitter, consentId, nonce, policy],
  );
}

export function nullifierOf({ modelId, recordCommitment, consentId, nonce }) {
  return hash(
    ['bytes32', 'bytes32', 'uint256', 'bytes32', 'bytes32'],
    [id('zkdx/v1/nullifier'), modelId, recordCommitment, consentId, nonce],
  );
}

/** What the log stores under the nullifier. */
export function recordedDigest({ modelId, contextDigest, recordCommitment, outcome }) {
  return hash(['bytes32', 'bytes32', 'uint256[]'], [modelId, contextDigest, [recordCommitment, ...outcome]]);
}

export function entryDigest(event, time) {
  return hash(
    ['bytes32', 'uint256', 'bytes32', 'bytes32', 'bytes4', 'uint256'],
    [id('zkdx/v1/entry'), event.index, event.nullifier, recordedDigest(event), event.version, time],
  );
}

/** Events in order, each with `args` of `DiagnosisRecorded` and the `time` of its block. */
export function replay(chainId, log, events, { length, head } = { length: 0n, head: ZeroHash }) {
  const entries = events.map(({ args, time }) => {
    if (args.index !== length++) throw new Error(`entry ${length - 1n} is missing`);
    if (args.contextDigest !== contextDigest(chainId, log, args)) throw new Error(`entry ${args.index} has another context`);
    if (args.nullifier !== nullifierOf(args)) throw new Error(`entry ${args.index} has another nullifier`);
    const digest = entryDigest(args, time);
    head = hash(['bytes32', 'bytes32'], [head, digest]);
    return { ...args, time, digest };
  });
  return { length, head, entries };
}
