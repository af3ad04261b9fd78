// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {G1Point} from "./G1Point.sol";

/// @notice A registered model.
/// @param owner Who registered it or took it over: sets its successor, may revoke it, and is paid by the market.
/// @param registeredAt Block time of the registration.
/// @param revokedAt Block time of the revocation, 0 while the model is in use.
/// @param keyDigest Keccak of the verification key.
/// @param weightCommitment D_W.
/// @param metadataDigest Digest of the model card.
struct Model {
    address owner;
    uint48 registeredAt;
    uint48 revokedAt;
    bytes32 keyDigest;
    G1Point weightCommitment;
    bytes32 metadataDigest;
}
