//! Finds fonts for the six scripts among those installed, without a system library: the folders where
//! each system keeps fonts are walked and a file is believed only after its letters were looked up.

use std::fs;
use std::path::{Path, PathBuf};

use skrifa::raw::{FileRef, TableProvider as _};
use skrifa::{FontRef, MetadataProvider as _};

use crate::domain::Lang;

/// Files that are looked at in all folders together.
const MOST_FILES: usize = 20_000;
/// Folders inside folders.
const DEPTH: usize = 8;
/// Largest font file that is read; the largest Han collections have 40 MB.
const MAX_BYTES: u64 = 96 << 20;
/// Files without a known name that are opened for one script before it counts as missing.
const MOST_OPENED: usize = 400;

/// What a script needs of a font.
struct Need {
    lang: Lang,
    /// Letters that must all be there, marks included.
    letters: &'static str,
    /// Beginnings of file names, the best first: common to Linux, Windows and macOS.
    known: &'static [&'static str],
    /// Clusters are built by the font's substitution table; without it they fall apart.
    shaped: bool,
}

const NEEDS: [Need; 6] = [
    Need {
        lang: Lang::Vi,
        letters: "ăâđêôơưẠạẫễộửỹ",
        known: &["notosans-regular", "segoeui.", "sfns", "dejavusans."],
        shaped: false,
    },
    Need {
        lang: Lang::Zh,
        letters: "讯问证缅柬岁",
        known: &[
            "notosanscjk-regular",
            "notosanscjksc-regular",
            "notosanssc",
            "sourcehansans",
            "msyh.",
            "pingfang",
            "wqy-microhei",
            "wqy-zenhei",
            "droidsansfallback",
            "simsun",
        ],
        shaped: false,
    },
    Need {
        lang: Lang::Th,
        letters: "กฐญู่ำ์แๆ",
        known: &[
            "notosansthai-regular",
            "notosansthai",
            "leelawui.",
            "loma.",
            "garuda.",
            "thonburi",
            "tahoma.",
        ],
        shaped: false,
    },
    Need {
        lang: Lang::Lo,
        letters: "ກຫຼໜໍ່ໄໆ",
        known: &[
            "notosanslao-regular",
            "notosanslao",
            "leelawui.",
            "laoui.",
            "phetsarath",
        ],
        shaped: false,
    },
    Need {
        lang: Lang::Km,
        letters: "កស្រីំះើ។",
        known: &[
            "notosanskhmer-regular",
            "notosanskhmer",
            "leelawui.",
            "khmerui.",
            "khmeros",
        ],
        shaped: true,
    },
    Need {
        lang: Lang::My,
        letters: "ကျြွှိုံ့း္၊",
        known: &[
            "notosansmyanmar-regular",
            "notosansmyanmar",
            "mmrtext.",
            "padauk-regular",
            "myanmarmn",
            "padauk",
        ],
        shaped: true,
    },
];

/// A font that can show a language.
pub struct Face {
    /// The language.
    pub lang: Lang,
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// The face's place in a collection; 0 elsewhere.
    pub index: u32,
}

/// What was found.
#[derive(Default)]
pub struct Faces {
    /// One face a language, Vietnamese first: its Latin letters go with those without marks.
    pub faces: Vec<Face>,
    /// Languages that nothing installed can show.
    pub missing: Vec<Lang>,
}

/// Looks in the usual folders. Reads files: some 30 MB.
pub fn find() -> Faces {
    find_in(&folders())
}

/// Looks in these folders.
pub fn find_in(folders: &[PathBuf]) -> Faces {
    let mut files = Vec::new();
    for folder in folders {
        walk(folder, 0, &mut files);
    }
    files.sort();
    let mut found = Faces::default();
    for need in &NEEDS {
        match choose(need, &files) {
            Some(face) => found.faces.push(face),
            None => found.missing.push(need.lang),
        }
    }
    found
}

