// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Create3} from "@openzeppelin/contracts/utils/Create3.sol";
import {IGroth16Verifier} from "./interfaces/IGroth16Verifier.sol";
import {IVerifyingKeyStore} from "./interfaces/IVerifyingKeyStore.sol";
import {BatchEquation} from "./libraries/BatchEquation.sol";
import {Bn254} from "./libraries/Bn254.sol";
import {
    G1_SIZE,
    KEY_ALPHA,
    KEY_DELTA_1,
    KEY_DELTA_2,
    KEY_DELTA_W,
    KEY_GAMMA,
    KEY_IC,
    KeyCodec
} from "./libraries/KeyCodec.sol";
import {Transcript} from "./libraries/Transcript.sol";
import {BatchSums} from "./types/BatchSums.sol";
import {Claim} from "./types/Claim.sol";
import {G1Point} from "./types/G1Point.sol";

/// @title One verifier for every architecture
/// @notice Two-round Groth16 with committed weights, checked as
/// `e(−A, B) · e(α, β) · e(IC(public), γ) · e(D_W, δ_W) · e(D_1, δ_1) · e(C, δ_2) = 1`.
/// It has no owner, no state and no way to change. It trusts the key store alone, whose keys have all been checked.
/// A proof may be re-randomised by anyone; whoever uses this contract keeps nullifiers, not hashes of proofs.
contract Groth16Verifier is IGroth16Verifier {
    /// @notice Where the verification keys are.
    IVerifyingKeyStore public immutable KEY_STORE;

    /// @inheritdoc IGroth16Verifier
    bytes4 public constant VERSION = bytes4(Transcript.TAG_VERIFIER);

    /// @dev `A (64) ‖ B (128) ‖ C (64) ‖ D_1 (64)`.
    uint256 private constant PROOF_SIZE = 320;
    uint256 private constant PROOF_C = 192;
    uint256 private constant PROOF_D_1 = 256;
    uint256 private constant PAIRS = 6;

    /// @param keyStore Where the verification keys are.
    constructor(IVerifyingKeyStore keyStore) {
        KEY_STORE = keyStore;
    }

    /// @inheritdoc IGroth16Verifier
    function verify(Claim calldata claim, uint256[] calldata words, bytes calldata proof) external view {
        if (proof.length != PROOF_SIZE) revert ProofLength(proof.length);
        uint256 key = _loadKey(claim.keyDigest);
        G1Point memory publicSum = _publicSum(key, claim, words, proof);
        if (!_equationHolds(key, publicSum, claim.weightCommitment, proof)) revert ProofRejected();
    }

    /// @inheritdoc IGroth16Verifier
    function verifyBatch(Claim[] calldata claims, uint256[][] calldata words, bytes[] calldata proofs) external view {
        uint256 count = claims.length;
        if (count == 0) revert EmptyBatch();
        if (words.length != count || proofs.length != count) revert BatchShape(count, words.length, proofs.length);
        bytes32[] memory seeds = _seeds(claims, words, proofs);
        uint256[] memory weights = Transcript.batchWeights(seeds, proofs);
        uint256 pairs = count + BatchEquation.KEY_PAIRS * _runs(claims);
        (BatchSums memory sums, uint256 start) = BatchEquation.begin(pairs);
        for (uint256 i; i < count; ++i) {
            if (_opensRun(claims, i)) BatchEquation.open(sums, _loadKey(claims[i].keyDigest));
            _addToBatch(sums, claims[i], words[i], proofs[i], seeds[i], weights[i]);
            if (i + 1 == count || _opensRun(claims, i + 1)) BatchEquation.close(sums);
        }
        if (!Bn254.pairingIsOne(start, pairs)) revert ProofRejected();
    }

    function _addToBatch(
        BatchSums memory sums,
        Claim calldata claim,
        uint256[] calldata words,
        bytes calldata proof,
        bytes32 seed,
        uint256 weight
    ) private view {
        _checkStatement(sums.key, claim, words);
        BatchEquation.addStatement(sums, weight, words, seed);
        BatchEquation.addProof(sums, weight, claim.weightCommitment, proof);
    }

    function _seeds(Claim[] calldata claims, uint256[][] calldata words, bytes[] calldata proofs)
        private
        pure
        returns (bytes32[] memory seeds)
    {
        seeds = new bytes32[](claims.length);
        for (uint256 i; i < seeds.length; ++i) {
            bytes calldata proof = proofs[i];
            if (proof.length != PROOF_SIZE) revert ProofLength(proof.length);
            seeds[i] = Transcript.seed(claims[i], proof[PROOF_D_1:], words[i]);
        }
    }

    /// @dev How often the key changes, the first counted.
    function _runs(Claim[] calldata claims) private pure returns (uint256 runs) {
        for (uint256 i; i < claims.length; ++i) {
            if (_opensRun(claims, i)) ++runs;
        }
    }

    function _opensRun(Claim[] calldata claims, uint256 i) private pure returns (bool) {
        return i == 0 || claims[i].keyDigest != claims[i - 1].keyDigest;
    }

    function _checkStatement(uint256 key, Claim calldata claim, uint256[] calldata words) private pure {
        (uint256 wordCount,, uint256 records) = _shape(key);
        if (claim.records != records) revert RecordCount(records, claim.records);
        if (words.length != wordCount) revert WordCount(wordCount, words.length);
        for (uint256 i; i < wordCount; ++i) {
            if (words[i] >= Bn254.R) revert WordNotReduced(i, words[i]);
        }
    }

    /// @dev Copies a key from the code that holds it. Returns where in memory it lies.
    function _loadKey(bytes32 keyDigest) private view returns (uint256 key) {
        address pointer = Create3.computeAddress(keyDigest, address(KEY_STORE));
        uint256 size;
        // Code is a zero byte, then the key. Allocates whole words behind the free memory pointer.
        assembly ("memory-safe") {
            size := extcodesize(pointer)
            if size {
                key := mload(0x40)
                extcodecopy(pointer, key, 1, sub(size, 1))
                mstore(0x40, add(key, and(add(size, 0x1e), not(0x1f))))
            }
        }
        if (size == 0) revert IVerifyingKeyStore.UnknownKey(keyDigest);
    }

    /// @dev IC(public) = IC_0 + Σ word_i · IC_i + Σ challenge_j · IC_(n+j).
    function _publicSum(uint256 key, Claim calldata claim, uint256[] calldata words, bytes calldata proof)
        private
        view
        returns (G1Point memory sum)
    {
        (uint256 wordCount, uint256 challenges, uint256 records) = _shape(key);
        if (claim.records != records) revert RecordCount(records, claim.records);
        if (words.length != wordCount) revert WordCount(wordCount, words.length);

        uint256 point = key + KEY_IC;
        assembly ("memory-safe") {
            mcopy(sum, point, 0x40)
        }
        // A key has at most 73 IC points: nothing below can overflow.
        unchecked {
            for (uint256 i; i < wordCount; ++i) {
                uint256 word = words[i];
                if (word >= Bn254.R) revert WordNotReduced(i, word);
                point += G1_SIZE;
                Bn254.mulAddAssign(sum, point, word);
            }
            bytes32 seed = Transcript.seed(claim, proof[PROOF_D_1:], words);
            for (uint256 j; j < challenges; ++j) {
                point += G1_SIZE;
                Bn254.mulAddAssign(sum, point, Transcript.challenge(seed, j));
            }
        }
    }

    /// @dev Number of statement words, of challenges and of records.
    function _shape(uint256 key) private pure returns (uint256 words, uint256 challenges, uint256 records) {
        uint256 header;
        assembly ("memory-safe") {
            header := mload(key)
        }
        return KeyCodec.shape(header);
    }

    /// @dev Lays the six pairs out behind the free memory pointer and asks the precompile. Points of the proof and D_W
    /// are not looked at here: the precompile refuses what is off the curve, outside the subgroup or not reduced.
    function _equationHolds(
        uint256 key,
        G1Point memory publicSum,
        G1Point calldata weightCommitment,
        bytes calldata proof
    ) private view returns (bool) {
        uint256 pairs;
        uint256 y;
        // One pair of 192 bytes after the other, a G1 point and 64 bytes on a G2 point. A and B lie side by side in the
        // proof, α and β in the key, so each of these pairs is one copy. Nothing is allocated: the call is the last use.
        assembly ("memory-safe") {
            pairs := mload(0x40)
            calldatacopy(pairs, proof.offset, 192)
            y := mload(add(pairs, 32))

            let pair := add(pairs, 192)
            mcopy(pair, add(key, KEY_ALPHA), 192)

            pair := add(pair, 192)
            mcopy(pair, publicSum, 64)
            mcopy(add(pair, 64), add(key, KEY_GAMMA), 128)

            pair := add(pair, 192)
            calldatacopy(pair, weightCommitment, 64)
            mcopy(add(pair, 64), add(key, KEY_DELTA_W), 128)

            pair := add(pair, 192)
            calldatacopy(pair, add(proof.offset, PROOF_D_1), 64)
            mcopy(add(pair, 64), add(key, KEY_DELTA_1), 128)

            pair := add(pair, 192)
            calldatacopy(pair, add(proof.offset, PROOF_C), 64)
            mcopy(add(pair, 64), add(key, KEY_DELTA_2), 128)
        }
        // −A. Without this check a y of Q or more could be mapped to a legal one.
        if (y >= Bn254.Q) revert CoordinateNotReduced(y);
        y = y == 0 ? 0 : Bn254.Q - y;
        assembly ("memory-safe") {
            mstore(add(pairs, 32), y)
        }
        return Bn254.pairingIsOne(pairs, PAIRS);
    }
}
