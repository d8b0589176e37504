# What people read is what the records hold: interview.json value by value; the text and the page are written
# anew from it and compared byte by byte, but for the style of the page, of which the hash is known.
cat >"$work/read.awk" <<'END'
