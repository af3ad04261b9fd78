// Real nodes for the examples: anvil on a free port of the loopback interface, stopped whatever happens.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { JsonRpcProvider } from 'ethers';

const PATIENCE_MS = 20_000;
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

const BINARIES = {
  'linux-x64': 'anvil-linux-amd64/bin/anvil',
  'darwin-arm64': 'anvil-darwin-arm64/bin/anvil',
  'win32-x64': 'anvil-win32-amd64/bin/anvil.exe',
};

function binary() {
  const platform = `${process.platform}-${process.arch}`;
  const found = BINARIES[platform];
  if (!found) throw new Error(`there is no anvil for ${platform}: run the examples on ${Object.keys(BINARIES).join(', ')}`);
  const path = fileURLToPath(new URL(`../../node_modules/@foundry-rs/${found}`, import.meta.url));
  if (!existsSync(path)) throw new Error(`${path} is missing: run npm ci in contracts/`);
  return path;
}

/** Starts a chain with this id, and with further options of anvil's. */
export async function startAnvil(chainId, options, Provider = JsonRpcProvider) {
  const chain = ['--chain-id', String(chainId), '--hardfork', 'cancun', '--accounts', '1', ...options];
  const child = spawn(binary(), ['--host', '127.0.0.1', '--port', '0', ...chain], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const address = await listening(child);
  // A nonce or a balance that ethers remembers from a moment ago is wrong on a chain that mines at once.
  const memory = { staticNetwork: true, cacheTimeout: -1, pollingInterval: 50 };
  const provider = new Provider(`http://${address}`, chainId, memory);
  return { provider, stop: () => stop(child, provider) };
}

function listening(child) {
  return new Promise((resolve, reject) => {
    let said = '';
    const fail = (why) => reject(new Error(`anvil did not start: ${why}\n${said}`));
    const timer = setTimeout(fail, PATIENCE_MS, `nothing heard for ${PATIENCE_MS / 1000} seconds`);
    child.on('error', (error) => fail(error.message));
    child.on('exit', (code) => fail(`it ended with code ${code}`));
    child.stderr.on('data', (text) => { said += text; });
    child.stdout.on('data', (text) => {
      said += text;
      const found = /Listening on (127\.0\.0\.1:\d+)/.exec(said);
      if (!found) return;
      clearTimeout(timer);
      resolve(found[1]);
    });
  });
}

async function stop(child, provider) {
  provider.destroy();
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((resolve) => { child.once('exit', resolve); });
    child.kill('SIGKILL');
    await ended;
  }
  running.delete(child);
}
