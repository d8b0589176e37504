//! The inputs of one device that different people speak into: how many of them, and who speaks on each.

use std::iter;

use eframe::egui::{ComboBox, Ui};

use super::{MicrophoneChoice, ROLES, Row, speaker};
use crate::app::live::LiveRequest;
use crate::audio::{DeviceInfo, MAX_LIVE_CHANNELS};
use crate::gui::shell::Scene;
use crate::gui::widgets::script;

/// Channels of a session at most.
const MOST: usize = MAX_LIVE_CHANNELS as usize;

impl Row {
    /// Its inputs in their order; one unless a person chose more.
    pub(super) fn inputs(&self) -> impl Iterator<Item = &Row> {
        iter::once(self).chain(&self.more)
    }
}

/// How many of the channels each microphone has; none where each has the same number.
pub(super) fn dealt(rows: &[Row]) -> Vec<u16> {
    let of = |row: &Row| u16::try_from(row.inputs().count()).unwrap_or(MAX_LIVE_CHANNELS);
    let dealt: Vec<u16> = rows.iter().map(of).collect();
    match dealt.first() {
        Some(first) if dealt.iter().any(|own| own != first) => dealt,
        _ => Vec::new(),
    }
}

/// What is tested: where a device has several inputs in use, each of them.
pub(super) fn named(choice: &MicrophoneChoice, request: LiveRequest) -> LiveRequest {
    if choice.rows.iter().all(|row| row.more.is_empty()) {
        return request;
    }
    LiveRequest {
        channels: choice.channels(&request.languages),
        dealt: choice.dealt(),
        ..request
    }
}

/// Paints how many inputs of a device somebody speaks into and who speaks on the further ones, where it has
/// more than one. `taken` channels are in use by all microphones. True where the number was changed.
pub(super) fn show(
    ui: &mut Ui,
    scene: &Scene<'_>,
    (at, taken): (usize, usize),
    row: &mut Row,
    found: &[DeviceInfo],
) -> bool {
    let device = found.iter().find(|d| Some(&d.id) == row.chosen.as_ref());
    let has = device.map_or(1, |d| usize::from(d.channels));
    let now = row.inputs().count();
    let free = MOST.saturating_sub(taken).saturating_add(now);
    let most = has.min(free).max(1);
    let mut wanted = now.min(most);
    if has > 1 {
        ui.horizontal_wrapped(|ui| number(ui, scene, at, (most, has), &mut wanted));
    }
    row.more.truncate(wanted.saturating_sub(1));
    while row.inputs().count() < wanted {
        let role = (row.role + row.inputs().count()) % ROLES.len();
        row.more.push(Row {
            role,
            ..Row::default()
        });
    }
    for (place, input) in row.more.iter_mut().enumerate() {
        let number = scene.words.digits(&(place + 2).to_string());
        ui.horizontal_wrapped(|ui| {
            ui.label(scene.words.with("microphone-input", &[("number", &number)]));
            // A place of its own among those of all microphones.
            speaker(ui, scene, (at + 1) * 100 + place, input);
        });
    }
    // A way to the sound server gives as many as are asked for.
    if has > wanted && device.is_some_and(|d| !d.floating) {
        let number = has.to_string();
        let about = scene
            .words
            .with("microphone-unheard", &[("found", &number)]);
        script::label(ui, &about, scene.remark(ui));
    }
    wanted != now
}

/// The box with the number of inputs.
fn number(
    ui: &mut Ui,
    scene: &Scene<'_>,
    at: usize,
    (most, has): (usize, usize),
    wanted: &mut usize,
) {
    let label = ui.label(scene.words.t("microphone-inputs"));
    let response = ComboBox::from_id_salt(("inputs", at))
        .selected_text(scene.words.digits(&format!("{wanted} / {has}")))
        .show_ui(ui, |ui| {
            for number in 1..=most {
                let shown = scene.words.digits(&number.to_string());
                ui.selectable_value(wanted, number, shown);
            }
        })
        .response;
    response.labelled_by(label.id);
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;
    use crate::domain::Lang;
    use crate::gui::empty_window::over;
    use crate::gui::words::Words;

    fn device(id: &str, channels: u16, floating: bool) -> DeviceInfo {
        DeviceInfo {
            id: id.into(),
            name: id.into(),
            default: false,
            floating,
            place: String::new(),
            channels,
            min_rate: 8_000,
            max_rate: 48_000,
        }
    }

    /// A window with the inputs of one microphone among these.
    fn window(lang: Lang, chosen: &str) -> (tempfile::TempDir, Rc<RefCell<Row>>, Harness<'static>) {
        let found = [
            device("alone", 1, false),
            device("pair", 2, false),
            device("server", 32, true),
        ];
        let row = Rc::new(RefCell::new(Row {
            chosen: Some(chosen.to_owned()),
            ..Row::default()
        }));
        let own = Rc::clone(&row);
        let (dir, window) = over(lang, move |ui, scene| {
            let mut row = own.borrow_mut();
            let taken = row.inputs().count();
            show(ui, scene, (0, taken), &mut row, &found);
        });
        (dir, row, window)
    }

    #[test]
    fn who_speaks_on_each_channel_of_one_device_is_chosen_and_the_others_are_told_of() {
        let (_dir, row, mut window) = window(Lang::En, "pair");
        assert!(window.query_by_label_contains("has 2 channels").is_some());
        assert!(window.query_by_label_contains("Channel 2").is_none());
        window.get_by_label("Channels with a speaker").click();
        window.run_steps(3);
        window.get_by_label("2").click();
        window.run_steps(3);
        assert!(window.query_by_label_contains("Channel 2").is_some());
        assert!(window.query_by_label_contains("has 2 channels").is_none());
        let choice = MicrophoneChoice {
            rows: vec![row.take()],
            ..MicrophoneChoice::default()
        };
        let all = [Lang::Lo, Lang::Km];
        assert_eq!(
            choice.channels(&all),
            [
                ("officer".to_owned(), vec![Lang::Lo]),
                ("interviewee".to_owned(), vec![Lang::Km]),
            ]
        );
        assert!(choice.dealt().is_empty(), "all channels are one device's");
        // The test hears each of them.
        let request = LiveRequest {
            languages: all.to_vec(),
            ..LiveRequest::default()
        };
        assert_eq!(named(&choice, request).channels, choice.channels(&all));
    }

    #[test]
    fn a_device_with_one_channel_asks_nothing_and_one_of_the_server_promises_none() {
        let (_dir, _, alone) = window(Lang::En, "alone");
        assert!(alone.query_by_label("Channels with a speaker").is_none());
        let (_dir, _, server) = window(Lang::En, "server");
        assert!(server.query_by_label("Channels with a speaker").is_some());
        assert!(server.query_by_label_contains("has 32 channels").is_none());
    }

    #[test]
    fn a_stereo_device_beside_one_with_one_channel_is_dealt_what_it_has() {
        let pair = Row {
            more: vec![Row {
                role: 1,
                ..Row::default()
            }],
            ..Row::default()
        };
        assert_eq!(dealt(&[pair, Row::default()]), [2, 1]);
        assert!(dealt(&[Row::default(), Row::default()]).is_empty());
    }

    #[test]
    fn every_language_has_the_words() {
        for lang in Lang::ALL {
            let (_dir, row, window) = window(lang, "pair");
            let words = Words::of(lang);
            let name = words.t("microphone-inputs");
            assert!(window.query_by_label(name).is_some(), "{lang}");
            assert!(row.borrow().more.is_empty());
        }
    }
}
