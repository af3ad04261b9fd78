// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @notice What somebody wants to use a consent for.
/// @param grantee Who.
/// @param purpose What for.
/// @param modelId Which model.
/// @param keyDigest The verification key of that model. The caller vouches that it is, and that the model is approved.
/// @param record Commitment of the record.
struct ConsentUse {
    address grantee;
    bytes32 purpose;
    bytes32 modelId;
    bytes32 keyDigest;
    uint256 record;
}
