//! Makes a smaller, faster copy of an installed translation model, listed with its own hashes and
//! its parent's.

use std::fs;
use std::path::Path;

use crate::domain::Cancel;
use crate::pipeline::{Progress, Step, Watcher};
use crate::translate::{ShrinkOptions, Shrunk, shrink};

pub use crate::translate::Bits;

use super::models::{Card, Error as ModelError, Kind, ListedFile, Model, sha256_file};
use super::scratch::Purpose;
use super::{App, Error, ModelInfo};

/// The files of a copy's tokenizer: the first, or both others.
const TOKENIZER: [&str; 3] = ["tokenizer.json", "vocab.json", "sentencepiece.bpe.model"];

/// Which model, and what to make smaller.
#[derive(Clone, Copy, Debug)]
pub struct TrimRequest<'a> {
    /// The model's name.
    pub name: &'a str,
    /// The copy's name, also its folder's; the model's and `-small` where there is none.
    pub to: Option<&'a str>,
    /// Leave out pieces that none of the languages needs.
    pub trim: bool,
    /// What the weights are stored in; as floating-point numbers where there is none.
    pub bits: Option<Bits>,
}

impl App {
    /// Writes a smaller copy of a translation model into the workspace.
    ///
    /// # Errors
    /// A model that is unknown, for speech or not as listed; a name that is taken or no folder's
    /// name; a checkpoint that cannot be made smaller; a disk that refuses; a cancel. Nothing is
    /// left behind then.
    pub fn trim_model(
        &self,
        request: &TrimRequest<'_>,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<ModelInfo, Error> {
        let shelf = self.shelf();
        let model = shelf.named(request.name)?;
        if model.card.kind.purpose() != "translation" {
            return Err(Error::Models(ModelError::WrongKind {
                name: model.card.name.clone(),
                is: model.card.kind.purpose(),
                wanted: "translation",
            }));
        }
        if !matches!(model.card.kind, Kind::M2m100 | Kind::T5) || model.weights() != model.folder {
            let name = model.card.name.clone();
            return Err(Error::Models(ModelError::OneFile(name)));
        }
        let name = match request.to {
            Some(name) => name.to_owned(),
            None => format!("{}-small", model.card.name),
        };
        let models = self.workspace.models();
        let to = models.join(&name);
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if name.starts_with('.') || !name.chars().all(plain) {
            return Err(Error::Models(ModelError::Name(name)));
        }
        if to.exists() || shelf.named(&name).is_ok() {
            return Err(Error::ModelExists { name, folder: to });
        }
        model.verify(cancel, watcher)?;
        self.workspace.make_folders()?;
        let scratch = self.scratch(Purpose::Shrinking)?;
        let options = ShrinkOptions {
            trim: request.trim,
            bits: request.bits,
        };
        let mut tell = |done, total| {
            watcher(Progress::Step {
                step: Step::Shrinking,
                done,
                total,
            });
        };
        let languages = model.card.language_tokens.as_ref();
        let folder = scratch.path();
        let shrunk = shrink(&model.folder, folder, options, languages, &mut tell, cancel)?;
        let description = description(&model.card.name, &shrunk, request.bits);
        let card = card(model, name, description, folder)?;
        let path = folder.join("model.toml");
        let text = toml::to_string(&card).unwrap_or_default();
        fs::write(&path, text).map_err(failed(&path))?;
        Model::read(folder)?.verify(cancel, watcher)?;
        // Renamed away, the temporary folder is no longer there to be removed.
        fs::rename(scratch.path(), &to).map_err(failed(&to))?;
        Ok(ModelInfo::from(&Model::read(&to)?))
    }
}

/// What the list says of the copy.
fn description(parent: &str, shrunk: &Shrunk, bits: Option<Bits>) -> String {
    let form = match bits {
        Some(Bits::Eight) => "8 bits".to_owned(),
        Some(Bits::Six) if shrunk.wider > 0 => {
            let wider = shrunk.wider;
            format!("6 bits, but 8 in {wider} matrices, whose rows are no multiple of 256")
        }
        Some(Bits::Six) => "6 bits".to_owned(),
        None => "f32".to_owned(),
    };
    format!(
        "Made from '{parent}' on this machine: {} of {} pieces, {form}.",
        shrunk.rows, shrunk.rows_before
    )
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |cause| Error::File {
        what: "write the smaller model",
        cause,
        path,
    }
}

/// The copy's description: its parent's, with its own name, files and hashes.
fn card(parent: &Model, name: String, description: String, folder: &Path) -> Result<Card, Error> {
    let mut files = Vec::new();
    let tokenizer = TOKENIZER
        .into_iter()
        .filter(|file| folder.join(file).exists());
    let written = ["config.json"].into_iter().chain(tokenizer);
    for file in written.chain(["model.safetensors"]) {
        let path = folder.join(file);
        files.push(ListedFile {
            path: file.to_owned(),
            bytes: fs::metadata(&path).map_err(failed(&path))?.len(),
            sha256: sha256_file(&path, &mut |_| {}, &Cancel::new())?,
        });
    }
    let weights = |f: &&ListedFile| f.path.contains(".safetensors");
    let listed = parent.card.files.iter().find(weights);
    Ok(Card {
        name,
        description,
        parent_sha256: listed.map(|f| f.sha256.clone()),
        files,
        ..parent.card.clone()
    })
}
