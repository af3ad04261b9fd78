// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Anchor} from "../sol/Anchor.sol";
import {Transcript} from "../sol/libraries/Transcript.sol";
import {Batch} from "../sol/types/Batch.sol";
import {Consent} from "../sol/types/Consent.sol";
import {ConsentUse} from "../sol/types/ConsentUse.sol";
import {Diagnosis} from "../sol/types/Diagnosis.sol";
import {MemberSignature} from "../sol/types/MemberSignature.sol";
import {Request} from "../sol/types/Request.sol";
import {Batches, ProofBatch} from "./support/Batches.sol";
import {Credulous} from "./support/Credulous.sol";
import {Fixture, ProofCase} from "./support/Fixture.sol";
import {MarketFixture} from "./support/MarketFixture.sol";
import {vm} from "./support/Vm.sol";
import {Signatures} from "./support/Wallets.sol";

/// @notice Gas, compared with snapshots/gas.json. Every measured call is a transaction of its own, so all accounts and
/// slots are cold; `execution` leaves out the 21000 and the calldata that a transaction pays before it runs.
contract GasTest is MarketFixture {
    uint256 private constant TRANSACTION = 21000;
    uint256 private constant ZERO_BYTE = 4;
    uint256 private constant OTHER_BYTE = 16;

    function test_gas_code_size() public {
        vm.assertLe(address(_store).code.length, 24576, "code size");
        vm.snapshotValue("gas", "code size ConsentRegistry", address(_consents).code.length);
        vm.snapshotValue("gas", "code size InferenceMarket", address(_market).code.length);
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
        Credulous other = new Credulous();
        call = abi.encodeCall(_gateway.addVerifier, (other.VERSION(), other));
        vm.prank(ADMIN);
        _measure(address(_gateway), call, "add verifier");
    }

    /// @dev After an entry, as a log mostly is: the first of all pays for two fresh slots more.
    function test_gas_submit() public {
        Diagnosis memory first = _diagnosis();
        first.cases[0].nonce = bytes32(uint256(99));
        _submit(first, _prove(first, SUBMITTER));
        _measureSubmit("submit 2 words 2 challenges");
        _measureSubmitBatches();
        _use(EIGHT_RECORDS);
        _measureSubmit("submit 16 words of 8 records 2 challenges");
        _use(MOST_RECORDS);
        _measureSubmit("submit 64 words of 32 records 2 challenges");
    }

    function test_gas_models() public {
        bytes32 id = _registry.register(_good.claim.keyDigest, _good.claim.weightCommitment, 0, "");
        vm.prank(ADMIN);
        bytes memory call = abi.encodeCall(_registry.listAuthority, (GUARDIAN, "Second"));
        _measure(address(_registry), call, "list authority");
        vm.prank(AUTHORITY);
        _measure(address(_registry), abi.encodeCall(_registry.approve, (id, 0, "")), "approve model");
        _measure(address(_registry), abi.encodeCall(_registry.approvedModel, (id)), "approved model");
        vm.prank(AUTHORITY);
        _measure(address(_registry), abi.encodeCall(_registry.withdrawApproval, (id, "")), "withdraw approval");
        vm.prank(ADMIN);
        call = abi.encodeCall(_registry.strikeOffAuthority, (GUARDIAN, ""));
        _measure(address(_registry), call, "strike off authority");
        _measure(address(_registry), abi.encodeCall(_registry.offer, (id, SUBMITTER)), "offer model");
        vm.prank(SUBMITTER);
        _measure(address(_registry), abi.encodeCall(_registry.accept, (id)), "accept model");
        vm.startPrank(SUBMITTER);
        call = abi.encodeCall(_registry.setSuccessor, (id, _good.claim.modelId));
        _measure(address(_registry), call, "set successor");
        _measure(address(_registry), abi.encodeCall(_registry.moveMetadata, (id, "")), "move metadata");
        _measure(address(_registry), abi.encodeCall(_registry.revoke, (id, "")), "revoke model");
        vm.stopPrank();
    }

    function test_gas_consents() public {
        Consent memory c = _consent("measured");
        bytes32 id = _consents.consentIdOf(c);
        bytes memory signature = Signatures.by(PATIENT_KEY, id);
        uint256 snapshot = vm.snapshotState();
        vm.prank(_patient);
        _measure(address(_consents), abi.encodeCall(_consents.grant, (c)), "grant consent");
        vm.revertToState(snapshot);
        _measure(address(_consents), abi.encodeCall(_consents.grantBySig, (c, signature)), "grant consent by signature");
        ConsentUse memory use = ConsentUse(SUBMITTER, PURPOSE, 0, 0, 0);
        _measure(address(_consents), abi.encodeCall(_consents.requireLive, (id, use)), "require live consent");
        signature = Signatures.by(PATIENT_KEY, _consents.revocationHash(id));
        snapshot = vm.snapshotState();
        vm.prank(_patient);
        _measure(address(_consents), abi.encodeCall(_consents.revoke, (c)), "revoke consent");
        vm.revertToState(snapshot);
        bytes memory call = abi.encodeCall(_consents.revokeBySig, (c, signature));
        _measure(address(_consents), call, "revoke consent by signature");
    }

    function test_gas_market() public {
        Request memory r = _requestFor(address(_token), 0);
        vm.prank(PAYER);
        _measure(address(_market), abi.encodeCall(_market.ask, (r)), "ask, paid with a token");
        (Diagnosis memory d, bytes memory proof) = _answer(r, PROVER);
        bytes memory call = abi.encodeCall(_market.fulfil, (_list(r), PROVER, d, proof));
        _measure(address(_market), call, "fulfil request, first entry of a log");
        vm.prank(PROVER);
        _measure(address(_market), abi.encodeCall(_market.withdraw, (address(_token))), "withdraw token");
        r.salt = "late";
        _ask(r);
        vm.warp(r.deadline);
        _measure(address(_market), abi.encodeCall(_market.refund, (r)), "refund request");
    }

    function test_gas_anchor() public {
        address[] memory members = new address[](1);
        members[0] = _patient;
        Anchor anchor = new Anchor(1 days, ADMIN, members, 1);
        vm.snapshotValue("gas", "code size Anchor", address(anchor).code.length);
        // A tree of 1024 leaves: the leaf of the first entry, then the same sibling ten times.
        bytes32[] memory proof = new bytes32[](10);
        bytes32 root = Transcript.anchorLeaf(1, SUBMITTER, 0, "entry");
        for (uint256 i; i < 10; ++i) {
            root = keccak256(abi.encode(bytes32(0), root));
        }
        Batch memory batch = Batch(1, SUBMITTER, 0, 1024, root, "head");
        MemberSignature[] memory signatures = new MemberSignature[](1);
        signatures[0] = MemberSignature(_patient, Signatures.by(PATIENT_KEY, anchor.batchHash(batch)));
        _measure(address(anchor), abi.encodeCall(anchor.post, (batch, signatures)), "anchor first batch, 1 signature");
        batch.firstIndex = 1024;
        signatures[0].signature = Signatures.by(PATIENT_KEY, anchor.batchHash(batch));
        _measure(address(anchor), abi.encodeCall(anchor.post, (batch, signatures)), "anchor further batch, 1 signature");
        vm.startPrank(ADMIN);
        _measure(address(anchor), abi.encodeCall(anchor.addMember, (ADMIN)), "add member");
        _measure(address(anchor), abi.encodeCall(anchor.setThreshold, (2)), "set threshold");
        anchor.setThreshold(1);
        _measure(address(anchor), abi.encodeCall(anchor.removeMember, (ADMIN)), "remove member");
        vm.stopPrank();
        bytes memory call = abi.encodeCall(anchor.verifyInclusion, (1, SUBMITTER, 0, "entry", proof));
        _measure(address(anchor), call, "verify inclusion, 10 siblings");
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

    function _measureSubmitBatches() private {
        uint256[3] memory counts = [uint256(1), 8, 32];
        for (uint256 i; i < counts.length; ++i) {
            (Diagnosis[] memory ds, bytes[] memory proofs) = (new Diagnosis[](counts[i]), new bytes[](counts[i]));
            for (uint256 j; j < counts[i]; ++j) {
                ds[j] = _diagnosis();
                ds[j].cases[0].consentId = _consentIds[j];
                ds[j].cases[0].nonce = keccak256(abi.encode(i, j));
                proofs[j] = _proveWith(ds[j], SUBMITTER, 20 + j);
            }
            bytes memory call = abi.encodeCall(_log.submitBatch, (ds, proofs));
            vm.prank(SUBMITTER);
            _measure(
                address(_log), call, string.concat("submit batch of ", vm.toString(counts[i]), ", 2 words 2 challenges")
            );
        }
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
