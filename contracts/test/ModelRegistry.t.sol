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

    function test_registers_a_model_of_the_vectors() public {
        vm.warp(1700000000);
        vm.expectEmit(true, true, true, true, address(_registry));
        emit IModelRegistry.ModelRegistered(_modelId, _key, OWNER, _weights, _metadata, URI);
        vm.assertEq(_register(), _modelId, "identity");
        vm.assertEq(_registry.modelIdOf(_key, _weights, _metadata), _modelId, "identity, asked for");

        Model memory model = _registry.modelOf(_modelId);
        vm.assertEq(model.owner, OWNER, "owner");
        vm.assertEq(model.registeredAt, 1700000000, "time");
        vm.assertEq(model.retiredAt, 0, "in use");
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
        bytes memory unknown = abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, _modelId);
        vm.expectRevert(unknown);
        _registry.modelOf(_modelId);
        vm.expectRevert(unknown);
        _registry.modelInUse(_modelId);
        vm.expectRevert(unknown);
        _registry.retire(_modelId);
    }

    function test_only_the_owner_retires_and_once() public {
        _register();
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotModelOwner.selector, _modelId, address(this)));
        _registry.retire(_modelId);

        vm.warp(1700000001);
        vm.expectEmit(true, true, true, true, address(_registry));
        emit IModelRegistry.ModelRetired(_modelId, OWNER);
        vm.prank(OWNER);
        _registry.retire(_modelId);
        vm.assertEq(_registry.modelOf(_modelId).retiredAt, 1700000001, "time");

        bytes memory retired = abi.encodeWithSelector(IModelRegistry.RetiredModel.selector, _modelId);
        vm.expectRevert(retired);
        _registry.modelInUse(_modelId);
        vm.expectRevert(retired);
        vm.prank(OWNER);
        _registry.retire(_modelId);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ModelAlreadyRegistered.selector, _modelId, OWNER));
        _registry.register(_key, _weights, _metadata, URI);
    }

    function _register() private returns (bytes32) {
        vm.prank(OWNER);
        return _registry.register(_key, _weights, _metadata, URI);
    }
}
