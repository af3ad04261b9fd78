// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Transcript} from "../sol/libraries/Transcript.sol";
import {Claim} from "../sol/types/Claim.sol";
import {TranscriptHarness} from "./support/Harness.sol";
import {Json} from "./support/Json.sol";
import {vm} from "./support/Vm.sol";

contract TranscriptTest {
    using Json for string;

    TranscriptHarness private _transcript;
    string private _json;

    function setUp() public {
        _transcript = new TranscriptHarness();
        _json = vm.readFile("vectors/transcript.json");
    }

    function test_tags() public view {
        string memory json = _json;
        vm.assertEq(Transcript.TAG_TRANSCRIPT, json.digest(".tags", ".TAG_TRANSCRIPT"), "transcript");
        vm.assertEq(Transcript.TAG_MODEL, json.digest(".tags", ".TAG_MODEL"), "model");
        vm.assertEq(Transcript.TAG_CONTEXT, json.digest(".tags", ".TAG_CONTEXT"), "context");
        vm.assertEq(Transcript.TAG_CONTEXTS, json.digest(".tags", ".TAG_CONTEXTS"), "contexts");
        vm.assertEq(Transcript.TAG_NULLIFIER, json.digest(".tags", ".TAG_NULLIFIER"), "nullifier");
    }

    function test_context_digests() public view {
        string memory json = _json;
        for (uint256 i; json.has(Json.entry("contexts", i)); ++i) {
            string memory path = Json.entry("contexts", i);
            bytes32 digest = Transcript.contextDigest(
                json.number(path, ".chain_id"),
                json.account(path, ".verifier"),
                json.account(path, ".submitter"),
                json.digest(path, ".consent_id"),
                json.digest(path, ".nonce"),
                json.number(path, ".policy")
            );
            vm.assertEq(digest, json.digest(path, ".context_digest"), path);
        }
    }

    function test_context_digests_of_several_cases() public view {
        string memory json = _json;
        for (uint256 i; json.has(Json.entry("context_lists", i)); ++i) {
            string memory path = Json.entry("context_lists", i);
            bytes32 digest = Transcript.contextsDigest(json.digests(path, ".digests"));
            vm.assertEq(digest, json.digest(path, ".context_digest"), path);
        }
    }

    function test_model_identities() public view {
        string memory json = _json;
        for (uint256 i; json.has(Json.entry("models", i)); ++i) {
            string memory path = Json.entry("models", i);
            bytes32 id = _transcript.modelId(
                json.digest(path, ".vk_digest"),
                json.point(path, ".weight_commitment"),
                json.digest(path, ".metadata_digest")
            );
            vm.assertEq(id, json.digest(path, ".model_id"), path);
        }
    }

    function test_seeds_and_challenges() public view {
        string memory json = _json;
        for (uint256 i; json.has(Json.entry("challenges", i)); ++i) {
            string memory path = Json.entry("challenges", i);
            Claim memory claim = Claim({
                keyDigest: json.digest(path, ".vk_digest"),
                modelId: json.digest(path, ".model_id"),
                weightCommitment: json.point(path, ".weight_commitment"),
                contextDigest: json.digest(path, ".context_digest"),
                records: 1
            });
            bytes32 seed = _transcript.seed(claim, json.blob(path, ".first_round"), json.numbers(path, ".words"));
            vm.assertEq(seed, json.digest(path, ".seed"), path);
            uint256[] memory challenges = json.numbers(path, ".challenges");
            for (uint256 j; j < challenges.length; ++j) {
                vm.assertEq(Transcript.challenge(seed, j), challenges[j], path);
            }
        }
    }

    function test_nullifiers() public view {
        string memory json = _json;
        for (uint256 i; json.has(Json.entry("nullifiers", i)); ++i) {
            string memory path = Json.entry("nullifiers", i);
            bytes32 nullifier = Transcript.nullifier(
                json.digest(path, ".model_id"),
                json.number(path, ".record_commitment"),
                json.digest(path, ".consent_id"),
                json.digest(path, ".nonce")
            );
            vm.assertEq(nullifier, json.digest(path, ".nullifier"), path);
        }
    }
}
