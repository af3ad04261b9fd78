// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IConsentRegistry} from "../sol/interfaces/IConsentRegistry.sol";
import {IGroth16Verifier} from "../sol/interfaces/IGroth16Verifier.sol";
import {IModelRegistry} from "../sol/interfaces/IModelRegistry.sol";
import {IVerifierGateway} from "../sol/interfaces/IVerifierGateway.sol";
import {Consent, SCOPE_KEY, SCOPE_MODEL} from "../sol/types/Consent.sol";
import {Diagnosis} from "../sol/types/Diagnosis.sol";
import {G1Point} from "../sol/types/G1Point.sol";
import {LogFixture} from "./support/LogFixture.sol";
import {vm} from "./support/Vm.sol";

/// @notice What the log asks registry, consents and gateway before it records.
contract LogGatesTest is LogFixture {
    address private constant OTHER = address(0xbad);

    // Soundness: the model

    /// @dev The same key and proof, but the registry says other weights.
    function test_refuses_another_model_of_the_same_key() public {
        Diagnosis memory d = _diagnosis();
        bytes memory proof = _prove(d, SUBMITTER);
        d.modelId = _registry.register(_good.claim.keyDigest, G1Point(1, 2), _good.metadataDigest, "");
        _approve(d.modelId);
        vm.expectRevert(IGroth16Verifier.ProofRejected.selector);
        _submit(d, proof);
    }

    function test_refuses_unknown_and_revoked_models() public {
        Diagnosis memory d = _diagnosis();
        bytes memory proof = _prove(d, SUBMITTER);
        d.modelId = bytes32(uint256(1));
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.UnknownModel.selector, d.modelId));
        _submit(d, proof);

        d.modelId = _good.claim.modelId;
        _registry.revoke(d.modelId, "");
        vm.expectRevert(abi.encodeWithSelector(IModelRegistry.RevokedModel.selector, d.modelId));
        _submit(d, proof);
    }

    function test_refuses_models_that_are_not_approved() public {
        Diagnosis memory d = _diagnosis();
        bytes memory proof = _prove(d, SUBMITTER);
        bytes memory refusal = abi.encodeWithSelector(IModelRegistry.NotApproved.selector, d.modelId, 1, 0);
        vm.prank(AUTHORITY);
        _registry.withdrawApproval(d.modelId, "");
        vm.expectRevert(refusal);
        _submit(d, proof);
        _approve(d.modelId);
        vm.prank(ADMIN);
        _registry.strikeOffAuthority(AUTHORITY, "");
        vm.expectRevert(refusal);
        _submit(d, proof);
    }

    // Soundness: the consent

    function test_refuses_consents_that_are_not_live() public {
        Diagnosis memory d = _diagnosis();
        bytes memory proof = _prove(d, SUBMITTER);
        bytes32 consentId = d.cases[0].consentId;
        vm.warp(block.timestamp + 1 days);
        vm.expectRevert(abi.encodeWithSelector(IConsentRegistry.ConsentExpired.selector, consentId, block.timestamp));
        _submit(d, proof);
        vm.warp(block.timestamp - 1);
        Consent memory consent = _consent(keccak256(abi.encode("consent", uint256(0))));
        (consent.validFrom, consent.validUntil) = (uint40(1), uint40(1 days + 1));
        vm.prank(_patient);
        _consents.revoke(consent);
        vm.expectRevert(abi.encodeWithSelector(IConsentRegistry.ConsentRevoked.selector, consentId));
        _submit(d, proof);
        d.cases[0].consentId = bytes32(uint256(1));
        vm.expectRevert(abi.encodeWithSelector(IConsentRegistry.UnknownConsent.selector, bytes32(uint256(1))));
        _submit(d, proof);
    }

    function test_asks_for_this_submitter_purpose_model_key_and_record() public {
        Diagnosis memory d = _diagnosis();
        Consent[4] memory good;
        for (uint256 i; i < 4; ++i) {
            good[i] = _consent(keccak256(abi.encode("narrow", i)));
            good[i].grantee = SUBMITTER;
            good[i].record = i == 3 ? 0 : d.cases[0].words[0];
        }
        (good[1].scopeKind, good[1].scope) = (SCOPE_MODEL, d.modelId);
        (good[2].scopeKind, good[2].scope) = (SCOPE_KEY, _good.claim.keyDigest);
        for (uint256 i; i < 4; ++i) {
            d.cases[0].consentId = _grant(good[i]);
            _submit(d, _prove(d, SUBMITTER));
        }
    }

    function test_refuses_consents_for_another_use() public {
        Consent[5] memory bad;
        for (uint256 i; i < 5; ++i) {
            bad[i] = _consent(keccak256(abi.encode("other", i)));
        }
        bad[0].purpose = keccak256("research");
        bad[1].record = _good.words[0] ^ 1;
        (bad[2].scopeKind, bad[2].scope) = (SCOPE_MODEL, _good.claim.keyDigest);
        (bad[3].scopeKind, bad[3].scope) = (SCOPE_KEY, _good.claim.modelId);
        bad[4].grantee = OTHER;
        for (uint256 i; i < 5; ++i) {
            Diagnosis memory d = _diagnosis();
            d.cases[0].consentId = _grant(bad[i]);
            bytes memory proof = _prove(d, SUBMITTER);
            bytes4 reason = i == 4
                ? IConsentRegistry.ConsentForOtherGrantee.selector
                : IConsentRegistry.ConsentForOtherUse.selector;
            vm.expectPartialRevert(reason);
            _submit(d, proof);
        }
    }

    function test_refuses_a_frozen_version() public {
        Diagnosis memory d = _diagnosis();
        bytes memory proof = _prove(d, SUBMITTER);
        vm.prank(GUARDIAN);
        _gateway.freeze(_version);
        vm.expectRevert(abi.encodeWithSelector(IVerifierGateway.FrozenVersion.selector, _version));
        _submit(d, proof);
    }
}
