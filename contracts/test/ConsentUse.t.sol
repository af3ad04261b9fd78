// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IConsentRegistry} from "../sol/interfaces/IConsentRegistry.sol";
import {Consent, SCOPE_KEY, SCOPE_MODEL} from "../sol/types/Consent.sol";
import {ConsentUse} from "../sol/types/ConsentUse.sol";
import {ConsentFixture} from "./support/ConsentFixture.sol";
import {vm} from "./support/Vm.sol";

/// @notice When a consent covers a use.
contract ConsentUseTest is ConsentFixture {
    function test_validity_ends_where_it_says() public {
        bytes32 id = _grant(_consent());
        bytes memory early = abi.encodeWithSelector(IConsentRegistry.ConsentNotYetValid.selector, id, FROM);
        bytes memory late = abi.encodeWithSelector(IConsentRegistry.ConsentExpired.selector, id, UNTIL);
        vm.warp(FROM - 1);
        _refusesUse(id, _use(), early);
        vm.warp(FROM);
        _consents.requireLive(id, _use());
        vm.warp(UNTIL - 1);
        _consents.requireLive(id, _use());
        vm.warp(UNTIL);
        _refusesUse(id, _use(), late);
        vm.warp(type(uint40).max);
        _refusesUse(id, _use(), late);
    }

    /// forge-config: ci.fuzz.runs = 10000
    function testFuzz_valid_exactly_in_its_time(uint40 from, uint40 until, uint40 time) public {
        vm.assume(until > from && until > 0);
        Consent memory c = _consent();
        (c.validFrom, c.validUntil) = (from, until);
        vm.warp(from);
        bytes32 id = _grant(c);
        vm.warp(time);
        vm.assertEq(_isLive(id, _use()), from <= time && time < until, "live");
    }

    /// forge-config: ci.fuzz.runs = 10000
    function testFuzz_unknown_consents(bytes32 id) public {
        _refusesUse(id, _use(), abi.encodeWithSelector(IConsentRegistry.UnknownConsent.selector, id));
    }

    /// @dev Every kind of scope, with and without grantee and record, against the rule written out.
    /// forge-config: ci.fuzz.runs = 10000
    function testFuzz_covers_exactly_what_it_says(uint8 kind, bool anyone, bool anyRecord, uint256 wrong) public {
        Consent memory c = _consent();
        c.scopeKind = kind % 3;
        c.scope = c.scopeKind == SCOPE_MODEL ? MODEL : c.scopeKind == SCOPE_KEY ? VK : bytes32(0);
        if (anyone) c.grantee = address(0);
        if (anyRecord) c.record = 0;
        bytes32 id = _grant(c);
        ConsentUse memory use = _use();
        _consents.requireLive(id, use);
        wrong %= 5;
        bool covered;
        if (wrong == 0) (use.grantee, covered) = (RELAYER, anyone);
        if (wrong == 1) use.purpose = bytes32(0);
        if (wrong == 2) (use.modelId, covered) = (VK, c.scopeKind != SCOPE_MODEL);
        if (wrong == 3) (use.keyDigest, covered) = (MODEL, c.scopeKind != SCOPE_KEY);
        if (wrong == 4) (use.record, covered) = (0, anyRecord);
        vm.assertEq(_isLive(id, use), covered, "covered");
    }

    function test_says_why_it_does_not_cover() public {
        bytes32 id = _grant(_consent());
        ConsentUse memory use = _use();
        use.grantee = RELAYER;
        bytes memory reason =
            abi.encodeWithSelector(IConsentRegistry.ConsentForOtherGrantee.selector, id, CLINIC, RELAYER);
        _refusesUse(id, use, reason);
        use = _use();
        use.record = 78;
        reason = abi.encodeWithSelector(IConsentRegistry.ConsentForOtherUse.selector, id, MODEL, PURPOSE, 78);
        _refusesUse(id, use, reason);
    }
}
