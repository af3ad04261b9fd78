// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {G1Point} from "../types/G1Point.sol";

/// @title BN254 through the precompiles of EIP-196 and EIP-197
/// @notice Each call gets a bounded amount of gas, and reverts with a named error when the precompile fails, runs out of
/// gas or does not exist. A failing precompile burns all that it was given, hence the bound.
library Bn254 {
    /// @dev Order of the scalar field.
    uint256 internal constant R = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001;
    /// @dev Order of the base field.
    uint256 internal constant Q = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47;

    // Twice the price of EIP-1108: a contract that cannot be changed must outlive a moderate repricing, and a failing
    // call must still cost little. A call that succeeds is charged the price, not the bound.
    // Plain numbers, because assembly takes no other constants.
    uint256 private constant ADD_GAS = 300;
    uint256 private constant MUL_GAS = 12000;
    uint256 private constant PAIRING_BASE_GAS = 90000;
    uint256 private constant PAIRING_PAIR_GAS = 68000;

    /// @dev Bytes of one pair, a G1 and a G2 point.
    uint256 internal constant PAIR_SIZE = 192;

    /// @notice The addition precompile failed: a point that is not on the curve, or too little gas.
    error AdditionFailed();
    /// @notice The multiplication precompile failed: a point that is not on the curve, or too little gas.
    error MultiplicationFailed();
    /// @notice The pairing precompile failed: a point off its curve or outside its subgroup, or too little gas.
    error PairingFailed();

    /// @notice Adds two points.
    /// @param a First point.
    /// @param b Second point.
    /// @return sum a + b.
    function add(G1Point memory a, G1Point memory b) internal view returns (G1Point memory sum) {
        bool success;
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            mcopy(scratch, a, 0x40)
            mcopy(add(scratch, 0x40), b, 0x40)
            success := staticcall(ADD_GAS, 0x06, scratch, 0x80, sum, 0x40)
            success := and(success, eq(returndatasize(), 0x40))
        }
        if (!success) revert AdditionFailed();
    }

    /// @notice Multiplies a point.
    /// @param point The point.
    /// @param scalar Any number; the result is that of its residue modulo R.
    /// @return product scalar · point.
    function mul(G1Point memory point, uint256 scalar) internal view returns (G1Point memory product) {
        mulAddAssign(product, _pointerOf(point), scalar);
    }

    /// @notice Adds a multiple of a point to a sum in place: sum ← sum + scalar · point.
    /// @param sum The sum.
    /// @param pointer Where in memory the 64 bytes of the point lie.
    /// @param scalar Any number.
    function mulAddAssign(G1Point memory sum, uint256 pointer, uint256 scalar) internal view {
        bool multiplied;
        bool added;
        // The inner loop of a verification, so both calls share one scratch area in free memory: `sum ‖ point ‖ scalar`,
        // where the product replaces the point and `sum ‖ product` is the input of the addition. An address without
        // code succeeds with nothing, hence the look at the size of the answer.
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            let point := add(scratch, 0x40)
            mcopy(scratch, sum, 0x40)
            mcopy(point, pointer, 0x40)
            mstore(add(scratch, 0x80), scalar)
            multiplied := staticcall(MUL_GAS, 0x07, point, 0x60, point, 0x40)
            multiplied := and(multiplied, eq(returndatasize(), 0x40))
            added := staticcall(ADD_GAS, 0x06, scratch, 0x80, sum, 0x40)
            added := and(added, eq(returndatasize(), 0x40))
        }
        if (!multiplied) revert MultiplicationFailed();
        if (!added) revert AdditionFailed();
    }

    /// @notice Multiplies a point in place.
    /// @param pointer Where in memory the 64 bytes of the point lie.
    /// @param scalar Any number.
    function scale(uint256 pointer, uint256 scalar) internal view {
        bool success;
        assembly ("memory-safe") {
            let scratch := mload(0x40)
            mcopy(scratch, pointer, 0x40)
            mstore(add(scratch, 0x40), scalar)
            success := staticcall(MUL_GAS, 0x07, scratch, 0x60, pointer, 0x40)
            success := and(success, eq(returndatasize(), 0x40))
        }
        if (!success) revert MultiplicationFailed();
    }

    /// @notice Whether the product of the pairings of `count` pairs is one.
    /// @param pointer Where in memory the pairs lie, 192 bytes each.
    /// @param count Number of pairs.
    /// @return True if the product is one.
    function pairingIsOne(uint256 pointer, uint256 count) internal view returns (bool) {
        (bool success, uint256 result) = _pairing(pointer, count);
        if (!success) revert PairingFailed();
        return result == 1;
    }

    /// @notice Whether `count` pairs are points of G1 and G2, whatever their product.
    /// @param pointer Where in memory the pairs lie, 192 bytes each.
    /// @param count Number of pairs.
    /// @return success True if all points are valid; false also if gas was too little.
    function arePairs(uint256 pointer, uint256 count) internal view returns (bool success) {
        (success,) = _pairing(pointer, count);
    }

    /// @notice Whether coordinates are those of a point of G1 other than infinity: y² = x³ + 3, both below Q.
    /// @param x First coordinate.
    /// @param y Second coordinate.
    /// @return True if they are.
    function isOnCurve(uint256 x, uint256 y) internal pure returns (bool) {
        if (x >= Q || y >= Q) return false;
        return mulmod(y, y, Q) == addmod(mulmod(mulmod(x, x, Q), x, Q), 3, Q);
    }

    function _pairing(uint256 pointer, uint256 count) private view returns (bool success, uint256 result) {
        uint256 size = count * PAIR_SIZE;
        uint256 bound = PAIRING_BASE_GAS + count * PAIRING_PAIR_GAS;
        // The result goes to the scratch word at 0.
        assembly ("memory-safe") {
            success := staticcall(bound, 0x08, pointer, size, 0x00, 0x20)
            success := and(success, eq(returndatasize(), 0x20))
            result := mload(0x00)
        }
    }

    function _pointerOf(G1Point memory point) private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := point
        }
    }
}
