//! Reads the file of a SentencePiece model: its pieces, and how a text is made ready for them.
//!
//! The file is a protocol buffer (`sentencepiece_model.proto` of google/sentencepiece). Fields that are
//! not needed are skipped. Lengths are looked at before anything is taken: none leads out of the file,
//! which is bounded itself, and the number of pieces has a limit of its own.

/// Facebook's largest has 5 MB; nothing sound comes near this, in bytes.
pub(super) const LONGEST: u64 = 64 << 20;
/// As many rows as a checkpoint may have.
const MOST_PIECES: usize = 2_000_000;

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Part of a text, built from its letters.
    Normal,
    /// Stands for what has no piece.
    Unknown,
    /// No text.
    Control,
    /// Part of a text that stays whole wherever it stands.
    Whole,
}

/// One piece; its place in the list is its number.
#[derive(Debug)]
pub(super) struct Piece {
    pub text: String,
    /// The higher, the earlier its parts are joined.
    pub score: f32,
    pub kind: Kind,
}

/// What is read of a model.
#[derive(Debug)]
pub(super) struct Model {
    pub pieces: Vec<Piece>,
    /// The normalisation table; empty where there is none.
    pub table: Vec<u8>,
    /// A blank is put before every text.
    pub dummy_prefix: bool,
    /// Blanks at the ends go, and of several in a row all but one.
    pub remove_extra_blanks: bool,
    /// A blank is written as U+2581.
    pub escape_blanks: bool,
}

/// The value of a field.
#[derive(Clone, Copy)]
enum Value<'a> {
    Whole(u64),
    Four([u8; 4]),
    Bytes(&'a [u8]),
    /// Eight bytes; no field that is needed has them.
    Eight,
}

impl<'a> Value<'a> {
    fn bytes(self) -> Result<&'a [u8], String> {
        match self {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(MIXED.to_owned()),
        }
    }

    fn whole(self) -> Result<u64, String> {
        match self {
            Value::Whole(value) => Ok(value),
            _ => Err(MIXED.to_owned()),
        }
    }

    fn number(self) -> Result<f32, String> {
        match self {
            Value::Four(bytes) => Ok(f32::from_le_bytes(bytes)),
            _ => Err(MIXED.to_owned()),
        }
    }
}

const MIXED: &str = "it is no SentencePiece model, or it is damaged (a field has another type)";
const SHORT: &str = "it is no SentencePiece model, or it is cut short or damaged";

/// The fields of a message, one after the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// The next field's number and value.
    fn next(&mut self) -> Result<Option<(u64, Value<'a>)>, String> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Value::Whole(self.varint()?),
            1 => {
                self.take(8)?;
                Value::Eight
            }
            2 => {
                let len = usize::try_from(self.varint()?).map_err(|_| SHORT.to_owned())?;
                Value::Bytes(self.take(len)?)
            }
            5 => {
                let bytes = self.take(4)?;
                Value::Four(bytes.try_into().map_err(|_| SHORT.to_owned())?)
            }
            _ => return Err(SHORT.to_owned()),
        };
        Ok(Some((tag >> 3, value)))
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    /// A number of seven bits a byte, the lowest first.
    fn varint(&mut self) -> Result<u64, String> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.0.split_first().ok_or(SHORT)?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(SHORT.to_owned())
    }
}

/// The model that these bytes hold.
pub(super) fn read(bytes: &[u8]) -> Result<Model, String> {
    let mut model = Model {
        pieces: Vec::new(),
        table: Vec::new(),
        dummy_prefix: true,
        remove_extra_blanks: true,
        escape_blanks: true,
    };
    // What the format takes where nothing is said.
    let mut kind = 1;
    let mut is_whole = false;
    let mut fields = Fields(bytes);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 if model.pieces.len() >= MOST_PIECES => {
                return Err(format!("it has more than {MOST_PIECES} pieces"));
            }
            1 => {
                let piece = piece(value.bytes()?);
                let at = model.pieces.len();
                let piece = piece.map_err(|problem| format!("piece {at}: {problem}"))?;
                model.pieces.push(piece);
            }
            2 => kind = trainer(value.bytes()?)?.unwrap_or(kind),
            3 => {
                normalizer(value.bytes()?, &mut model)?;
                // Every model has it, behind the pieces: a file without it was cut short.
                is_whole = true;
            }
            5 => denormalizer(value.bytes()?)?,
            _ => {}
        }
    }
    let name = match kind {
        2 if is_whole => return Ok(model),
        2 => return Err(SHORT.to_owned()),
        1 => "unigram",
        3 => "word",
        4 => "char",
        _ => "unknown",
    };
    Err(format!(
        "its model type is '{name}', this engine reads 'bpe'"
    ))
}

fn piece(bytes: &[u8]) -> Result<Piece, String> {
    let (mut text, mut score, mut kind) = (None, 0.0_f32, 1);
    let mut fields = Fields(bytes);
    while let Some((number, value)) = fields.next()? {
        match number {
            1 => text = Some(value.bytes()?),
            2 => score = value.number()?,
            3 => kind = value.whole()?,
            _ => {}
        }
    }
    let text = std::str::from_utf8(text.unwrap_or_default());
    let text = text.map_err(|_| "it is not UTF-8".to_owned())?.to_owned();
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if score.is_nan() {
        return Err("its score is not a number".to_owned());
    }
    let kind = match kind {
        1 => Kind::Normal,
        2 => Kind::Unknown,
        3 => Kind::Control,
        4 => Kind::Whole,
        5 => return Err("'unused' pieces are not read by this engine".to_owned()),
        6 => return Err("pieces of bytes are not read by this engine".to_owned()),
        _ => return Err(MIXED.to_owned()),
    };
    // The first piece of a trained model has the score -0.
    let score = score + 0.0;
    Ok(Piece { text, score, kind })
}

/// The model type, where it is said.
fn trainer(bytes: &[u8]) -> Result<Option<u64>, String> {
    let mut kind = None;
    let mut fields = Fields(bytes);
    while let Some((number, value)) = fields.next()? {
        match number {
            3 => kind = Some(value.whole()?),
            24 if value.whole()? != 0 => {
                return Err("blanks behind words are not read by this engine".to_owned());
            }
            35 if value.whole()? != 0 => {
                return Err("pieces of bytes are not read by this engine".to_owned());
            }
            _ => {}
        }
    }
    Ok(kind)
}

fn normalizer(bytes: &[u8], model: &mut Model) -> Result<(), String> {
    let mut fields = Fields(bytes);
    while let Some((number, value)) = fields.next()? {
        match number {
            2 => value.bytes()?.clone_into(&mut model.table),
            3 => model.dummy_prefix = value.whole()? != 0,
            4 => model.remove_extra_blanks = value.whole()? != 0,
            5 => model.escape_blanks = value.whole()? != 0,
            _ => {}
        }
    }
    Ok(())
}

/// A table for what is written; the models that are read have none.
fn denormalizer(bytes: &[u8]) -> Result<(), String> {
    let mut fields = Fields(bytes);
    while let Some((number, value)) = fields.next()? {
        if number == 2 && !value.bytes()?.is_empty() {
            return Err("tables for what is written are not read by this engine".to_owned());
        }
    }
    Ok(())
}
