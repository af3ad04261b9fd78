//! An embedded EVM: real bytecode and real precompiles in this process, no network and no node.

use alloy_sol_types::SolCall;
use revm::context::result::{ExecutionResult, HaltReason, Output};
use revm::context::{BlockEnv, CfgEnv, Journal, TxEnv};
use revm::database::InMemoryDB;
use revm::handler::MainnetEvm;
use revm::primitives::{Address, Bytes, Log, TxKind, U256, hardfork::SpecId};
use revm::{Context, ExecuteCommitEvm, ExecuteEvm, MainBuilder};
use thiserror::Error;

use crate::abi;

type State = Context<BlockEnv, TxEnv, CfgEnv, InMemoryDB, Journal<InMemoryDB>, ()>;
type Evm = MainnetEvm<State>;

/// Gas each transaction may use.
const GAS_LIMIT: u64 = 16_000_000;
/// Gas every transaction costs before it runs.
const BASE_GAS: u64 = 21_000;

/// A chain of one process.
pub struct Chain {
    evm: Evm,
    chain_id: u64,
}

/// What a transaction or call did.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// Gas of the whole transaction: base, calldata, execution.
    pub gas: u64,
    /// Gas of the execution alone.
    pub execution_gas: u64,
    /// What the call returned.
    pub output: Bytes,
    /// Events.
    pub logs: Vec<Log>,
}

/// Why a transaction did not go through.
#[derive(Clone, Debug, Error)]
pub enum ChainError {
    /// The contract refused, with a named error.
    #[error("the contract refused: {0}")]
    Reverted(String),
    /// Execution stopped for another reason, such as gas.
    #[error("execution stopped: {0}")]
    Halted(String),
    /// The transaction was not valid.
    #[error("invalid transaction: {0}")]
    Invalid(String),
    /// The contract answered with bytes that its interface does not explain.
    #[error("unexpected answer: {0}")]
    Answer(String),
}

impl Chain {
    /// A fresh chain with the given EIP-155 id.
    pub fn new(chain_id: u64) -> Self {
        let mut evm = State::new(InMemoryDB::default(), SpecId::CANCUN).build_mainnet();
        evm.ctx.cfg.chain_id = chain_id;
        evm.ctx.cfg.disable_nonce_check = true;
        evm.ctx.block.timestamp = U256::from(1_700_000_000u64);
        Self { evm, chain_id }
    }

    /// The chain's id.
    pub fn id(&self) -> u64 {
        self.chain_id
    }

    /// Deploys `code` followed by encoded constructor arguments.
    pub fn deploy(&mut self, from: Address, code: &[u8], arguments: &[u8]) -> Result<(Address, Receipt), ChainError> {
        let data = [code, arguments].concat();
        let tx = self.transaction(from, TxKind::Create, data)?;
        let intrinsic = intrinsic_gas(&tx);
        let result = self.evm.transact_commit(tx).map_err(|error| ChainError::Invalid(error.to_string()))?;
        let created = match &result {
            ExecutionResult::Success { output: Output::Create(_, Some(address)), .. } => Some(*address),
            _ => None,
        };
        let receipt = receipt(result, intrinsic)?;
        created.map(|address| (address, receipt)).ok_or_else(|| ChainError::Answer("no contract was created".into()))
    }

    /// Sends a transaction.
    pub fn send<C: SolCall>(
        &mut self,
        from: Address,
        to: Address,
        call: &C,
    ) -> Result<(C::Return, Receipt), ChainError> {
        let tx = self.transaction(from, TxKind::Call(to), call.abi_encode())?;
        let intrinsic = intrinsic_gas(&tx);
        let result = self.evm.transact_commit(tx).map_err(|error| ChainError::Invalid(error.to_string()))?;
        answer::<C>(receipt(result, intrinsic)?)
    }

    /// Runs a call and forgets what it changed.
    pub fn call<C: SolCall>(
        &mut self,
        from: Address,
        to: Address,
        call: &C,
    ) -> Result<(C::Return, Receipt), ChainError> {
        let tx = self.transaction(from, TxKind::Call(to), call.abi_encode())?;
        let intrinsic = intrinsic_gas(&tx);
        let result = self.evm.transact(tx).map_err(|error| ChainError::Invalid(error.to_string()))?;
        answer::<C>(receipt(result.result, intrinsic)?)
    }

    fn transaction(&mut self, from: Address, kind: TxKind, data: Vec<u8>) -> Result<TxEnv, ChainError> {
        let builder = TxEnv::builder().caller(from).kind(kind).data(data.into()).gas_limit(GAS_LIMIT);
        builder.chain_id(Some(self.chain_id)).build().map_err(|error| ChainError::Invalid(format!("{error:?}")))
    }
}

fn intrinsic_gas(tx: &TxEnv) -> u64 {
    let bytes = tx.data.iter().map(|&byte| if byte == 0 { 4 } else { 16 });
    BASE_GAS + bytes.sum::<u64>()
}

fn receipt(result: ExecutionResult<HaltReason>, intrinsic: u64) -> Result<Receipt, ChainError> {
    let gas = result.tx_gas_used();
    match result {
        ExecutionResult::Success { logs, output, .. } => {
            Ok(Receipt { gas, execution_gas: gas.saturating_sub(intrinsic), output: output.into_data(), logs })
        }
        ExecutionResult::Revert { output, .. } => Err(ChainError::Reverted(abi::revert_reason(&output))),
        ExecutionResult::Halt { reason, .. } => Err(ChainError::Halted(format!("{reason:?}"))),
    }
}

fn answer<C: SolCall>(receipt: Receipt) -> Result<(C::Return, Receipt), ChainError> {
    let value = C::abi_decode_returns(&receipt.output).map_err(|error| ChainError::Answer(error.to_string()))?;
    Ok((value, receipt))
}
