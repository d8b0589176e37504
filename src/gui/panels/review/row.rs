//! One line of a transcript: number, time and speaker; what was said and its translations side by
//! side; every doubt in words.

use eframe::egui::{Rect, Ui, UiBuilder, pos2, vec2};

use crate::app::NearName;
use crate::app::desk::Versions;
use crate::domain::{FlagKind, Lang, Segment, Side as TextSide, Status, Translation, role};
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::rendered;
use crate::gui::widgets::script::{self, Letters, Mark, Marking};
use crate::gui::words::Words;

use super::editor::Side;
use super::recutter::Edge;
use super::{doubts, history, near, places};

/// Below this width the two sides stand one above the other.
const TWO_COLUMNS: f32 = 480.0;

/// What a person wants of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Hear it.
    Play,
    /// Correct one side.
    Correct(Side),
    /// See or put away its versions.
    Versions,
    /// Sign for it.
    Certify,
    /// Part it in two.
    Split,
    /// Join it with the next one.
    Merge,
    /// Move where it begins or ends.
    Retime,
    /// Move one of its edges to here, in milliseconds.
    Edge(Edge, u64),
    /// Say who speaks.
    Speaker,
    /// Let a machine hear or translate it once more.
    Again,
    /// Take a term from it.
    Term,
    /// Take a change of its place back.
    TakeBack(u32),
    /// Put this one of the names that may have been misheard in its place.
    TakeName(usize),
    /// It is none of them; do not suggest this one again.
    LeaveName(usize),
    /// Prefer this one of the other translations that engines made into a language.
    Prefer(Lang, usize),
}

/// Paints something in the place of a text.
type Paint<'a> = &'a mut dyn FnMut(&mut Ui);

/// What is open in a line.
pub enum Open<'a> {
    /// Nothing.
    Nothing,
    /// The fields of a correction stand in the place of one side.
    Correction(Side, Paint<'a>),
    /// Something stands below.
    Below(Paint<'a>),
}

/// How a line stands in the table.
#[derive(Clone, Copy)]
pub struct Standing<'a> {
    /// The person is at this line.
    pub chosen: bool,
    /// What can be done with it is shown.
    pub tools: bool,
    /// Something is open in it.
    pub working: bool,
    /// It is heard now.
    pub heard: bool,
    /// There is sound to hear.
    pub sound: bool,
    /// It is a partner's.
    pub read_only: bool,
    /// All languages of the interview.
    pub languages: &'a [Lang],
    /// What an interpreter made of it.
    pub rendered: &'a [&'a Segment],
    /// Names that may have been misheard in it.
    pub near: &'a [NearName],
    /// Its versions, where they are to be shown.
    pub versions: Option<&'a Versions>,
}

/// Paints a line.
pub fn show(
    ui: &mut Ui,
    scene: &Scene<'_>,
    line: &Segment,
    standing: Standing<'_>,
    open: Open<'_>,
) -> Option<Wish> {
    let whole = ui
        .available_rect_before_wrap()
        .shrink2(vec2(theme::GAP, theme::GAP));
    // Of a narrow row the text needs the whole width.
    let above = whole.width() < TWO_COLUMNS;
    let mut margin = whole;
    if !above {
        margin.max.x = whole.left() + theme::MARGIN_COLUMN;
    }
    let margin_bottom = part(ui, margin, |ui| edge(ui, scene, line, standing, above));
    let mut text = whole;
    if above {
        text.min.y = margin_bottom;
    } else {
        text.min.x = margin.right() + theme::WIDE_GAP;
    }
    let (left, right) = if text.width() < TWO_COLUMNS {
        (text, None)
    } else {
        let middle = text.center().x;
        let left = text.with_max_x(middle - theme::GAP);
        (left, Some(text.with_min_x(middle + theme::GAP)))
    };
    let (said_by, translated_by, below_by) = match open {
        Open::Correction(Side::Said, paint) => (Some(paint), None, None),
        Open::Correction(Side::Translation(lang), paint) => (None, Some((lang, paint)), None),
        Open::Below(paint) => (None, None, Some(paint)),
        Open::Nothing => (None, None, None),
    };
    let open = [
        said_by.is_some(),
        translated_by.is_some(),
        below_by.is_some(),
    ];
    let working = standing.working || open.contains(&true);
    let mut wish = None;
    let mut below = left;
    let said_bottom = part(ui, left, |ui| match said_by {
        Some(paint) => paint(ui),
        None => said(ui, scene, line, standing.chosen),
    });
    if right.is_none() {
        below.min.y = said_bottom + theme::GAP;
    }
    let translations_bottom = part(ui, right.unwrap_or(below), |ui| {
        let seen = Standing {
            working,
            ..standing
        };
        wish = translations(ui, scene, line, seen, translated_by);
    });
    let mut under = text;
    under.min.y = said_bottom.max(translations_bottom);
    let bottom = part(ui, under, |ui| {
        doubts::show(ui, scene, line);
        if standing.chosen && !working && !standing.read_only {
            wish = near::show(ui, scene, standing.near).or(wish);
        }
        if let Some(versions) = standing.versions {
            wish = history::show(ui, scene, versions, !working).or(wish);
        }
        match below_by {
            Some(paint) => paint(ui),
            None if standing.tools && !working && !standing.read_only => {
                wish = wishes(ui, scene, line, standing).or(wish);
            }
            None if standing.tools && standing.read_only && standing.sound => {
                let play = ui.button(scene.words.t("line-play"));
                wish = play.clicked().then_some(Wish::Play).or(wish);
            }
            None => {}
        }
    })
    .max(margin_bottom);
    ui.allocate_rect(
        Rect::from_min_max(ui.min_rect().min, pos2(whole.right(), bottom + theme::GAP)),
        eframe::egui::Sense::hover(),
    );
    wish
}

