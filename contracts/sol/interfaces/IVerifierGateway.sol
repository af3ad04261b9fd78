// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Claim} from "../types/Claim.sol";
import {IGroth16Verifier} from "./IGroth16Verifier.sol";

/// @title Versioned verifiers behind one address
/// @notice A versioned proof is the 4 bytes of its verifier's version, then the proof. A version is added once, counts
/// after a delay, is never replaced, and frozen for good, also before it counts.
interface IVerifierGateway {
    /// @notice Proofs of this version will be routed to this verifier.
    /// @param version The version.
    /// @param verifier The verifier.
    /// @param activeFrom The first second at which they are.
    event VerifierAdded(bytes4 indexed version, IGroth16Verifier indexed verifier, uint256 activeFrom);
    /// @notice No proof of this version is accepted any more.
    /// @param version The version.
    /// @param guardian Who froze it.
    event VersionFrozen(bytes4 indexed version, address indexed guardian);

    /// @notice No verifier of this version was added.
    error UnknownVersion(bytes4 version);
    /// @notice The version was added and counts from then on.
    error VersionNotYetActive(bytes4 version, uint256 activeFrom);
    /// @notice The version was frozen.
    error FrozenVersion(bytes4 version);
    /// @notice The version has a verifier already.
    error VersionTaken(bytes4 version);
    /// @notice The verifier says that it is another version.
    error VersionMismatch(bytes4 expected, bytes4 got);
    /// @notice Proofs of two versions in one batch.
    error MixedVersions(bytes4 first, bytes4 other);
    /// @notice Not even the 4 bytes of a version.
    error ProofTooShort(uint256 got);

    /// @notice Adds a verifier, which counts after `ACTIVATION_DELAY`. For the admin.
    /// @param version The version, as the verifier itself says it.
    /// @param verifier The verifier.
    function addVerifier(bytes4 version, IGroth16Verifier verifier) external;

    /// @notice Freezes a version for good, active or not yet. For a guardian.
    /// @param version The version.
    function freeze(bytes4 version) external;

    /// @notice The verifier of a version; reverts with UnknownVersion, FrozenVersion or
    /// VersionNotYetActive.
    /// @param version The version.
    /// @return The verifier.
    function verifierOf(bytes4 version) external view returns (IGroth16Verifier);

    /// @notice Returns if the proof shows the statement, and reverts with a named error otherwise.
    /// @param claim What the proof is bound to.
    /// @param words The statement words.
    /// @param versionedProof The version, then the proof.
    function verify(Claim calldata claim, uint256[] calldata words, bytes calldata versionedProof) external view;

    /// @notice Returns if every proof shows its statement, and reverts otherwise. All have the same version.
    /// @param claims What each proof is bound to.
    /// @param words The statement words of each.
    /// @param versionedProofs The proofs, each behind the version.
    function verifyBatch(Claim[] calldata claims, uint256[][] calldata words, bytes[] calldata versionedProofs)
        external
        view;
}
