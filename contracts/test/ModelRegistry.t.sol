// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IModelRegistry} from "../sol/interfaces/IModelRegistry.sol";
import {IVerifyingKeyStore} from "../sol/interfaces/IVerifyingKeyStore.sol";
import {Bn254} from "../sol/libraries/Bn254.sol";
import {G1Point} from "../sol/types/G1Point.sol";
import {Model} from "../sol/types/Model.sol";
import {Fixture, ProofCase} from "./support/Fixture.sol";
import {vm} from "./support/Vm.sol";

contract ModelRegistryTest is Fixture {
    address private constant OWNER = address(0xa11ce);
    address private constant HEIR = address(0x4e14);
    string private constant URI = "ipfs://card";

    bytes32 private _key;
    bytes32 private _modelId;
    bytes32 private _metadata;
    G1Point private _weights;

    function setUp() public override {
        super.setUp();
        ProofCase memory c = _case(_file(), CLASS_ONLY);
        _key = _store.register(c.key);
        (_modelId, _metadata, _weights) = (c.claim.modelId, c.metadataDigest, c.claim.weightCommitment);
    }

    // Registration

    function test_registers_a_model_of_the_vectors() public {
        vm.warp(1700000000);
        vm.expectEmit(true, true, true, true, address(_registry));
        emit IModelRegistry.ModelRegistered(_modelId, _key, OWNER, _weights, _metadata, URI);
        vm.assertEq(_register(), _modelId, "identity");
        vm.assertEq(_registry.modelIdOf(_key, _weights, _metadata), _modelId, "identity, asked for");

        Model memory model = _registry.modelOf(_modelId);
        vm.assertEq(model.owner, OWNER, "owner");
        vm.assertEq(_registry.ownerOf(_modelId), OWNER, "owner, asked for");
        vm.assertEq(model.registeredAt, 1700000000, "time");
        vm.assertEq(model.revokedAt, 0, "in use");
        vm.assertEq(model.keyDigest, _key, "key");
        vm.assertEq(model.metadataDigest, _metadata, "metadata");
        vm.assertEq(abi.encode(model.weightCommitment), abi.encode(_weights), "weights");
        (bytes32 key, G1Point memory weights) = _registry.modelInUse(_modelId);
        vm.assertEq(abi.encode(key, weights), abi.encode(_key, _weights), "what a verifier needs");
    }

    function test_refuses_the_same_model_twice() public {
        _register();
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelAlreadyRegistered.selector, _modelId, OWNER));
        _registry.register(_key, _weights, _metadata, "another uri");
    }

    function test_other_weights_or_metadata_are_another_model() public {
        bytes32 first = _register();
        bytes32 second = _registry.register(_key, _weights, bytes32(uint256(1)), URI);
        bytes32 third = _registry.register(_key, G1Point(1, 2), _metadata, URI);
        vm.assertEq(first != second && second != third && third != first, true, "three models");
    }

    function test_refuses_an_unknown_key() public {
        vm.expectRevert(abi.encodeWithSelector(IVerifyingKeyStore.UnknownKey.selector, bytes32(0)));
        _registry.register(bytes32(0), _weights, _metadata, URI);
    }

    function test_refuses_invalid_weight_commitments() public {
        G1Point[6] memory points = [
            G1Point(0, 0),
            G1Point(1, 3),
            G1Point(1 + Bn254.Q, 2),
            G1Point(1, 2 + Bn254.Q),
            G1Point(Bn254.Q, Bn254.Q),
            G1Point(type(uint256).max, type(uint256).max)
        ];
        for (uint256 i; i < points.length; ++i) {
            (uint256 x, uint256 y) = (points[i].x, points[i].y);
            vm.expectRevert(abi.encodeWithSelector(IModelRegistry.InvalidWeightCommitment.selector, x, y));
            _registry.register(_key, points[i], _metadata, URI);
        }
    }

    function test_unknown_model() public {
        bytes[] memory calls = new bytes[](10);
        calls[0] = abi.encodeCall(_registry.modelOf, (_modelId));
        calls[1] = abi.encodeCall(_registry.modelInUse, (_modelId));
        calls[2] = abi.encodeCall(_registry.approvedModel, (_modelId));
        calls[3] = abi.encodeCall(_registry.ownerOf, (_modelId));
        calls[4] = abi.encodeCall(_registry.revoke, (_modelId, ""));
        calls[5] = abi.encodeCall(_registry.offer, (_modelId, HEIR));
        calls[6] = abi.encodeCall(_registry.accept, (_modelId));
        calls[7] = abi.encodeCall(_registry.setSuccessor, (_modelId, _modelId));
        calls[8] = abi.encodeCall(_registry.moveMetadata, (_modelId, URI));
        calls[9] = abi.encodeCall(_registry.approve, (_modelId, 0, ""));
        for (uint256 i; i < calls.length; ++i) {
            vm.prank(AUTHORITY);
            (bool success, bytes memory reason) = address(_registry).call(calls[i]);
            vm.assertEq(success, false, "must revert");
            vm.assertEq(reason, abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, _modelId), "reason");
        }
    }

    // Ownership

    function test_transfers_in_two_steps() public {
        _register();
        vm.expectEmit(true, true, true, true, address(_registry));
        emit IModelRegistry.ModelOffered(_modelId, OWNER, HEIR);
        vm.prank(OWNER);
        _registry.offer(_modelId, HEIR);
        vm.assertEq(_registry.ownerOf(_modelId), OWNER, "not yet");
        vm.assertEq(_registry.heirOf(_modelId), HEIR, "offered");

        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotOfferedTo.selector, _modelId, address(this)));
        _registry.accept(_modelId);
        vm.expectEmit(true, true, true, true, address(_registry));
        emit IModelRegistry.ModelTransferred(_modelId, OWNER, HEIR);
        vm.prank(HEIR);
        _registry.accept(_modelId);
        vm.assertEq(_registry.ownerOf(_modelId), HEIR, "transferred");

        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotOfferedTo.selector, _modelId, HEIR));
        vm.prank(HEIR);
        _registry.accept(_modelId);
    }

    function test_an_offer_can_be_taken_back() public {
        _register();
        vm.prank(OWNER);
        _registry.offer(_modelId, HEIR);
        vm.prank(OWNER);
        _registry.offer(_modelId, address(0));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotOfferedTo.selector, _modelId, HEIR));
        vm.prank(HEIR);
        _registry.accept(_modelId);
    }

    /// forge-config: ci.fuzz.runs = 10000
    function testFuzz_only_the_owner_acts_on_a_model(address caller) public {
        vm.assume(caller != OWNER && caller != AUTHORITY);
        _register();
        bytes[] memory calls = new bytes[](3);
        calls[0] = abi.encodeCall(_registry.offer, (_modelId, caller));
        calls[1] = abi.encodeCall(_registry.setSuccessor, (_modelId, _modelId));
        calls[2] = abi.encodeCall(_registry.moveMetadata, (_modelId, URI));
        bytes memory refusal = abi.encodeWithSelector(IModelRegistry.NotModelOwner.selector, _modelId, caller);
        for (uint256 i; i < calls.length; ++i) {
            vm.prank(caller);
            (bool success, bytes memory reason) = address(_registry).call(calls[i]);
            vm.assertEq(success, false, "must revert");
            vm.assertEq(reason, refusal, "reason");
        }
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NeitherOwnerNorAuthority.selector, _modelId, caller));
        vm.prank(caller);
        _registry.revoke(_modelId, "");
    }

    function test_names_a_successor_also_after_revocation() public {
        _register();
        bytes32 next = _registry.register(_key, G1Point(1, 2), _metadata, URI);
        vm.startPrank(OWNER);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.OwnSuccessor.selector, _modelId));
        _registry.setSuccessor(_modelId, _modelId);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, bytes32(uint256(1))));
        _registry.setSuccessor(_modelId, bytes32(uint256(1)));
        _registry.revoke(_modelId, "replaced");
        vm.expectEmit(true, true, true, true, address(_registry));
        emit IModelRegistry.SuccessorSet(_modelId, next);
        _registry.setSuccessor(_modelId, next);
        vm.stopPrank();
        vm.assertEq(_registry.successorOf(_modelId), next, "successor");
    }

    function test_moves_the_card() public {
        _register();
        vm.expectEmit(true, true, true, true, address(_registry));
        emit IModelRegistry.MetadataMoved(_modelId, "ipfs://elsewhere");
        vm.prank(OWNER);
        _registry.moveMetadata(_modelId, "ipfs://elsewhere");
    }

    // Revocation

    function test_owner_or_authority_revokes_for_good() public {
        address[2] memory revokers = [OWNER, AUTHORITY];
        for (uint256 i; i < 2; ++i) {
            bytes32 metadata = bytes32(i);
            vm.prank(OWNER);
            bytes32 id = _registry.register(_key, _weights, metadata, URI);
            vm.warp(1700000001);
            vm.expectEmit(true, true, true, true, address(_registry));
            emit IModelRegistry.ModelRevoked(id, revokers[i], i == 1, "harmful");
            vm.prank(revokers[i]);
            _registry.revoke(id, "harmful");
            vm.assertEq(_registry.modelOf(id).revokedAt, 1700000001, "time");

            bytes memory revoked = abi.encodeWithSelector(IModelRegistry.RevokedModel.selector, id);
            vm.expectRevert(revoked);
            _registry.modelInUse(id);
            vm.expectRevert(revoked);
            _registry.approvedModel(id);
            vm.expectRevert(revoked);
            vm.prank(OWNER);
            _registry.revoke(id, "");
            vm.expectRevert(revoked);
            vm.prank(AUTHORITY);
            _registry.approve(id, 0, "");
            vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelAlreadyRegistered.selector, id, OWNER));
            _registry.register(_key, _weights, metadata, URI);
        }
    }

    function _register() private returns (bytes32) {
        vm.prank(OWNER);
        return _registry.register(_key, _weights, _metadata, URI);
    }
}
