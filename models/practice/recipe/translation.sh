#!/bin/sh
# Builds the practice kit's translator from the corpus: tokenizer, training, export, scores,
# and the reference answers of the Rust engine's tests. Resumes where it was stopped.
#
#   models/practice/recipe/translation.sh [WORK_FOLDER] [STEPS]
#
# Needs Python with torch, transformers, tokenizers, safetensors and sacrebleu; PYTHON names it.
# About an hour on one idle processor core; checkpoints and the log stay in WORK_FOLDER.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
work=${1:-$root/target/practice/mt}
steps=${2:-11000}
python=${PYTHON:-python3}
out=$root/models/practice/mt
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" TOKENIZERS_PARALLELISM=false

mkdir -p "$work"
[ -f "$work/tokenizer.json" ] || "$python" "$here/mt_tokenizer.py" --out "$work/tokenizer.json"
"$python" "$here/mt_train.py" --work "$work" --steps "$steps" >> "$work/train.log"
"$python" "$here/mt_export.py" --work "$work" --out "$out"
"$python" "$here/mt_score.py" --model "$out" --out "$work"
"$python" "$here/mt_export.py" --work "$work" --out "$out" --card
"$python" "$here/mt_data.py" > "$work/parity-texts.tsv"
"$python" "$root/tests/parity/make_m2m100.py" --practice "$out" --texts "$work/parity-texts.tsv" \
    --out "$root/tests/fixtures/m2m100"