/// What to install for these languages, for people.
pub fn advice(missing: &[Lang]) -> String {
    let names: Vec<&str> = missing.iter().map(|l| l.name()).collect();
    format!(
        "Install a font for {}: on Debian and Ubuntu 'apt install fonts-noto-core fonts-noto-cjk', \
         on Fedora the packages google-noto-sans-*, on Windows 'Optional features, supplemental \
         fonts', or copy the Noto Sans fonts into the folder .fonts of your home.",
        names.join(", ")
    )
}

fn folders() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = [
        "/usr/share/fonts",
        "/usr/local/share/fonts",
        "/run/host/fonts",
        "C:\\Windows\\Fonts",
        "/System/Library/Fonts",
        "/Library/Fonts",
    ]
    .iter()
    .map(PathBuf::from)
    .collect();
    if let Some(dirs) = directories::UserDirs::new() {
        let home = dirs.home_dir();
        found.extend(dirs.font_dir().map(Path::to_owned));
        found.extend(
            [
                ".fonts",
                ".local/share/fonts",
                "Library/Fonts",
                "AppData/Local/Microsoft/Windows/Fonts",
            ]
            .map(|folder| home.join(folder)),
        );
    }
    found.sort();
    found.dedup();
    found
}

fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        if files.len() >= MOST_FILES {
            return;
        }
        let path = entry.path();
        if path.is_dir() {
            if depth < DEPTH {
                walk(&path, depth + 1, files);
            }
        } else if is_font(&path) {
            files.push(path);
        }
    }
}

fn is_font(path: &Path) -> bool {
    let ending = path
        .extension()
        .and_then(|e| e.to_str())
        .unwrap_or_default();
    ["ttf", "otf", "ttc", "otc"]
        .iter()
        .any(|e| ending.eq_ignore_ascii_case(e))
}

fn choose(need: &Need, files: &[PathBuf]) -> Option<Face> {
    let named = |path: &PathBuf| {
        path.file_name()
            .map(|n| n.to_string_lossy().to_ascii_lowercase())
            .unwrap_or_default()
    };
    let known = need
        .known
        .iter()
        .flat_map(|start| files.iter().filter(move |f| named(f).starts_with(start)));
    let others = files.iter().take(MOST_OPENED);
    known.chain(others).find_map(|file| load(need, file))
}

/// The first face of a file that has all the letters; of a Han collection the simplified one.
fn load(need: &Need, file: &Path) -> Option<Face> {
    if fs::metadata(file).ok()?.len() > MAX_BYTES {
        return None;
    }
    let bytes = fs::read(file).ok()?;
    let faces = match FileRef::new(&bytes).ok()? {
        FileRef::Font(_) => 1,
        FileRef::Collection(collection) => collection.len(),
    };
    let serves: Vec<u32> = (0..faces)
        .filter(|&face| FontRef::from_index(&bytes, face).is_ok_and(|font| covers(need, &font)))
        .collect();
    let simplified = serves.iter().copied().find(|&face| {
        need.lang == Lang::Zh
            && FontRef::from_index(&bytes, face).is_ok_and(|font| family(&font).ends_with(" SC"))
    });
    let index = simplified.or(serves.first().copied())?;
    Some(Face {
        lang: need.lang,
        bytes,
        index,
    })
}

fn covers(need: &Need, font: &FontRef<'_>) -> bool {
    let map = font.charmap();
    need.letters.chars().all(|c| map.map(c).is_some()) && (!need.shaped || font.gsub().is_ok())
}

fn family(font: &FontRef<'_>) -> String {
    font.localized_strings(skrifa::string::StringId::FAMILY_NAME)
        .english_or_first()
        .map(|name| name.chars().collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_font_is_believed_by_its_letters_not_by_its_name() {
        let found = find();
        let Some(vietnamese) = found.faces.iter().find(|f| f.lang == Lang::Vi) else {
            return; // nothing installed here can be misnamed
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("NotoSansKhmer-Regular.ttf");
        fs::write(path, &vietnamese.bytes).unwrap();
        let found = find_in(&[folder.path().to_owned()]);
        assert!(found.missing.contains(&Lang::Km));
        assert!(!found.missing.contains(&Lang::Vi));
        assert!(advice(&found.missing).contains("Khmer"));
    }
}
