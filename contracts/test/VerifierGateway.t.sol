// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IGroth16Verifier} from "../sol/interfaces/IGroth16Verifier.sol";
import {IVerifierGateway} from "../sol/interfaces/IVerifierGateway.sol";
import {Credulous} from "./support/Credulous.sol";
import {Batches, ProofBatch} from "./support/Batches.sol";
import {Fixture, ProofCase} from "./support/Fixture.sol";
import {vm} from "./support/Vm.sol";

contract VerifierGatewayTest is Fixture {
    bytes4 private constant UNKNOWN = 0x11223344;

    bytes4 private _version;
    ProofCase private _good;
    Credulous private _credulous;
    bytes4 private _other;

    function setUp() public override {
        super.setUp();
        _good = _case(_file(), CLASS_ONLY);
        _store.register(_good.key);
        _version = _verifier.VERSION();
        _credulous = new Credulous();
        _other = _credulous.VERSION();
    }

    function test_version_is_that_of_the_tag() public view {
        vm.assertEq(bytes32(_version), bytes32(bytes4(keccak256("zkdx/two-round-groth16/v1/verifier"))), "version");
        vm.assertEq(address(_gateway.verifierOf(_version)), address(_verifier), "route");
    }

    function test_routes_by_version() public view {
        _gateway.verify(_good.claim, _good.words, bytes.concat(_version, _good.proof));
    }

    function test_refuses_unknown_versions_and_short_proofs() public {
        for (uint256 size; size < 4; ++size) {
            vm.expectRevert(abi.encodeWithSelector(IVerifierGateway.ProofTooShort.selector, size));
            _gateway.verify(_good.claim, _good.words, new bytes(size));
        }
        vm.expectRevert(abi.encodeWithSelector(IVerifierGateway.UnknownVersion.selector, UNKNOWN));
        _gateway.verify(_good.claim, _good.words, bytes.concat(UNKNOWN, _good.proof));
        // Without a version, the first bytes of A are taken for one.
        bytes4 start = bytes4(_good.proof);
        vm.expectRevert(abi.encodeWithSelector(IVerifierGateway.UnknownVersion.selector, start));
        _gateway.verify(_good.claim, _good.words, _good.proof);
        vm.expectRevert(abi.encodeWithSelector(IGroth16Verifier.ProofLength.selector, 0));
        _gateway.verify(_good.claim, _good.words, bytes.concat(_version));
    }

    function test_refuses_a_bad_proof() public {
        ProofCase memory c = _good;
        c.words[1] ^= 1;
        vm.expectRevert(IGroth16Verifier.ProofRejected.selector);
        _gateway.verify(c.claim, c.words, bytes.concat(_version, c.proof));
    }

    function test_batches() public {
        ProofBatch memory batch = Batches.make(_file(), _good, 3);
        bytes[] memory proofs = Batches.versioned(_version, batch.proofs);
        _gateway.verifyBatch(batch.claims, batch.words, proofs);
        proofs[2] = bytes.concat(UNKNOWN, batch.proofs[2]);
        vm.expectRevert(abi.encodeWithSelector(IVerifierGateway.MixedVersions.selector, _version, UNKNOWN));
        _gateway.verifyBatch(batch.claims, batch.words, proofs);
        proofs[2] = new bytes(3);
        vm.expectRevert(abi.encodeWithSelector(IVerifierGateway.ProofTooShort.selector, 3));
        _gateway.verifyBatch(batch.claims, batch.words, proofs);
        proofs = Batches.versioned(_version, batch.proofs);
        batch.words[1][1] ^= 1;
        vm.expectRevert(IGroth16Verifier.ProofRejected.selector);
        _gateway.verifyBatch(batch.claims, batch.words, proofs);
        vm.expectRevert(IGroth16Verifier.EmptyBatch.selector);
        _gateway.verifyBatch(batch.claims, batch.words, new bytes[](0));
    }

    function test_only_the_admin_adds_and_only_once() public {
        bytes memory refusal = abi.encodeWithSelector(
            IAccessControl.AccessControlUnauthorizedAccount.selector, GUARDIAN, _gateway.DEFAULT_ADMIN_ROLE()
        );
        vm.expectRevert(refusal);
        vm.prank(GUARDIAN);
        _gateway.addVerifier(_other, _credulous);

        vm.expectEmit(true, true, true, true, address(_gateway));
        emit IVerifierGateway.VerifierAdded(_other, _credulous, block.timestamp + 1 days);
        _add();
        vm.expectRevert(abi.encodeWithSelector(IVerifierGateway.VersionTaken.selector, _other));
        _add();
        vm.expectRevert(abi.encodeWithSelector(IVerifierGateway.VersionTaken.selector, _version));
        vm.prank(ADMIN);
        _gateway.addVerifier(_version, _credulous);
    }

    /// @dev An admin who adds a verifier that accepts everything cannot use it before others have seen it.
    function test_an_added_verifier_counts_after_the_delay() public {
        _add();
        uint256 activeFrom = block.timestamp + 1 days;
        bytes memory proof = bytes.concat(_other, "anything");
        bytes memory refusal = abi.encodeWithSelector(IVerifierGateway.VersionNotYetActive.selector, _other, activeFrom);
        vm.expectRevert(refusal);
        _gateway.verify(_good.claim, _good.words, proof);
        vm.warp(activeFrom - 1);
        vm.expectRevert(refusal);
        _gateway.verify(_good.claim, _good.words, proof);
        vm.warp(activeFrom);
        _gateway.verify(_good.claim, _good.words, proof);
    }

    function test_a_guardian_stops_a_verifier_before_it_counts() public {
        _add();
        vm.prank(GUARDIAN);
        _gateway.freeze(_other);
        vm.warp(block.timestamp + 2 days);
        vm.expectRevert(abi.encodeWithSelector(IVerifierGateway.FrozenVersion.selector, _other));
        _gateway.verify(_good.claim, _good.words, bytes.concat(_other, "anything"));
    }

    function test_refuses_a_verifier_that_says_another_version() public {
        vm.expectRevert(abi.encodeWithSelector(IVerifierGateway.VersionMismatch.selector, UNKNOWN, _other));
        vm.prank(ADMIN);
        _gateway.addVerifier(UNKNOWN, _credulous);
        // No contract at all.
        vm.expectRevert();
        vm.prank(ADMIN);
        _gateway.addVerifier(UNKNOWN, IGroth16Verifier(address(0xdead)));
    }

    function test_only_a_guardian_freezes_and_for_good() public {
        bytes memory refusal = abi.encodeWithSelector(
            IAccessControl.AccessControlUnauthorizedAccount.selector, ADMIN, _gateway.GUARDIAN_ROLE()
        );
        vm.expectRevert(refusal);
        vm.prank(ADMIN);
        _gateway.freeze(_version);

        vm.expectEmit(true, true, true, true, address(_gateway));
        emit IVerifierGateway.VersionFrozen(_version, GUARDIAN);
        vm.prank(GUARDIAN);
        _gateway.freeze(_version);
        bytes memory frozen = abi.encodeWithSelector(IVerifierGateway.FrozenVersion.selector, _version);
        vm.expectRevert(frozen);
        _gateway.verify(_good.claim, _good.words, bytes.concat(_version, _good.proof));
        ProofBatch memory batch = Batches.make(_file(), _good, 1);
        bytes[] memory proofs = Batches.versioned(_version, batch.proofs);
        vm.expectRevert(frozen);
        _gateway.verifyBatch(batch.claims, batch.words, proofs);
        vm.expectRevert(frozen);
        vm.prank(GUARDIAN);
        _gateway.freeze(_version);
        vm.expectRevert(abi.encodeWithSelector(IVerifierGateway.VersionTaken.selector, _version));
        vm.prank(ADMIN);
        _gateway.addVerifier(_version, _verifier);
    }

    /// @dev Nor can guardians make themselves admin: it takes both to make a false proof count.
    function test_guardians_do_not_depend_on_the_admin() public {
        bytes32 guardians = _gateway.GUARDIAN_ROLE();
        bytes memory refusal =
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, ADMIN, guardians);
        vm.startPrank(ADMIN);
        vm.expectRevert(refusal);
        _gateway.revokeRole(guardians, GUARDIAN);
        vm.expectRevert(refusal);
        _gateway.grantRole(guardians, ADMIN);
        vm.stopPrank();
        vm.prank(GUARDIAN);
        _gateway.grantRole(guardians, AUTHORITY);
        vm.prank(AUTHORITY);
        _gateway.revokeRole(guardians, GUARDIAN);
        vm.assertEq(_gateway.hasRole(guardians, GUARDIAN), false, "dismissed");
        vm.expectRevert();
        vm.prank(AUTHORITY);
        _gateway.beginDefaultAdminTransfer(AUTHORITY);
    }

    function test_freezing_one_version_leaves_the_others() public {
        _add();
        vm.prank(GUARDIAN);
        _gateway.freeze(_other);
        _gateway.verify(_good.claim, _good.words, bytes.concat(_version, _good.proof));
        vm.expectRevert(abi.encodeWithSelector(IVerifierGateway.UnknownVersion.selector, UNKNOWN));
        vm.prank(GUARDIAN);
        _gateway.freeze(UNKNOWN);
    }

    function _add() private {
        vm.prank(ADMIN);
        _gateway.addVerifier(_other, _credulous);
    }
}
