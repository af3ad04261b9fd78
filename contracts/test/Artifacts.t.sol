// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Anchor} from "../sol/Anchor.sol";
import {ConsentRegistry} from "../sol/ConsentRegistry.sol";
import {DiagnosisLog} from "../sol/DiagnosisLog.sol";
import {Groth16Verifier} from "../sol/Groth16Verifier.sol";
import {InferenceMarket} from "../sol/InferenceMarket.sol";
import {ModelRegistry} from "../sol/ModelRegistry.sol";
import {VerifierGateway} from "../sol/VerifierGateway.sol";
import {VerifyingKeyStore} from "../sol/VerifyingKeyStore.sol";
import {vm} from "./support/Vm.sol";

/// @notice What these tests run is what the checked-in artifacts deploy.
contract ArtifactsTest {
    function test_artifacts_are_the_code_under_test() public view {
        _compare("VerifyingKeyStore", type(VerifyingKeyStore).creationCode);
        _compare("Groth16Verifier", type(Groth16Verifier).creationCode);
        _compare("VerifierGateway", type(VerifierGateway).creationCode);
        _compare("ModelRegistry", type(ModelRegistry).creationCode);
        _compare("ConsentRegistry", type(ConsentRegistry).creationCode);
        _compare("DiagnosisLog", type(DiagnosisLog).creationCode);
        _compare("InferenceMarket", type(InferenceMarket).creationCode);
        _compare("Anchor", type(Anchor).creationCode);
    }

    function _compare(string memory name, bytes memory code) private view {
        string memory json = vm.readFile(string.concat("artifacts/", name, ".json"));
        vm.assertEq(keccak256(vm.parseJsonBytes(json, ".bytecode")), keccak256(code), name);
    }
}
