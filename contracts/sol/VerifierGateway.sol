// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {
    AccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {IGroth16Verifier} from "./interfaces/IGroth16Verifier.sol";
import {IVerifierGateway} from "./interfaces/IVerifierGateway.sol";
import {Claim} from "./types/Claim.sol";

/// @title Versioned verifiers behind one address
/// @notice Whoever trusts this address trusts its admin not to add a verifier that accepts false proofs, and its
/// guardians to freeze one that turns out to. Nobody can change what an added version means.
contract VerifierGateway is IVerifierGateway, AccessControlDefaultAdminRules {
    /// @notice May freeze versions.
    bytes32 public constant GUARDIAN_ROLE = keccak256("zkdx/role/guardian");

    uint256 private constant VERSION_SIZE = 4;

    /// @dev The verifier of a version, and whether it is frozen: one slot.
    struct Route {
        IGroth16Verifier verifier;
        bool frozen;
    }

    mapping(bytes4 version => Route) private _routes;

    /// @param adminDelay Seconds between the two steps of a change of admin.
    /// @param admin Who adds verifiers and appoints guardians.
    /// @param guardian The first guardian.
    constructor(uint48 adminDelay, address admin, address guardian) AccessControlDefaultAdminRules(adminDelay, admin) {
        _grantRole(GUARDIAN_ROLE, guardian);
    }

    /// @inheritdoc IVerifierGateway
    function addVerifier(bytes4 version, IGroth16Verifier verifier) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (address(_routes[version].verifier) != address(0)) revert VersionTaken(version);
        bytes4 said = verifier.VERSION();
        if (said != version) revert VersionMismatch(version, said);
        _routes[version].verifier = verifier;
        emit VerifierAdded(version, verifier);
    }

    /// @inheritdoc IVerifierGateway
    function freeze(bytes4 version) external onlyRole(GUARDIAN_ROLE) {
        verifierOf(version);
        _routes[version].frozen = true;
        emit VersionFrozen(version, msg.sender);
    }

    /// @inheritdoc IVerifierGateway
    function verify(Claim calldata claim, uint256[] calldata words, bytes calldata versionedProof) external view {
        IGroth16Verifier verifier = verifierOf(_versionOf(versionedProof));
        verifier.verify(claim, words, versionedProof[VERSION_SIZE:]);
    }

    /// @inheritdoc IVerifierGateway
    function verifyBatch(Claim[] calldata claims, uint256[][] calldata words, bytes[] calldata versionedProofs)
        external
        view
    {
        uint256 count = versionedProofs.length;
        if (count == 0) revert IGroth16Verifier.EmptyBatch();
        bytes4 version = _versionOf(versionedProofs[0]);
        bytes[] memory proofs = new bytes[](count);
        for (uint256 i; i < count; ++i) {
            bytes4 other = _versionOf(versionedProofs[i]);
            if (other != version) revert MixedVersions(version, other);
            proofs[i] = versionedProofs[i][VERSION_SIZE:];
        }
        verifierOf(version).verifyBatch(claims, words, proofs);
    }

    /// @inheritdoc IVerifierGateway
    function verifierOf(bytes4 version) public view returns (IGroth16Verifier) {
        Route memory route = _routes[version];
        if (address(route.verifier) == address(0)) revert UnknownVersion(version);
        if (route.frozen) revert FrozenVersion(version);
        return route.verifier;
    }

    function _versionOf(bytes calldata versionedProof) private pure returns (bytes4) {
        if (versionedProof.length < VERSION_SIZE) revert ProofTooShort(versionedProof.length);
        return bytes4(versionedProof);
    }
}
