// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Anchor} from "../sol/Anchor.sol";
import {IAnchor} from "../sol/interfaces/IAnchor.sol";
import {Transcript} from "../sol/libraries/Transcript.sol";
import {Batch} from "../sol/types/Batch.sol";
import {Consent} from "../sol/types/Consent.sol";
import {Entry} from "../sol/types/Entry.sol";
import {MemberSignature} from "../sol/types/MemberSignature.sol";
import {Request} from "../sol/types/Request.sol";
import {ConsentRegistry} from "../sol/ConsentRegistry.sol";
import {TranscriptHarness} from "./support/Harness.sol";
import {Json} from "./support/Json.sol";
import {MarketFixture} from "./support/MarketFixture.sol";
import {vm} from "./support/Vm.sol";

/// @notice vectors/suite.json, made apart from Solidity.
contract SuiteVectorsTest is MarketFixture {
    using Json for string;

    string private _suite;

    function setUp() public override {
        super.setUp();
        _suite = vm.readFile("vectors/suite.json");
    }

    function test_tags_and_version() public view {
        string memory json = _suite;
        vm.assertEq(Transcript.TAG_ENTRY, json.digest("", ".tags.TAG_ENTRY"), "entry");
        vm.assertEq(Transcript.TAG_ANCHOR, json.digest("", ".tags.TAG_ANCHOR"), "anchor");
        vm.assertEq(Transcript.TAG_VERIFIER, json.digest("", ".tags.TAG_VERIFIER"), "verifier");
        vm.assertEq(Transcript.TAG_BATCH, json.digest("", ".tags.TAG_BATCH"), "batch");
        vm.assertEq(abi.encodePacked(_version), json.blob("", ".version"), "version");
    }

    function test_weights_of_a_batch() public {
        string memory json = _suite;
        bytes32[] memory seeds = json.digests("", ".batch_weights.seeds");
        bytes[] memory proofs = vm.parseJsonBytesArray(json, ".batch_weights.proofs");
        uint256[] memory weights = new TranscriptHarness().batchWeights(seeds, proofs);
        vm.assertEq(abi.encode(weights), abi.encode(json.numbers("", ".batch_weights.weights")), "weights");
    }

    /// @dev The registry of the vectors is elsewhere, so its code is put there.
    function test_consents_and_their_signatures() public {
        string memory json = _suite;
        ConsentRegistry there = ConsentRegistry(json.account("", ".consent_registry"));
        vm.etch(address(there), address(_consents).code);
        for (uint256 i; i < 3; ++i) {
            string memory path = Json.entry("consents", i);
            Consent memory c = _consentAt(json, path);
            bytes32 id = json.digest(path, ".consent_id");
            vm.assertEq(there.consentIdOf(c), id, "identity");
            vm.assertEq(there.revocationHash(id), json.digest(path, ".revocation_hash"), "revocation");
            vm.warp(c.validFrom);
            vm.assertEq(there.grantBySig(c, json.blob(path, ".signature")), id, "granted");
            there.revokeBySig(c, json.blob(path, ".revocation_signature"));
        }
        vm.assertEq(json.has(Json.entry("consents", 3)), false, "all were tried");
    }

    function test_entries_and_heads() public view {
        string memory json = _suite;
        bytes32 head;
        for (uint256 i; i < 12; ++i) {
            string memory path = Json.entry("entries", i);
            Entry memory entry;
            (entry.index, entry.nullifier) = (i, json.digest(path, ".nullifier"));
            (entry.digest, entry.version) = (json.digest(path, ".digest"), _version);
            bytes32 digest = Transcript.entryDigest(entry, json.number(path, ".time"));
            vm.assertEq(digest, json.digest(path, ".entry_digest"), "entry");
            head = Transcript.chained(head, digest);
            vm.assertEq(head, json.digest(path, ".head"), "head");
        }
    }

    function test_anchored_trees() public {
        string memory json = _suite;
        Anchor there = _anchorOf(json);
        uint256 index;
        for (uint256 i; i < 4; ++i) {
            string memory path = Json.entry("batches", i);
            Batch memory batch = _batchAt(json, path);
            vm.assertEq(there.batchHash(batch), json.digest(path, ".batch_hash"), "hash");
            there.post(batch, _signaturesAt(json, path));
            for (uint256 j; j < batch.count; ++j) {
                _checkInclusion(
                    there, batch, index, json.digests(path, string.concat(".proofs[", vm.toString(j), "].siblings"))
                );
                ++index;
            }
        }
        vm.assertEq(index, 12, "all entries");
    }

    function test_requests_and_nonces() public {
        string memory json = _suite;
        address there = json.account("", ".request.market");
        vm.etch(there, address(_market).code);
        Request memory r = _requestAt(json);
        bytes32 id = json.digest("", ".request.request_id");
        (bool success, bytes memory answer) = there.staticcall(abi.encodeCall(_market.requestIdOf, (r)));
        vm.assertEq(success, true, "answers");
        vm.assertEq(abi.decode(answer, (bytes32)), id, "identity");
        address prover = json.account("", ".request.prover");
        vm.assertEq(_market.nonceOf(id, prover), json.digest("", ".request.nonce"), "nonce");
    }

    /// @dev At its index, and nowhere else.
    function _checkInclusion(Anchor there, Batch memory batch, uint256 index, bytes32[] memory proof) private {
        bytes32 entry = _suite.digest(Json.entry("entries", index), ".entry_digest");
        there.verifyInclusion(batch.sourceChainId, batch.sourceLog, index, entry, proof);
        if (index == batch.firstIndex) return;
        vm.expectPartialRevert(IAnchor.NotIncluded.selector);
        there.verifyInclusion(batch.sourceChainId, batch.sourceLog, index - 1, entry, proof);
    }

    /// @dev Runs the constructor where the vectors have the anchor, so that its members are in storage there.
    function _anchorOf(string memory json) private returns (Anchor there) {
        address[] memory members = vm.parseJsonAddressArray(json, ".members");
        address target = json.account("", ".anchor");
        vm.etch(target, bytes.concat(type(Anchor).creationCode, abi.encode(1 days, target, members, 3)));
        (bool success, bytes memory code) = target.call("");
        vm.assertEq(success, true, "constructed");
        vm.etch(target, code);
        return Anchor(target);
    }

    function _consentAt(string memory json, string memory path) private pure returns (Consent memory c) {
        c.patient = json.account(path, ".patient");
        c.grantee = json.account(path, ".grantee");
        c.purpose = json.digest(path, ".purpose");
        c.scopeKind = uint8(json.number(path, ".scope_kind"));
        c.scope = json.digest(path, ".scope");
        c.record = json.number(path, ".record");
        c.validFrom = uint40(json.number(path, ".valid_from"));
        c.validUntil = uint40(json.number(path, ".valid_until"));
        c.salt = json.digest(path, ".salt");
    }

    function _batchAt(string memory json, string memory path) private pure returns (Batch memory) {
        return Batch({
            sourceChainId: json.number("", ".source_chain_id"),
            sourceLog: json.account("", ".source_log"),
            firstIndex: json.number(path, ".first_index"),
            count: json.number(path, ".count"),
            root: json.digest(path, ".root"),
            head: json.digest(path, ".head")
        });
    }

    function _signaturesAt(string memory json, string memory path)
        private
        pure
        returns (MemberSignature[] memory signatures)
    {
        address[] memory members = vm.parseJsonAddressArray(json, ".members");
        bytes[] memory all = vm.parseJsonBytesArray(json, string.concat(path, ".signatures"));
        signatures = new MemberSignature[](all.length);
        for (uint256 i; i < all.length; ++i) {
            signatures[i] = MemberSignature(members[i], all[i]);
        }
    }

    function _requestAt(string memory json) private pure returns (Request memory r) {
        string memory path = ".request";
        (r.payer, r.token) = (json.account(path, ".payer"), json.account(path, ".token"));
        (r.price, r.fee) = (json.number(path, ".price"), json.number(path, ".fee"));
        (r.modelId, r.recordCommitment) = (json.digest(path, ".model_id"), json.number(path, ".record_commitment"));
        (r.consentId, r.maxPolicy) = (json.digest(path, ".consent_id"), json.number(path, ".max_policy"));
        (r.deadline, r.salt) = (json.number(path, ".deadline"), json.digest(path, ".salt"));
    }
}
