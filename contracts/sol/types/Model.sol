// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {G1Point} from "./G1Point.sol";

/// @notice A registered model.
/// @param owner Who registered it, and may retire it.
/// @param registeredAt Block time of the registration.
/// @param retiredAt Block time of the retirement, 0 while the model is in use.
/// @param keyDigest Keccak of the verification key.
/// @param weightCommitment D_W.
/// @param metadataDigest Digest of the model card.
struct Model {
    address owner;
    uint48 registeredAt;
    uint48 retiredAt;
    bytes32 keyDigest;
    G1Point weightCommitment;
    bytes32 metadataDigest;
}
