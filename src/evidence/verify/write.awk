# Writes the text and the page of interview.json as the program does, in the form 1 of both.
# The words of a text: lines parted by their ends, without what shows nothing.
function plain(words) {
    words = substr(words, 2, length(words) - 2)
    gsub(/\\\\/, "\001", words)
    gsub(/\\([nrf]|u000b)/, "\n", words)
    gsub(/\\t/, "\t", words)
    gsub(/\\(b|u00[01][0-9a-f])/, "", words)
    gsub(/\\"/, "\"", words)
    gsub(/\302\205|\342\200[\250\251]/, "\n", words)
    gsub(/\177|\302[\200-\237]|\330\234|\342\200[\216\217\252-\256]|\342\201[\246-\251]|\357\273\277/, "", words)
    gsub(/\001/, "\\", words)
    return words
}
function trimmed(line) {
    sub(/^([\t\n ]|\302[\205\240]|\341\232\200|\342\200[\200-\212\250\251\257]|\342\201\237|\343\200\200)+/, "", line)
    sub(/([\t\n ]|\302[\205\240]|\341\232\200|\342\200[\200-\212\250\251\257]|\342\201\237|\343\200\200)+$/, "", line)
    return line
}
# The lines of a text that hold something, in `said`.
function parts(words,    n, all, part, line) {
    all = split(plain(words), part, "\n")
    found = 0
    for (n = 1; n <= all; n++) if ((line = trimmed(part[n])) != "") said[++found] = line
    return found
}
function one_line(words,    n, all) {
    parts(words)
    for (n = 1; n <= found; n++) all = all (n > 1 ? " " : "") said[n]
    return all
}
function escaped(line) {
    gsub(/&/, "\\&amp;", line)
    gsub(/</, "\\&lt;", line)
    gsub(/>/, "\\&gt;", line)
    gsub(/"/, "\\&quot;", line)
    gsub(/\047/, "\\&#39;", line)
    gsub(/\357\277[\276\277]/, "", line)
    return line
}
function page(words) {
    words = plain(words)
    gsub(/[\t\n]|\302\240|\341\232\200|\342\200[\200-\212\257]|\342\201\237|\343\200\200/, " ", words)
    return escaped(words)
}
function timecode(at,    s) {
    s = int(at / 1000)
    return sprintf("%02d:%02d:%02d.%03d", int(s / 3600), int(s / 60) % 60, s % 60, at % 1000)
}
# What is told at the head of all lines: how many there are of each kind, and in which languages.
function look(    n, i) {
    total[seg["status"]]++
    if (seg["status"] == "\"machine\"") machine = 1
    practises("")
    for (n = 0; (i = "translations/" n "/") "lang" in seg; n++) {
        if (seg[i "status"] == "\"machine\"") machine = 1
        practises(i)
        occurs[++others] = bare(seg[i "lang"])
    }
}
function practises(at,    n) { for (n = 0; (at "flags/" n) in seg; n++) if (seg[at "flags/" n] == "\"practice-model\"") practice = 1 }
function add_column(lang) { if (!(lang in has_column)) { has_column[lang]; order[++columns] = lang } }
function notices(    n) {
    if ("/redaction/places" in seg)
        notice[++n] = "Redacted copy: " seg["/redaction/places"] " places in " seg["/redaction/lines"] " lines are covered." \
            (seg["/redaction/silent"] == "true" ? " Sound outside of the lines is left out." : "") " Last event of the whole record: " bare(seg["/redaction/parent_sha256"])
    if (machine) notice[++n] = "Written by a machine; not checked by a person"
    if (practice) notice[++n] = "Written by a practice model: never for casework"
    return n + 0
}
function fact(name, value) { print "<dt>" name "</dt><dd>" page(value) "</dd>" >web }
function begin(    n, all, names, i, status, part) {
    for (n = 0; ("/languages/" n) in seg; n++) {
        i = bare(seg["/languages/" n])
        add_column(i)
        all = all (n ? ", " : "") called[i] " (" i ")"
        names = names (n ? ", " : "") called[i]
    }
    for (n = 1; n <= others; n++) add_column(occurs[n])
    i = bare(seg["/id"])
    print "Interview: " i >out
    print "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '" style "'; script-src '" player "'; base-uri 'none'; form-action 'none'\">" >top_of_web
    print "<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>Interview " i "</title>" >top_of_web
    print "</head>\n<body>\n<h1>Interview " i "</h1>" >web
    all_notices = notices()
    for (n = 1; n <= all_notices; n++) print "<p class=\"notice\">" notice[n] "</p>" >web
    print "<dl>" >web
    if (seg["/case"] != "null") { print "Case: " one_line(seg["/case"]) >out; fact("Case", seg["/case"]) }
    print "Languages: " all >out
    fact("Languages", "\"" names "\"")
    print "Started: " one_line(seg["/started"]) >out
    fact("Started", seg["/started"])
    print "Length: " timecode(seg["/duration_ms"]) >out
    fact("Length", "\"" timecode(seg["/duration_ms"]) "\"")
    fact("Lines", "\"" (lines + 0) "\"")
    for (n = 0; (i = "/audio/" n) "/path" in seg; n++) {
        print "Recording: " one_line(seg[i "/original_name"]) " (kept as " one_line(seg[i "/path"]) "; " seg[i "/sample_rate"] " Hz, channels: " seg[i "/channels"] ")" >out
        print "SHA-256: " bare(seg[i "/sha256"]) >out
        fact("Recording", seg[i "/original_name"])
        fact("SHA-256", seg[i "/sha256"])
    }
    if (seg["/source"] != "null") { print "Source: " one_line(seg["/source"]) >out; fact("Source", seg["/source"]) }
    for (n = 0; ("/notes/" n) in seg; n++) { print "Note: " one_line(seg["/notes/" n]) >out; fact("Note", seg["/notes/" n]) }
    all = ""
    split("machine edited certified pending failed", status, " ")
    for (n = 1; n <= 5; n++) if (total["\"" status[n] "\""]) all = all (all == "" ? " (" : ", ") total["\"" status[n] "\""] " " status[n]
    print "Lines: " (lines + 0) all (all == "" ? "" : ")") >out
    if (all_notices) print "" >out
    for (n = 1; n <= all_notices; n++) {
        print notice[n] >out
        if (notice[n] ~ /^Written by a machine;/ && total["\"edited\""] + total["\"certified\""])
            print "(what is marked [machine]; what is marked otherwise is a person's)" >out
    }
    print "</dl>" >web
    if (!lines) { print "\nThis interview has no lines." >out; print "<p>This interview has no lines.</p>" >web; return }
    printf "%s", "<table>\n<thead><tr><th>No.</th><th>Time</th><th>Speaker</th>" >web
    for (n = 1; n <= columns; n++) printf "%s", "<th>" called[order[n]] " " calls_itself[order[n]] "</th>" >web
    print "</tr></thead>\n<tbody>" >web
}
function finish() {
    if (lines) print "</tbody>\n</table>" >web
    print "</body>\n</html>" >web
}
# The doubts of a text, without what they quote where its words are held back.
function doubts_of(at, quiet,    n, k, kind, detail, all) {
    for (n = k = 0; (at "flags/" n) in seg; n++) {
        kind = bare(seg[at "flags/" n])
        detail = ""
        if (seg[at "flag_details/" k "/kind"] == "\"" kind "\"") detail = one_line(seg[at "flag_details/" k++ "/detail"])
        if (quiet) detail = ""
        print "      ! " kind (detail == "" ? "" : ": ") detail >out
        all = all "<li title=\"" kind "\">" meaning[kind] (detail == "" ? "" : ": ") escaped(detail) "</li>"
    }
    return all == "" ? "" : "<ul class=\"doubts\" lang=\"en\">" all "</ul>"
}
# The lines of a text in both: in the text with a mark behind the last one.
function words_of(lang, mark,    n, all) {
    for (n = 1; n <= found; n++) {
        print (n == 1 ? "    " lang ": " : "        ") said[n] (n == found ? mark : "") >out
        all = all (n > 1 ? "<br>" : "") escaped(said[n])
    }
    return all
}
function author(token) { token = one_line(token); return token == "" ? "" : " " token }
function paint(id,    n, k, i, lang, kind, hold, label, status, cell, none, machined, mark, who, row, is_there) {
    if (copies && (numbers("renders") != renders[id] "" || numbers("rendered_by") != rendering[id] "")) bad("what line " id " renders")
    status = bare(seg["status"])
    for (n = 0; status == "machine" && hold == "" && ("flags/" n) in seg; n++) {
        kind = bare(seg["flags/" n])
        if (kind ~ /^(phantom-phrase|repetition|no-speech|wrong-script|speech-rate)$/) hold = "\"[held back: " meaning[kind] "]\""
    }
    if (renders[id] != "") label = " (renders line" (index(renders[id], ",") ? "s" : "") " " renders[id] ")"
    print "\n" id ". " timecode(seg["start_ms"]) " - " timecode(seg["end_ms"]) "  " one_line(seg["speaker"]) label "  [" status "]" author(seg["author"]) >out
    row = "<tr id=\"line-" id "\"><td>" id "</td><td>" timecode(seg["start_ms"]) "</td><td>" page(seg["speaker"]) label "</td>"
    lang = bare(seg["lang"])
    none = !parts(hold == "" ? seg["text"] : hold)
    if (none) { said[1] = status ~ /^(pending|failed)$/ ? "[" status "]" : "[no text]"; found = 1 }
    cell[lang] = "<td class=\"said\" lang=\"" lang "\">" words_of(lang, "")
    cell[lang] = cell[lang] "<span class=\"by\" lang=\"en\"><span class=\"status" (status == "machine" ? " machine" : "") "\">said, " status "</span> " page(seg["author"]) "</span>"
    cell[lang] = cell[lang] doubts_of("", hold != "") "</td>"
    for (k = 1; k <= columns; k++) {
        if (order[k] == lang) continue
        is_there = 0
        for (n = 0; (i = "translations/" n "/") "lang" in seg; n++) if (seg[i "lang"] == "\"" order[k] "\"") { is_there = 1; break }
        cell[order[k]] = "<td></td>"
        if (!is_there) { if (!none) print "    " order[k] ": [pending]" >out; continue }
        machined = seg[i "status"] == "\"machine\""
        mark = "  [" (machined ? "machine" : "person") "]" author(seg[i "engine"])
        who = machined ? "machine" : "a person"
        if (!parts(hold != "" && machined ? hold : seg[i "text"])) { said[1] = "[no text]"; found = 1 }
        cell[order[k]] = "<td lang=\"" order[k] "\">" words_of(order[k], mark)
        for (n = 0; !(hold != "" && machined) && (i "terms/" n "/source") in seg; n++)
            if (seg[i "terms/" n "/satisfied"] != "true")
                print "      ! term: " one_line(seg[i "terms/" n "/source"]) " = " one_line(seg[i "terms/" n "/target"]) >out
        cell[order[k]] = cell[order[k]] "<span class=\"by\" lang=\"en\"><span class=\"status" (machined ? " machine" : "") "\">translated, " who "</span> " page(seg[i "engine"]) "</span>"
        cell[order[k]] = cell[order[k]] doubts_of(i, hold != "" && machined) "</td>"
    }
    for (k = 1; k <= columns; k++) row = row cell[order[k]]
    print row (lang in has_column ? "" : cell[lang]) "</tr>" >web
}
BEGIN {
    style = "sha256-7K391a+Q6/qx9nx80gZhNPWGqjUQYBFgfp8Tkpyqttk="
    player = "sha256-i/V1CWfIPkQ0CP5I/SJqdKaS6Ew+6gYgTpmnll9VAUU="
    split("en km lo my th vi zh", code, " ")
    split("English Khmer Lao Burmese Thai Vietnamese Chinese", name_of, " ")
    split("English/ខ្មែរ/ລາວ/မြန်မာ/ไทย/Tiếng Việt/中文", own_name, "/")
    for (n = 1; n in code; n++) { called[code[n]] = name_of[n]; calls_itself[code[n]] = own_name[n] }
    meaning["practice-model"] = "A practice model wrote this: never for casework"
    meaning["low-confidence"] = "The recogniser is unsure of these words"
    meaning["no-text"] = "Somebody speaks here, but the recogniser wrote nothing"
    meaning["no-speech"] = "The recogniser holds that nobody speaks here"
    meaning["repetition"] = "The same words over and over, a known failure of recognisers"
    meaning["wrong-script"] = "Letters of a script that this language is not written in"
    meaning["speech-rate"] = "More words than anybody speaks in this time"
    meaning["language-uncertain"] = "It may be another language"
    meaning["phantom-phrase"] = "A phrase that recognisers invent in silence or music"
    meaning["cut-without-pause"] = "Cut in the middle of speech"
    meaning["other-channel"] = "Heard on another channel too, and louder there"
    meaning["term-missing"] = "An agreed term has no approved counterpart in the translation"
    meaning["number-mismatch"] = "A number, a date or a document number differs"
    meaning["name-differs"] = "A name of the source does not stand in the translation"
    meaning["negation-differs"] = "One side denies, the other does not"
    meaning["question-differs"] = "One side asks, the other states"
    meaning["lunar-date"] = "A date of another calendar, which a person must convert"
    meaning["term-forbidden"] = "A word that must not be used stands in the translation"
    meaning["untranslated"] = "It may not be translated at all"
    meaning["length-ratio"] = "The translation is far too short or too long"
    meaning["low-probability"] = "The translator gave its own words a low probability"
    meaning["truncated"] = "The text stops too early or leaves something out"
    meaning["stale"] = "The translation is of an earlier version of the words"
    meaning["no-model"] = "No installed model translates this direction"
    meaning["opinions-differ"] = "A second translator holds something else"
    meaning["zawgyi"] = "Burmese in the old Zawgyi encoding, which reads wrongly as Unicode"
    meaning["engine-failed"] = "The engine failed on this line"
}
