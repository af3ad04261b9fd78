// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {G1Point} from "../types/G1Point.sol";
import {Bn254} from "./Bn254.sol";
import {G2Multiples} from "./G2Multiples.sol";
import {
    G1_SIZE,
    G2_SIZE,
    KEY_ALPHA,
    KEY_BETA,
    KEY_CEREMONY,
    KEY_DELTA_1,
    KEY_DELTA_2,
    KEY_DELTA_W,
    KEY_GAMMA,
    KEY_HEADER_SIZE,
    KEY_IC,
    KEY_MAGIC,
    KEY_MAX_CHALLENGES,
    KEY_MAX_WORDS,
    KEY_MIN_RECORD_WORDS,
    KEY_MIN_WORDS,
    KEY_SETUP_DIGEST,
    KEY_SINGLE_PARTY,
    KEY_VERSION,
    KeyCodec
} from "./KeyCodec.sol";

/// @title What a verification key is refused for
/// @notice A key with related or guessable divisors lets anyone prove anything, so a key is checked before it is stored.
library KeyRules {
    /// @notice The key's length does not fit its header.
    error KeyLength(uint256 expected, uint256 got);
    /// @notice The key does not begin with `zkdx-vk` and a zero byte.
    error KeyMagic();
    /// @notice A version that these contracts do not know.
    error KeyVersion(uint256 got);
    /// @notice The setup is neither 0 (single party) nor 1 (ceremony).
    error KeySetup(uint256 got);
    /// @notice The setup digest names a ceremony's transcript: zero for a single party, and only then.
    error KeySetupDigest(bytes32 got);
    /// @notice The number of challenges is not between 1 and 8.
    error KeyChallenges(uint256 got);
    /// @notice The number of statement words is not between 2 and 64.
    error KeyWords(uint256 got);
    /// @notice The number of records does not divide that of statement words into two or more each.
    error KeyRecords(uint256 words, uint256 got);
    /// @notice The header's last 12 bytes are not zero.
    error KeyReserved();
    /// @notice The point at this offset is the point at infinity.
    error KeyPointAtInfinity(uint256 offset);
    /// @notice The G1 point at this offset is not on the curve, or a coordinate is not reduced.
    error KeyPointNotOnCurve(uint256 offset);
    /// @notice A G2 point is not in G2: a coordinate not reduced, off the curve or outside the subgroup.
    error KeyPointNotInG2();
    /// @notice Two of β, γ, δ_W, δ_1, δ_2 are equal or opposite.
    error KeyDivisorsRelated(uint256 firstOffset, uint256 secondOffset);
    /// @notice The point at this offset is plus or minus `multiple` times the generator of its group.
    error KeySmallMultiple(uint256 offset, uint256 multiple);

    /// @notice Reverts with the first reason to refuse the key.
    /// @param key The verification key's bytes.
    function check(bytes calldata key) internal view {
        uint256 icPoints = _checkHeader(key);
        _checkG1(key, KEY_ALPHA);
        for (uint256 i; i < icPoints; ++i) {
            _checkG1(key, KEY_IC + i * G1_SIZE);
        }
        uint256[5] memory offsets = [KEY_BETA, KEY_GAMMA, KEY_DELTA_W, KEY_DELTA_1, KEY_DELTA_2];
        _checkG2(key, offsets);
        _checkRelations(key, offsets);
        _checkAlpha(key);
        for (uint256 i; i < offsets.length; ++i) {
            _checkMultiples(key, offsets[i]);
        }
    }

    /// @dev Returns the number of IC points.
    function _checkHeader(bytes calldata key) private pure returns (uint256) {
        if (key.length < KEY_HEADER_SIZE) revert KeyLength(KEY_HEADER_SIZE, key.length);
        uint256 header = _word(key, 0);
        (uint256 magic, uint256 version, uint256 setup, uint256 reserved) = KeyCodec.preamble(header);
        if (magic != KEY_MAGIC) revert KeyMagic();
        if (version != KEY_VERSION) revert KeyVersion(version);
        if (setup != KEY_SINGLE_PARTY && setup != KEY_CEREMONY) revert KeySetup(setup);
        if (reserved != 0) revert KeyReserved();

        (uint256 words, uint256 challenges, uint256 records) = KeyCodec.shape(header);
        if (challenges == 0 || challenges > KEY_MAX_CHALLENGES) revert KeyChallenges(challenges);
        if (words < KEY_MIN_WORDS || words > KEY_MAX_WORDS) revert KeyWords(words);
        if (!_sharesWords(words, records)) revert KeyRecords(words, records);
        uint256 expected = KeyCodec.lengthOf(words, challenges);
        if (key.length != expected) revert KeyLength(expected, key.length);

        bytes32 setupDigest = bytes32(_word(key, KEY_SETUP_DIGEST));
        if ((setupDigest == 0) != (setup == KEY_SINGLE_PARTY)) revert KeySetupDigest(setupDigest);
        return 1 + words + challenges;
    }

    /// @dev Every record has as many words as every other, and at least two.
    function _sharesWords(uint256 words, uint256 records) private pure returns (bool) {
        return records != 0 && words % records == 0 && words / records >= KEY_MIN_RECORD_WORDS;
    }

    function _checkG1(bytes calldata key, uint256 offset) private pure {
        (uint256 x, uint256 y) = (_word(key, offset), _word(key, offset + 32));
        if (x == 0 && y == 0) revert KeyPointAtInfinity(offset);
        if (!Bn254.isOnCurve(x, y)) revert KeyPointNotOnCurve(offset);
    }

    /// @dev Pairs each point with the generator of G1. Only success matters: the precompile fails unless every point is
    /// on the curve, in the subgroup and reduced. The product is whatever it is.
    function _checkG2(bytes calldata key, uint256[5] memory offsets) private view {
        bytes memory pairs;
        for (uint256 i; i < offsets.length; ++i) {
            bytes calldata point = key[offsets[i]:offsets[i] + G2_SIZE];
            if (keccak256(point) == keccak256(new bytes(G2_SIZE))) revert KeyPointAtInfinity(offsets[i]);
            pairs = bytes.concat(pairs, bytes32(uint256(1)), bytes32(uint256(2)), point);
        }
        uint256 pointer;
        assembly ("memory-safe") {
            pointer := add(pairs, 0x20) // behind the length word
        }
        if (!Bn254.arePairs(pointer, offsets.length)) revert KeyPointNotInG2();
    }

    /// @dev On the curve, equal x means equal or opposite.
    function _checkRelations(bytes calldata key, uint256[5] memory offsets) private pure {
        for (uint256 i; i < offsets.length; ++i) {
            for (uint256 j = i + 1; j < offsets.length; ++j) {
                if (_xDigest(key, offsets[i]) == _xDigest(key, offsets[j])) {
                    revert KeyDivisorsRelated(offsets[i], offsets[j]);
                }
            }
        }
    }

    /// @dev Whoever knows α, like whoever knows β, can cancel e(α, β) and state anything.
    function _checkAlpha(bytes calldata key) private view {
        uint256 x = _word(key, KEY_ALPHA);
        G1Point memory generator = G1Point(1, 2);
        G1Point memory multiple = G1Point(1, 2);
        for (uint256 k = 1; k <= G2Multiples.COUNT; ++k) {
            if (x == multiple.x) revert KeySmallMultiple(KEY_ALPHA, k);
            multiple = Bn254.add(multiple, generator);
        }
    }

    /// @dev γ alone may be the generator itself, as it is after a ceremony.
    function _checkMultiples(bytes calldata key, uint256 offset) private pure {
        bytes memory xs = G2Multiples.X_COORDINATES;
        bytes32 digest = _xDigest(key, offset);
        for (uint256 k = 1; k <= G2Multiples.COUNT; ++k) {
            bytes32 multiple;
            // The 64 bytes of x(k·G₂) behind the length word of `xs`.
            assembly ("memory-safe") {
                multiple := keccak256(add(xs, sub(shl(6, k), 0x20)), 0x40)
            }
            if (digest != multiple) continue;
            bool isGenerator = k == 1 && _word(key, offset + 64) == G2Multiples.GENERATOR_Y1
                && _word(key, offset + 96) == G2Multiples.GENERATOR_Y0;
            if (offset != KEY_GAMMA || !isGenerator) revert KeySmallMultiple(offset, k);
        }
    }

    /// @dev Digest of a G2 point's x coordinate.
    function _xDigest(bytes calldata key, uint256 offset) private pure returns (bytes32) {
        return keccak256(key[offset:offset + 64]);
    }

    function _word(bytes calldata key, uint256 offset) private pure returns (uint256) {
        return uint256(bytes32(key[offset:offset + 32]));
    }
}
