// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ConsentRegistry} from "../sol/ConsentRegistry.sol";
import {IConsentRegistry} from "../sol/interfaces/IConsentRegistry.sol";
import {Consent, SCOPE_APPROVED, SCOPE_MODEL} from "../sol/types/Consent.sol";
import {ConsentFixture} from "./support/ConsentFixture.sol";
import {vm} from "./support/Vm.sol";
import {FickleWallet, Signatures, TrueWallet} from "./support/Wallets.sol";

/// @notice Granting and revoking.
contract ConsentRegistryTest is ConsentFixture {
    // Granting

    function test_patient_grants() public {
        Consent memory c = _consent();
        bytes32 id = _consents.consentIdOf(c);
        vm.expectEmit(true, true, true, true, address(_consents));
        emit IConsentRegistry.ConsentGranted(id, CLINIC, PURPOSE, SCOPE_MODEL, MODEL, RECORD, FROM, UNTIL);
        vm.prank(_patient);
        vm.assertEq(_consents.grant(c), id, "identity");
        _consents.requireLive(id, _use());
    }

    function test_anyone_brings_a_signed_consent() public {
        Consent memory c = _consent();
        bytes32 id = _consents.consentIdOf(c);
        vm.prank(RELAYER);
        vm.assertEq(_consents.grantBySig(c, Signatures.by(KEY, id)), id, "identity");
        _consents.requireLive(id, _use());
    }

    /// forge-config: ci.fuzz.runs = 10000
    function testFuzz_refuses_grants_by_others(address caller) public {
        vm.assume(caller != _patient);
        vm.expectRevert(abi.encodeWithSelector(IConsentRegistry.NotThePatient.selector, _patient, caller));
        vm.prank(caller);
        _consents.grant(_consent());
    }

    /// forge-config: ci.fuzz.runs = 10000
    function testFuzz_refuses_signatures_of_other_keys_or_hashes(uint256 key, bytes32 hash) public {
        Consent memory c = _consent();
        bytes32 id = _consents.consentIdOf(c);
        key = 1 + key % (2 ** 255);
        vm.assume(key != KEY && hash != id);
        bytes memory refusal = abi.encodeWithSelector(IConsentRegistry.InvalidConsentSignature.selector, id, _patient);
        vm.expectRevert(refusal);
        _consents.grantBySig(c, Signatures.by(key, id));
        vm.expectRevert(refusal);
        _consents.grantBySig(c, Signatures.by(KEY, hash));
    }

    function test_refuses_signatures_of_the_wrong_form() public {
        Consent memory c = _consent();
        bytes32 id = _consents.consentIdOf(c);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(KEY, id);
        uint256 order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        bytes[5] memory bad = [
            bytes(""),
            new bytes(65),
            abi.encodePacked(r, s),
            abi.encodePacked(r, s, v ^ 1),
            // The other s of the same signature.
            abi.encodePacked(r, bytes32(order - uint256(s)), v ^ 7)
        ];
        for (uint256 i; i < bad.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IConsentRegistry.InvalidConsentSignature.selector, id, _patient));
            _consents.grantBySig(c, bad[i]);
        }
    }

    /// @dev The zero address has no key, and a failed recovery gives it.
    function test_refuses_the_zero_address_as_patient() public {
        Consent memory c = _consent();
        c.patient = address(0);
        bytes32 id = _consents.consentIdOf(c);
        vm.expectRevert(abi.encodeWithSelector(IConsentRegistry.InvalidConsentSignature.selector, id, address(0)));
        _consents.grantBySig(c, new bytes(65));
    }

    /// @dev Whatever is changed in a consent, the signature is for another.
    /// forge-config: ci.fuzz.runs = 10000
    function testFuzz_signature_binds_every_field(uint256 field, uint256 value) public {
        Consent memory c = _consent();
        bytes memory signature = Signatures.by(KEY, _consents.consentIdOf(c));
        Consent memory other = abi.decode(abi.encode(c), (Consent));
        field %= 8;
        if (field == 0) other.grantee = address(uint160(value));
        if (field == 1) other.purpose = bytes32(value);
        if (field == 2) other.scopeKind = uint8(value);
        if (field == 3) other.scope = bytes32(value);
        if (field == 4) other.record = value;
        if (field == 5) other.validFrom = uint40(value);
        if (field == 6) other.validUntil = uint40(value);
        if (field == 7) other.salt = bytes32(value);
        vm.assume(keccak256(abi.encode(c)) != keccak256(abi.encode(other)));
        vm.expectPartialRevert(IConsentRegistry.InvalidConsentSignature.selector);
        _consents.grantBySig(other, signature);
    }

    function test_refuses_another_chain_or_registry() public {
        Consent memory c = _consent();
        bytes32 id = _consents.consentIdOf(c);
        bytes memory signature = Signatures.by(KEY, id);
        ConsentRegistry other = new ConsentRegistry();
        vm.assertEq(other.consentIdOf(c) == id, false, "another registry, another identity");
        vm.expectPartialRevert(IConsentRegistry.InvalidConsentSignature.selector);
        other.grantBySig(c, signature);
        vm.chainId(block.chainid + 1);
        vm.assertEq(_consents.consentIdOf(c) == id, false, "another chain, another identity");
        vm.expectPartialRevert(IConsentRegistry.InvalidConsentSignature.selector);
        _consents.grantBySig(c, signature);
    }

    function test_grants_once() public {
        Consent memory c = _consent();
        bytes32 id = _grant(c);
        bytes memory refusal = abi.encodeWithSelector(IConsentRegistry.ConsentGrantedAlready.selector, id);
        vm.expectRevert(refusal);
        vm.prank(_patient);
        _consents.grant(c);
        vm.expectRevert(refusal);
        _consents.grantBySig(c, Signatures.by(KEY, id));
        // Another salt is another consent.
        c.salt = bytes32(uint256(1));
        vm.assertEq(_grant(c) == id, false, "another");
    }

    function test_refuses_malformed_consents() public {
        Consent memory c = _consent();
        c.scopeKind = 3;
        _refusesGrant(c, abi.encodeWithSelector(IConsentRegistry.UnknownScopeKind.selector, 3));
        c.scopeKind = SCOPE_APPROVED;
        _refusesGrant(c, abi.encodeWithSelector(IConsentRegistry.ScopeNotZero.selector, MODEL));
        c = _consent();
        c.validFrom = UNTIL;
        _refusesGrant(c, abi.encodeWithSelector(IConsentRegistry.EmptyValidity.selector, UNTIL, UNTIL));
        vm.warp(UNTIL);
        bytes32 id = _consents.consentIdOf(_consent());
        _refusesGrant(_consent(), abi.encodeWithSelector(IConsentRegistry.ConsentExpired.selector, id, UNTIL));
    }

    // Revoking

    function test_revokes_for_good() public {
        Consent memory c = _consent();
        bytes32 id = _grant(c);
        vm.expectEmit(true, true, true, true, address(_consents));
        emit IConsentRegistry.ConsentWithdrawn(id);
        vm.prank(_patient);
        _consents.revoke(c);
        bytes memory refusal = abi.encodeWithSelector(IConsentRegistry.ConsentRevoked.selector, id);
        _refusesUse(id, _use(), refusal);
        _refusesGrant(c, refusal);
        vm.expectRevert(refusal);
        vm.prank(_patient);
        _consents.revoke(c);
        bytes memory signature = Signatures.by(KEY, _consents.revocationHash(id));
        vm.expectRevert(refusal);
        _consents.revokeBySig(c, signature);
    }

    /// @dev A signed consent that lies somewhere can be made void before anybody brings it.
    function test_revokes_before_it_was_granted() public {
        Consent memory c = _consent();
        bytes32 id = _consents.consentIdOf(c);
        vm.prank(_patient);
        _consents.revoke(c);
        vm.expectRevert(abi.encodeWithSelector(IConsentRegistry.ConsentRevoked.selector, id));
        _consents.grantBySig(c, Signatures.by(KEY, id));
    }

    function test_anyone_brings_a_signed_revocation() public {
        Consent memory c = _consent();
        bytes32 id = _grant(c);
        // The consent's own signature does not revoke it.
        vm.expectRevert(abi.encodeWithSelector(IConsentRegistry.InvalidConsentSignature.selector, id, _patient));
        _consents.revokeBySig(c, Signatures.by(KEY, id));
        bytes memory signature = Signatures.by(KEY, _consents.revocationHash(id));
        vm.prank(RELAYER);
        _consents.revokeBySig(c, signature);
        _refusesUse(id, _use(), abi.encodeWithSelector(IConsentRegistry.ConsentRevoked.selector, id));
    }

    /// forge-config: ci.fuzz.runs = 10000
    function testFuzz_refuses_revocation_by_others(address caller, uint256 key) public {
        Consent memory c = _consent();
        bytes32 id = _grant(c);
        key = 1 + key % (2 ** 255);
        vm.assume(caller != _patient && key != KEY);
        vm.expectRevert(abi.encodeWithSelector(IConsentRegistry.NotThePatient.selector, _patient, caller));
        vm.prank(caller);
        _consents.revoke(c);
        bytes memory signature = Signatures.by(key, _consents.revocationHash(id));
        vm.expectRevert(abi.encodeWithSelector(IConsentRegistry.InvalidConsentSignature.selector, id, _patient));
        _consents.revokeBySig(c, signature);
        _consents.requireLive(id, _use());
    }

    // Wallets

    function test_wallet_that_changes_its_mind() public {
        FickleWallet wallet = new FickleWallet();
        Consent memory c = _consent();
        c.patient = address(wallet);
        bytes32 id = _consents.consentIdOf(c);
        bytes memory refusal =
            abi.encodeWithSelector(IConsentRegistry.InvalidConsentSignature.selector, id, address(wallet));
        vm.expectRevert(refusal);
        _consents.grantBySig(c, "");
        wallet.setAccepted(id, true);
        _consents.grantBySig(c, "");
        // What it says now does not undo what it has said: it has to revoke.
        wallet.setAccepted(id, false);
        _consents.requireLive(id, _use());
        vm.expectRevert(refusal);
        _consents.revokeBySig(c, "");
        wallet.setAccepted(_consents.revocationHash(id), true);
        _consents.revokeBySig(c, "");
        _refusesUse(id, _use(), abi.encodeWithSelector(IConsentRegistry.ConsentRevoked.selector, id));
        wallet.setAccepted(id, true);
        vm.expectRevert(abi.encodeWithSelector(IConsentRegistry.ConsentRevoked.selector, id));
        _consents.grantBySig(c, "");
    }

    /// @dev Of a contract neither another answer than the magic value nor its deployer's key counts.
    function test_refuses_wallets_that_do_not_answer_as_they_should() public {
        address[2] memory wallets = [address(new TrueWallet()), address(_consents)];
        for (uint256 i; i < 2; ++i) {
            Consent memory c = _consent();
            c.patient = wallets[i];
            bytes32 id = _consents.consentIdOf(c);
            vm.expectRevert(abi.encodeWithSelector(IConsentRegistry.InvalidConsentSignature.selector, id, wallets[i]));
            _consents.grantBySig(c, Signatures.by(KEY, id));
        }
    }
}
