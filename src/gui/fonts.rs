//! Finds fonts for the six scripts among those installed, without a system library: the folders where
//! each system keeps fonts are walked and a file is believed only after its letters were looked up.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::{FontData, FontDefinitions, FontFamily};
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

/// What was found.
pub struct Fonts {
    /// For the window.
    pub definitions: FontDefinitions,
    /// Languages that nothing installed can show.
    pub missing: Vec<Lang>,
}

/// Looks in the usual folders. Reads files: call it before the window opens.
pub fn find() -> Fonts {
    find_in(&folders())
}

fn find_in(folders: &[PathBuf]) -> Fonts {
    let mut files = Vec::new();
    for folder in folders {
        walk(folder, 0, &mut files);
    }
    files.sort();
    let mut definitions = FontDefinitions::default();
    let mut missing = Vec::new();
    let mut order = Vec::new();
    for need in &NEEDS {
        match choose(need, &files) {
            Some(data) => {
                let name = format!("script-{}", need.lang);
                definitions.font_data.insert(name.clone(), Arc::new(data));
                order.push(name);
            }
            None => missing.push(need.lang),
        }
    }
    let shipped = definitions.families.clone();
    for (family, names) in &mut definitions.families {
        let own = shipped.get(family).into_iter().flatten().cloned();
        // The Vietnamese font leads, so that Latin letters with and without marks come from one hand.
        *names = match family {
            FontFamily::Monospace => own.chain(order.iter().cloned()).collect(),
            _ => order.iter().cloned().chain(own).collect(),
        };
    }
    Fonts {
        definitions,
        missing,
    }
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

fn choose(need: &Need, files: &[PathBuf]) -> Option<FontData> {
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
fn load(need: &Need, file: &Path) -> Option<FontData> {
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
    let face = simplified.or(serves.first().copied())?;
    let mut data = FontData::from_owned(bytes);
    data.index = face;
    Some(data)
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
    fn a_machine_without_fonts_misses_all_six_and_still_has_a_window() {
        let empty = tempfile::tempdir().unwrap();
        fs::write(empty.path().join("notosanskhmer-regular.ttf"), b"no font").unwrap();
        let fonts = find_in(&[empty.path().to_owned()]);
        assert_eq!(fonts.missing.len(), NEEDS.len());
        assert!(!fonts.definitions.families[&FontFamily::Proportional].is_empty());
    }

    #[test]
    fn a_font_is_believed_by_its_letters_not_by_its_name() {
        let found = find();
        let Some(vietnamese) = found.definitions.font_data.get("script-vi") else {
            return; // nothing installed here can be misnamed
        };
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("NotoSansKhmer-Regular.ttf"),
            vietnamese.bytes(),
        )
        .unwrap();
        let fonts = find_in(&[folder.path().to_owned()]);
        assert!(fonts.missing.contains(&Lang::Km));
        assert!(!fonts.missing.contains(&Lang::Vi));
    }
}
