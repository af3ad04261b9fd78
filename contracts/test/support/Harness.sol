// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Bn254} from "../../sol/libraries/Bn254.sol";
import {Transcript} from "../../sol/libraries/Transcript.sol";
import {Claim} from "../../sol/types/Claim.sol";
import {G1Point} from "../../sol/types/G1Point.sol";

/// @notice Makes the libraries callable, so that a test sees them revert and gives them calldata.
contract Bn254Harness {
    function add(G1Point memory a, G1Point memory b) external view returns (G1Point memory) {
        return Bn254.add(a, b);
    }

    function mul(G1Point memory point, uint256 scalar) external view returns (G1Point memory) {
        return Bn254.mul(point, scalar);
    }

    /// @dev Whole pairs only: the library knows no other input.
    function pairingIsOne(bytes memory pairs) external view returns (bool) {
        return Bn254.pairingIsOne(_pointerOf(pairs), pairs.length / Bn254.PAIR_SIZE);
    }

    function arePairs(bytes memory pairs) external view returns (bool) {
        return Bn254.arePairs(_pointerOf(pairs), pairs.length / Bn254.PAIR_SIZE);
    }

    function isOnCurve(uint256 x, uint256 y) external pure returns (bool) {
        return Bn254.isOnCurve(x, y);
    }

    function _pointerOf(bytes memory data) private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := add(data, 0x20)
        }
    }
}

/// @notice The hashes, with the argument locations that the contracts use.
contract TranscriptHarness {
    function modelId(bytes32 keyDigest, G1Point calldata weights, bytes32 metadata) external pure returns (bytes32) {
        return Transcript.modelId(keyDigest, weights, metadata);
    }

    function seed(Claim calldata claim, bytes calldata firstRound, uint256[] calldata words)
        external
        pure
        returns (bytes32)
    {
        return Transcript.seed(claim, firstRound, words);
    }

    function batchWeights(bytes32[] calldata seeds, bytes[] calldata proofs) external pure returns (uint256[] memory) {
        return Transcript.batchWeights(seeds, proofs);
    }
}
