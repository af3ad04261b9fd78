// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {BatchSums} from "../types/BatchSums.sol";
import {G1Point} from "../types/G1Point.sol";
import {Bn254} from "./Bn254.sol";
import {G1_SIZE, KEY_ALPHA, KEY_DELTA_1, KEY_DELTA_2, KEY_DELTA_W, KEY_GAMMA, KEY_IC, KeyCodec} from "./KeyCodec.sol";
import {Transcript} from "./Transcript.sol";

/// @title One equation for many proofs
/// @notice Proof i has the equation `E_i = e(A_i, B_i) · e(α, β)⁻¹ · … = 1` in a group of prime order. The batch has
///
/// `Π E_i^ρ_i = Π e(ρ_i·A_i, B_i) · e(−Σρ_i·α, β) · e(−Σρ_i·IC_i, γ) · e(−Σρ_i·D_W,i, δ_W) · e(−Σρ_i·D_1,i, δ_1) ·
/// e(−Σρ_i·C_i, δ_2) = 1`
///
/// with the last five factors once for each run of proofs under one key. If some E_i is not one, at most one value of
/// each other ρ in 2^128 hides it; the ρ_i are hashes of all claims, words and proofs (small exponents test: Bellare,
/// Garay, Rabin, EUROCRYPT 1998). Sums of scalars are taken before points are multiplied, so a proof costs one pairing
/// and three multiplications, and IC one multiplication per point however many proofs there are.
library BatchEquation {
    /// @dev Pairs of a key.
    uint256 internal constant KEY_PAIRS = 5;

    /// @notice Begins with the pairs that will be laid out at the free memory pointer.
    /// @param pairs How many pairs there will be.
    /// @return sums No sums yet.
    /// @return start Where in memory the pairs will lie.
    function begin(uint256 pairs) internal pure returns (BatchSums memory sums, uint256 start) {
        assembly ("memory-safe") {
            start := mload(0x40)
            mstore(0x40, add(start, mul(pairs, 192)))
        }
        sums.next = start;
    }

    /// @notice Begins the sums of a key.
    /// @param sums The sums; those of the key before have been closed.
    /// @param key Where in memory the key lies.
    function open(BatchSums memory sums, uint256 key) internal pure {
        (uint256 words, uint256 challenges,) = KeyCodec.shape(_load(key));
        sums.key = key;
        sums.scalars = new uint256[](1 + words + challenges);
        sums.firstRound = G1Point(0, 0);
        sums.last = G1Point(0, 0);
        sums.weightSum = G1Point(0, 0);
        sums.weightScalar = 0;
    }

    /// @notice Adds a proof: its pair, and its part of the sums.
    /// @param sums The sums of its key.
    /// @param rho Its weight, below 2^128.
    /// @param weights D_W.
    /// @param proof `A ‖ B ‖ C ‖ D_1`, 320 bytes.
    function addProof(BatchSums memory sums, uint256 rho, G1Point calldata weights, bytes calldata proof)
        internal
        view
    {
        uint256 pair = sums.next;
        uint256 minus = Bn254.R - rho;
        uint256 scratch;
        assembly ("memory-safe") {
            calldatacopy(pair, proof.offset, 192) // A ‖ B
            scratch := mload(0x40)
            mstore(0x40, add(scratch, 128))
            calldatacopy(scratch, add(proof.offset, 192), 128) // C ‖ D_1
        }
        Bn254.scale(pair, rho);
        Bn254.mulAddAssign(sums.last, scratch, minus);
        Bn254.mulAddAssign(sums.firstRound, scratch + G1_SIZE, minus);
        sums.next = pair + Bn254.PAIR_SIZE;
        _addWeights(sums, minus, weights);
    }

    /// @notice Adds a statement to what IC is multiplied by.
    /// @param sums The sums of its key.
    /// @param rho Its weight.
    /// @param words The statement words, as many as the key says.
    /// @param seed The seed of its challenges.
    function addStatement(BatchSums memory sums, uint256 rho, uint256[] calldata words, bytes32 seed) internal pure {
        uint256[] memory scalars = sums.scalars;
        uint256 minus = Bn254.R - rho;
        uint256 count = words.length;
        scalars[0] = addmod(scalars[0], minus, Bn254.R);
        for (uint256 i; i < count; ++i) {
            scalars[i + 1] = _plus(scalars[i + 1], minus, words[i]);
        }
        for (uint256 i = count + 1; i < scalars.length; ++i) {
            scalars[i] = _plus(scalars[i], minus, Transcript.challenge(seed, i - count - 1));
        }
    }

    /// @notice Lays out the five pairs of the key at hand.
    /// @param sums The sums of all its proofs.
    function close(BatchSums memory sums) internal view {
        _flushWeights(sums);
        uint256 key = sums.key;
        uint256 pair = sums.next;
        assembly ("memory-safe") {
            mcopy(pair, add(key, KEY_ALPHA), 192) // α ‖ β
        }
        Bn254.scale(pair, sums.scalars[0]);
        _pair(pair + Bn254.PAIR_SIZE, _publicSum(sums), key + KEY_GAMMA);
        _pair(pair + 2 * Bn254.PAIR_SIZE, sums.weightSum, key + KEY_DELTA_W);
        _pair(pair + 3 * Bn254.PAIR_SIZE, sums.firstRound, key + KEY_DELTA_1);
        _pair(pair + 4 * Bn254.PAIR_SIZE, sums.last, key + KEY_DELTA_2);
        sums.next = pair + KEY_PAIRS * Bn254.PAIR_SIZE;
    }

    /// @dev As long as the weights are those of the proof before, only their scalar grows.
    function _addWeights(BatchSums memory sums, uint256 minus, G1Point calldata weights) private view {
        if (weights.x != sums.weights.x || weights.y != sums.weights.y) {
            _flushWeights(sums);
            sums.weights = weights;
        }
        sums.weightScalar = addmod(sums.weightScalar, minus, Bn254.R);
    }

    function _flushWeights(BatchSums memory sums) private view {
        if (sums.weightScalar == 0) return;
        G1Point memory weights = sums.weights;
        uint256 pointer;
        assembly ("memory-safe") {
            pointer := weights
        }
        Bn254.mulAddAssign(sums.weightSum, pointer, sums.weightScalar);
        sums.weightScalar = 0;
    }

    function _publicSum(BatchSums memory sums) private view returns (G1Point memory sum) {
        uint256[] memory scalars = sums.scalars;
        uint256 point = sums.key + KEY_IC;
        for (uint256 i; i < scalars.length; ++i) {
            Bn254.mulAddAssign(sum, point, scalars[i]);
            point += G1_SIZE;
        }
    }

    function _pair(uint256 pair, G1Point memory point, uint256 g2) private pure {
        assembly ("memory-safe") {
            mcopy(pair, point, 64)
            mcopy(add(pair, 64), g2, 128)
        }
    }

    function _plus(uint256 sum, uint256 a, uint256 b) private pure returns (uint256) {
        return addmod(sum, mulmod(a, b, Bn254.R), Bn254.R);
    }

    function _load(uint256 pointer) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(pointer)
        }
    }
}
