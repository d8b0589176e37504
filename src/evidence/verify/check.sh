#!/bin/sh
# Checks a bundle with nothing but openssl, sha256sum and awk: sh verify.sh FOLDER [KEY]
# FOLDER is the unpacked bundle; KEY is the sender's 64 digits, as they were told to you by another
# way. Take this script from somebody you trust, not from the bundle that you check.
# Only the program sees the rest: which keys you know and which of them were revoked, under which names; what
# came before of this interview; whether a consent was made wider unsigned, and whether anybody certified
# their own work or other words.
set -eu
export LC_ALL=C
cd "${1:-.}"
# On one line: what stands in the bundle must not begin a line of its own.
bad() { printf 'BAD: %s\n' "$(printf %s "$1" | tr '\n\r' '  ')" >&2; exit 3; }
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
for file in data/*.jsonl data/interview.json; do
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
        [ ! -f "$file" ] || printf '%s\n' "- - - ${file#data/audio/} end $(($(wc -c <"$file") - 44)) - -"
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
