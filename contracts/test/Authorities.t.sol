// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IModelRegistry} from "../sol/interfaces/IModelRegistry.sol";
import {ModelRegistry} from "../sol/ModelRegistry.sol";
import {G1Point} from "../sol/types/G1Point.sol";
import {Fixture, ProofCase} from "./support/Fixture.sol";
import {vm} from "./support/Vm.sol";

/// @notice Who approves models, and which approvals count.
contract AuthoritiesTest is Fixture {
    address private constant SECOND = address(0x5ec);
    bytes32 private constant EVIDENCE = keccak256("evidence");

    bytes32 private _modelId;
    ProofCase private _good;

    function setUp() public override {
        super.setUp();
        _good = _case(_file(), CLASS_ONLY);
        _store.register(_good.key);
        _modelId = _registry.register(_good.claim.keyDigest, _good.claim.weightCommitment, _good.metadataDigest, "");
    }

    function test_approves_and_withdraws() public {
        _refuses(_registry, 1, 0);
        vm.expectEmit(true, true, true, true, address(_registry));
        emit IModelRegistry.ModelApproved(_modelId, AUTHORITY, EVIDENCE, "ipfs://evidence");
        vm.prank(AUTHORITY);
        _registry.approve(_modelId, EVIDENCE, "ipfs://evidence");
        (bytes32 key, G1Point memory weights) = _registry.approvedModel(_modelId);
        vm.assertEq(key, _good.claim.keyDigest, "key");
        vm.assertEq(abi.encode(weights), abi.encode(_good.claim.weightCommitment), "weights");
        vm.assertEq(_registry.isApprovedBy(_modelId, AUTHORITY), true, "by this authority");
        vm.assertEq(_registry.isApprovedBy(_modelId, SECOND), false, "not by another");

        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.ApprovedAlready.selector, _modelId, AUTHORITY));
        vm.prank(AUTHORITY);
        _registry.approve(_modelId, EVIDENCE, "");
        vm.expectEmit(true, true, true, true, address(_registry));
        emit IModelRegistry.ApprovalWithdrawn(_modelId, AUTHORITY, "drift");
        vm.prank(AUTHORITY);
        _registry.withdrawApproval(_modelId, "drift");
        _refuses(_registry, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotApprovedBy.selector, _modelId, AUTHORITY));
        vm.prank(AUTHORITY);
        _registry.withdrawApproval(_modelId, "");
        // It may think again.
        vm.prank(AUTHORITY);
        _registry.approve(_modelId, EVIDENCE, "");
        _registry.approvedModel(_modelId);
    }

    /// forge-config: ci.fuzz.runs = 10000
    function testFuzz_only_authorities_approve(address caller) public {
        vm.assume(caller != AUTHORITY);
        bytes memory refusal = abi.encodeWithSelector(IModelRegistry.UnknownAuthority.selector, caller);
        vm.expectRevert(refusal);
        vm.prank(caller);
        _registry.approve(_modelId, EVIDENCE, "");
        vm.expectRevert(refusal);
        vm.prank(caller);
        _registry.withdrawApproval(_modelId, "");
    }

    /// forge-config: ci.fuzz.runs = 10000
    function testFuzz_only_the_admin_lists_and_strikes_off(address caller) public {
        vm.assume(caller != ADMIN);
        bytes memory refusal = abi.encodeWithSelector(
            IAccessControl.AccessControlUnauthorizedAccount.selector, caller, _registry.DEFAULT_ADMIN_ROLE()
        );
        vm.expectRevert(refusal);
        vm.prank(caller);
        _registry.listAuthority(SECOND, "Second");
        vm.expectRevert(refusal);
        vm.prank(caller);
        _registry.strikeOffAuthority(AUTHORITY, "");
    }

    function test_approvals_of_an_authority_struck_off_never_count_again() public {
        vm.prank(AUTHORITY);
        _registry.approve(_modelId, EVIDENCE, "");
        vm.expectEmit(true, true, true, true, address(_registry));
        emit IModelRegistry.AuthorityStruckOff(AUTHORITY, "bribed");
        vm.prank(ADMIN);
        _registry.strikeOffAuthority(AUTHORITY, "bribed");
        _refuses(_registry, 1, 0);
        vm.assertEq(_registry.isAuthority(AUTHORITY), false, "struck off");
        vm.assertEq(_registry.isApprovedBy(_modelId, AUTHORITY), false, "does not count");
        bytes memory unknown = abi.encodeWithSelector(IModelRegistry.UnknownAuthority.selector, AUTHORITY);
        vm.expectRevert(unknown);
        vm.prank(ADMIN);
        _registry.strikeOffAuthority(AUTHORITY, "");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NeitherOwnerNorAuthority.selector, _modelId, AUTHORITY));
        vm.prank(AUTHORITY);
        _registry.revoke(_modelId, "");

        vm.prank(ADMIN);
        _registry.listAuthority(AUTHORITY, "Authority, reformed");
        _refuses(_registry, 1, 0);
        vm.prank(AUTHORITY);
        _registry.approve(_modelId, EVIDENCE, "");
        _registry.approvedModel(_modelId);
    }

    function test_lists_named_authorities_once() public {
        vm.startPrank(ADMIN);
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.AuthorityTaken.selector, AUTHORITY));
        _registry.listAuthority(AUTHORITY, "Again");
        vm.expectRevert(IModelRegistry.NamelessAuthority.selector);
        _registry.listAuthority(SECOND, "");
        vm.expectEmit(true, true, true, true, address(_registry));
        emit IModelRegistry.AuthorityListed(SECOND, "Second");
        _registry.listAuthority(SECOND, "Second");
        vm.stopPrank();
        vm.assertEq(_registry.isAuthority(SECOND), true, "listed");
    }

    /// @dev One is listed by the fixture. Numbers are never used again, so striking off makes no room.
    function test_lists_no_more_than_256() public {
        vm.startPrank(ADMIN);
        for (uint256 i = 1; i < 256; ++i) {
            _registry.listAuthority(_member(i), "Member");
        }
        _registry.strikeOffAuthority(AUTHORITY, "");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.TooManyAuthorities.selector, 256));
        _registry.listAuthority(SECOND, "Second");
        vm.stopPrank();
        vm.prank(_member(255));
        _registry.approve(_modelId, EVIDENCE, "");
        vm.assertEq(_registry.approvalsOf(_modelId), 1, "the last bit counts");
    }

    /// @dev Against a count that goes over the authorities one by one.
    function testFuzz_counts_what_listed_authorities_approve(uint256 listed, uint256 approving, uint256 struckOff)
        public
    {
        ModelRegistry registry = _registryWith(3);
        uint256 expected;
        for (uint256 i; i < 8; ++i) {
            bool approves = (listed & approving) >> i & 1 == 1;
            if (listed >> i & 1 == 0) continue;
            vm.prank(ADMIN);
            registry.listAuthority(_member(i), "Member");
            if (!approves) continue;
            vm.prank(_member(i));
            registry.approve(_modelId, EVIDENCE, "");
            if (struckOff >> i & 1 == 0) ++expected;
        }
        for (uint256 i; i < 8; ++i) {
            if ((listed & struckOff) >> i & 1 == 0) continue;
            vm.prank(ADMIN);
            registry.strikeOffAuthority(_member(i), "");
        }
        vm.assertEq(registry.approvalsOf(_modelId), expected, "count");
        if (expected < 3) _refuses(registry, 3, expected);
        else registry.approvedModel(_modelId);
    }

    function test_refuses_impossible_thresholds() public {
        uint256[3] memory bad = [uint256(0), 257, type(uint256).max];
        for (uint256 i; i < bad.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IModelRegistry.InvalidThreshold.selector, bad[i]));
            new ModelRegistry(_store, 1 days, ADMIN, bad[i]);
        }
        vm.assertEq(new ModelRegistry(_store, 1 days, ADMIN, 256).APPROVALS_REQUIRED(), 256, "the most");
    }

    function _registryWith(uint256 required) private returns (ModelRegistry registry) {
        registry = new ModelRegistry(_store, 1 days, ADMIN, required);
        registry.register(_good.claim.keyDigest, _good.claim.weightCommitment, _good.metadataDigest, "");
    }

    function _refuses(ModelRegistry registry, uint256 required, uint256 got) private {
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.NotApproved.selector, _modelId, required, got));
        registry.approvedModel(_modelId);
    }

    function _member(uint256 i) private pure returns (address) {
        return address(uint160(0x10000 + i));
    }
}
