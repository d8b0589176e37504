"""Writes trafficking.csv from the collected table of terms (tab-separated, see README.md).

Usage: python3 glossaries/make_trafficking.py TERMS.TSV > glossaries/trafficking.csv

A cell of the table may hold remarks in brackets, alternatives with a slash, or a shortened pair;
REWRITES spells those out, so that a cell here holds nothing but terms to be matched.
"""

import csv
import re
import sys

LANGUAGES = ["zh", "vi", "th", "my", "lo", "km"]

# (English term of the table, column) -> variants, the preferred first.
REWRITES = {
    ("trafficking in persons", "en"): ["trafficking in persons", "human trafficking"],
    ("trafficking in persons", "zh"): ["贩运人口"],
    ("trafficking in persons", "vi"): ["mua bán người", "buôn bán người"],
    ("(position of) vulnerability", "en"): ["position of vulnerability", "vulnerability"],
    ("sham/illegal adoption", "en"): ["illegal adoption", "sham adoption"],
    ("broker/recruiter", "en"): ["broker", "recruiter"],
    ("legal representative/guardian", "en"): ["legal representative", "guardian"],
    ("statement/testimony", "en"): ["statement", "testimony"],
    ("audio(-visual) recording", "en"): ["audio-visual recording", "audio recording"],
    ("alias / former name", "en"): ["alias", "former name"],
    ("illegal border crossing", "zh"): ["偷越国境", "偷越边境", "偷越国（边）境"],
    ("accused (under investigation)", "zh"): ["被告人"],
    ("statement/testimony", "zh"): ["供述", "证言"],
    ("detention", "zh"): ["拘禁", "拘留"],
    ("alias / former name", "zh"): ["别名", "曾用名"],
    ("alias / former name", "vi"): ["bí danh", "tên gọi khác"],
    ("alias / former name", "th"): ["นามแฝง", "ชื่อเดิม"],
    ("alias / former name", "lo"): ["ຊື່ແຝງ", "ຊື່ເກົ່າ"],
    ("scam compound", "th"): ["แก๊งคอลเซ็นเตอร์"],
    ("police officer", "km"): ["ប៉ូលិស", "នគរបាល"],
    ("pornography", "my"): ["ညစ်ညမ်းရုပ်ပုံ", "ညစ်ညမ်းစာပေ"],
    ("audio(-visual) recording", "my"): ["အသံ ရုပ်သံ မှတ်တမ်းတင်ခြင်း", "အသံ မှတ်တမ်းတင်ခြင်း"],
}

# Sources that a rewrite changes: one code a variant.
SOURCES = {
    ("trafficking in persons", "zh"): "P",
    ("trafficking in persons", "vi"): "V|A",
    ("statement/testimony", "zh"): "L|L",
    ("detention", "zh"): "U|L",
}

NOTES = {
    "trafficking in persons": "zh: 贩运人口 of the Palermo Protocol is wider than the domestic crime "
    "拐卖; never equate them automatically. vi: the 2024 law says mua bán người, the translation of "
    "the ASEAN convention buôn bán người.",
    "accused (under investigation)": "Under investigation; zh: 被告人 is the accused at trial.",
    "scam compound": "th: names the gang, not the place.",
    "detention": "zh: 拘留 is detention under the police procedure rules.",
}


def english(term):
    """The term without its bracketed remark, and the remark."""
    if (term, "en") in REWRITES:
        return REWRITES[term, "en"], ""
    remark = " ".join(re.findall(r"\(([^)]*)\)", term))
    return [re.sub(r"\s*\([^)]*\)", "", term).strip()], remark


def main(path):
    columns = ["id", "en"]
    for language in LANGUAGES:
        columns += [language, language + "_source"]
    out = csv.DictWriter(sys.stdout, columns + ["review", "note"], lineterminator="\n")
    out.writeheader()
    with open(path, encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE):
            term = row["en"]
            variants, remark = english(term)
            line = {
                "id": re.sub(r"[^a-z0-9]+", "-", variants[0].lower()).strip("-"),
                "en": "|".join(variants),
                "note": NOTES.get(term, remark[:1].upper() + remark[1:]),
            }
            review = []
            for language in LANGUAGES:
                code = row[language + "_src"]
                cell = REWRITES.get((term, language), [row[language].strip()])
                assert not any(set(v) & set("|()/") for v in cell), (term, language, cell)
                line[language] = "|".join(cell)
                sourced = code != "REVIEW"
                line[language + "_source"] = SOURCES.get((term, language), code) if sourced else ""
                review.append(f"{language}:{'sourced' if sourced else 'unreviewed'}")
            line["review"] = " ".join(review)
            out.writerow(line)


if __name__ == "__main__":
    main(sys.argv[1])
