// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IGroth16Verifier} from "../sol/interfaces/IGroth16Verifier.sol";
import {IVerifyingKeyStore} from "../sol/interfaces/IVerifyingKeyStore.sol";
import {Bn254} from "../sol/libraries/Bn254.sol";
import {BatchFixture} from "./support/BatchFixture.sol";
import {Batches, ProofBatch} from "./support/Batches.sol";
import {vm} from "./support/Vm.sol";

/// @notice Batches of the wrong shape, with invalid points, or with too little gas.
contract BatchShapesTest is BatchFixture {
    using Batches for ProofBatch;

    function test_refuses_nothing_and_uneven_lists() public {
        ProofBatch memory empty = Batches.allocate(0);
        _refuses(empty, IGroth16Verifier.EmptyBatch.selector);
        ProofBatch memory batch = _batch(2);
        batch.words = new uint256[][](1);
        vm.expectRevert(abi.encodeWithSelector(IGroth16Verifier.BatchShape.selector, 2, 1, 2));
        _verify(batch);
        batch = _batch(2);
        batch.proofs = new bytes[](3);
        vm.expectRevert(abi.encodeWithSelector(IGroth16Verifier.BatchShape.selector, 2, 2, 3));
        _verify(batch);
    }

    function test_refuses_wrong_shapes_at_each_position() public {
        ProofBatch memory good = _batch(3);
        for (uint256 i; i < 3; ++i) {
            ProofBatch memory batch = good.copy();
            batch.proofs[i] = new bytes(319);
            vm.expectRevert(abi.encodeWithSelector(IGroth16Verifier.ProofLength.selector, 319));
            _verify(batch);
            batch = good.copy();
            batch.words[i] = new uint256[](3);
            vm.expectRevert(abi.encodeWithSelector(IGroth16Verifier.WordCount.selector, 2, 3));
            _verify(batch);
            batch = good.copy();
            batch.claims[i].records = 2;
            vm.expectRevert(abi.encodeWithSelector(IGroth16Verifier.RecordCount.selector, 1, 2));
            _verify(batch);
            batch = good.copy();
            uint256 word = batch.words[i][0] += Bn254.R;
            vm.expectRevert(abi.encodeWithSelector(IGroth16Verifier.WordNotReduced.selector, 0, word));
            _verify(batch);
            batch = good.copy();
            batch.claims[i].keyDigest = bytes32(uint256(1));
            vm.expectRevert(abi.encodeWithSelector(IVerifyingKeyStore.UnknownKey.selector, bytes32(uint256(1))));
            _verify(batch);
        }
    }

    function test_refuses_invalid_points_at_each_position() public view {
        ProofBatch memory good = _batch(3);
        for (uint256 i; i < 3; ++i) {
            for (uint256 offset; offset < 320; offset += 32) {
                ProofBatch memory batch = good.copy();
                batch.proofs[i] = _withWord(good.proofs[i], offset, _wordOf(good.proofs[i], offset) ^ 1);
                vm.assertEq(_accepts(batch), false, "off the curve");
                batch.proofs[i] = _withWord(good.proofs[i], offset, _wordOf(good.proofs[i], offset) + Bn254.Q);
                vm.assertEq(_accepts(batch), false, "not reduced");
            }
        }
    }

    // Gas

    function test_too_little_gas_reverts() public view {
        ProofBatch memory batch = _batch(2);
        bytes memory call = abi.encodeCall(_verifier.verifyBatch, (batch.claims, batch.words, batch.proofs));
        bool enough;
        for (uint256 gasLimit = 5000; gasLimit < 600000; gasLimit += 5000) {
            (bool success,) = address(_verifier).staticcall{gas: gasLimit}(call);
            vm.assertEq(success && gasLimit < 280000, false, "accepted for less than the precompiles cost");
            enough = enough || success;
        }
        vm.assertEq(enough, true, "accepted with enough gas");
    }
}
