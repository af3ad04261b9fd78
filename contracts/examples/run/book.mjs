// What the book says is what runs: its snippets are in the files of examples/, to the letter, its table of events is that of
// the ABIs, and every error of the interfaces is explained.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { artifact } from '../contracts.mjs';

const PAGES = new URL('../../../docs/src/', import.meta.url);
const EXAMPLES = new URL('../', import.meta.url);
const INTERFACES = new URL('../../sol/interfaces/', import.meta.url);

export const book = [
  ['is what the book quotes', quoted],
  ['emits the events of the book', events],
  ['has the errors of the book', errors],
];

const page = (name) => readFileSync(new URL(name, PAGES), 'utf8');
const filesOf = (folder, ending) => readdirSync(folder).filter((name) => name.endsWith(ending));

async function quoted() {
  const files = filesOf(EXAMPLES, '.mjs').map((name) => readFileSync(new URL(name, EXAMPLES), 'utf8'));
  const blocks = [...page('integration.md').matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
  assert.ok(blocks.length > 0, 'the page quotes something');
  for (const block of blocks) {
    assert.ok(files.some((file) => file.includes(block)), `no file of contracts/examples/ has this block of the page:\n${block}`);
  }
}

/** What an interface declares: OpenZeppelin's events and errors are in no interface. */
function declared(kind) {
  return filesOf(INTERFACES, '.sol').map((name) => ({
    contract: name.slice(1, -'.sol'.length),
    names: [...readFileSync(new URL(name, INTERFACES), 'utf8').matchAll(new RegExp(`^    ${kind} (\\w+)\\(`, 'gm'))].map(([, found]) => found),
  }));
}

async function events() {
  const text = page('contracts.md');
  for (const { contract, names } of declared('event')) {
    const { abi } = artifact(contract);
    for (const event of abi.filter(({ type, name }) => type === 'event' && names.includes(name))) {
      assert.ok(text.includes(rowOf(event)), `contracts.md lacks this row:\n${rowOf(event)}`);
    }
  }
}

function rowOf({ name, inputs }) {
  const type = (input) => (input.internalType.startsWith('struct ') ? input.internalType.slice('struct '.length) : input.type);
  const cell = (indexed) => inputs.filter((input) => input.indexed === indexed).map((input) => ` \`${type(input)} ${input.name}\``).join();
  return `| \`${name}\` |${cell(true)} |${cell(false)} |\n`;
}

async function errors() {
  const text = page('contracts.md');
  const names = declared('error').flatMap((one) => one.names);
  assert.ok(names.length > 0, 'the interfaces have errors');
  for (const name of names) assert.match(text, new RegExp(`\`${name}[(\`]`), `contracts.md does not explain ${name}`);
}
