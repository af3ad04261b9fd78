// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Claim} from "../types/Claim.sol";
import {Entry} from "../types/Entry.sol";
import {G1Point} from "../types/G1Point.sol";
import {Bn254} from "./Bn254.sol";

/// @title Digests and challenges
/// @notice Every hash of the protocol, byte for byte as the encodings page of the book fixes it.
library Transcript {
    bytes32 internal constant TAG_TRANSCRIPT = keccak256("zkdx/two-round-groth16/v1/transcript");
    bytes32 internal constant TAG_MODEL = keccak256("zkdx/v1/model");
    bytes32 internal constant TAG_CONTEXT = keccak256("zkdx/v1/context");
    bytes32 internal constant TAG_CONTEXTS = keccak256("zkdx/v1/contexts");
    bytes32 internal constant TAG_NULLIFIER = keccak256("zkdx/v1/nullifier");
    bytes32 internal constant TAG_ENTRY = keccak256("zkdx/v1/entry");
    bytes32 internal constant TAG_ANCHOR = keccak256("zkdx/v1/anchor");
    bytes32 internal constant TAG_VERIFIER = keccak256("zkdx/two-round-groth16/v1/verifier");
    bytes32 internal constant TAG_BATCH = keccak256("zkdx/two-round-groth16/v1/batch");

    /// @notice What a proof must not be replayed outside of.
    /// @param chainId The chain.
    /// @param verifier The contract that records the diagnosis.
    /// @param submitter Who submits it.
    /// @param consentId The patient's consent.
    /// @param nonce The submitter's nonce.
    /// @param policy 0 or 1, see Case.
    /// @return The context digest.
    function contextDigest(
        uint256 chainId,
        address verifier,
        address submitter,
        bytes32 consentId,
        bytes32 nonce,
        uint256 policy
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(TAG_CONTEXT, chainId, verifier, submitter, consentId, nonce, policy));
    }

    /// @notice What the challenges bind of the contexts: a single one's digest as it is, several in order.
    /// @param digests The context digest of each case.
    /// @return The context digest of the whole statement.
    function contextsDigest(bytes32[] memory digests) internal pure returns (bytes32) {
        if (digests.length == 1) return digests[0];
        return keccak256(abi.encodePacked(TAG_CONTEXTS, digests));
    }

    /// @notice Identity of a model.
    /// @param keyDigest Keccak of the verification key.
    /// @param weightCommitment D_W.
    /// @param metadataDigest Digest of the model card.
    /// @return The model's identity.
    function modelId(bytes32 keyDigest, G1Point calldata weightCommitment, bytes32 metadataDigest)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(TAG_MODEL, keyDigest, weightCommitment, metadataDigest));
    }

    /// @notice What can be recorded only once. Never a hash of the proof: anyone can re-randomise a proof.
    /// @param model Identity of the model.
    /// @param recordCommitment The first word of the case.
    /// @param consentId The patient's consent.
    /// @param nonce The submitter's nonce.
    /// @return The nullifier.
    function nullifier(bytes32 model, uint256 recordCommitment, bytes32 consentId, bytes32 nonce)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(TAG_NULLIFIER, model, recordCommitment, consentId, nonce));
    }

    /// @notice What a log's chain binds of an entry.
    /// @param entry The entry.
    /// @param time Block time of its recording.
    /// @return The entry's digest.
    function entryDigest(Entry memory entry, uint256 time) internal pure returns (bytes32) {
        return keccak256(abi.encode(TAG_ENTRY, entry.index, entry.nullifier, entry.digest, entry.version, time));
    }

    /// @notice The head of a log's chain after one more entry.
    /// @param head The head before.
    /// @param digest The entry's digest.
    /// @return The head.
    function chained(bytes32 head, bytes32 digest) internal pure returns (bytes32) {
        return keccak256(abi.encode(head, digest));
    }

    /// @notice Leaf of an anchored tree for one entry of a log elsewhere. Hashed twice and under a tag: no inner node
    /// of a tree and no hash of anything else is a leaf.
    /// @param chainId The log's chain.
    /// @param log The log.
    /// @param index The entry's number.
    /// @param digest The entry's digest.
    /// @return The leaf.
    function anchorLeaf(uint256 chainId, address log, uint256 index, bytes32 digest) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(TAG_ANCHOR, chainId, log, index, digest))));
    }

    /// @notice The seed of all challenges: binds everything that precedes them.
    /// @param claim Key, model, weights and context.
    /// @param firstRound The 64 bytes of D_1.
    /// @param words The statement words.
    /// @return digest The seed.
    function seed(Claim calldata claim, bytes calldata firstRound, uint256[] calldata words)
        internal
        pure
        returns (bytes32 digest)
    {
        bytes32 tag = TAG_TRANSCRIPT;
        // Everything lies in calldata, so it is copied to free memory once, without the lengths and offsets that
        // abi.encode would allocate for: tag, context, key, model, D_W (2 words), D_1 (2 words), the words.
        assembly ("memory-safe") {
            let start := mload(0x40)
            mstore(start, tag)
            mstore(add(start, 0x20), calldataload(add(claim, 0x80))) // contextDigest
            calldatacopy(add(start, 0x40), claim, 0x80) // keyDigest, modelId, weightCommitment
            calldatacopy(add(start, 0xc0), firstRound.offset, 0x40)
            let size := shl(5, words.length)
            calldatacopy(add(start, 0x100), words.offset, size)
            digest := keccak256(start, add(size, 0x100))
        }
    }

    /// @notice The challenge with number `index`, below R. Each is a hash of its own: none is a power of another.
    /// @param digest The seed.
    /// @param index Its number, from 0.
    /// @return value The challenge.
    function challenge(bytes32 digest, uint256 index) internal pure returns (uint256 value) {
        // Two words fit the scratch space.
        assembly ("memory-safe") {
            mstore(0x00, digest)
            mstore(0x20, index)
            value := keccak256(0x00, 0x40)
        }
        value %= Bn254.R;
    }

    /// @notice The weights of a batch: 1 for the first proof, 128 bits of a hash of everything for every other. A seed
    /// binds its claim, its words and D_1; what is left of the proofs is bound beside it.
    /// @param seeds The seed of each proof.
    /// @param proofs The proofs, 320 bytes each.
    /// @return weights The weight of each proof.
    function batchWeights(bytes32[] memory seeds, bytes[] calldata proofs)
        internal
        pure
        returns (uint256[] memory weights)
    {
        bytes32[] memory digests = new bytes32[](seeds.length);
        for (uint256 i; i < seeds.length; ++i) {
            digests[i] = keccak256(bytes.concat(seeds[i], proofs[i]));
        }
        bytes32 digest = keccak256(abi.encodePacked(TAG_BATCH, digests));
        weights = new uint256[](seeds.length);
        weights[0] = 1;
        for (uint256 i = 1; i < seeds.length; ++i) {
            weights[i] = uint256(keccak256(abi.encode(digest, i))) >> 128;
        }
    }
}
