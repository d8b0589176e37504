//! The hash by which a model's files are known.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{Error, Model};
use crate::domain::Cancel;
use crate::evidence;

impl Model {
    /// SHA-256 of the list of its files, 64 digits: what `sha256sum FILES | sha256sum` gives in the
    /// model's folder, the files in the order of their names. Events name a model by it.
    pub fn digest(&self) -> String {
        let mut files: Vec<_> = self.card.files.iter().collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let line = |f: &super::ListedFile| format!("{}  {}\n", f.sha256.to_lowercase(), f.path);
        let lines: String = files.into_iter().map(line).collect();
        evidence::sha256(lines.as_bytes())
    }
}

/// SHA-256 of a file, lower-case hexadecimal, read in blocks; `told` hears of the bytes so far.
///
/// # Errors
/// [`Error::Read`]; [`Error::Cancelled`].
pub(in crate::app) fn sha256_file(
    path: &Path,
    told: &mut dyn FnMut(u64),
    cancel: &Cancel,
) -> Result<String, Error> {
    let read = |cause| Error::Read {
        cause,
        path: path.to_owned(),
    };
    let mut file = File::open(path).map_err(read)?;
    let mut hasher = Sha256::new();
    let mut block = vec![0_u8; 1 << 16];
    let mut done = 0_u64;
    loop {
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let got = file.read(&mut block).map_err(read)?;
        if got == 0 {
            break;
        }
        hasher.update(block.get(..got).unwrap_or_default());
        done = done.saturating_add(got as u64);
        told(done);
    }
    Ok(hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
