//! The window's fonts: those that the system has for the six scripts, before the shipped ones.

use std::sync::Arc;

use eframe::egui::{FontData, FontDefinitions, FontFamily};

use crate::domain::Lang;
use crate::fonts::{self, Faces};

/// What was found.
#[derive(Clone)]
pub struct Fonts {
    /// For the window.
    pub definitions: FontDefinitions,
    /// Languages that nothing installed can show.
    pub missing: Vec<Lang>,
}

/// Looks in the usual folders. Reads files: call it before the window opens.
pub fn find() -> Fonts {
    define(fonts::find())
}

fn define(found: Faces) -> Fonts {
    let mut definitions = FontDefinitions::default();
    let mut order = Vec::new();
    for face in found.faces {
        let name = format!("script-{}", face.lang);
        let mut data = FontData::from_owned(face.bytes);
        data.index = face.index;
        definitions.font_data.insert(name.clone(), Arc::new(data));
        order.push(name);
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
        missing: found.missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_fonts_misses_all_six_and_still_has_a_window() {
        let empty = tempfile::tempdir().unwrap();
        let file = empty.path().join("notosanskhmer-regular.ttf");
        std::fs::write(file, b"no font").unwrap();
        let fonts = define(fonts::find_in(&[empty.path().to_owned()]));
        assert_eq!(fonts.missing.len(), Lang::SIX.len());
        assert!(!fonts.definitions.families[&FontFamily::Proportional].is_empty());
    }
}
