// Generated files that are checked in: written anew, or with --check compared byte for byte.
'use strict';
const { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

/** `files` is all that may be in `folder`, text by name; `command` is what writes it anew. */
function checkedIn(folder, files, command) {
  const check = process.argv.includes('--check');
  const directory = join(__dirname, folder);
  if (!check) mkdirSync(directory, { recursive: true });
  const stale = check ? readdirSync(directory).filter((file) => !(file in files)) : [];
  for (const [file, text] of Object.entries(files)) {
    const path = join(directory, file);
    if (!check) writeFileSync(path, text);
    else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) stale.push(file);
  }
  if (stale.length === 0) return;
  console.error(`${folder}/ differs from what sol/ compiles to: ${stale.join(', ')}; run ${command}`);
  process.exitCode = 1;
}

module.exports = { checkedIn };
