//! Where a file may be written: ready folders, names that are free, what stands at a path already.

use std::path::{Path, PathBuf};

use crate::app::Place;

use super::{Common, reader};

/// Folders into which a file may be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(pub Vec<Place>);

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum There {
    /// Nothing: it can be written.
    Nothing,
    /// A file.
    File,
    /// A folder.
    Folder,
    /// Not even the folder that it would lie in.
    NoFolder,
}

/// A path that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The number that the screen gave it.
    pub number: u64,
    /// The path.
    pub path: PathBuf,
    /// What stands there.
    pub there: There,
}

/// Lists the folders.
pub(super) fn list(common: &Common) {
    common.board.places.put(Places(common.app.places()));
}

/// Looks what stands at a path.
pub(super) fn look_at(common: &Common, path: PathBuf, number: u64) {
    let there = there(&path);
    common.board.placed.put(Placed {
        number,
        path,
        there,
    });
}

/// Finds a path that nothing has yet.
pub(super) fn free(common: &Common, folder: &Path, (name, ending): (&str, &str), number: u64) {
    look_at(common, reader::free_name(folder, name, ending), number);
}

fn there(path: &Path) -> There {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    if path.is_dir() {
        There::Folder
    } else if path.exists() {
        There::File
    } else if folder.is_none_or(Path::is_dir) {
        There::Nothing
    } else {
        There::NoFolder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_at_a_path_is_told_in_every_script() {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            "卷宗.pdf",
            "biên bản.pdf",
            "บันทึก.pdf",
            "ບັນທຶກ.pdf",
            "កំណត់ហេតុ.pdf",
            "မှတ်တမ်း.pdf",
        ] {
            let path = dir.path().join(name);
            assert_eq!(there(&path), There::Nothing, "{name}");
            std::fs::write(&path, "x").unwrap();
            assert_eq!(there(&path), There::File, "{name}");
            assert_eq!(there(&path.join("y")), There::NoFolder, "{name}");
            assert_eq!(there(&dir.path().join("z").join(name)), There::NoFolder);
        }
        assert_eq!(there(dir.path()), There::Folder);
        assert_eq!(there(Path::new("mekong-of-no-folder.pdf")), There::Nothing);
    }
}
