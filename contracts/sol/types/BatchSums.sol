// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {G1Point} from "./G1Point.sol";

/// @notice What is known of a batch while its proofs are added up; the sums are those of the key at hand, and negative.
/// @param next Where in memory the next pair goes.
/// @param key Where in memory the key at hand lies.
/// @param scalars What each point of IC is multiplied by; the first is also what α is multiplied by.
/// @param firstRound −Σ ρ_i · D_1,i
/// @param last −Σ ρ_i · C_i
/// @param weightSum −Σ ρ_i · D_W,i of the weights before those at hand.
/// @param weights D_W of the proof added last.
/// @param weightScalar What it is still to be multiplied by.
struct BatchSums {
    uint256 next;
    uint256 key;
    uint256[] scalars;
    G1Point firstRound;
    G1Point last;
    G1Point weightSum;
    G1Point weights;
    uint256 weightScalar;
}
