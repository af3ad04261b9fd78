// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IConsentRegistry} from "./interfaces/IConsentRegistry.sol";
import {Consent, SCOPE_APPROVED, SCOPE_KEY, SCOPE_MODEL} from "./types/Consent.sol";
import {ConsentUse} from "./types/ConsentUse.sol";

/// @title Consents of patients
/// @notice A consent's identity is its EIP-712 hash, so it belongs to this chain and this contract and needs the
/// patient's key. It can be granted once and revoked once, for good, by the patient and nobody else. The patient is in
/// the hash alone, neither in storage nor in an event; who revokes shows the consent again.
contract ConsentRegistry is IConsentRegistry, EIP712 {
    bytes32 private constant CONSENT_TYPE = keccak256(
        "Consent(address patient,address grantee,bytes32 purpose,uint8 scopeKind,bytes32 scope,uint256 record,uint40 validFrom,uint40 validUntil,bytes32 salt)"
    );
    bytes32 private constant REVOCATION_TYPE = keccak256("Revocation(bytes32 consentId)");

    uint8 private constant GRANTED = 1;
    uint8 private constant REVOKED = 2;

    /// @dev What a use is compared with: two slots. `uses` is the hash of purpose, scope and record: a purpose may not
    /// be exchanged any more than a model, and three words would be three slots.
    struct Terms {
        address grantee;
        uint40 validFrom;
        uint40 validUntil;
        uint8 state;
        uint8 shape;
        bytes32 uses;
    }

    /// @dev In `shape`, beside the kind of scope: the consent is for one record.
    uint8 private constant ONE_RECORD = 4;

    mapping(bytes32 consentId => Terms) private _terms;

    constructor() EIP712("zkdx consents", "1") {}

    /// @inheritdoc IConsentRegistry
    function grant(Consent calldata consent) external returns (bytes32 consentId) {
        if (msg.sender != consent.patient) revert NotThePatient(consent.patient, msg.sender);
        consentId = consentIdOf(consent);
        _grant(consentId, consent);
    }

    /// @inheritdoc IConsentRegistry
    function grantBySig(Consent calldata consent, bytes calldata signature) external returns (bytes32 consentId) {
        consentId = consentIdOf(consent);
        _requireSignature(consentId, consent.patient, consentId, signature);
        _grant(consentId, consent);
    }

    /// @inheritdoc IConsentRegistry
    function revoke(Consent calldata consent) external {
        if (msg.sender != consent.patient) revert NotThePatient(consent.patient, msg.sender);
        _revoke(consentIdOf(consent));
    }

    /// @inheritdoc IConsentRegistry
    function revokeBySig(Consent calldata consent, bytes calldata signature) external {
        bytes32 consentId = consentIdOf(consent);
        _requireSignature(consentId, consent.patient, revocationHash(consentId), signature);
        _revoke(consentId);
    }

    /// @inheritdoc IConsentRegistry
    function requireLive(bytes32 consentId, ConsentUse calldata usage) external view {
        Terms memory terms = _terms[consentId];
        if (terms.state == REVOKED) revert ConsentRevoked(consentId);
        if (terms.state != GRANTED) revert UnknownConsent(consentId);
        if (block.timestamp < terms.validFrom) revert ConsentNotYetValid(consentId, terms.validFrom);
        if (block.timestamp >= terms.validUntil) revert ConsentExpired(consentId, terms.validUntil);
        if (terms.grantee != address(0) && terms.grantee != usage.grantee) {
            revert ConsentForOtherGrantee(consentId, terms.grantee, usage.grantee);
        }
        if (terms.uses != _usesOf(terms.shape, usage)) {
            revert ConsentForOtherUse(consentId, usage.modelId, usage.purpose, usage.record);
        }
    }

    /// @inheritdoc IConsentRegistry
    function consentIdOf(Consent calldata consent) public view returns (bytes32) {
        // A struct of static members is encoded member after member, as EIP-712 has it.
        return _hashTypedDataV4(keccak256(abi.encode(CONSENT_TYPE, consent)));
    }

    /// @inheritdoc IConsentRegistry
    function revocationHash(bytes32 consentId) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(REVOCATION_TYPE, consentId)));
    }

    function _grant(bytes32 consentId, Consent calldata consent) private {
        Terms storage terms = _terms[consentId];
        if (terms.state == GRANTED) revert ConsentGrantedAlready(consentId);
        if (terms.state == REVOKED) revert ConsentRevoked(consentId);
        _requireWellFormed(consentId, consent);
        terms.grantee = consent.grantee;
        (terms.validFrom, terms.validUntil) = (consent.validFrom, consent.validUntil);
        terms.state = GRANTED;
        terms.shape = consent.record == 0 ? consent.scopeKind : consent.scopeKind | ONE_RECORD;
        terms.uses = _uses(consent.purpose, consent.scope, consent.record);
        _emitGranted(consentId, consent);
    }

    function _emitGranted(bytes32 consentId, Consent calldata consent) private {
        emit ConsentGranted(
            consentId,
            consent.grantee,
            consent.purpose,
            consent.scopeKind,
            consent.scope,
            consent.record,
            consent.validFrom,
            consent.validUntil
        );
    }

    function _revoke(bytes32 consentId) private {
        Terms storage terms = _terms[consentId];
        if (terms.state == REVOKED) revert ConsentRevoked(consentId);
        terms.state = REVOKED;
        emit ConsentWithdrawn(consentId);
    }

    function _requireWellFormed(bytes32 consentId, Consent calldata consent) private view {
        if (consent.scopeKind > SCOPE_APPROVED) revert UnknownScopeKind(consent.scopeKind);
        if (consent.scopeKind == SCOPE_APPROVED && consent.scope != 0) revert ScopeNotZero(consent.scope);
        if (consent.validFrom >= consent.validUntil) revert EmptyValidity(consent.validFrom, consent.validUntil);
        if (block.timestamp >= consent.validUntil) revert ConsentExpired(consentId, consent.validUntil);
    }

    function _requireSignature(bytes32 consentId, address patient, bytes32 hash, bytes calldata signature)
        private
        view
    {
        bool valid = SignatureChecker.isValidSignatureNowCalldata(patient, hash, signature);
        if (!valid) revert InvalidConsentSignature(consentId, patient);
    }

    /// @dev What the consent would have to be for, to cover the usage.
    function _usesOf(uint8 shape, ConsentUse calldata usage) private pure returns (bytes32) {
        uint256 kind = shape & (ONE_RECORD - 1);
        bytes32 scope = kind == SCOPE_MODEL ? usage.modelId : kind == SCOPE_KEY ? usage.keyDigest : bytes32(0);
        return _uses(usage.purpose, scope, shape & ONE_RECORD == 0 ? 0 : usage.record);
    }

    function _uses(bytes32 purpose, bytes32 scope, uint256 record) private pure returns (bytes32) {
        return keccak256(abi.encode(purpose, scope, record));
    }
}
