//! Terms that a person enters or corrects: they go into a glossary of the workspace, and stand before
//! those that ship with the program.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, json};

use crate::domain::Cancel;
use crate::evidence::{Kind, hash_reader, sha256};
use crate::glossary::{self, Glossary, Term};
use crate::vault;

use super::shelf::{GlossaryInfo, csv_files, load_csv, stem};
use super::whole::write_whole;
use super::{App, Error};

/// The glossary that takes terms which stand in none of the workspace's own.
const OWN: &str = "own.csv";

impl App {
    /// The tables of terms that belong to this workspace alone: those that a person entered or brought
    /// in. Where the workspace is the program's own folder the shipped ones lie beside them.
    pub(super) fn own_terms(&self) -> Vec<PathBuf> {
        let folder = self.workspace.glossaries();
        let real = |path: &Path| path.canonicalize().ok();
        let shipped = self.kit.as_ref().map(|kit| kit.join("glossaries"));
        let is_shipped = shipped.is_some_and(|kit| real(&kit) == real(&folder));
        let mut own = csv_files(&folder);
        own.retain(|file| !is_shipped || file.file_name() == Some(OWN.as_ref()));
        own
    }

    /// Whether terms of this workspace are sealed, so that whoever needs terms has to unlock it.
    pub fn has_sealed_terms(&self) -> bool {
        let sealed = |path: &PathBuf| vault::is_sealed(path).unwrap_or_default();
        // A table that was taken in is sealed too where the program's own folder is the workspace.
        csv_files(&self.workspace.glossaries()).iter().any(sealed)
    }

    /// Enters a term, or puts it in the place of the one with its id and case. A term without an id
    /// gets a new one. Returns the id.
    ///
    /// # Errors
    /// Words in fewer than two languages; a glossary that cannot be read or written.
    pub fn put_term(&self, term: &Term) -> Result<String, Error> {
        let mut term = term.clone();
        let files = self.glossary_files(&[])?;
        let folder = self.workspace.glossaries();
        let path = self.home_of(&term, &files)?;
        let unusable = |cause| Error::GlossaryFile {
            cause,
            path: path.clone(),
        };
        term.entries.retain(|_, entry| !entry.admitted.is_empty());
        if term.entries.len() < 2 {
            return Err(unusable(glossary::Error::TooFewWords));
        }
        let mut terms = if path.is_file() {
            load_csv(&path)?.terms().to_vec()
        } else {
            Vec::new()
        };
        if term.id.trim().is_empty() {
            term.id = free_id(&self.glossary_of(&files)?);
        }
        let same = |t: &&mut Term| t.id == term.id && t.case == term.case;
        match terms.iter_mut().find(same) {
            Some(place) => *place = term.clone(),
            None => terms.push(term.clone()),
        }
        let mut table = Vec::new();
        Glossary::new(terms)
            .map_err(unusable)?
            .write_csv(&mut table)
            .map_err(unusable)?;
        // What is written is read through before it takes the place of anything.
        Glossary::read_csv(&table).map_err(unusable)?;
        self.workspace.make_folders()?;
        std::fs::create_dir_all(&folder).map_err(|cause| Error::File {
            what: "make a folder",
            cause,
            path: folder.clone(),
        })?;
        self.note_glossary(&path, &table)?;
        write_whole(&path, true, &mut |out| {
            write_table(&table, &path, out).map_err(|cause| Error::File {
                what: "write the glossary",
                cause,
                path: path.clone(),
            })
        })?;
        Ok(term.id)
    }

