END
# Their form is told by a number; another version of this script knows another one.
copies=1
note=
grep -qx 'Mekong-Copies: 1' bag-info.txt || { copies=; note=' (the text and the page were not compared: they are of another form)'; }
: >"$work/out"
: >"$work/top_of_web"
: >"$work/web"
what=$(awk -v "copies=$copies" -v "out=$work/out" -v "top_of_web=$work/top_of_web" -v "web=$work/web" -f "$work/read.awk" \
    data/records.jsonl data/chain.jsonl data/interview.json again=1 data/interview.json) || bad "${what:-what people read}"
if [ -n "$copies" ]; then
    cmp -s "$work/out" data/transcript.txt || bad "data/transcript.txt"
    sed -n '/^<style>/,/^<\/style>$/p' data/transcript.html >"$work/style"
    [ "$(sha256sum <"$work/style" | cut -c1-64)" = 9f69eb597ea0bba7bf61f4438512d45e1da92e0c3eb5f95d50a1c8befdf9153e ] || bad "the style of data/transcript.html"
    cat "$work/top_of_web" "$work/style" "$work/web" | cmp -s - data/transcript.html || bad "data/transcript.html"
fi
printf '%s\n' "OK: signed by $key$note"
