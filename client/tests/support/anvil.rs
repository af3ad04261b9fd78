//! A real node: the anvil that `npm ci` in `contracts/` installs, on a free port of this machine, with a chain of its own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;

use serde_json::{Value, json};
use zkdx_client::{Address, U256, Wallet};

use super::http;

/// Where npm puts programs, seen from the crates' folders.
const INSTALLED: &str = "../contracts/node_modules/@foundry-rs";
/// The program for this machine among them.
const PROGRAM: &str = match std::env::consts::OS.as_bytes() {
    b"macos" => "anvil-darwin-arm64/bin/anvil",
    b"windows" => "anvil-win32-amd64/bin/anvil.exe",
    _ => "anvil-linux-amd64/bin/anvil",
};
/// What each account has at first, in wei: a hundred coins.
const RICH: u128 = 100_000_000_000_000_000_000;

/// What kind of chain.
#[derive(Clone, Debug)]
pub struct Options {
    pub chain_id: u64,
    /// Accounts with money; [`Anvil::wallet`] has their keys.
    pub accounts: u8,
    /// Seconds from block to block; none for a block for each transaction.
    pub block_time: Option<u64>,
    /// Whether blocks are made at all, other than by [`Anvil::mine`].
    pub mining: bool,
    /// Where the chain, but not what waits, is kept when the node is stopped.
    pub state: Option<PathBuf>,
    /// Whether the deterministic deployer is there.
    pub deployer: bool,
    pub hardfork: &'static str,
    /// Neither base fee nor price.
    pub free: bool,
    /// More of anvil's arguments.
    pub more: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        let (chain_id, accounts, hardfork) = (31_337, 3, "prague");
        let (block_time, mining, state, deployer, free) = (None, true, None, true, false);
        Self { chain_id, accounts, block_time, mining, state, deployer, hardfork, free, more: Vec::new() }
    }
}

/// A running node.
#[derive(Debug)]
pub struct Anvil {
    child: Child,
    port: u16,
    options: Options,
}

impl Anvil {
    /// Starts a node and gives its accounts money.
    pub fn start(options: Options) -> Self {
        let (child, port) = spawn(&options, 0);
        let node = Self { child, port, options };
        for index in 0..node.options.accounts {
            node.set_balance(Self::wallet(index).address(), U256::from(RICH));
        }
        node
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The private key of an account, as a user would write it: small numbers, known to all.
    pub fn key(index: u8) -> String {
        format!("{:064x}", u16::from(index) + 1)
    }

    pub fn wallet(index: u8) -> Wallet {
        Wallet::from_hex(&Self::key(index)).expect("a key")
    }

    /// Asks for anything, and panics if it is refused.
    pub fn rpc(&self, method: &str, params: Value) -> Value {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let answer = http::post(self.port, request.as_bytes()).expect("the node answers");
        let mut answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].take()
    }

    pub fn mine(&self, blocks: u64) {
        self.rpc("anvil_mine", json!([blocks]));
    }

    pub fn automine(&self, on: bool) {
        self.rpc("evm_setAutomine", json!([on]));
    }

    /// Takes the newest blocks away.
    pub fn rollback(&self, blocks: u64) {
        self.rpc("anvil_rollback", json!([blocks]));
    }

    /// Replaces the newest blocks by as many others, with the raw transactions given for each by its place from below.
    pub fn reorganise(&self, depth: u64, transactions: &[(String, u64)]) {
        self.rpc("anvil_reorg", json!([depth, transactions]));
    }

    pub fn set_balance(&self, account: Address, wei: U256) {
        self.rpc("anvil_setBalance", json!([account, wei]));
    }

    /// Forgets a transaction that waits.
    pub fn drop_transaction(&self, hash: impl ToString) {
        self.rpc("anvil_dropTransaction", json!([hash.to_string()]));
    }

    pub fn set_next_base_fee(&self, wei: u64) {
        self.rpc("anvil_setNextBlockBaseFeePerGas", json!([U256::from(wei)]));
    }

    pub fn snapshot(&self) -> Value {
        self.rpc("evm_snapshot", json!([]))
    }

    pub fn revert(&self, snapshot: &Value) {
        assert_eq!(self.rpc("evm_revert", json!([snapshot])), true);
    }

    /// Number of the newest block.
    pub fn height(&self) -> u64 {
        self.number("eth_blockNumber", json!([]))
    }

    /// How many transactions of an account are mined.
    pub fn nonce(&self, account: Address) -> u64 {
        self.number("eth_getTransactionCount", json!([account, "latest"]))
    }

    /// How many transactions wait.
    pub fn waiting(&self) -> u64 {
        let status = self.rpc("txpool_status", json!([]));
        ["pending", "queued"].iter().map(|kind| to_number(&status[kind])).sum()
    }

    fn number(&self, method: &str, params: Value) -> u64 {
        to_number(&self.rpc(method, params))
    }

    /// Stops the node as a signal would: it keeps its state if it has a file for it.
    pub fn stop(&mut self) {
        let stopped = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(stopped.expect("kill runs").success());
        self.child.wait().expect("it ends");
    }

    /// Ends the node without a warning.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again at the same address, after [`Anvil::stop`] or [`Anvil::kill`].
    pub fn restart(&mut self) {
        self.child = spawn(&self.options, self.port).0;
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        self.kill();
    }
}

fn to_number(value: &Value) -> u64 {
    let digits = value.as_str().expect("a number").trim_start_matches("0x");
    u64::from_str_radix(digits, 16).expect("a number")
}

fn spawn(options: &Options, port: u16) -> (Child, u16) {
    let mut command = Command::new(program());
    command.args(arguments(options, port)).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("anvil starts");
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    let Some(port) = port_in(&mut output) else {
        let _ = child.kill();
        panic!("anvil did not start with {options:?}: {:?}", child.wait());
    };
    // It writes a line for each request, and stops when nobody reads them.
    thread::spawn(move || output.lines().for_each(drop));
    (child, port)
}

fn port_in(output: &mut BufReader<ChildStdout>) -> Option<u16> {
    let listening = |line: String| line.strip_prefix("Listening on 127.0.0.1:")?.trim().parse().ok();
    output.lines().map_while(Result::ok).find_map(listening)
}

fn program() -> PathBuf {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join(INSTALLED).join(PROGRAM);
    let program = std::env::var_os("ZKDX_ANVIL").map_or(installed, PathBuf::from);
    assert!(
        program.is_file(),
        "there is no anvil at {}: run npm ci in contracts/ or set ZKDX_ANVIL",
        program.display()
    );
    program
}

fn arguments(options: &Options, port: u16) -> Vec<String> {
    let (port, chain) = (port.to_string(), options.chain_id.to_string());
    let mut arguments = vec!["--port", &port, "--chain-id", &chain, "--hardfork", options.hardfork, "--accounts", "1"];
    let block_time = options.block_time.map(|seconds| seconds.to_string());
    if let Some(seconds) = &block_time {
        arguments.extend(["--block-time", seconds]);
    }
    let flags: [(bool, &[&str]); 3] = [
        (!options.mining, &["--no-mining"]),
        (!options.deployer, &["--disable-default-create2-deployer"]),
        (options.free, &["--base-fee", "0", "--gas-price", "0", "--disable-min-priority-fee"]),
    ];
    arguments.extend(flags.iter().filter(|(on, _)| *on).flat_map(|(_, flags)| *flags));
    let state = options.state.as_ref().map(|path| path.display().to_string());
    if let Some(path) = &state {
        arguments.extend(["--state", path]);
    }
    arguments.into_iter().map(str::to_owned).chain(options.more.iter().cloned()).collect()
}
