#!/bin/sh
# Checks a bundle with nothing but openssl, sha256sum and awk: sh verify.sh FOLDER [KEY]
# FOLDER is the unpacked bundle; KEY is the sender's 64 digits, as they were told to you by another
# way. Take this script from somebody you trust, not from the bundle that you check.
# Only the program sees the rest: which keys you know and which of them were revoked, under which names; what
# came before of this interview; whether a consent was made wider unsigned, and whether anybody certified
# their own work or other words; and of what is shown the confidence and probability of lines, words and
# translations, the words' times, the terms, which lines others render, what is said of a covered copy, doubts
# that no record holds, and what stands in the text and the page beside the words of the lines.
set -eu
export LC_ALL=C
cd "${1:-.}"
bad() { echo "BAD: $1" >&2; exit 3; }
# An Ed25519 key has this head and 64 digits; any other key could end in somebody's digits.
head=302a300506032b6570032100
der=$(openssl pkey -pubin -in signer.pem -outform DER 2>/dev/null | od -An -v -tx1 | tr -d ' \n')
key=${der#"$head"}
[ "$der" = "$head$key" ] && [ ${#key} -eq 64 ] || bad "signer.pem"
[ "${2:-$key}" = "$key" ] || bad "signed by another key: $key"
openssl pkeyutl -verify -rawin -pubin -inkey signer.pem -sigfile tagmanifest-sha256.sig \
    -in tagmanifest-sha256.txt >/dev/null 2>&1 || bad "the signature"
sha256sum --strict -c tagmanifest-sha256.txt >/dev/null 2>&1 || bad "$(sha256sum -c tagmanifest-sha256.txt 2>/dev/null | grep -v ': OK$')"
sha256sum --strict -c manifest-sha256.txt >/dev/null 2>&1 || bad "$(sha256sum -c manifest-sha256.txt 2>/dev/null | grep -v ': OK$')"
# Exactly the files that are listed, and no links.
[ -z "$(find . ! -type f ! -type d)" ] || bad "there is a link"
listed=$({ cut -c67- manifest-sha256.txt tagmanifest-sha256.txt; echo tagmanifest-sha256.txt; echo tagmanifest-sha256.sig; } | sort)
[ "$(find . -type f | cut -c3- | sort)" = "$listed" ] || bad "a file too many or too few"
# Whole lines of text and nothing between them.
for file in data/*.jsonl; do
    [ -z "$(tail -c 1 "$file")" ] && tr -d '\000' <"$file" | cmp -s - "$file" || bad "$file"
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
none=0000000000000000000000000000000000000000000000000000000000000000
# Each event is of this interview, in its place, and names the hash of the one before; the last one is the head
# that was signed. What else an event holds may look the same: only what stands at its end counts.
id=$(sed -n 's/^External-Identifier: //p' bag-info.txt)
case $id in '' | *[!a-z0-9._-]*) bad "bag-info.txt" ;; esac
event='^\{"at":"[^"]*",("by":"([^"\\]|\\.)*",)?"facts":\{.*\},"interview":"([^"]*)",("key":"[0-9a-f]*",)?"kind":"[a-z-]*"'
event=$event',"number":([0-9]+),"previous":"([0-9a-f]*)","program":"[^"]*",("role":"[a-z]*",)?"rows":\{[^{}]*\}(,"signature":"[0-9a-f]*")?\}$'
sed -E -e "s/$event/\\5 \\3 \\6/" -e t -e 's/.*/-/' data/chain.jsonl >"$work/told"
previous=$none
number=0
while IFS= read -r line && IFS= read -r told <&3; do
    number=$((number + 1))
    [ "$told" = "$number $id $previous" ] || bad "event $number"
    previous=$(printf %s "$line" | sha256sum | cut -c1-64)
done <data/chain.jsonl 3<"$work/told"
grep -qx "Mekong-Chain-Head: $previous" bag-info.txt || bad "the head of the chain"
# So do the links of a session's sound; an event holds the hash of the last one. Each link holds the hash of
# the samples of a second, which follow one another behind the 44 bytes of their file's head.
if [ -f data/sound-chain.jsonl ]; then
    link='^\{"at":"[^"]*","channels":([1-9][0-9]?),"first":([0-9]{1,12}),"frames":([1-9][0-9]{0,7}),"interview":"([^"]*)","late":[a-z]+'
    link=$link',"number":([0-9]+),"part":"([a-z0-9][a-z0-9._-]*)","previous":"([0-9a-f]*)","rate":[0-9]+,"sha256":"([0-9a-f]*)"\}$'
    sed -E -e "s/$link/\\5 \\4 \\7 \\6 \\1 \\2 \\3 \\8/" -e t -e 's/.*/-/' data/sound-chain.jsonl >"$work/told"
    previous=$none
    number=0
    while IFS= read -r line && IFS= read -r told <&3; do
        number=$((number + 1))
        case $told in "$number $id $previous "*) ;; *) bad "link $number of the sound" ;; esac
        previous=$(printf %s "$line" | sha256sum | cut -c1-64)
    done <data/sound-chain.jsonl 3<"$work/told"
    grep -q "\"sound_head\":\"$previous\"" data/chain.jsonl || bad "the links of the sound"
    # How far the links of each file reach, and one of them for what no link covers.
    for file in data/audio/*; do
        [ ! -f "$file" ] || echo "- - - ${file#data/audio/} end $(($(wc -c <"$file") - 44)) - -"
    done >>"$work/told"
    awk '$5 == "end" { if ($6 > 0 && $6 != reach[$4] * 1) { print "the end of " $4; exit } next }
        $6 * $5 * 2 != reach[$4] * 1 { print "link " $1 " of the sound"; exit }
        { reach[$4] = ($6 + $7) * $5 * 2 }' "$work/told" >"$work/wrong"
    [ ! -s "$work/wrong" ] || bad "$(cat "$work/wrong")"
    while read -r number _ _ part channels first frames digest; do
        [ "$channels" != end ] || break
        found=$(tail -c "+$((45 + first * channels * 2))" "data/audio/$part" 2>/dev/null |
            head -c "$((frames * channels * 2))" | sha256sum | cut -c1-64)
        [ "$found" = "$digest" ] || bad "the sound of link $number ($part)"
    done <"$work/told"
elif grep -q '"sound_head":"' data/chain.jsonl; then
    bad "the links of the sound are missing"
fi
# What must be signed is; each signature fits, by a key that came along, of the person whom the event names.
if grep -E ',"kind":"(sealed|certified|consent-lifted|covered)","number":' data/chain.jsonl | grep -qv '"signature":"'; then
    bad "an event without its signature"
fi
# Behind a seal come no sound, no lines and no entries.
awk '
    sealed && /"rows":[{]([^}]*,)?"(interview|session|session-end|(channel|audio|line|entry|recut|speech-model) [^"]*)":/ { exit 3 }
    sealed && /[{,]"(duration_ms|sound_head|sound_links|working)":/ { exit 3 }
    /,"kind":"sealed","number":/ { sealed = 1 }
' data/chain.jsonl || bad "something was added behind the seal"
# Bytes of hexadecimal digits, as they are written here alone: openssl puts a head of its own before them.
bytes() {
    [ "${#1}" -eq $(($2 * 2)) ] || return 1
    case $1 in *[!0-9a-f]*) return 1 ;; esac
    openssl asn1parse -genstr "FORMAT:HEX,OCT:$1" -noout -out "$work/der" 2>/dev/null && tail -c "$2" "$work/der"
}
fits() {
    openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey "$work/key" -sigfile "$work/sig" \
        -in "$work/said" >/dev/null 2>&1
}
while IFS= read -r line || [ -n "$line" ]; do
    case $line in
        *',"signature":"'*) ;;
        *',"key":"'*'","kind":"'*) bad "an event has lost its signature" ;;
        *) continue ;;
    esac
    digits=${line##*,\"signature\":\"}
    number=${line##*,\"key\":\"}
    number=${number%%\"*}
    by=${line#*\",\"by\":}
    by=${by%%,\"facts\":*}
    role=${line##*,\"role\":}
    role=${role%%,*}
    kind=${line##*,\"kind\":}
    grep -F "\"number\":\"$number\"" data/keys.jsonl | grep -F "\"role\":$role" | grep -qF "\"name\":$by" ||
        bad "an event signed by a key that is not there, or by one with another name or role"
    case ${kind%%,*}$role in
        '"certified""interpreter"' | '"certified""reviewer"' | '"sealed""officer"' | '"sealed""administrator"' | \
            '"consent-lifted""administrator"') ;;
        '"certified"'* | '"sealed"'* | '"consent-lifted"'*) bad "an event signed by a role that may not do that" ;;
    esac
    bytes "${digits%\"\}}" 64 >"$work/sig" || bad "a signature"
    bytes "$head$number" 44 >"$work/key" || bad "a signature"
    printf '%s}' "${line%,\"signature\":*}" >"$work/said"
    fits || bad "the signature of an event"
done <data/chain.jsonl
# Each key vouches for its own name and role; the keys are those of the people who signed.
while IFS= read -r line || [ -n "$line" ]; do
    number=${line##*\"number\":\"}
    number=${number%%\"*}
    digits=${line##*,\"proof\":\"}
    bytes "${digits%%\"*}" 64 >"$work/sig" || bad "a key"
    bytes "$head$number" 44 >"$work/key" || bad "a key"
    printf %s "${line%%,\"proof\":*},\"recipient\":${line##*,\"recipient\":}" >"$work/said"
    fits || bad "a key"
done <data/keys.jsonl
named=$(sed -n 's/.*,"key":"\([0-9a-f]*\)","kind":.*/\1/p' data/chain.jsonl | sort -u)
held=$(sed -n 's/.*"number":"\([0-9a-f]*\)".*/\1/p' data/keys.jsonl | sort)
[ "$named" = "$held" ] || bad "a key too many or too few"
# The records are those that the events name by their hashes, no more and no fewer.
named=$(sed -n 's/.*"rows":{\([^}]*\)}.*/\1/p' data/chain.jsonl | grep -o '[0-9a-f]\{64\}' | sort)
held=$(while IFS= read -r line || [ -n "$line" ]; do printf %s "$line" | sha256sum | cut -c1-64; done <data/records.jsonl | sort)
[ "$named" = "$held" ] || bad "a record"
# The recordings are those that the records name, by their hashes, and no others.
named=$(sed -n 's/.*"path":"\([^"]*\)".*"record":"audio [0-9]*".*"sha256":"\([0-9a-f]*\)".*/\2  data\/audio\/\1/p' data/records.jsonl | sort)
held=$(grep '^[0-9a-f]*  data/audio/' manifest-sha256.txt | sort || true)
[ "$named" = "$held" ] || bad "a recording"
# What people read is what the records hold: interview.json line by line, and in the text and the page the words
# of every line in their order. (That these two hold nothing else, only the program can tell.)
cat >"$work/read.awk" <<'END'
function bad(what) { print what; failed = 1; exit 3 }
# A field of a canonical line, as it stands there.
function field(line, name,    at, rest) {
    at = index(line, "\"" name "\":")
    if (!at) return ""
    rest = substr(line, at + length(name) + 3)
    if (!match(rest, /^"([^"\\]|\\.)*"/)) match(rest, /^[^,}]*/)
    return substr(rest, 1, RLENGTH)
}
# A version counts before another: a person's before every machine's, then the newest.
function counts(key, status, number) {
    number += status == "\"machine\"" ? 0 : 1000000000
    if (key in rank && rank[key] >= number) return 0
    rank[key] = number
    return 1
}
function record(line,    name, part, id) {
    name = field(line, "record")
    split(substr(name, 2, length(name) - 2), part, /[ .]/)
    id = part[2]
    if (part[1] == "interview" || part[1] == "audio" || part[1] == "channel") top[part[1], id] = line
    else if (part[1] == "speech-model") chosen[id "/speech_models/" part[3]] = field(line, "model")
    else if (part[1] == "line") { cut[id] = line; known[id] }
    else if (part[1] == "failure") lost[field(line, "line")]
    else if (part[1] == "speaker") { if (counts("s" id, "", part[3])) speaker[id] = line }
    else if (part[1] == "recut" && 3 in part) { if (counts("r" part[3], "", id)) place[part[3]] = line }
    else if (part[1] == "text") {
        known[id]
        if (counts("t" id, field(line, "status"), part[3])) { text[id] = line; version[id] = part[3] }
    } else if (part[1] == "translation") {
        if (!((id, part[3]) in made)) langs[id]++
        if (counts("m" id " " part[3], field(line, "status"), part[4])) made[id, part[3]] = line
    }
}
# A field that is shown, against the same one of a record where that tells it.
function same(name, line, column) { return index(line, "\"" column "\":") == 0 || seg[name] == field(line, column) }
function ms(samples) { return int((samples + 8) / 16) }
# Every doubt of a record, and what it names, is shown. The column is a list in JSON, written as one text.
function doubts(line, at, id,    all, kind, detail, n, found) {
    all = field(line, "flags")
    if (all == "") return
    gsub(/\\\\/, "\001", all)
    gsub(/\\"/, "\"", all)
    gsub(/\001/, "\\", all)
    while (match(all, /\{"kind":"[a-z-]*"/)) {
        kind = substr(all, RSTART + 8, RLENGTH - 8)
        all = substr(all, RSTART + RLENGTH)
        detail = ""
        if (match(all, /^,"detail":"([^"\\]|\\.)*"/)) {
            detail = substr(all, 11, RLENGTH - 10)
            all = substr(all, RLENGTH + 1)
        }
        found = 0
        for (n = 0; (at "flags/" n) in seg; n++) if (seg[at "flags/" n] == kind) found = 1
        if (!found) bad("a doubt of line " id)
        found = detail == ""
        for (n = 0; (at "flag_details/" n "/kind") in seg; n++)
            if (seg[at "flag_details/" n "/kind"] == kind && seg[at "flag_details/" n "/detail"] == detail) found = 1
        if (!found) bad("a doubt of line " id)
    }
}
function told(id,    own, at, who, start, end, n, i, lang) {
    if (!(id in known) || id in shown) bad("line " id " of the transcript")
    shown[id]
    own = id in cut ? cut[id] : text[id]
    start = id in cut ? "start_sample" : "start"
    end = id in cut ? "end_sample" : "end"
    at = own
    if (id in place) { at = place[id]; start = "start_sample"; end = "end_sample" }
    if (field(at, start) == "null") bad("line " id " is shown and stands no more")
    who = id in speaker ? speaker[id] : own
    if (seg["start_ms"] != ms(field(at, start)) || seg["end_ms"] != ms(field(at, end)) ||
        seg["speaker"] != field(who, "speaker") || id in cut && !same("channel", cut[id], "channel"))
        bad("line " id " of the transcript")
    if (id in text) {
        if (seg["version"] != version[id] || seg["text"] != field(text[id], "text") ||
            seg["status"] != field(text[id], "status") || seg["lang"] != field(text[id], "lang") ||
            !same("author", text[id], "author")) bad("line " id " of the transcript")
    } else if (seg["version"] != 0 || seg["text"] != "\"\"" ||
        seg["status"] != (id in lost ? "\"failed\"" : "\"pending\"")) bad("line " id " of the transcript")
    doubts(id in text ? text[id] : cut[id], "", id)
    for (n = 0; ("translations/" n "/lang") in seg; n++) {
        i = "translations/" n "/"
        lang = seg[i "lang"]
        lang = substr(lang, 2, length(lang) - 2)
        if (!((id, lang) in made) || (id, lang) in seen) bad("a translation of line " id)
        seen[id, lang]
        doubts(made[id, lang], i, id)
        if (seg[i "text"] != field(made[id, lang], "text") || !same(i "status", made[id, lang], "status") ||
            !same(i "engine", made[id, lang], "author") || !same(i "of_version", made[id, lang], "of_version"))
            bad("a translation of line " id)
    }
    if (n != langs[id] + 0) bad("a translation of line " id)
    # In the order of the sound, then of the channels, then of the lines.
    at = sprintf("%015d %05d %015d", field(at, start), seg["channel"], id)
    if (at < before) bad("the order of the lines")
    before = at
    lines++
}
# A list of texts as a record has it: in one text, parted by spaces.
function list(name,    n, all, item) {
    for (n = 0; (name "/" n) in seg; n++) {
        item = seg[name "/" n]
        all = all (n ? " " : "") substr(item, 2, length(item) - 2)
    }
    return "\"" all "\""
}
function listed(name, line, column,    all, at) {
    all = field(line, column)
    at = index(line, "\"" column "\":")
    if (!at) return 1
    if (substr(all, 1, 1) == "[") {
        all = substr(line, at + length(column) + 4)
        sub(/\].*/, "", all)
        gsub(/","/, " ", all)
        if (all == "") all = "\"\""
    }
    return list(name) == all
}
function rows(name, kind, columns,    n, i, j, part) {
    split(columns, part, " ")
    # A covered copy has no records of its channels.
    if (kind == "channel" && !((kind, 0) in top)) return
    for (n = 0; (name "/" n "/" part[1]) in seg; n++) {
        if (!((kind, n) in top)) bad("the " kind " of the transcript")
        for (j = 1; j in part; j++) {
            i = name "/" n "/" part[j]
            if (!(i in seg ? same(i, top[kind, n], part[j]) : listed(i, top[kind, n], part[j]))) bad("the " kind " of the transcript")
        }
    }
    if ((kind, n) in top) bad("the " kind " of the transcript")
}
function head(    n) {
    if (seg["/id"] != field(first, "interview") || !same("/started", top["interview", ""], "started") ||
        !same("/case", top["interview", ""], "case_name") || !same("/source", top["interview", ""], "source") ||
        !listed("/languages", top["interview", ""], "languages")) bad("the head of the transcript")
    rows("/audio", "audio", "path sha256 sample_rate channels original_name")
    rows("/channels", "channel", "speaker languages")
    for (n in chosen) if (seg["/channels/" n] != chosen[n]) bad("a speech model of the transcript")
    for (n in seg) if (n ~ /^\/channels\/[0-9]+\/speech_models\// && !(substr(n, 11) in chosen)) bad("a speech model of the transcript")
    if (length_ms != "" && seg["/duration_ms"] != length_ms) bad("the length of the transcript")
    if (index(first, "\"notes\":[") ? !listed("/notes", first, "notes") : first !~ /"program":"mekong 0\.1\.0"/ && ("/notes/0" in seg)) bad("the notes of the transcript")
}
# Every word of a text without what shows nothing.
function plain(words) {
    gsub(/\302[\200-\240]|\341\232\200|\342\200[\200-\217\250-\257]|\342\201[\237-\257]|\343\200\200|\357\273\277|\302\255/, "", words)
    gsub(/[\001-\040\177]/, "", words)
    return words
}
function unescaped(words) {
    words = substr(words, 2, length(words) - 2)
    gsub(/\\\\/, "\001", words)
    gsub(/\\[nrtbf]|\\u00[01][0-9a-f]/, "\n", words)
    gsub(/\\"/, "\"", words)
    gsub(/\001/, "\\", words)
    return words
}
# Words that a machine most likely invented are held back from the text and the page until a person decides.
function expect(id,    n, i, all, part, count, held) {
    for (n = 0; ("flags/" n) in seg; n++)
        if (seg["status"] == "\"machine\"" && seg["flags/" n] ~ /^"(phantom-phrase|repetition|no-speech|wrong-script|speech-rate)"$/) held = 1
    all = held ? "[held back: " : unescaped(seg["text"])
    for (n = 0; (i = "translations/" n "/text") in seg; n++)
        all = all "\n" (held && seg["translations/" n "/status"] == "\"machine\"" ? "[held back: " : unescaped(seg[i]))
    count = split(all, part, "\n")
    wanted[lines] = count
    for (n = 1; n <= count; n++) want[lines, n] = plain(part[n])
    number[lines] = id
    status[lines] = substr(seg["status"], 2, length(seg["status"]) - 2)
}
FILENAME ~ /records/ { record($0); next }
FILENAME ~ /chain/ {
    if (FNR == 1) first = $0
    if (index($0, "\"duration_ms\":")) length_ms = field($0, "duration_ms")
    next
}
# interview.json in the one form in which the program writes it: a value a line, two spaces a level.
FILENAME ~ /json/ {
    rest = $0
    sub(/,$/, "", rest)
    match(rest, /^ */)
    spaces = RLENGTH
    rest = substr(rest, spaces + 1)
    if (rest == "}" || rest == "]") {
        depth--
        if (spaces != 2 * depth) bad("the form of interview.json")
        if (depth == 2 && path[1] == "segments") { told(seg["id"]); expect(seg["id"]); for (k in seg) if (!(k in kept)) delete seg[k] }
        next
    }
    if (spaces != 2 * depth) bad("the form of interview.json")
    key = ""
    if (match(rest, /^"[a-z0-9_]+": /)) { key = substr(rest, 2, RLENGTH - 4); rest = substr(rest, RLENGTH + 1) }
    else if (depth > 0) key = item[depth]++
    path[depth] = key
    from = path[1] == "segments" && depth > 2 ? 3 : 1
    name = from == 1 ? "/" : ""
    for (k = from; k <= depth; k++) name = name (k > from ? "/" : "") path[k]
    if (rest == "{" || rest == "[") { depth++; item[depth] = 0; next }
    if (rest !~ /^("([^"\\]|\\.)*"|-?[0-9][-+.0-9eE]*|true|false|null|\[\]|\{\})$/ || name in seg) bad("the form of interview.json")
    seg[name] = rest
    if (from == 1) kept[name]
    next
}
# A line of the text begins with its number at the edge; a row of the page has it in its name.
FILENAME ~ /txt/ {
    if ($0 ~ /^[0-9]+\. /) { block++; of = $0; sub(/\..*/, "", of); if (of != number[block]) bad("line " of " of transcript.txt") }
    if (block) page[block] = page[block] plain($0)
    next
}
{
    if (tolower($0) ~ /<(script|iframe|object|embed|link|form)|javascript:/) bad("what transcript.html does")
    if ($0 ~ /^<tr id="line-/) { row++; of = $0; sub(/^<tr id="line-/, "", of); sub(/".*/, "", of); if (of != number[row]) bad("line " of " of transcript.html") }
    if ($0 ~ /^<\/tbody>/) row = row < lines ? row : lines + 1
    gsub(/<[^>]*>/, "")
    gsub(/&lt;/, "<"); gsub(/&gt;/, ">"); gsub(/&quot;/, "\""); gsub(/&#39;/, "\047"); gsub(/&amp;/, "\\&")
    if (row && row <= lines) web[row] = web[row] plain($0)
}
END {
    if (failed) exit 3
    head()
    for (k in known) if (!(k in shown) && !(k in place && field(place[k], "start_sample") == "null")) bad("line " k " is left out")
    for (k = 1; k <= lines && copies; k++) {
        if (!index(page[k], "[" status[k] "]")) bad("line " number[k] " of transcript.txt")
        if (row && !index(web[k], "said," status[k])) bad("line " number[k] " of transcript.html")
        for (n = 1; n <= wanted[k]; n++) if (want[k, n] != "") {
            if (!index(page[k], want[k, n])) bad("line " number[k] " of transcript.txt")
            if (row && !index(web[k], want[k, n])) bad("line " number[k] " of transcript.html")
        }
    }
    if (copies && (block != lines || row && row < lines)) bad("the lines that people read")
}
END
# Their form is told by a number; another version of this script knows another one.
copies='data/transcript.txt data/transcript.html'
note=
grep -qx 'Mekong-Copies: 1' bag-info.txt || { copies=; note=' (the text and the page were not compared: they are of another form)'; }
what=$(awk -v "copies=${copies:+1}" -f "$work/read.awk" data/records.jsonl data/chain.jsonl data/interview.json $copies) || bad "${what:-what people read}"
echo "OK: signed by $key$note"
