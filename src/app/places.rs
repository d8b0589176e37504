//! Folders of this computer into which files are written: those of the person, and sticks and disks that
//! are put in.

use std::path::{Path, PathBuf};

use super::App;
use super::leaving::refuse_inside;

/// What kind of folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceKind {
    /// The person's documents.
    Documents,
    /// The person's desktop.
    Desktop,
    /// The person's own folder: the usual one.
    Home,
    /// A stick or a disk that was put in.
    Stick,
}

/// A folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What kind.
    pub kind: PlaceKind,
    /// Where it is.
    pub folder: PathBuf,
}

impl App {
    /// Folders into which a file may be written now, the usual one among them; none that lies in a locked
    /// workspace.
    pub fn places(&self) -> Vec<Place> {
        let dirs = directories::UserDirs::new();
        let dirs = dirs.as_ref();
        let own = [
            (
                PlaceKind::Documents,
                dirs.and_then(|d| d.document_dir()).map(Path::to_owned),
            ),
            (
                PlaceKind::Desktop,
                dirs.and_then(|d| d.desktop_dir()).map(Path::to_owned),
            ),
            (PlaceKind::Home, Some(self.usual_folder())),
        ];
        let own = own.into_iter().filter_map(|(kind, folder)| {
            Some(Place {
                kind,
                folder: folder?,
            })
        });
        let put_in = sticks(&roots()).into_iter().map(|folder| Place {
            kind: PlaceKind::Stick,
            folder,
        });
        let mut places: Vec<Place> = Vec::new();
        for place in own.chain(put_in) {
            let known = places.iter().any(|p| p.folder == place.folder);
            let fits = place.folder.is_dir() && refuse_inside(&place.folder.join("file")).is_ok();
            if fits && !known {
                places.push(place);
            }
        }
        places
    }
}

/// Where the system shows what was put in, a folder each.
fn roots() -> Vec<PathBuf> {
    if cfg!(windows) {
        return Vec::new();
    }
    if cfg!(target_os = "macos") {
        return vec![PathBuf::from("/Volumes")];
    }
    let user = std::env::var_os("USER").unwrap_or_default();
    let of = |root: &str| Path::new(root).join(&user);
    if user.is_empty() {
        return Vec::new();
    }
    vec![of("/media"), of("/run/media")]
}

/// What lies in these folders now; on Windows, every drive behind the system's own.
fn sticks(roots: &[PathBuf]) -> Vec<PathBuf> {
    if cfg!(windows) {
        let drives = ('D'..='Z').map(|letter| PathBuf::from(format!("{letter}:\\")));
        return drives.filter(|drive| drive.is_dir()).collect();
    }
    let entries = roots.iter().flat_map(std::fs::read_dir);
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .filter(|path| !is_hidden(path))
        .collect();
    found.sort();
    found
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().starts_with('.')
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn sticks_are_the_folders_that_are_there_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (dir.path().join("media"), dir.path().join("run"));
        for name in ["卷", "ស្តិក", ".Trash"] {
            std::fs::create_dir_all(one.join(name)).unwrap();
        }
        std::fs::write(one.join("file"), "x").unwrap();
        std::fs::create_dir_all(other.join("A")).unwrap();
        // What leads to the system itself is no stick.
        std::os::unix::fs::symlink("/", one.join("root")).unwrap();
        let roots = [one.clone(), dir.path().join("none"), other.clone()];
        let mut wanted = vec![one.join("卷"), one.join("ស្តិក"), other.join("A")];
        wanted.sort();
        assert_eq!(sticks(&roots), wanted);
        std::fs::remove_dir(one.join("卷")).unwrap();
        assert_eq!(sticks(&roots).len(), 2);
    }
}
