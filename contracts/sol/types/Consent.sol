// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

// What `scope` means: one model, every model of one verification key (of one architecture and setup), or every model
// that is approved, for which `scope` is zero.
uint8 constant SCOPE_MODEL = 0;
uint8 constant SCOPE_KEY = 1;
uint8 constant SCOPE_APPROVED = 2;

/// @notice What a patient consents to.
/// @param patient Whose signature it needs: an account, best one made for this consent alone.
/// @param grantee Who may use it: the submitter of a diagnosis. Zero for anyone.
/// @param purpose What for; a log of diagnoses says which purpose it serves.
/// @param scopeKind 0 one model, 1 the models of one key, 2 any approved model.
/// @param scope The model's identity, the key's digest, or zero.
/// @param record Commitment of the one record that may be used. Zero for any that the grantee may have.
/// @param validFrom The first second at which it is valid.
/// @param validUntil The first second at which it is not valid any more.
/// @param salt Random; without it, whoever guesses the rest could recognise the consent by its identity.
struct Consent {
    address patient;
    address grantee;
    bytes32 purpose;
    uint8 scopeKind;
    bytes32 scope;
    uint256 record;
    uint40 validFrom;
    uint40 validUntil;
    bytes32 salt;
}
