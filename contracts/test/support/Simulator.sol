// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Bn254} from "../../sol/libraries/Bn254.sol";
import {Transcript} from "../../sol/libraries/Transcript.sol";
import {Claim} from "../../sol/types/Claim.sol";
import {G1Point} from "../../sol/types/G1Point.sol";
import {Json} from "./Json.sol";
import {vm} from "./Vm.sol";

/// @notice The discrete logarithms behind a key and a model of vectors/proofs.json.
struct Trapdoor {
    uint256 alpha;
    uint256 beta;
    uint256 gamma;
    uint256 deltaW;
    uint256 delta1;
    uint256 delta2;
    uint256[] ic;
    uint256 weights;
}

/// @notice A prover's free choices. Points of G2 come from the vectors, since no precompile multiplies there.
struct Coins {
    uint256 a;
    uint256 firstRound;
    uint256 g2Index;
}

/// @notice A point of G2 with its logarithm.
struct G2Log {
    uint256 log;
    bytes point;
}

/// @title Proofs from a trapdoor
/// @notice Proves any statement about a key whose logarithms are known, by solving the verifier's equation for C.
library Simulator {
    using Json for string;

    function trapdoorAt(string memory json, string memory path) internal pure returns (Trapdoor memory t) {
        t.alpha = json.number(path, ".trapdoor.alpha");
        t.beta = json.number(path, ".trapdoor.beta");
        t.gamma = json.number(path, ".trapdoor.gamma");
        t.deltaW = json.number(path, ".trapdoor.delta_w");
        t.delta1 = json.number(path, ".trapdoor.delta_1");
        t.delta2 = json.number(path, ".trapdoor.delta_2");
        t.ic = json.numbers(path, ".trapdoor.ic");
        t.weights = json.number(path, ".trapdoor.weights");
    }

    function g2At(string memory json, uint256 index) internal pure returns (G2Log memory) {
        string memory path = Json.entry("g2_points", index);
        return G2Log(json.number(path, ".log"), json.blob(path, ".point"));
    }

    /// @dev A proof that `claim` and `words` are accepted under the trapdoor's key.
    function prove(
        string memory json,
        Trapdoor memory t,
        Claim memory claim,
        uint256[] memory words,
        Coins memory coins
    ) internal view returns (bytes memory) {
        return proveWith(t, g2At(json, coins.g2Index), claim, words, coins);
    }

    /// @dev The same with a point of G2 that has been read before.
    function proveWith(
        Trapdoor memory t,
        G2Log memory g2,
        Claim memory claim,
        uint256[] memory words,
        Coins memory coins
    ) internal view returns (bytes memory) {
        G1Point memory d1 = times(coins.firstRound);
        uint256 left = mulmod(coins.a, g2.log, Bn254.R);
        uint256 publicSum = _publicSum(t, words, _seed(claim, d1, words));
        G1Point memory c = times(_solve(t, left, publicSum, coins.firstRound));
        return bytes.concat(abi.encode(times(coins.a)), g2.point, abi.encode(c, d1));
    }

    /// @dev (5·A, B/5, C, D_1): another proof of the same statement, made without any secret but B's double in the file.
    function rerandomise(string memory json, bytes memory proof, uint256 g2Index) internal view returns (bytes memory) {
        bytes memory a = new bytes(64);
        bytes memory rest = new bytes(128);
        for (uint256 i; i < 64; ++i) {
            (a[i], rest[i], rest[i + 64]) = (proof[i], proof[i + 192], proof[i + 256]);
        }
        (uint256 x, uint256 y) = abi.decode(a, (uint256, uint256));
        bytes memory fifth = json.blob(Json.entry("g2_points", g2Index), ".fifth");
        return bytes.concat(abi.encode(Bn254.mul(G1Point(x, y), 5)), fifth, rest);
    }

    function times(uint256 scalar) internal view returns (G1Point memory) {
        return Bn254.mul(G1Point(1, 2), scalar);
    }

    function inverse(uint256 value) internal view returns (uint256) {
        (bool success, bytes memory result) = address(5).staticcall(abi.encode(32, 32, 32, value, Bn254.R - 2, Bn254.R));
        vm.assertEq(success, true, "modexp");
        return abi.decode(result, (uint256));
    }

    /// @dev The page's formula once more, without the contracts' assembly.
    function _seed(Claim memory claim, G1Point memory d1, uint256[] memory words) private pure returns (bytes32) {
        bytes memory bound = abi.encode(
            Transcript.TAG_TRANSCRIPT, claim.contextDigest, claim.keyDigest, claim.modelId, claim.weightCommitment, d1
        );
        return keccak256(abi.encodePacked(bound, words));
    }

    function _publicSum(Trapdoor memory t, uint256[] memory words, bytes32 seed) private pure returns (uint256 sum) {
        sum = t.ic[0];
        for (uint256 i = 1; i < t.ic.length; ++i) {
            bool isWord = i <= words.length;
            uint256 value = isWord ? words[i - 1] : uint256(keccak256(abi.encode(seed, i - 1 - words.length))) % Bn254.R;
            sum = addmod(sum, mulmod(value, t.ic[i], Bn254.R), Bn254.R);
        }
    }

    /// @dev c = (a·b − α·β − ic·γ − d_W·δ_W − d_1·δ_1) / δ_2.
    function _solve(Trapdoor memory t, uint256 left, uint256 publicSum, uint256 firstRound)
        private
        view
        returns (uint256)
    {
        uint256 right = mulmod(t.alpha, t.beta, Bn254.R);
        right = addmod(right, mulmod(publicSum, t.gamma, Bn254.R), Bn254.R);
        right = addmod(right, mulmod(t.weights, t.deltaW, Bn254.R), Bn254.R);
        right = addmod(right, mulmod(firstRound, t.delta1, Bn254.R), Bn254.R);
        return mulmod(addmod(left, Bn254.R - right, Bn254.R), inverse(t.delta2), Bn254.R);
    }
}
