#!/bin/sh
# Makes the speech half of the practice kit: interviews, features, training, export, scores.
# Finished parts are skipped and training goes on from its checkpoint; run it again after an
# interruption. An estimated three hours on two idle cores.
set -eu
cd "$(dirname "$0")"
export PRACTICE_WORK="${PRACTICE_WORK:-$(cd ../../.. && pwd)/target/practice}"
export OMP_NUM_THREADS=1
python="${PYTHON:-python3}"

# The interviews come first: their sentences are left out of training.
[ -f ../../../recordings/practice/my-th/script.json ] || "$python" interviews.py
"$python" asr_data.py train 0 23
"$python" asr_data.py strangers 0 1
"$python" -W ignore asr_train.py --steps "${STEPS:-6600}" --core "${CORE:-0.5}" --batch 20 --bf16
"$python" asr_score.py
"$python" asr_score.py --unusual
"$python" asr_export.py
# The flags, measured by the program itself on a folder of other texts, where there is one.
[ -z "${TEXTS:-}" ] || "$python" asr_doubt.py --texts "$TEXTS"
