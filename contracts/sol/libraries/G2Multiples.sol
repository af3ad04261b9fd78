// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// @title Small multiples of the generator of G2
/// @notice Written by vectors/generate/g2-multiples.mjs; do not edit.
library G2Multiples {
    /// @dev How many multiples there are: k = 1 … COUNT.
    uint256 internal constant COUNT = 8;

    /// @dev `x.c1 ‖ x.c0` of k·G₂ for k = 1 … 8, 64 bytes each. −k·G₂ has the same x.
    // forgefmt: disable-next-item
    bytes internal constant X_COORDINATES =
        hex"198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c21800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
        hex"203e205db4f19b37b60121b83a7333706db86431c6d835849957ed8c3928ad7927dc7234fd11d3e8c36c59277c3e6f149d5cd3cfa9a62aee49f8130962b4b3b9"
        hex"1014772f57bb9742735191cd5dcfe4ebbc04156b6878a0a7c9824f32ffb66e8506064e784db10e9051e52826e192715e8d7e478cb09a5e0012defa0694fbc7f5"
        hex"290668479e567ad5a2485a93f976d784206f66f690a18c3f5a6d85c29571236f29dddbf86f6a2f47c38063a850ccc442131570e5084c45fd7709b4ddb436e22c"
        hex"0a09ccf561b55fd99d1c1208dee1162457b57ac5af3759d50671e510e428b2a12e539c423b302d13f4e5773c603948eaf5db5df8ae8a9a9113708390a06410d8"
        hex"1b4b60273ae700a7e2ffc04e19e316074a5977c8da56b75675927e2eee23772e1687f985433b446b85eb6d0a574fc152f681c032d27e6207569faca9c8329b96"
        hex"2903ba015a9abde26a5d081e84551e63be0fd4516e46ee6d593edeba46362455224bdc5d4327fcf8ed702e01de1c2f1657a253ba75e32a89c390142aaa28b308"
        hex"03589520df85791604b5a2b720a21139aabdb41949d47779484b0db588bfa69918afc7fd8df1c902383c213b6d989f0066b7eca1388be49721792278984d9a29";

    /// @dev `y.c1` and `y.c0` of G₂ itself.
    uint256 internal constant GENERATOR_Y1 = 0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b;
    uint256 internal constant GENERATOR_Y0 = 0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa;
}
