// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

// Layout of the verification key's bytes, as the encodings page of the book fixes it. Outside of the library, because
// assembly can name constants of a file but not those of a library.

/// @dev `zkdx-vk` and one zero byte.
uint256 constant KEY_MAGIC = 0x7a6b64782d766b00;
uint256 constant KEY_VERSION = 1;

uint256 constant KEY_SINGLE_PARTY = 0;
uint256 constant KEY_CEREMONY = 1;

uint256 constant KEY_MAX_CHALLENGES = 8;
uint256 constant KEY_MIN_WORDS = 2;
uint256 constant KEY_MAX_WORDS = 64;
/// @dev The record commitment and one outcome word.
uint256 constant KEY_MIN_RECORD_WORDS = 2;

uint256 constant KEY_HEADER_SIZE = 32;
uint256 constant KEY_ARCHITECTURE = 32;
uint256 constant KEY_SETUP_DIGEST = 64;
uint256 constant KEY_ALPHA = 96;
uint256 constant KEY_BETA = 160;
uint256 constant KEY_GAMMA = 288;
uint256 constant KEY_DELTA_W = 416;
uint256 constant KEY_DELTA_1 = 544;
uint256 constant KEY_DELTA_2 = 672;
uint256 constant KEY_IC = 800;

/// @dev Bytes of a point of G1.
uint256 constant G1_SIZE = 64;
/// @dev Bytes of a point of G2.
uint256 constant G2_SIZE = 128;

/// @title Reading a verification key's header
library KeyCodec {
    /// @notice Splits the first word of a key, `magic (8) ‖ version (2) ‖ setup (1) ‖ c (1) ‖ n (4) ‖ B (4) ‖
    /// zero (12)`.
    /// @param header The first 32 bytes.
    /// @return magic The magic bytes.
    /// @return version The version.
    /// @return setup 0 single party, 1 ceremony.
    /// @return reserved The bytes that are zero.
    function preamble(uint256 header)
        internal
        pure
        returns (uint256 magic, uint256 version, uint256 setup, uint256 reserved)
    {
        magic = header >> 192;
        version = (header >> 176) & 0xffff;
        setup = (header >> 168) & 0xff;
        reserved = header & type(uint96).max;
    }

    /// @notice The three numbers in the first word of a key that fix its shape.
    /// @param header The first 32 bytes.
    /// @return words n.
    /// @return challenges c.
    /// @return records B; each has n / B of the words.
    function shape(uint256 header) internal pure returns (uint256 words, uint256 challenges, uint256 records) {
        challenges = (header >> 160) & 0xff;
        words = (header >> 128) & 0xffffffff;
        records = (header >> 96) & 0xffffffff;
    }

    /// @notice Length of a key.
    /// @param words n.
    /// @param challenges c.
    /// @return Its length in bytes.
    function lengthOf(uint256 words, uint256 challenges) internal pure returns (uint256) {
        return KEY_IC + G1_SIZE * (1 + words + challenges);
    }
}
