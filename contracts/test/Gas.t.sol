// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Batches, ProofBatch} from "./support/Batches.sol";
import {Diagnosis} from "../sol/types/Diagnosis.sol";
import {Fixture, ProofCase} from "./support/Fixture.sol";
import {LogFixture} from "./support/LogFixture.sol";
import {vm} from "./support/Vm.sol";

/// @notice Gas, compared with snapshots/gas.json. Every measured call is a transaction of its own, so all accounts and
/// slots are cold; `execution` leaves out the 21000 and the calldata that a transaction pays before it runs.
contract GasTest is LogFixture {
    uint256 private constant TRANSACTION = 21000;
    uint256 private constant ZERO_BYTE = 4;
    uint256 private constant OTHER_BYTE = 16;

    function test_gas_code_size() public {
        vm.assertLe(address(_store).code.length, 24576, "code size");
        vm.snapshotValue("gas", "code size ConsentRegistry", address(_consents).code.length);
        vm.snapshotValue("gas", "code size DiagnosisLog", address(_log).code.length);
        vm.snapshotValue("gas", "code size Groth16Verifier", address(_verifier).code.length);
        vm.snapshotValue("gas", "code size ModelRegistry", address(_registry).code.length);
        vm.snapshotValue("gas", "code size VerifierGateway", address(_gateway).code.length);
        vm.snapshotValue("gas", "code size VerifyingKeyStore", address(_store).code.length);
    }

    function test_gas_verify() public {
        for (uint256 i; i < CASES; ++i) {
            ProofCase memory c = _case(_json, i);
            _store.register(c.key);
            uint256 execution = _measureVerify(c);
            if (i == CLASS_ONLY) vm.assertLe(execution, 290000, "a class and two challenges");
        }
    }

    function test_gas_verify_batch() public {
        uint256[4] memory counts = [uint256(1), 2, 8, 32];
        uint256 single = _measureVerify(_good);
        for (uint256 i; i < counts.length; ++i) {
            ProofBatch memory batch = Batches.make(_json, _good, counts[i]);
            bytes memory call = abi.encodeCall(_verifier.verifyBatch, (batch.claims, batch.words, batch.proofs));
            string memory name = string.concat("verify batch of ", vm.toString(counts[i]), ", 2 words 2 challenges");
            uint256 execution = _measure(address(_verifier), call, name);
            if (counts[i] == 32) vm.assertLe(execution * 10, single * 32 * 6, "at most 60 % of as many single ones");
        }
    }

    function test_gas_gateway() public {
        ProofCase memory c = _good;
        bytes memory proof = bytes.concat(_version, c.proof);
        _measure(address(_gateway), abi.encodeCall(_gateway.verify, (c.claim, c.words, proof)), "gateway verify");
        ProofBatch memory batch = Batches.make(_json, c, 32);
        bytes[] memory proofs = Batches.versioned(_version, batch.proofs);
        bytes memory call = abi.encodeCall(_gateway.verifyBatch, (batch.claims, batch.words, proofs));
        _measure(address(_gateway), call, "gateway verify batch of 32");
        vm.prank(GUARDIAN);
        _measure(address(_gateway), abi.encodeCall(_gateway.freeze, (_version)), "freeze version");
    }

    function test_gas_submit() public {
        _measureSubmit("submit 2 words 2 challenges");
        _use(EIGHT_RECORDS);
        _measureSubmit("submit 16 words of 8 records 2 challenges");
        _use(MOST_RECORDS);
        _measureSubmit("submit 64 words of 32 records 2 challenges");
    }

    function test_gas_register() public {
        ProofCase memory c = _case(_json, LARGEST);
        _measure(address(_store), abi.encodeCall(_store.register, (c.key)), "register key 64 words 8 challenges");
        c = _case(_json, CLASS_ONLY + 1);
        _measure(address(_store), abi.encodeCall(_store.register, (c.key)), "register key 2 words 2 challenges");
        bytes memory call =
            abi.encodeCall(_registry.register, (c.claim.keyDigest, c.claim.weightCommitment, c.metadataDigest, ""));
        _measure(address(_registry), call, "register model");
    }

    function _measureVerify(ProofCase memory c) private returns (uint256) {
        bytes memory call = abi.encodeCall(_verifier.verify, (c.claim, c.words, c.proof));
        return _measure(address(_verifier), call, string.concat("verify ", _shape(c)));
    }

    function _measureSubmit(string memory name) private {
        Diagnosis memory d = _diagnosis();
        bytes memory call = abi.encodeCall(_log.submit, (d, _prove(d, SUBMITTER)));
        vm.prank(SUBMITTER);
        _measure(address(_log), call, name);
    }

    function _measure(address target, bytes memory call, string memory name) private returns (uint256 execution) {
        (bool success,) = target.call(call);
        vm.assertEq(success, true, name);
        uint256 transaction = vm.lastCallGas().gasTotalUsed;
        execution = transaction - _intrinsic(call);
        vm.snapshotValue("gas", string.concat(name, ", transaction"), transaction);
        vm.snapshotValue("gas", string.concat(name, ", execution"), execution);
    }

    function _intrinsic(bytes memory call) private pure returns (uint256 gas) {
        gas = TRANSACTION;
        for (uint256 i; i < call.length; ++i) {
            gas += call[i] == 0 ? ZERO_BYTE : OTHER_BYTE;
        }
    }

    function _shape(ProofCase memory c) private pure returns (string memory) {
        uint256 challenges = uint8(c.key[11]);
        string memory words = string.concat(vm.toString(c.words.length), " words");
        if (c.claim.records != 1) words = string.concat(words, " of ", vm.toString(c.claim.records), " records");
        return string.concat(words, " ", vm.toString(challenges), " challenges");
    }
}
