#!/bin/sh
# Makes the whole practice kit anew, from the corpus to the model cards: speech.sh, then translation.sh.
# Finished parts are skipped and training goes on from its checkpoints; run it again after an
# interruption. Seeds are fixed. An estimated five hours on two idle cores.
#
#   models/practice/recipe/make.sh
#
# Needs espeak-ng, and Python with what requirements.txt names; PYTHON names it. STEPS and MT_STEPS
# train the recognizer and the translator for fewer steps, to see that the whole recipe runs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
PYTHON="${PYTHON:-python3}"
PRACTICE_WORK="${PRACTICE_WORK:-$(cd "$here/../../.." && pwd)/target/practice}"
export PYTHON PRACTICE_WORK
"$here/speech.sh"
"$here/translation.sh" "$PRACTICE_WORK/mt" "${MT_STEPS:-11000}"
