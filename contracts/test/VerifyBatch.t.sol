// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {IGroth16Verifier} from "../sol/interfaces/IGroth16Verifier.sol";
import {Bn254} from "../sol/libraries/Bn254.sol";
import {G1Point} from "../sol/types/G1Point.sol";
import {BatchFixture} from "./support/BatchFixture.sol";
import {BatchHarness, Batches, ProofBatch} from "./support/Batches.sol";
import {ProofCase} from "./support/Fixture.sol";
import {Json} from "./support/Json.sol";
import {Simulator} from "./support/Simulator.sol";
import {vm} from "./support/Vm.sol";

/// @notice Many proofs in one pairing.
contract VerifyBatchTest is BatchFixture {
    using Batches for ProofBatch;
    using Json for string;

    uint256 private constant C = 192;
    uint256 private constant D_1 = 256;
    uint256 private constant COUNT = 5;

    BatchHarness private _harness;

    function setUp() public override {
        super.setUp();
        _harness = new BatchHarness();
    }

    // Completeness

    function test_accepts_batches_of_any_size() public view {
        ProofBatch memory all = _batch(32);
        uint256[6] memory counts = [uint256(1), 2, 3, 7, 31, 32];
        for (uint256 i; i < counts.length; ++i) {
            ProofBatch memory some = Batches.allocate(counts[i]);
            for (uint256 j; j < counts[i]; ++j) {
                some.set(j, all.claims[j], all.words[j], all.proofs[j]);
            }
            _verify(some);
        }
    }

    /// @dev Twelve keys, each changing after one proof, then every key twice in a row, then keys that alternate.
    function test_accepts_several_keys_in_any_order() public {
        ProofBatch memory batch = Batches.allocate(CASES);
        ProofBatch memory twice = Batches.allocate(2 * CASES);
        ProofBatch memory alternating = Batches.allocate(2 * CASES);
        for (uint256 i; i < CASES; ++i) {
            ProofCase memory c = _case(_json, i);
            _store.register(c.key);
            bytes memory second = _json.blob(c.path, ".second_proof");
            batch.set(i, c.claim, c.words, c.proof);
            twice.set(2 * i, c.claim, c.words, c.proof);
            twice.set(2 * i + 1, c.claim, c.words, second);
            alternating.set(i, c.claim, c.words, c.proof);
            alternating.set(CASES + i, c.claim, c.words, second);
        }
        _verify(batch);
        _verify(twice);
        _verify(alternating);
        alternating.words[CASES][1] ^= 1;
        _refuses(alternating, IGroth16Verifier.ProofRejected.selector);
    }

    /// @dev Weights that change from proof to proof: w, w', w, w, w'.
    function test_accepts_several_models_of_one_key() public view {
        ProofBatch memory batch = _batchOfTwoModels();
        _verify(batch);
    }

    /// @dev Under one key the weights of two models may not be exchanged, though their sum stays.
    function test_refuses_models_exchanged() public {
        ProofBatch memory batch = _batchOfTwoModels();
        (batch.claims[0], batch.claims[1]) = (batch.claims[1], batch.claims[0]);
        _refuses(batch, IGroth16Verifier.ProofRejected.selector);
        (batch.claims[0], batch.claims[1]) = (batch.claims[1], batch.claims[0]);
        (batch.claims[0].weightCommitment, batch.claims[1].weightCommitment) =
        (batch.claims[1].weightCommitment, batch.claims[0].weightCommitment);
        _refuses(batch, IGroth16Verifier.ProofRejected.selector);
    }

    function testFuzz_accepts_what_single_verification_accepts(uint256 count, uint256 word, bytes32 context)
        public
        view
    {
        count = 1 + count % 4;
        ProofCase memory c = _good;
        c.words[0] = word % Bn254.R;
        ProofBatch memory batch = Batches.make(_json, c, count);
        for (uint256 i; i < count; ++i) {
            _verifier.verify(batch.claims[i], batch.words[i], batch.proofs[i]);
        }
        _verify(batch);
        batch.claims[count - 1].contextDigest = context;
        vm.assertEq(_accepts(batch), false, "another context");
    }

    // Soundness: one bad proof, wherever it stands

    function test_refuses_one_bad_proof_at_each_position() public {
        ProofBatch memory good = _batch(COUNT);
        for (uint256 i; i < COUNT; ++i) {
            for (uint256 field; field < 7; ++field) {
                ProofBatch memory batch = good.copy();
                _spoil(batch, i, field);
                _refuses(batch, IGroth16Verifier.ProofRejected.selector);
            }
        }
        _verify(good);
    }

    function test_refuses_proofs_words_or_claims_swapped() public {
        ProofBatch memory good = _batch(COUNT);
        for (uint256 i = 1; i < COUNT; ++i) {
            ProofBatch memory batch = good.copy();
            (batch.proofs[0], batch.proofs[i]) = (batch.proofs[i], batch.proofs[0]);
            _refuses(batch, IGroth16Verifier.ProofRejected.selector);
            batch = good.copy();
            (batch.words[0], batch.words[i]) = (batch.words[i], batch.words[0]);
            _refuses(batch, IGroth16Verifier.ProofRejected.selector);
            batch = good.copy();
            (batch.claims[0], batch.claims[i]) = (batch.claims[i], batch.claims[0]);
            _refuses(batch, IGroth16Verifier.ProofRejected.selector);
            // All three swapped is another order of the same batch.
            (batch.proofs[0], batch.proofs[i]) = (batch.proofs[i], batch.proofs[0]);
            (batch.words[0], batch.words[i]) = (batch.words[i], batch.words[0]);
            _verify(batch);
        }
    }

    function testFuzz_refuses_a_changed_proof_word(uint256 index, uint256 position, uint256 change) public view {
        vm.assume(change != 0);
        ProofBatch memory batch = _batch(3);
        index %= 3;
        position = (position % 10) * 32;
        bytes memory proof = batch.proofs[index];
        batch.proofs[index] = _withWord(proof, position, _wordOf(proof, position) ^ change);
        vm.assertEq(_accepts(batch), false, "accepted");
    }

    // Soundness: several bad proofs that make up for each other

    /// @dev C of one proof plus X and of another minus X: without weights, the errors cancel.
    function test_refuses_errors_that_cancel_without_weights() public {
        ProofBatch memory good = _batch(COUNT);
        uint256[] memory ones = new uint256[](COUNT);
        for (uint256 i; i < COUNT; ++i) {
            ones[i] = 1;
        }
        for (uint256 i; i < COUNT; ++i) {
            ProofBatch memory batch = good.copy();
            uint256 j = (i + 1) % COUNT;
            _shift(batch, i, C, 4711);
            _shift(batch, j, C, Bn254.R - 4711);
            vm.assertEq(_holds(batch, ones), true, "without weights it is accepted");
            _refuses(batch, IGroth16Verifier.ProofRejected.selector);
        }
    }

    /// @dev Errors made to cancel under the weights that the batch had before they were put in.
    function test_refuses_errors_fitted_to_the_weights_of_the_honest_batch() public {
        ProofBatch memory batch = _batch(2);
        uint256[] memory weights = _harness.weightsOf(batch);
        vm.assertEq(weights[0], 1, "the first");
        _shift(batch, 0, C, Bn254.R - weights[1]);
        _shift(batch, 1, C, 1);
        vm.assertEq(_holds(batch, weights), true, "under the old weights it is accepted");
        _refuses(batch, IGroth16Verifier.ProofRejected.selector);
    }

    /// @dev Every part of every claim, list of words and proof changes the weights.
    function test_fiat_shamir_weights_bind_everything() public view {
        ProofBatch memory good = _batch(3);
        uint256 expected = _harness.weightsOf(good)[1];
        vm.assertLe(expected, type(uint128).max, "128 bits");
        for (uint256 i; i < 3; ++i) {
            for (uint256 field; field < 9; ++field) {
                ProofBatch memory batch = good.copy();
                if (field < 7) _spoil(batch, i, field);
                else batch.proofs[i] = _withWord(batch.proofs[i], field == 7 ? 0 : 64, 1);
                uint256 got = _harness.weightsOf(batch)[1];
                vm.assertEq(got == expected, false, "the same weight");
            }
        }
    }

    function _batchOfTwoModels() private view returns (ProofBatch memory batch) {
        batch = Batches.allocate(COUNT);
        string memory json = _json;
        ProofCase memory other = abi.decode(abi.encode(_good), (ProofCase));
        other.claim.weightCommitment = Simulator.times(12345);
        other.claim.modelId = keccak256("another model");
        ProofBatch memory first = Batches.make(json, _good, COUNT);
        ProofBatch memory second = Batches.makeFor(json, other, COUNT, 12345);
        for (uint256 i; i < COUNT; ++i) {
            ProofBatch memory from = i == 1 || i == 4 ? second : first;
            batch.set(i, from.claims[i], from.words[i], from.proofs[i]);
        }
    }

    function _spoil(ProofBatch memory batch, uint256 i, uint256 field) private view {
        if (field == 0) batch.claims[i].contextDigest = bytes32(uint256(1));
        if (field == 1) batch.claims[i].modelId = bytes32(uint256(1));
        if (field == 2) batch.claims[i].weightCommitment = Simulator.times(99);
        if (field == 3) batch.words[i][0] = addmod(batch.words[i][0], 1, Bn254.R);
        if (field == 4) batch.words[i][1] += 1;
        if (field == 5) _shift(batch, i, C, 1);
        if (field == 6) _shift(batch, i, D_1, 1);
    }

    /// @dev Adds `scalar` times the generator to a point of a proof.
    function _shift(ProofBatch memory batch, uint256 i, uint256 offset, uint256 scalar) private view {
        bytes memory proof = batch.proofs[i];
        G1Point memory point = G1Point(_wordOf(proof, offset), _wordOf(proof, offset + 32));
        point = Bn254.add(point, Simulator.times(scalar));
        batch.proofs[i] = _withWord(_withWord(proof, offset, point.x), offset + 32, point.y);
    }

    function _holds(ProofBatch memory batch, uint256[] memory weights) private view returns (bool) {
        return _harness.holds(_good.key, batch, weights);
    }
}
