// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Batches, ProofBatch} from "./Batches.sol";
import {Fixture, ProofCase} from "./Fixture.sol";
import {vm} from "./Vm.sol";

/// @notice Honest batches under one registered key.
abstract contract BatchFixture is Fixture {
    string internal _json;
    ProofCase internal _good;

    function setUp() public virtual override {
        super.setUp();
        _json = _file();
        _good = _case(_json, CLASS_ONLY);
        _store.register(_good.key);
    }

    function _batch(uint256 count) internal view returns (ProofBatch memory) {
        return Batches.make(_json, _good, count);
    }

    function _accepts(ProofBatch memory batch) internal view returns (bool success) {
        bytes memory call = abi.encodeCall(_verifier.verifyBatch, (batch.claims, batch.words, batch.proofs));
        (success,) = address(_verifier).staticcall(call);
    }

    function _verify(ProofBatch memory batch) internal view {
        _verifier.verifyBatch(batch.claims, batch.words, batch.proofs);
    }

    function _refuses(ProofBatch memory batch, bytes4 selector) internal {
        vm.expectPartialRevert(selector);
        _verify(batch);
    }
}
