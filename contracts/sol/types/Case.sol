// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @notice One record with its outcome, and where this may be used.
/// @param consentId The patient's consent that covers this diagnosis.
/// @param nonce Chosen by the submitter; with model, record and consent it makes the case unique.
/// @param policy 0 if every record entry lay in the calibrated range, 1 if entries were saturated on demand.
/// @param words The record commitment, then the outcome words; each below the scalar field's order.
struct Case {
    bytes32 consentId;
    bytes32 nonce;
    uint256 policy;
    uint256[] words;
}
