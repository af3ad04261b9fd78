// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ConsentRegistry} from "../../sol/ConsentRegistry.sol";
import {Consent, SCOPE_MODEL} from "../../sol/types/Consent.sol";
import {ConsentUse} from "../../sol/types/ConsentUse.sol";
import {vm} from "./Vm.sol";

/// @notice A registry, a patient, and a consent as narrow as it can be.
abstract contract ConsentFixture {
    uint256 internal constant KEY = 0x9a71e47;
    address internal constant RELAYER = address(0x4e1a);
    address internal constant CLINIC = address(0xc11);
    bytes32 internal constant PURPOSE = keccak256("purpose");
    bytes32 internal constant MODEL = keccak256("model");
    bytes32 internal constant VK = keccak256("key");
    uint256 internal constant RECORD = 77;
    uint40 internal constant FROM = 1000;
    uint40 internal constant UNTIL = 2000;

    ConsentRegistry internal _consents;
    address internal _patient;

    function setUp() public {
        _consents = new ConsentRegistry();
        _patient = vm.addr(KEY);
        vm.warp(FROM);
    }

    function _consent() internal view returns (Consent memory) {
        return Consent({
            patient: _patient,
            grantee: CLINIC,
            purpose: PURPOSE,
            scopeKind: SCOPE_MODEL,
            scope: MODEL,
            record: RECORD,
            validFrom: FROM,
            validUntil: UNTIL,
            salt: keccak256("salt")
        });
    }

    function _use() internal pure returns (ConsentUse memory) {
        return ConsentUse(CLINIC, PURPOSE, MODEL, VK, RECORD);
    }

    function _grant(Consent memory c) internal returns (bytes32) {
        vm.prank(_patient);
        return _consents.grant(c);
    }

    function _isLive(bytes32 id, ConsentUse memory use) internal view returns (bool live) {
        (live,) = address(_consents).staticcall(abi.encodeCall(_consents.requireLive, (id, use)));
    }

    function _refusesUse(bytes32 id, ConsentUse memory use, bytes memory reason) internal {
        vm.expectRevert(reason);
        _consents.requireLive(id, use);
    }

    function _refusesGrant(Consent memory c, bytes memory reason) internal {
        vm.expectRevert(reason);
        vm.prank(_patient);
        _consents.grant(c);
    }
}
