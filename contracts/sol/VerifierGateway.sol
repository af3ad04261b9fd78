// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {
    AccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {IGroth16Verifier} from "./interfaces/IGroth16Verifier.sol";
import {IVerifierGateway} from "./interfaces/IVerifierGateway.sol";
import {Claim} from "./types/Claim.sol";

/// @title Versioned verifiers behind one address
/// @notice Whoever trusts this address trusts its first verifier, and that a guardian freezes any later one that accepts
/// false proofs, within the delay before it counts. Nobody can change what an added version means.
contract VerifierGateway is IVerifierGateway, AccessControlDefaultAdminRules {
    /// @notice May freeze versions, and appoints and dismisses its like; the admin does not.
    bytes32 public constant GUARDIAN_ROLE = keccak256("zkdx/role/guardian");
    /// @notice Seconds before an added verifier counts: time to look at it, and to freeze it.
    uint48 public immutable ACTIVATION_DELAY;

    uint256 private constant VERSION_SIZE = 4;

    /// @dev The verifier of a version, from when on it counts, and whether it is frozen: one slot.
    struct Route {
        IGroth16Verifier verifier;
        uint48 activeFrom;
        bool frozen;
    }

    mapping(bytes4 version => Route) private _routes;

    /// @param delay Seconds before an added verifier counts, and between the two steps of a change of admin.
    /// @param admin Who adds verifiers.
    /// @param guardian The first guardian.
    /// @param first The first verifier, which counts at once.
    constructor(uint48 delay, address admin, address guardian, IGroth16Verifier first)
        AccessControlDefaultAdminRules(delay, admin)
    {
        ACTIVATION_DELAY = delay;
        // Else the admin could dismiss the guardians before it adds what they would freeze.
        _setRoleAdmin(GUARDIAN_ROLE, GUARDIAN_ROLE);
        _grantRole(GUARDIAN_ROLE, guardian);
        _add(first.VERSION(), first, uint48(block.timestamp));
    }

    /// @inheritdoc IVerifierGateway
    function addVerifier(bytes4 version, IGroth16Verifier verifier) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (address(_routes[version].verifier) != address(0)) revert VersionTaken(version);
        bytes4 said = verifier.VERSION();
        if (said != version) revert VersionMismatch(version, said);
        _add(version, verifier, uint48(block.timestamp) + ACTIVATION_DELAY);
    }

    /// @inheritdoc IVerifierGateway
    function freeze(bytes4 version) external onlyRole(GUARDIAN_ROLE) {
        _requireKnown(version, _routes[version]);
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
        _requireKnown(version, route);
        if (block.timestamp < route.activeFrom) revert VersionNotYetActive(version, route.activeFrom);
        return route.verifier;
    }

    function _add(bytes4 version, IGroth16Verifier verifier, uint48 activeFrom) private {
        _routes[version] = Route(verifier, activeFrom, false);
        emit VerifierAdded(version, verifier, activeFrom);
    }

    function _requireKnown(bytes4 version, Route memory route) private pure {
        if (address(route.verifier) == address(0)) revert UnknownVersion(version);
        if (route.frozen) revert FrozenVersion(version);
    }

    function _versionOf(bytes calldata versionedProof) private pure returns (bytes4) {
        if (versionedProof.length < VERSION_SIZE) revert ProofTooShort(versionedProof.length);
        return bytes4(versionedProof);
    }
}
