// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Groth16Verifier} from "../sol/Groth16Verifier.sol";
import {IGroth16Verifier} from "../sol/interfaces/IGroth16Verifier.sol";
import {IVerifyingKeyStore} from "../sol/interfaces/IVerifyingKeyStore.sol";
import {Bn254} from "../sol/libraries/Bn254.sol";
import {VerifyingKeyStore} from "../sol/VerifyingKeyStore.sol";
import {Claim} from "../sol/types/Claim.sol";
import {Fixture, ProofCase} from "./support/Fixture.sol";
import {Json} from "./support/Json.sol";
import {Coins, Simulator, Trapdoor} from "./support/Simulator.sol";
import {vm} from "./support/Vm.sol";

contract Groth16VerifierTest is Fixture {
    using Json for string;

    uint256 private constant A_Y = 32;
    uint256 private constant B = 64;
    uint256 private constant C = 192;
    uint256 private constant D_1 = 256;

    string private _json;
    ProofCase private _good;

    function setUp() public override {
        super.setUp();
        _json = _file();
        _good = _case(_json, CLASS_ONLY);
        _store.register(_good.key);
    }

    // Completeness

    function test_accepts_every_vector() public {
        string memory json = _json;
        for (uint256 i; i < CASES; ++i) {
            ProofCase memory c = _case(json, i);
            _store.register(c.key);
            _verifier.verify(c.claim, c.words, c.proof);
            _verifier.verify(c.claim, c.words, json.blob(c.path, ".second_proof"));
        }
        vm.assertEq(json.has(Json.entry("cases", CASES)), false, "all were tried");
    }

    function testFuzz_accepts_honest_proofs(uint256[2] calldata words, Coins memory coins, bytes32 context)
        public
        view
    {
        ProofCase memory c = _good;
        c.claim.contextDigest = context;
        bytes memory proof;
        (c.words, proof) = _prove(c, words, coins);
        _verifier.verify(c.claim, c.words, proof);
    }

    // Malleability

    /// @dev (5A, B/5, C, D_1) is a proof too: hence nullifiers are no hashes of proofs.
    function test_malleability_a_rerandomised_proof_is_accepted() public view {
        bytes memory other = _json.blob(_good.path, ".rerandomised_proof");
        vm.assertEq(keccak256(other) == keccak256(_good.proof), false, "another proof");
        _verifier.verify(_good.claim, _good.words, other);
    }

    // Soundness: the statement

    function testFuzz_refuses_other_words(uint256 index, uint256 word) public {
        ProofCase memory c = _good;
        index %= c.words.length;
        word %= Bn254.R;
        vm.assume(word != c.words[index]);
        c.words[index] = word;
        _refuses(c, IGroth16Verifier.ProofRejected.selector);
    }

    /// @dev Word + r is the same residue, and would be the same statement twice.
    function test_refuses_words_not_below_r() public {
        uint256[3] memory raised = [_good.words[0] + Bn254.R, Bn254.R, type(uint256).max];
        for (uint256 index; index < 2; ++index) {
            for (uint256 i; i < raised.length; ++i) {
                ProofCase memory c = _good;
                c.words[index] = i == 0 ? c.words[index] + Bn254.R : raised[i];
                vm.expectRevert(abi.encodeWithSelector(IGroth16Verifier.WordNotReduced.selector, index, c.words[index]));
                _verifier.verify(c.claim, c.words, c.proof);
            }
        }
    }

    function test_refuses_another_number_of_words() public {
        uint256[] memory one = new uint256[](1);
        uint256[] memory three = new uint256[](3);
        (one[0], three[0], three[1]) = (_good.words[0], _good.words[0], _good.words[1]);
        vm.expectRevert(abi.encodeWithSelector(IGroth16Verifier.WordCount.selector, 2, 1));
        _verifier.verify(_good.claim, one, _good.proof);
        vm.expectRevert(abi.encodeWithSelector(IGroth16Verifier.WordCount.selector, 2, 3));
        _verifier.verify(_good.claim, three, _good.proof);
        vm.expectRevert(abi.encodeWithSelector(IGroth16Verifier.WordCount.selector, 2, 0));
        _verifier.verify(_good.claim, new uint256[](0), _good.proof);
    }

    /// @dev Four words are one record with three outcome words or two records with one each: the key says which.
    function test_refuses_another_number_of_records() public {
        uint256[2] memory indices = [FOUR_WORDS, TWO_RECORDS];
        for (uint256 i; i < indices.length; ++i) {
            ProofCase memory c = _case(_json, indices[i]);
            _store.register(c.key);
            uint256 records = c.claim.records;
            for (uint256 got; got < 6; ++got) {
                if (got == records) continue;
                c.claim.records = got;
                vm.expectRevert(abi.encodeWithSelector(IGroth16Verifier.RecordCount.selector, records, got));
                _verifier.verify(c.claim, c.words, c.proof);
            }
        }
    }

    // Soundness: what the challenges bind

    function testFuzz_fiat_shamir_binds_model_and_context(bytes32 other) public {
        ProofCase memory c = _good;
        vm.assume(other != c.claim.contextDigest && other != c.claim.modelId);
        c.claim.contextDigest = other;
        _refuses(c, IGroth16Verifier.ProofRejected.selector);
        c.claim.contextDigest = _good.claim.contextDigest;
        c.claim.modelId = other;
        _refuses(c, IGroth16Verifier.ProofRejected.selector);
    }

    function test_refuses_another_weight_commitment() public {
        ProofCase memory c = _good;
        c.claim.weightCommitment = Simulator.times(12345);
        _refuses(c, IGroth16Verifier.ProofRejected.selector);
        c.claim.weightCommitment.x = 0;
        c.claim.weightCommitment.y = 0;
        _refuses(c, IGroth16Verifier.ProofRejected.selector);
        c.claim.weightCommitment.x = 1;
        c.claim.weightCommitment.y = 1;
        _refuses(c, Bn254.PairingFailed.selector);
    }

    function test_refuses_another_key() public {
        ProofCase memory c = _good;
        // Of the same shape, so that only the digest and the points differ.
        c.claim.keyDigest = _store.register(_case(_json, CLASS_ONLY + 1).key);
        _refuses(c, IGroth16Verifier.ProofRejected.selector);
    }

    function test_refuses_an_unknown_key() public {
        ProofCase memory c = _good;
        c.claim.keyDigest = bytes32(uint256(c.claim.keyDigest) ^ 1);
        vm.expectRevert(abi.encodeWithSelector(IVerifyingKeyStore.UnknownKey.selector, c.claim.keyDigest));
        _verifier.verify(c.claim, c.words, c.proof);
    }

    /// @dev A key in someone else's store is unknown: the address is derived from the verifier's own store.
    function test_refuses_a_key_of_another_store() public {
        VerifyingKeyStore other = new VerifyingKeyStore();
        Groth16Verifier verifier = new Groth16Verifier(other);
        vm.expectRevert(abi.encodeWithSelector(IVerifyingKeyStore.UnknownKey.selector, _good.claim.keyDigest));
        verifier.verify(_good.claim, _good.words, _good.proof);
        other.register(_good.key);
        verifier.verify(_good.claim, _good.words, _good.proof);
    }

    // Soundness: the proof

    function testFuzz_refuses_a_changed_proof_word(uint256 position, uint256 change) public view {
        ProofCase memory c = _good;
        vm.assume(change != 0);
        position = (position % 10) * 32;
        c.proof = _withWord(c.proof, position, _wordOf(c.proof, position) ^ change);
        (bool success,) = address(_verifier).staticcall(abi.encodeCall(_verifier.verify, (c.claim, c.words, c.proof)));
        vm.assertEq(success, false, "accepted");
    }

    function test_refuses_points_off_their_curve() public {
        for (uint256 offset; offset < 320; offset += 32) {
            ProofCase memory c = _good;
            c.proof = _withWord(c.proof, offset, _wordOf(c.proof, offset) ^ 1);
            _refuses(c, Bn254.PairingFailed.selector);
        }
    }

    function test_refuses_coordinates_plus_q() public {
        for (uint256 offset; offset < 320; offset += 32) {
            ProofCase memory c = _good;
            c.proof = _withWord(c.proof, offset, _wordOf(c.proof, offset) + Bn254.Q);
            _refuses(c, offset == A_Y ? IGroth16Verifier.CoordinateNotReduced.selector : Bn254.PairingFailed.selector);
        }
    }

    /// @dev The negation of A must not turn (0, q) into the point at infinity, which (0, 0) is.
    function test_refuses_infinity_written_with_q() public {
        ProofCase memory c = _good;
        c.proof = _withWord(_withWord(c.proof, 0, 0), A_Y, Bn254.Q);
        _refuses(c, IGroth16Verifier.CoordinateNotReduced.selector);
        c.proof = _withWord(c.proof, A_Y, 0);
        _refuses(c, IGroth16Verifier.ProofRejected.selector);
    }

    function test_refuses_a_point_outside_the_subgroup() public {
        ProofCase memory c = _good;
        bytes memory stray = _json.blob("", ".outside_subgroup");
        for (uint256 i; i < 128; i += 32) {
            c.proof = _withWord(c.proof, B + i, _wordOf(stray, i));
        }
        _refuses(c, Bn254.PairingFailed.selector);
    }

    function test_refuses_points_swapped_or_opposite() public {
        ProofCase memory c = _good;
        bytes memory swapped = _withWord(c.proof, C, _wordOf(c.proof, D_1));
        swapped = _withWord(swapped, C + 32, _wordOf(c.proof, D_1 + 32));
        swapped = _withWord(swapped, D_1, _wordOf(c.proof, C));
        c.proof = _withWord(swapped, D_1 + 32, _wordOf(c.proof, C + 32));
        _refuses(c, IGroth16Verifier.ProofRejected.selector);

        uint256[3] memory ys = [A_Y, C + 32, D_1 + 32];
        for (uint256 i; i < ys.length; ++i) {
            c.proof = _withWord(_good.proof, ys[i], Bn254.Q - _wordOf(_good.proof, ys[i]));
            _refuses(c, IGroth16Verifier.ProofRejected.selector);
        }
    }

    function test_refuses_another_length() public {
        bytes[4] memory proofs =
            [bytes(""), new bytes(319), bytes.concat(_good.proof, hex"00"), bytes.concat(_good.proof, _good.proof)];
        for (uint256 i; i < proofs.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IGroth16Verifier.ProofLength.selector, proofs[i].length));
            _verifier.verify(_good.claim, _good.words, proofs[i]);
        }
    }

    /// @dev All zero: every point at infinity, so the equation reads e(α, β)·e(IC, γ)·e(D_W, δ_W) = 1.
    function test_refuses_zeros() public {
        ProofCase memory c = _good;
        c.proof = new bytes(320);
        _refuses(c, IGroth16Verifier.ProofRejected.selector);
    }

    // Gas

    /// @dev With too little gas the verifier reverts; it never returns.
    function test_too_little_gas_reverts() public view {
        bytes memory call = abi.encodeCall(_verifier.verify, (_good.claim, _good.words, _good.proof));
        bool enough;
        for (uint256 gasLimit = 5000; gasLimit < 400000; gasLimit += 5000) {
            (bool success,) = address(_verifier).staticcall{gas: gasLimit}(call);
            vm.assertEq(success && gasLimit < 275000, false, "accepted for less than the precompiles cost");
            enough = enough || success;
        }
        vm.assertEq(enough, true, "accepted with enough gas");
    }

    /// @dev A point off the curve burns the precompile's bound, not all the gas there is.
    function test_failing_costs_a_bounded_amount() public view {
        ProofCase memory c = _good;
        c.proof = _withWord(c.proof, 0, 1);
        bytes memory call = abi.encodeCall(_verifier.verify, (c.claim, c.words, c.proof));
        uint256 before = gasleft();
        (bool success,) = address(_verifier).staticcall{gas: 5000000}(call);
        vm.assertEq(success, false, "accepted");
        vm.assertLe(before - gasleft(), 560000, "gas of a refusal");
    }

    function _refuses(ProofCase memory c, bytes4 selector) private {
        vm.expectPartialRevert(selector);
        _verifier.verify(c.claim, c.words, c.proof);
    }

    function _prove(ProofCase memory c, uint256[2] calldata words, Coins memory coins)
        private
        view
        returns (uint256[] memory reduced, bytes memory proof)
    {
        reduced = new uint256[](2);
        (reduced[0], reduced[1]) = (words[0] % Bn254.R, words[1] % Bn254.R);
        coins.g2Index %= 4;
        string memory json = _json;
        Trapdoor memory trapdoor = Simulator.trapdoorAt(json, c.path);
        proof = Simulator.prove(json, trapdoor, c.claim, reduced, coins);
    }
}