/// Paints into a rectangle that may grow downwards; returns where it ended.
fn part(ui: &mut Ui, place: Rect, paint: impl FnOnce(&mut Ui)) -> f32 {
    let mut child = ui.new_child(UiBuilder::new().max_rect(place));
    child.set_max_width(place.width());
    child.spacing_mut().item_spacing.y = 1.0;
    paint(&mut child);
    child.min_rect().bottom()
}

/// Number, time and speaker: one below the other, or in `one` row.
fn edge(ui: &mut Ui, scene: &Scene<'_>, line: &Segment, standing: Standing<'_>, one: bool) {
    let colours = theme::of(ui);
    let time = safe::clock(line.span.start.as_ms());
    let heard = if standing.heard { "▶ " } else { "" };
    let first = scene.words.digits(&format!("{heard}{}  {time}", line.id.0));
    let place = usize::from(line.channel) % colours.channels.len();
    let colour = colours.channels.get(place).copied().unwrap_or(colours.text);
    let speaker = speaker(scene.words, &line.speaker);
    let letters = scene.remark(ui);
    if one {
        let text = format!("{first}  {speaker}");
        let mark = Mark {
            range: first.len()..text.len(),
            marking: Marking::Colour(colour),
        };
        script::marked(ui, &text, letters, &[mark], false);
    } else {
        script::label(ui, &first, letters);
        script::label(ui, &speaker, letters.coloured(colour));
    }
    if line.flags.iter().any(|f| f.kind == FlagKind::PracticeModel) {
        let letters = letters.coloured(colours.doubt);
        script::label(ui, scene.words.t("flag-practice-model"), letters);
    }
}

/// The usual roles and what stands for a speaker whom nobody named, in the language of the screens; any
/// other word as it is.
pub fn speaker(words: &Words, name: &str) -> String {
    if let Some((role, number)) = role(name) {
        let word = words.t(match role {
            "officer" => "role-officer",
            "interviewee" => "role-interviewee",
            _ => "role-interpreter",
        });
        return match number {
            1 => word.to_owned(),
            number => format!("{word} {}", words.digits(&number.to_string())),
        };
    }
    match name {
        "all" => words.t("speaker-everybody").to_owned(),
        "unknown" => words.t("speaker-unknown").to_owned(),
        other => match other.strip_prefix("speaker-") {
            Some(number) if number.parse::<u16>().is_ok() => {
                words.with("speaker-number", &[("count", number)])
            }
            _ => safe::name(other),
        },
    }
}

fn said(ui: &mut Ui, scene: &Scene<'_>, line: &Segment, chosen: bool) {
    let words = scene.words;
    let by = match line.status {
        Status::Pending => words.t("status-pending").to_owned(),
        Status::Failed => words.t("status-failed").to_owned(),
        Status::Machine => words.t("status-machine").to_owned(),
        Status::Edited => safe::name(&line.author),
        Status::Certified => words.with("line-certified", &[("name", &safe::name(&line.author))]),
    };
    let about = format!("{} · {by}", line.lang.native_name());
    script::label(ui, &about, Letters::small(ui, line.lang));
    doubts::held(ui, scene, line);
    let letters = Letters::running(ui, line.lang);
    if line.text.is_empty() {
        let id = match line.status {
            Status::Pending => "line-pending",
            Status::Failed => "line-failed",
            _ => "line-empty",
        };
        script::label(ui, scene.words.t(id), scene.remark(ui));
        return;
    }
    let mut marks = doubts::doubtful(ui, scene, line);
    if chosen {
        let translated = line.translations.iter().flat_map(|t| &t.flags);
        let flags = line.flags.iter().chain(translated);
        marks.extend(places::marks(ui, &line.text, flags, TextSide::Source));
    }
    script::marked(ui, &line.text, letters, &marks, chosen);
}

