// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {BatchEquation} from "../../sol/libraries/BatchEquation.sol";
import {Bn254} from "../../sol/libraries/Bn254.sol";
import {Transcript} from "../../sol/libraries/Transcript.sol";
import {BatchSums} from "../../sol/types/BatchSums.sol";
import {Claim} from "../../sol/types/Claim.sol";
import {ProofCase} from "./Fixture.sol";
import {Coins, Simulator, Trapdoor} from "./Simulator.sol";

/// @notice The arguments of `verifyBatch`.
struct ProofBatch {
    Claim[] claims;
    uint256[][] words;
    bytes[] proofs;
}

/// @title Honest batches
library Batches {
    function allocate(uint256 count) internal pure returns (ProofBatch memory batch) {
        batch.claims = new Claim[](count);
        batch.words = new uint256[][](count);
        batch.proofs = new bytes[](count);
    }

    /// @dev Different statements under the key of one case, each with a proof of its own.
    function make(string memory json, ProofCase memory c, uint256 count)
        internal
        view
        returns (ProofBatch memory batch)
    {
        return makeFor(json, c, count, Simulator.trapdoorAt(json, c.path).weights);
    }

    /// @dev The same for a model whose D_W has another logarithm than that of the case.
    function makeFor(string memory json, ProofCase memory c, uint256 count, uint256 weights)
        internal
        view
        returns (ProofBatch memory batch)
    {
        Trapdoor memory trapdoor = Simulator.trapdoorAt(json, c.path);
        trapdoor.weights = weights;
        batch = allocate(count);
        for (uint256 i; i < count; ++i) {
            Claim memory claim = abi.decode(abi.encode(c.claim), (Claim));
            uint256[] memory words = abi.decode(abi.encode(c.words), (uint256[]));
            claim.contextDigest = keccak256(abi.encode("context", i));
            words[1] = i;
            Coins memory coins = Coins({a: 3 + i, firstRound: 100 + i, g2Index: i % 4});
            bytes memory proof = Simulator.prove(json, trapdoor, claim, words, coins);
            set(batch, i, claim, words, proof);
        }
    }

    function set(ProofBatch memory batch, uint256 i, Claim memory claim, uint256[] memory words, bytes memory proof)
        internal
        pure
    {
        (batch.claims[i], batch.words[i], batch.proofs[i]) = (claim, words, proof);
    }

    function copy(ProofBatch memory batch) internal pure returns (ProofBatch memory) {
        return abi.decode(abi.encode(batch), (ProofBatch));
    }

    /// @dev Each proof behind a version.
    function versioned(bytes4 version, bytes[] memory proofs) internal pure returns (bytes[] memory all) {
        all = new bytes[](proofs.length);
        for (uint256 i; i < all.length; ++i) {
            all[i] = bytes.concat(version, proofs[i]);
        }
    }
}

/// @notice The equation of a batch under one key, with weights of the caller's choice.
contract BatchHarness {
    function holds(bytes calldata key, ProofBatch calldata batch, uint256[] calldata weights)
        external
        view
        returns (bool)
    {
        uint256 pairs = batch.proofs.length + BatchEquation.KEY_PAIRS;
        (BatchSums memory sums, uint256 start) = BatchEquation.begin(pairs);
        BatchEquation.open(sums, _load(key));
        for (uint256 i; i < batch.proofs.length; ++i) {
            _add(sums, batch, i, weights[i]);
        }
        BatchEquation.close(sums);
        return Bn254.pairingIsOne(start, pairs);
    }

    function weightsOf(ProofBatch calldata batch) external pure returns (uint256[] memory) {
        bytes32[] memory seeds = new bytes32[](batch.proofs.length);
        for (uint256 i; i < seeds.length; ++i) {
            seeds[i] = _seed(batch, i);
        }
        return Transcript.batchWeights(seeds, batch.proofs);
    }

    function _add(BatchSums memory sums, ProofBatch calldata batch, uint256 i, uint256 weight) private view {
        BatchEquation.addStatement(sums, weight, batch.words[i], _seed(batch, i));
        BatchEquation.addProof(sums, weight, batch.claims[i].weightCommitment, batch.proofs[i]);
    }

    function _seed(ProofBatch calldata batch, uint256 i) private pure returns (bytes32) {
        return Transcript.seed(batch.claims[i], batch.proofs[i][256:], batch.words[i]);
    }

    function _load(bytes memory key) private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := add(key, 0x20)
        }
    }
}