    /// Notes in the workspace's own chain that a table of terms is about to be made or changed: its name, and
    /// its SHA-256 before and after. What is recognised and translated later follows from it.
    ///
    /// # Errors
    /// A table that cannot be read; a workspace that cannot be written.
    pub(super) fn note_glossary(&self, path: &Path, table: &[u8]) -> Result<(), Error> {
        let failed = |cause| Error::File {
            what: "read the file",
            cause,
            path: path.to_owned(),
        };
        let before = match vault::open(path) {
            Ok(mut old) => {
                let hashed = hash_reader(&mut old, &mut |_| {}, &Cancel::new())?;
                Some(hashed.map_err(failed)?.0)
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(failed(e)),
        };
        let after = sha256(table);
        if before.as_ref() == Some(&after) {
            return Ok(());
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut facts = Map::new();
        facts.insert("file".into(), json!(name));
        facts.insert("before".into(), json!(before));
        facts.insert("after".into(), json!(after));
        self.store()?.note_own(Kind::Glossary, facts, None)?;
        Ok(())
    }

    /// The workspace's glossary that holds a term; else the one for new terms.
    fn home_of(&self, term: &Term, files: &[PathBuf]) -> Result<PathBuf, Error> {
        let folder = self.workspace.glossaries();
        let own = files
            .iter()
            .filter(|f| f.parent() == Some(folder.as_path()));
        for file in own.rev() {
            let holds = |t: &Term| t.id == term.id && t.case == term.case;
            if load_csv(file)?.terms().iter().any(holds) {
                return Ok(file.clone());
            }
        }
        Ok(folder.join(OWN))
    }

    fn glossary_of(&self, files: &[PathBuf]) -> Result<Glossary, Error> {
        let mut all = Glossary::default();
        for file in files {
            all.merge(load_csv(Path::new(file))?);
        }
        Ok(all)
    }
}

/// Writes a table of terms that belongs at `path`: sealed where the workspace is locked.
pub(super) fn write_table(table: &[u8], path: &Path, out: &mut dyn Write) -> io::Result<()> {
    let mut out = vault::Writer::new(out, path)?;
    out.write_all(table)?;
    out.finish().map(|_| ())
}

/// Whether a table is sealed and nobody gave the passphrase.
pub(super) fn is_out_of_reach(path: &Path) -> bool {
    vault::key_for(path).is_err() && vault::is_sealed(path).unwrap_or_default()
}

/// What there is to say of a table that is out of reach.
pub(super) const LOCKED: &str = "it is locked with the workspace";

/// A table of which nobody can say more without the passphrase. It is not broken.
pub(super) fn locked(path: &Path) -> GlossaryInfo {
    GlossaryInfo {
        name: stem(path),
        path: path.to_owned(),
        terms: 0,
        unreviewed: 0,
        problems: vec![LOCKED.to_owned()],
        broken: None,
    }
}

/// `own-1`, `own-2` ...: one that no term has.
fn free_id(all: &Glossary) -> String {
    let taken = |id: &String| all.terms().iter().any(|t| t.id == *id);
    let named = |number: usize| format!("own-{number}");
    let mut first = (1..=all.len().saturating_add(1)).map(named);
    first.find(|id| !taken(id)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Options;
    use crate::domain::Lang;
    use crate::evidence;
    use crate::glossary::{Entry, Review};

    fn app(workspace: &Path) -> App {
        App::open(&Options {
            workspace: Some(workspace.to_owned()),
            env_kit: Some(env!("CARGO_MANIFEST_DIR").into()),
            ..Options::default()
        })
        .unwrap()
    }

    fn entry(word: &str) -> Entry {
        Entry {
            admitted: vec![word.to_owned()],
            review: Review::Unreviewed,
            ..Entry::default()
        }
    }

    #[test]
    fn a_new_term_is_in_force_and_a_shipped_one_gives_way_to_its_correction() {
        let dir = tempfile::tempdir().unwrap();
        let app = app(dir.path());
        let before = app.terms().unwrap();
        let mut new = Term::default();
        new.entries.insert(Lang::Lo, entry("ດ່ານ"));
        let refused = app.put_term(&new).unwrap_err();
        assert!(!refused.help().is_empty(), "words in one language only");
        new.entries.insert(Lang::Zh, entry("口岸"));
        let id = app.put_term(&new).unwrap();
        assert_eq!(id, "own-1");
        let mut shipped = before[0].clone();
        shipped.entries.insert(Lang::Km, entry("ពាក្យថ្មី"));
        app.put_term(&shipped).unwrap();
        let after = app.terms().unwrap();
        assert_eq!(after.len(), before.len() + 1);
        let found = after.iter().find(|t| t.id == shipped.id).unwrap();
        assert_eq!(found.entries[&Lang::Km].admitted, ["ពាក្យថ្មី"]);
        // Each change stands in the workspace's own chain, with what the table was before.
        let changes = || {
            let links = app.store().unwrap().own_chain().unwrap();
            let mut own = evidence::read(evidence::WORKSPACE, &links).unwrap();
            own.retain(|e| e.kind == Kind::Glossary.as_str());
            own
        };
        let path = app.workspace().glossaries().join(OWN);
        let told = changes();
        assert_eq!(told.len(), 2);
        assert!(told[0].facts["before"].is_null() && told[0].fact("file") == Some(OWN));
        assert_eq!(told[1].fact("before"), told[0].fact("after"));
        let now = sha256(&std::fs::read(&path).unwrap());
        assert_eq!(told[1].fact("after"), Some(now.as_str()));
        let brought = dir.path().join("ຄຳສັບ.csv");
        for word in ["口岸", "关口"] {
            std::fs::write(&brought, format!("id,zh,lo\nx-1,{word},ດ່ານ\n")).unwrap();
            app.import_glossary(&brought, true, &Cancel::new()).unwrap();
        }
        let told = changes();
        assert_eq!(told.len(), 4);
        assert_eq!(told[3].fact("before"), told[2].fact("after"));
        // The second correction takes the place of the first, in the workspace's own table.
        shipped.entries.insert(Lang::Km, entry("ពាក្យទីពីរ"));
        app.put_term(&shipped).unwrap();
        let own = load_csv(&app.workspace().glossaries().join(OWN)).unwrap();
        assert_eq!(own.len(), 2);
        new.entries.insert(Lang::Vi, entry("cửa khẩu"));
        new.id = String::new();
        assert_eq!(app.put_term(&new).unwrap(), "own-2");
    }
}
