// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Consent} from "../types/Consent.sol";
import {ConsentUse} from "../types/ConsentUse.sol";

/// @title Consents of patients
interface IConsentRegistry {
    /// @notice A consent was granted. The patient is not named: who holds the consent knows whose it is.
    /// @param consentId Its identity.
    /// @param grantee Who may use it; zero for anyone.
    /// @param purpose What for.
    /// @param scopeKind 0 one model, 1 the models of one key, 2 any approved model.
    /// @param scope Which.
    /// @param record Commitment of the one record; zero for any.
    /// @param validFrom The first second at which it is valid.
    /// @param validUntil The first second at which it is not valid any more.
    event ConsentGranted(
        bytes32 indexed consentId,
        address indexed grantee,
        bytes32 indexed purpose,
        uint8 scopeKind,
        bytes32 scope,
        uint256 record,
        uint40 validFrom,
        uint40 validUntil
    );
    /// @notice A consent was revoked, or can never be granted.
    event ConsentWithdrawn(bytes32 indexed consentId);

    /// @notice No consent with this identity was granted.
    error UnknownConsent(bytes32 consentId);
    /// @notice The patient revoked the consent.
    error ConsentRevoked(bytes32 consentId);
    /// @notice The consent becomes valid only then.
    error ConsentNotYetValid(bytes32 consentId, uint256 validFrom);
    /// @notice The consent was valid until then.
    error ConsentExpired(bytes32 consentId, uint256 validUntil);
    /// @notice The consent is for another grantee.
    error ConsentForOtherGrantee(bytes32 consentId, address expected, address got);
    /// @notice The consent is for another model or class of models, another purpose or another record; what it is for
    /// is in its event.
    error ConsentForOtherUse(bytes32 consentId, bytes32 modelId, bytes32 purpose, uint256 record);
    /// @notice The consent was granted already.
    error ConsentGrantedAlready(bytes32 consentId);
    /// @notice Only the patient may do this without a signature.
    error NotThePatient(address patient, address caller);
    /// @notice The signature is not the patient's.
    error InvalidConsentSignature(bytes32 consentId, address patient);
    /// @notice There is no such kind of scope.
    error UnknownScopeKind(uint8 got);
    /// @notice A consent to any approved model has the scope zero.
    error ScopeNotZero(bytes32 got);
    /// @notice The consent ends before it begins.
    error EmptyValidity(uint256 validFrom, uint256 validUntil);

    /// @notice Grants a consent. For the patient.
    /// @param consent The consent.
    /// @return consentId Its identity.
    function grant(Consent calldata consent) external returns (bytes32 consentId);

    /// @notice Grants a consent that the patient has signed. Anyone may bring it.
    /// @param consent The consent.
    /// @param signature The patient's over the EIP-712 hash, which is the consent's identity; or whatever the patient's
    /// wallet accepts (EIP-1271).
    /// @return consentId Its identity.
    function grantBySig(Consent calldata consent, bytes calldata signature) external returns (bytes32 consentId);

    /// @notice Revokes a consent for good, also before it was granted. For the patient.
    /// @param consent The consent.
    function revoke(Consent calldata consent) external;

    /// @notice Revokes a consent with the patient's signature. Anyone may bring it.
    /// @param consent The consent.
    /// @param signature The patient's over `revocationHash(consentId)`.
    function revokeBySig(Consent calldata consent, bytes calldata signature) external;

    /// @notice The EIP-712 hash of a consent in this contract on this chain.
    /// @param consent The consent.
    /// @return The consent's identity.
    function consentIdOf(Consent calldata consent) external view returns (bytes32);

    /// @notice What a patient signs to revoke a consent.
    /// @param consentId Its identity.
    /// @return The EIP-712 hash of `Revocation(bytes32 consentId)`.
    function revocationHash(bytes32 consentId) external view returns (bytes32);

    /// @notice Returns if the consent is live and covers the use, and reverts with a named error otherwise.
    /// @param consentId Its identity.
    /// @param usage What it is wanted for.
    function requireLive(bytes32 consentId, ConsentUse calldata usage) external view;
}
