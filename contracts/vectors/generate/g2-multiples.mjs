// Writes the constants of sol/libraries/G2Multiples.sol.
import * as e from './encodings.mjs';

export function g2Multiples() {
  const points = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n].map((k) => Buffer.from(e.encodeG2(e.times(e.G2.BASE, k))).toString('hex'));
  const lines = points.map((p) => `        hex"${p.slice(0, 128)}"`).join('\n');
  return `// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Small multiples of the generator of G2
/// @notice Written by vectors/generate/g2-multiples.mjs; do not edit.
library G2Multiples {
    /// @dev How many multiples there are: k = 1 … COUNT.
    uint256 internal constant COUNT = 8;

    /// @dev \`x.c1 ‖ x.c0\` of k·G₂ for k = 1 … 8, 64 bytes each. −k·G₂ has the same x.
    // forgefmt: disable-next-item
    bytes internal constant X_COORDINATES =
${lines};

    /// @dev \`y.c1\` and \`y.c0\` of G₂ itself.
    uint256 internal constant GENERATOR_Y1 = 0x${points[0].slice(128, 192)};
    uint256 internal constant GENERATOR_Y0 = 0x${points[0].slice(192)};
}
`;
}