fn translations(
    ui: &mut Ui,
    scene: &Scene<'_>,
    line: &Segment,
    standing: Standing<'_>,
    mut correction: Option<(Lang, Paint<'_>)>,
) -> Option<Wish> {
    let mut wish = None;
    for lang in standing.languages.iter().filter(|l| **l != line.lang) {
        if let Some((into, paint)) = &mut correction
            && into == lang
        {
            paint(ui);
            continue;
        }
        let found = line.translations.iter().find(|t| t.lang == *lang);
        match found {
            Some(translation) => wish = one(ui, scene, line, translation, standing).or(wish),
            None if line.text.is_empty() => {}
            None => {
                script::label(ui, lang.native_name(), Letters::small(ui, *lang));
                script::label(ui, scene.words.t("line-untranslated"), scene.remark(ui));
            }
        }
    }
    rendered::show(ui, scene, standing.rendered);
    wish
}

/// Other translations of a line that engines made: who made each, and its words.
pub fn alternatives(found: &Translation) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for flag in &found.flags {
        if flag.kind == FlagKind::OpinionsDiffer {
            let (engine, second) = flag.detail.split_once(": ").unwrap_or(("", &flag.detail));
            all.push((engine.to_owned(), second.to_owned()));
        }
    }
    for term in &found.terms {
        all.push((found.engine.clone(), term.alternative.clone()));
    }
    let mut seen = vec![String::new(), found.text.clone()];
    all.retain(|(_, text)| {
        let new = !seen.contains(text);
        seen.push(text.clone());
        new
    });
    all
}

fn one(
    ui: &mut Ui,
    scene: &Scene<'_>,
    line: &Segment,
    found: &Translation,
    standing: Standing<'_>,
) -> Option<Wish> {
    let chosen = standing.chosen;
    let words = scene.words;
    let by = match found.log_prob {
        Some(_) => words.t("status-machine").to_owned(),
        None => safe::name(&found.engine),
    };
    let mut about = format!("{} · {by}", found.lang.native_name());
    if found.of_version < line.version {
        about.push_str(" · ");
        about.push_str(words.t("line-earlier"));
    }
    script::label(ui, &about, Letters::small(ui, found.lang));
    let letters = Letters::running(ui, found.lang);
    let marks = if chosen {
        places::marks(ui, &found.text, &found.flags, TextSide::Translation)
    } else {
        Vec::new()
    };
    script::marked(ui, &found.text, letters, &marks, chosen);
    let mut wish = None;
    for (at, (engine, other)) in alternatives(found).iter().enumerate() {
        let about = format!(
            "{} · {}",
            words.t("line-second-opinion"),
            safe::name(engine)
        );
        script::label(ui, &about, scene.remark(ui));
        let faint = letters.coloured(theme::of(ui).faint);
        script::marked(ui, other, faint, &[], chosen);
        let may = chosen && !standing.working && !standing.read_only;
        if may && ui.button(words.t("line-prefer")).clicked() {
            wish = Some(Wish::Prefer(found.lang, at));
        }
    }
    wish
}

/// Whether a person may sign for a line: it has words and nobody did yet.
pub fn can_be_certified(line: &Segment) -> bool {
    !line.text.is_empty() && matches!(line.status, Status::Machine | Status::Edited)
}

fn wishes(ui: &mut Ui, scene: &Scene<'_>, line: &Segment, standing: Standing<'_>) -> Option<Wish> {
    let words = scene.words;
    let mut wish = None;
    ui.spacing_mut().item_spacing.y = theme::GAP;
    ui.horizontal_wrapped(|ui| {
        if standing.sound && ui.button(words.t("line-play")).clicked() {
            wish = Some(Wish::Play);
        }
        if ui.button(words.t("line-correct")).clicked() {
            wish = Some(Wish::Correct(Side::Said));
        }
        if !line.text.is_empty() {
            for lang in standing.languages.iter().filter(|l| **l != line.lang) {
                let name = words.with("line-correct-in", &[("language", lang.native_name())]);
                if ui.button(name).clicked() {
                    wish = Some(Wish::Correct(Side::Translation(*lang)));
                }
            }
        }
        let versions = if standing.versions.is_some() {
            words.t("line-versions-close")
        } else {
            words.t("line-versions")
        };
        if ui.button(versions).clicked() {
            wish = Some(Wish::Versions);
        }
        if can_be_certified(line) && ui.button(words.t("line-certify")).clicked() {
            wish = Some(Wish::Certify);
        }
        for (id, what) in [
            ("line-split", Wish::Split),
            ("line-merge", Wish::Merge),
            ("line-retime", Wish::Retime),
            ("line-speaker", Wish::Speaker),
            ("line-again", Wish::Again),
            ("line-term", Wish::Term),
        ] {
            if ui.button(words.t(id)).clicked() {
                wish = Some(what);
            }
        }
    });
    wish
}
