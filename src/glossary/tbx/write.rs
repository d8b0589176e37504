//! Writes TBX-Basic. The order of elements is that of the schema: data first, then the sections.

use std::io::{self, Write};

use crate::domain::Lang;
use crate::text::escape_markup as x;

use super::super::{Entry, Error, Glossary, Term};
use super::{EVERYDAY, REVIEW, xml_id};

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<tbx style="dct" type="TBX-Basic" xml:lang="en" xmlns="urn:iso:std:iso:30042:ed-2" xmlns:min="http://www.tbxinfo.net/ns/min" xmlns:basic="http://www.tbxinfo.net/ns/basic">
  <tbxHeader>
    <fileDesc>
      <sourceDesc>
        <p>Glossary of Mekong Interview</p>
      </sourceDesc>
    </fileDesc>
  </tbxHeader>
  <text>
    <body>
"#;
const FOOT: &str = "    </body>\n  </text>\n</tbx>\n";

impl Glossary {
    /// Writes the terms as TBX-Basic. Concepts without any term are left out: TBX has no place for
    /// them.
    ///
    /// # Errors
    /// Only what the writer says.
    pub fn write_tbx(&self, out: &mut dyn Write) -> Result<(), Error> {
        self.write_concepts(out).map_err(Error::Write)
    }

    fn write_concepts(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(HEAD.as_bytes())?;
        for term in self.terms().iter().filter(|t| !t.entries.is_empty()) {
            write_concept(term, out)?;
        }
        out.write_all(FOOT.as_bytes())?;
        out.flush()
    }
}

fn write_concept(term: &Term, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "      <conceptEntry id=\"{}\">",
        xml_id(&term.id, &term.case)
    )?;
    if !term.case.is_empty() {
        let case = x(&term.case);
        writeln!(
            out,
            "        <basic:projectSubset>{case}</basic:projectSubset>"
        )?;
    }
    if !term.note.is_empty() {
        writeln!(out, "        <note>{}</note>", x(&term.note))?;
    }
    for (lang, entry) in &term.entries {
        write_language(*lang, entry, out)?;
    }
    writeln!(out, "      </conceptEntry>")
}

fn write_language(lang: Lang, entry: &Entry, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "        <langSec xml:lang=\"{lang}\">")?;
    if !entry.source.is_empty() {
        let source = x(&entry.source);
        writeln!(out, "          <basic:source>{source}</basic:source>")?;
    }
    writeln!(
        out,
        "          <note>{REVIEW}{}</note>",
        entry.review.as_str()
    )?;
    for (at, variant) in entry.admitted.iter().enumerate() {
        let status = if at == 0 {
            "preferredTerm"
        } else {
            "admittedTerm"
        };
        write_term(variant, status, None, out)?;
    }
    for variant in &entry.accepted {
        write_term(variant, "admittedTerm", Some(EVERYDAY), out)?;
    }
    for variant in &entry.forbidden {
        write_term(variant, "deprecatedTerm", None, out)?;
    }
    writeln!(out, "        </langSec>")
}

fn write_term(
    variant: &str,
    status: &str,
    note: Option<&str>,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "          <termSec>")?;
    writeln!(out, "            <term>{}</term>", x(variant))?;
    writeln!(
        out,
        "            <min:administrativeStatus>{status}-admn-sts</min:administrativeStatus>"
    )?;
    if let Some(note) = note {
        writeln!(out, "            <note>{note}</note>")?;
    }
    writeln!(out, "          </termSec>")
}
