//! The file itself: numbered objects, compressed streams, the table of their places (ISO 32000-1,
//! 7.3 to 7.5). The same document gives the same bytes.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use sha2::{Digest, Sha256};

/// Names an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(usize);

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} 0 R", self.0)
    }
}

/// A file that grows object by object.
pub(super) struct File {
    bytes: Vec<u8>,
    /// Where each object begins; 0 while it is only named.
    places: Vec<usize>,
}

impl File {
    pub(super) fn new() -> Self {
        // The second line says to transports that this is no text.
        Self {
            bytes: b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec(),
            places: Vec::new(),
        }
    }

    /// A name for an object that is written later.
    pub(super) fn name(&mut self) -> Id {
        self.places.push(0);
        Id(self.places.len())
    }

    /// Writes an object under its name.
    pub(super) fn put(&mut self, id: Id, content: &str) {
        self.begin(id);
        self.bytes.extend(content.as_bytes());
        self.bytes.extend(b"\nendobj\n");
    }

    /// Writes a new object.
    pub(super) fn add(&mut self, content: &str) -> Id {
        let id = self.name();
        self.put(id, content);
        id
    }

    /// Writes a compressed stream; `entries` are those of its dictionary beside length and filter.
    pub(super) fn stream(&mut self, entries: &str, data: &[u8]) -> io::Result<Id> {
        let id = self.name();
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
        packed.write_all(data)?;
        let packed = packed.finish()?;
        self.begin(id);
        let head = format!(
            "<</Length {}/Filter/FlateDecode{entries}>>\nstream\n",
            packed.len()
        );
        self.bytes.extend(head.as_bytes());
        self.bytes.extend(packed);
        self.bytes.extend(b"\nendstream\nendobj\n");
        Ok(id)
    }

    fn begin(&mut self, Id(number): Id) {
        let here = self.bytes.len();
        if let Some(place) = self.places.get_mut(number.saturating_sub(1)) {
            *place = here;
        }
        self.bytes.extend(format!("{number} 0 obj\n").as_bytes());
    }

    /// Writes the table of places and ends the file.
    pub(super) fn finish(mut self, root: Id, info: Id, out: &mut dyn Write) -> io::Result<()> {
        let table = self.bytes.len();
        let count = self.places.len().saturating_add(1);
        let digest = Sha256::digest(&self.bytes);
        let name: String = digest.iter().take(16).map(|b| format!("{b:02x}")).collect();
        let mut end = format!("xref\n0 {count}\n0000000000 65535 f \n");
        for place in &self.places {
            end.push_str(&format!("{place:010} 00000 n \n"));
        }
        end.push_str(&format!(
            "trailer\n<</Size {count}/Root {root}/Info {info}/ID[<{name}><{name}>]>>\n\
             startxref\n{table}\n%%EOF\n"
        ));
        self.bytes.extend(end.as_bytes());
        out.write_all(&self.bytes)
    }
}

/// A text as a string of UTF-16 in hexadecimal digits, with the mark that says so.
pub(super) fn text_string(text: &str) -> String {
    format!("<FEFF{}>", utf16_hex(text))
}

/// UTF-16, big end first, in hexadecimal digits.
pub(super) fn utf16_hex(text: &str) -> String {
    text.encode_utf16()
        .map(|unit| format!("{unit:04X}"))
        .collect()
}
