// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Case} from "./Case.sol";

/// @notice What a submitter states; one proof shows that all of it is true.
/// @param modelId Identity of the registered model.
/// @param cases One for each record, as many as the model's key says.
struct Diagnosis {
    bytes32 modelId;
    Case[] cases;
}
