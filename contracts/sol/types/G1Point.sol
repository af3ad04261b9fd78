// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @notice A point of BN254's G1 in affine coordinates; (0, 0) is the point at infinity (EIP-196).
struct G1Point {
    uint256 x;
    uint256 y;
}
