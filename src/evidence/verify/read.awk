# Reads the records, then interview.json, which it compares with them value by value, then interview.json once
# more, to write the text and the page anew (write.awk).
function bad(what) { print what; failed = 1; exit 3 }
# A field of a canonical line, as it stands there.
function field(line, name,    at, rest) {
    at = index(line, "\"" name "\":")
    if (!at) return ""
    rest = substr(line, at + length(name) + 3)
    if (!match(rest, /^"([^"\\]|\\.)*"/)) match(rest, /^[^,}]*/)
    return substr(rest, 1, RLENGTH)
}
# A list in JSON that a record holds as one text.
function inner(line, name,    all) {
    all = bare(field(line, name))
    gsub(/\\\\/, "\001", all)
    gsub(/\\"/, "\"", all)
    gsub(/\001/, "\\", all)
    return all
}
# A text without its quotation marks.
function bare(token) { return substr(token, 2, length(token) - 2) }
# A version counts before another: a person's before every machine's, then the newest.
function counts(key, status, number) {
    number += status == "\"machine\"" ? 0 : 1000000000
    if (key in rank && rank[key] >= number) return 0
    rank[key] = number
    return 1
}
function record(line,    name, part, id, lang, of) {
    name = field(line, "record")
    split(bare(name), part, /[ .]/)
    id = part[2]
    if (part[1] == "interview" || part[1] == "audio" || part[1] == "channel") top[part[1], id] = line
    else if (part[1] == "speech-model") chosen[id "/speech_models/" part[3]] = field(line, "model")
    else if (part[1] == "line") { cut[id] = line; known[id] }
    else if (part[1] == "failure") { of = field(line, "line"); if (counts("f" of, "", id)) lost[of] = field(line, "reason") }
    else if (part[1] == "untranslated") {
        of = field(line, "line") " " field(line, "of_version")
        lang = field(line, "lang")
        if (counts("u" of lang, "", id)) untold[of, bare(lang)] = field(line, "reason")
    } else if (part[1] == "speaker") { if (counts("s" id, "", part[3])) speaker[id] = line }
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
# The same of a probability, of which four digits behind the point are shown.
function likely(name, line, column,    value) {
    if (index(line, "\"" column "\":") == 0) return 1
    value = field(line, column)
    if (value !~ /[0-9]/) return seg[name] == "null"
    value = bare(value) * 10000
    value = (value < 0 ? -int(0.5 - value) : int(value + 0.5)) / 10000
    return seg[name] ~ /^-?(0|[1-9][0-9]*)\.([0-9]*[1-9]|0)$/ && length(seg[name]) < 24 && seg[name] + 0 == value
}
function ms(samples) { return int((samples + 8) / 16) }
# A list of objects that is shown, as a record holds it: what stands in columns marked with `?` may be missing.
function packed(name, columns,    part, n, j, all, item, i, key) {
    split(columns, part, " ")
    for (n = 0; (name "/" n "/" part[1]) in seg; n++) {
        item = ""
        for (j = 1; j in part; j++) {
            key = part[j]
            sub(/\?/, "", key)
            i = name "/" n "/" key
            if (i in seg) item = item (item == "" ? "" : ",") "\"" key "\":" seg[i]
            else if ((i "/0/side") in seg) item = item ",\"" key "\":" packed(i, "side from to value")
            else if (key == part[j]) item = item "-"
        }
        all = all (n ? "," : "") "{" item "}"
    }
    return n || seg[name] == "[]" ? "[" all "]" : ""
}
# Doubts that a record holds go behind those that are wanted already; `once` those alone that are not there yet.
function doubt(item, once,    n) {
    for (n = 0; once && n < doubts; n++) if (wanted[n] == item) return
    wanted[doubts++] = item
}
function held(line, once,    all) {
    all = inner(line, "flags")
    sub(/^\[/, "", all)
    while (match(all, /^\{"kind":"[a-z-]*"(,"detail":"([^"\\]|\\.)*")?(,"places":\[(\{("([^"\\]|\\.)*"|[^"}])*\},?)*\])?\}/)) {
        doubt(substr(all, 1, RLENGTH), once)
        all = substr(all, RLENGTH + 1)
        sub(/^,/, "", all)
    }
}
function failing(reason) { doubt("{\"kind\":\"engine-failed\"" (reason == "\"\"" ? "" : ",\"detail\":" reason) "}") }
# The doubts that are wanted are shown: exactly those where the sender's program shows them in the form of this
# script. Another one may know more.
function doubted(at, id,    n, kind, item, all, details, found) {
    for (n = 0; n < doubts; n++) {
        match(wanted[n], /"kind":"[a-z-]*"/)
        kind = substr(wanted[n], RSTART + 7, RLENGTH - 7)
        if (copies && seg[at "flags/" n] != kind) bad("a doubt of line " id)
        if (wanted[n] ~ /^\{"kind":"[a-z-]*","detail":/) all = all (details++ ? "," : "") wanted[n]
        if (copies) continue
        found = 0
        for (item = 0; (at "flags/" item) in seg; item++) if (seg[at "flags/" item] == kind) found = 1
        if (!found) bad("a doubt of line " id)
        if (wanted[n] !~ /^\{"kind":"[a-z-]*","detail":/) continue
        item = wanted[n]
        sub(/,"places":\[.*/, "", item)
        sub(/\}$/, "", item)
        if (!index(packed(at "flag_details", "kind detail places?"), item)) bad("a doubt of line " id)
    }
    if (copies && ((at "flags/" doubts) in seg || packed(at "flag_details", "kind detail places?") != "[" all "]"))
        bad("a doubt of line " id)
}
# Whether a line has a translation of these words, or a person's of any.
function has(id, lang) {
    return (id, lang) in made && (field(made[id, lang], "status") != "\"machine\"" || field(made[id, lang], "of_version") == version[id])
}
# What an engine could not do with the words of a line that still lacks a translation.
function undone(id,    part, n, lacks, lang) {
    if (visible(text[id]) == "") return
    n = split(field(top["interview", ""], "languages"), part, /[" ]/)
    for (; n > 0; n--) if (part[n] != "" && "\"" part[n] "\"" != field(text[id], "lang") && !has(id, part[n])) lacks = 1
    if (!lacks) return
    for (n = 1; n in code; n++) {
        lang = code[n]
        if ((id " " version[id], lang) in untold && !has(id, lang))
            failing("\"" lang ": " substr(untold[id " " version[id], lang], 2))
    }
}
function visible(line,    words) {
    words = bare(field(line, "text"))
    gsub(/\\([nrtf]|u000b)/, " ", words)
    return trimmed(words)
}
function told(id,    own, at, who, start, end, n, i, lang, last) {
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
        seg["speaker"] != field(who, "speaker") || !same("channel", own, "channel"))
        bad("line " id " of the transcript")
    if (id in text) {
        if (seg["version"] != version[id] || seg["text"] != field(text[id], "text") ||
            seg["status"] != field(text[id], "status") || seg["lang"] != field(text[id], "lang") ||
            !same("author", text[id], "author") || !likely("confidence", text[id], "confidence") ||
            index(text[id], "\"words\":") && packed("words", "text start_ms end_ms confidence") != inner(text[id], "words"))
            bad("line " id " of the transcript")
    } else if (seg["version"] != 0 || seg["text"] != "\"\"" || seg["confidence"] != "null" || seg["words"] != "[]" ||
        ("author" in seg && seg["author"] != "\"\"") || !same("lang", own, "lang") ||
        seg["status"] != (id in lost ? "\"failed\"" : "\"pending\"")) bad("line " id " of the transcript")
    doubts = 0
    if (id in cut) {
        if (copies || !(id in text)) held(cut[id])
        # The program joins the doubts of the words to those of the cut.
        if (id in text) held(text[id], 1)
        if (copies && id in text) undone(id)
        else if (copies && id in lost) failing(lost[id])
        doubted("", id)
    } else if (index(own, "\"flags\":")) { held(own); doubted("", id) }
    for (n = 0; ("translations/" n "/lang") in seg; n++) {
        i = "translations/" n "/"
        lang = bare(seg[i "lang"])
        if (!((id, lang) in made) || (id, lang) in seen || copies && lang <= last) bad("a translation of line " id)
        seen[id, lang]
        last = lang
        own = made[id, lang]
        if (seg[i "text"] != field(own, "text") || !same(i "status", own, "status") ||
            !same(i "engine", own, "author") || !same(i "of_version", own, "of_version") ||
            !likely(i "log_prob", own, "log_prob") || copies && seg[i "by_person"] != (seg[i "status"] == "\"machine\"" ? "false" : "true") ||
            index(own, "\"terms\":") && packed(i "terms", "source target satisfied alternative?") != inner(own, "terms"))
            bad("a translation of line " id)
        if (!index(own, "\"flags\":")) continue
        doubts = 0
        held(own)
        if (copies && id in cut && field(own, "of_version") != version[id]) doubt("{\"kind\":\"stale\",\"detail\":\"of an earlier version of the line\"}")
        doubted(i, id)
    }
    if (n != langs[id] + 0) bad("a translation of line " id)
    # In the order of the sound, then of the channels, then of the lines.
    start = field(at, start)
    at = sprintf("%015d %05d %015d", start, seg["channel"], id)
    if (at < before) bad("the order of the lines")
    before = at
    lines++
    voice(id, start)
}
# Lines by their beginnings, for what an interpreter renders.
function voice(id, start,    n) {
    for (n = lines; n > 1 && (begins[n - 1] > start + 0 || begins[n - 1] == start + 0 && number[n - 1] > id + 0); n--) {
        number[n] = number[n - 1]; begins[n] = begins[n - 1]; says[n] = says[n - 1]; tongue[n] = tongue[n - 1]
    }
    number[n] = id + 0; begins[n] = start + 0; says[n] = seg["speaker"]; tongue[n] = seg["lang"]
}
function interprets(who) {
    if (who == "\"interpreter\"") return 1
    if (who !~ /^"interpreter \+?[0-9]+"$/) return 0
    sub(/^"interpreter \+?/, "", who)
    return who + 0 > 1 && who + 0 < 65536
}
# An interpreter renders what was said before in another language without a pause.
function interpreted(    n, k, part, who, lang, said, rendered) {
    for (n = 1; n <= lines; n++)
        if (!interprets(says[n])) {
            if (who == says[n] && lang == tongue[n] && !rendered) said = said ", " number[n]
            else { who = says[n]; lang = tongue[n]; said = number[n]; rendered = 0 }
        } else if (who != "" && lang != tongue[n]) {
            rendered = 1
            renders[number[n]] = said
            k = split(said, part, ", ")
            for (; k > 0; k--) rendering[part[k]] = rendering[part[k]] (rendering[part[k]] == "" ? "" : ", ") number[n]
        }
}
# A list of numbers that is shown.
function numbers(name,    n, all) {
    for (n = 0; (name "/" n) in seg; n++) all = all (n ? ", " : "") seg[name "/" n]
    return all (seg[name] == "[]" ? "-" : "")
}
# A list of texts as a record has it: in one text, parted by spaces.
function list(name,    n, all) {
    for (n = 0; (name "/" n) in seg; n++) all = all (n ? " " : "") bare(seg[name "/" n])
    return "\"" all "\""
}
function listed(name, line, column,    rest, at, n) {
    at = index(line, "\"" column "\":")
    if (!at) return 1
    rest = substr(line, at + length(column) + 3)
    if (!sub(/^\[/, "", rest)) return list(name) == field(line, column)
    for (n = 0; match(rest, /^"([^"\\]|\\.)*"/); n++) {
        if (!((name "/" n) in seg) || seg[name "/" n] != substr(rest, 1, RLENGTH)) return 0
        rest = substr(rest, RLENGTH + 1)
        sub(/^,/, "", rest)
    }
    return substr(rest, 1, 1) == "]" && !((name "/" n) in seg)
}
function rows(name, kind, columns,    n, i, j, part) {
    split(columns, part, " ")
    for (n = 0; kind == "channel" && (name "/" n "/index") in seg; n++) if (seg[name "/" n "/index"] != n) bad("the channels of the transcript")
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
function head(    n, covered) {
    if (seg["/id"] != field(first, "interview") || !same("/started", top["interview", ""], "started") ||
        !same("/case", top["interview", ""], "case_name") || !same("/source", top["interview", ""], "source") ||
        !listed("/languages", top["interview", ""], "languages")) bad("the head of the transcript")
    rows("/audio", "audio", "path sha256 sample_rate channels original_name")
    rows("/channels", "channel", "speaker languages")
    for (n in chosen) if (seg["/channels/" n] != chosen[n]) bad("a speech model of the transcript")
    for (n in seg) if (n ~ /^\/channels\/[0-9]+\/speech_models\// && !(substr(n, 11) in chosen)) bad("a speech model of the transcript")
    if (length_ms != "" && seg["/duration_ms"] != length_ms) bad("the length of the transcript")
    if (index(first, "\"notes\":[") ? !listed("/notes", first, "notes") : first !~ /"program":"mekong 0\.1\.0"/ && ("/notes/0" in seg)) bad("the notes of the transcript")
    covered = first ~ /,"kind":"covered","number":/
    if (covered ? seg["/redaction/parent_sha256"] != field(first, "parent_head") || seg["/redaction/places"] != field(first, "places") ||
        seg["/redaction/lines"] != field(first, "lines") || !same("/redaction/silent", first, "silent") : ("/redaction/lines" in seg)) bad("what the copy is said to be of")
    for (n in known) if (!(n in shown) && !(n in place && field(place[n], "start_sample") == "null")) bad("line " n " is left out")
}
# interview.json in the one form in which the program writes it: a value a line, two spaces a level, the fields
# of each object in their order.
function open_one(sign, key) {
    within[depth + 1] = within[depth] (depth && list_of[depth] == "{" ? "/" key : "")
    depth++
    list_of[depth] = sign
    item[depth] = there[depth] = at_last[depth] = 0
    fresh = 1
}
function close_one(    need, part) {
    need = fields[within[depth]]
    gsub(/ [a-z0-9_]+\?/, "", need)
    if (copies && list_of[depth] == "{" && split(need, part, " ") != there[depth]) bad("the form of interview.json")
    depth--
    fresh = 0
}
function keyed(key,    all, at) {
    all = fields[within[depth]]
    if (!copies || all == "") return
    at = index(all, " " key "? ")
    if (!at) { at = index(all, " " key " "); there[depth]++ }
    if (!at || at <= at_last[depth]) bad("the form of interview.json")
    at_last[depth] = at
}
function json(line,    rest, spaces, key, comma, k, from, name) {
    rest = line
    comma = sub(/,$/, "", rest)
    match(rest, /^ */)
    spaces = RLENGTH
    rest = substr(rest, spaces + 1)
    if (rest == "}" || rest == "]") {
        if (spaces != 2 * (depth - 1) || parted || fresh || (rest == "}") != (list_of[depth] == "{")) bad("the form of interview.json")
        close_one()
        parted = comma
        if (depth == 2 && path[1] == "segments") {
            if (again) paint(seg["id"]); else { told(seg["id"]); look() }
            for (k in seg) if (!(k in kept)) delete seg[k]
        }
        return
    }
    if (spaces != 2 * depth || !depth && (done++ || rest != "{") || depth && !fresh && !parted) bad("the form of interview.json")
    key = ""
    if (depth && list_of[depth] == "{") {
        if (!match(rest, /^"[a-z0-9_]+": /)) bad("the form of interview.json")
        key = substr(rest, 2, RLENGTH - 4)
        rest = substr(rest, RLENGTH + 1)
        keyed(key)
    } else if (depth) key = item[depth]++
    path[depth] = key
    parted = comma
    if (again && depth == 1 && key == "segments") begin()
    if (rest == "{" || rest == "[") { if (comma) bad("the form of interview.json"); open_one(rest, key); return }
    fresh = 0
    from = path[1] == "segments" && depth > 2 ? 3 : 1
    name = from == 1 ? "/" : ""
    for (k = from; k <= depth; k++) name = name (k > from ? "/" : "") path[k]
    if (again && from == 1) return
    if (rest !~ /^("([^"\\\001-\037]|\\["\\nrtbf]|\\u00[01][0-9a-f])*"|-?(0|[1-9][0-9]*)(\.[0-9]+)?(e-?[0-9]+)?|true|false|null|\[\])$/ || name in seg)
        bad("the form of interview.json")
    seg[name] = rest
    if (from == 1) kept[name]
}
BEGIN {
    fields[""] = " id case languages started duration_ms audio channels source notes segments redaction? "
    fields["/audio"] = " path sha256 sample_rate channels original_name "
    fields["/channels"] = " index speaker languages speech_models? "
    fields["/redaction"] = " parent_sha256 places lines silent "
    fields["/segments"] = " id start_ms end_ms speaker lang text confidence flags status translations channel author version words flag_details renders? rendered_by? "
    fields["/segments/words"] = " text start_ms end_ms confidence "
    fields["/segments/translations"] = " lang text engine terms flags log_prob by_person of_version status flag_details "
    fields["/segments/translations/terms"] = " source target satisfied alternative? "
    fields["/segments/flag_details"] = fields["/segments/translations/flag_details"] = " kind detail? places? "
    fields["/segments/flag_details/places"] = fields["/segments/translations/flag_details/places"] = " side from to value "
}
FILENAME ~ /records/ { record($0); next }
FILENAME ~ /chain/ {
    if (FNR == 1) first = $0
    if (index($0, "\"duration_ms\":")) length_ms = field($0, "duration_ms")
    next
}
FNR == 1 { done = depth = parted = 0; if (again) { head(); interpreted() } }
{ json($0) }
END {
    if (failed) exit 3
    if (depth || parted || !done) bad("the form of interview.json")
    finish()
}
