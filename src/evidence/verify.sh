#!/bin/sh
# Checks a bundle with nothing but openssl and sha256sum: sh verify.sh FOLDER [KEY]
# FOLDER is the unpacked bundle; KEY is the sender's 64 digits, as they were told to you by another
# way. Take this script from somebody you trust, not from the bundle that you check.
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
# Each event names the hash of the one before, and the last one is the head that was signed.
previous=0000000000000000000000000000000000000000000000000000000000000000
while IFS= read -r line; do
    case $line in *"\"previous\":\"$previous\","*) ;; *) bad "an event after $previous" ;; esac
    previous=$(printf %s "$line" | sha256sum | cut -c1-64)
done <data/chain.jsonl
grep -qx "Mekong-Chain-Head: $previous" bag-info.txt || bad "the head of the chain"
# So do the links of a session's sound; an event holds the hash of the last one.
if [ -f data/sound-chain.jsonl ]; then
    previous=0000000000000000000000000000000000000000000000000000000000000000
    while IFS= read -r line; do
        case $line in *"\"previous\":\"$previous\","*) ;; *) bad "a link after $previous" ;; esac
        previous=$(printf %s "$line" | sha256sum | cut -c1-64)
    done <data/sound-chain.jsonl
    grep -q "\"sound_head\":\"$previous\"" data/chain.jsonl || bad "the links of the sound"
elif grep -q '"sound_head":"' data/chain.jsonl; then
    bad "the links of the sound are missing"
fi
# What must be signed is; each signature fits, by a key that came along, of the person whom the event names.
if grep -E ',"kind":"(sealed|certified|consent-lifted|covered)","number":' data/chain.jsonl | grep -qv '"signature":"'; then
    bad "an event without its signature"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Bytes of hexadecimal digits: openssl puts a head of its own before them.
bytes() { openssl asn1parse -genstr "FORMAT:HEX,OCT:$1" -noout -out "$work/der" 2>/dev/null && tail -c "$2" "$work/der"; }
while IFS= read -r line; do
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
    grep -F "\"number\":\"$number\"" data/keys.jsonl | grep -qF "\"name\":$by" || bad "an event signed by a key that is not there"
    bytes "${digits%\"\}}" 64 >"$work/sig" || bad "a signature"
    bytes "$head$number" 44 >"$work/key" || bad "a signature"
    printf '%s}' "${line%,\"signature\":*}" >"$work/said"
    openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey "$work/key" -sigfile "$work/sig" \
        -in "$work/said" >/dev/null 2>&1 || bad "the signature of an event"
done <data/chain.jsonl
# The records are those that the events name by their hashes, no more and no fewer.
named=$(sed -n 's/.*"rows":{\([^}]*\)}.*/\1/p' data/chain.jsonl | grep -o '[0-9a-f]\{64\}' | sort)
held=$(while IFS= read -r line; do printf %s "$line" | sha256sum | cut -c1-64; done <data/records.jsonl | sort)
[ "$named" = "$held" ] || bad "a record"
# The recordings are those that the records name, by their hashes, and no others.
named=$(sed -n 's/.*"path":"\([^"]*\)".*"record":"audio [0-9]*".*"sha256":"\([0-9a-f]*\)".*/\2  data\/audio\/\1/p' data/records.jsonl | sort)
held=$(grep '^[0-9a-f]*  data/audio/' manifest-sha256.txt | sort || true)
[ "$named" = "$held" ] || bad "a recording"
echo "OK: signed by $key"
