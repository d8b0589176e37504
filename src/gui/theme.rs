//! Every colour and size of the screens. Nothing outside this file names a colour or a text size.

use eframe::egui::gui_zoom::kb_shortcuts;
use eframe::egui::{
    self, Color32, Context, CornerRadius, FontFamily, FontId, Id, Stroke, Style, TextStyle, Ui,
    Visuals, vec2,
};

use crate::app::{Look, TEXT_PERCENT};

/// Running text, in points.
pub const TEXT: f32 = 15.0;
/// What is said about a text.
pub const SMALL: f32 = 12.5;
/// Names of screens.
pub const HEADING: f32 = 20.0;
/// What another person reads from across the table.
pub const LARGE: f32 = 34.0;
/// Between things that belong together.
pub const GAP: f32 = 6.0;
/// Between things that do not.
pub const WIDE_GAP: f32 = 14.0;
/// Smallest height of what can be pressed.
pub const PRESS: f32 = 28.0;
/// Width of the rail of screens.
pub const RAIL: f32 = 132.0;
/// Below this width the rail lies on top of the screen.
pub const NARROW: f32 = 620.0;
/// Below this height of the window, as with the largest letters, a screen keeps to what it is for: what
/// stands around it is folded up.
pub const SHORT: f32 = 420.0;
/// Height of the picture of a recording.
pub const OVERVIEW: f32 = 56.0;
/// Height of the picture of one line.
pub const CLOSER: f32 = 72.0;
/// Room for the name and the number of the speed, beside its slider.
pub const SPEED: f32 = 150.0;
/// Column with number, time and speaker.
pub const MARGIN_COLUMN: f32 = 104.0;
/// Widest column of running text: longer lines are hard to read.
pub const READING: f32 = 720.0;
/// Height guessed for a row that was never laid out.
pub const ROW_GUESS: f32 = 84.0;
/// Height of a hit that was not laid out yet, in points.
pub const HIT_GUESS: f32 = 120.0;
/// Steps of the size of the text, in percent.
pub const TEXT_STEP: u16 = 10;
/// Strokes.
pub const LINE: f32 = 1.0;
/// Stroke under doubtful words.
pub const UNDERLINE: f32 = 2.0;

/// The colours in force.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Palette {
    /// Ground of the screen.
    pub ground: Color32,
    /// Ground of the rail and of strips.
    pub panel: Color32,
    /// Ground of fields that are written in.
    pub field: Color32,
    /// Ground of every second row.
    pub stripe: Color32,
    /// Running text.
    pub text: Color32,
    /// What is said about a text.
    pub faint: Color32,
    /// Lines between things.
    pub line: Color32,
    /// The way of a slider, the ground of a box to tick.
    pub groove: Color32,
    /// The edge of what is chosen or pressed.
    pub accent: Color32,
    /// Ground of the chosen row.
    pub chosen: Color32,
    /// Doubt: flags and doubtful words.
    pub doubt: Color32,
    /// Failures.
    pub failure: Color32,
    /// Checked and whole.
    pub good: Color32,
    /// Ground of found words; letters on it are `text`.
    pub found: Color32,
    /// The channels of a recording, by index.
    pub channels: [Color32; 3],
}

const LIGHT: Palette = Palette {
    ground: Color32::from_rgb(0xfb, 0xfb, 0xf9),
    panel: Color32::from_rgb(0xef, 0xef, 0xeb),
    field: Color32::from_rgb(0xff, 0xff, 0xff),
    stripe: Color32::from_rgb(0xf5, 0xf5, 0xf2),
    text: Color32::from_rgb(0x1c, 0x1f, 0x23),
    faint: Color32::from_rgb(0x55, 0x5b, 0x63),
    line: Color32::from_rgb(0xc9, 0xcb, 0xc6),
    groove: Color32::from_rgb(0xd6, 0xd8, 0xd3),
    accent: Color32::from_rgb(0x0b, 0x57, 0x8e),
    chosen: Color32::from_rgb(0xdc, 0xea, 0xf5),
    doubt: Color32::from_rgb(0x8a, 0x4b, 0x00),
    failure: Color32::from_rgb(0xa8, 0x1c, 0x1c),
    good: Color32::from_rgb(0x1d, 0x6b, 0x35),
    found: Color32::from_rgb(0xff, 0xe6, 0x8a),
    channels: [
        Color32::from_rgb(0x0b, 0x57, 0x8e),
        Color32::from_rgb(0x7a, 0x3b, 0x8f),
        Color32::from_rgb(0x1d, 0x6b, 0x35),
    ],
};

const DARK: Palette = Palette {
    ground: Color32::from_rgb(0x1b, 0x1d, 0x20),
    panel: Color32::from_rgb(0x25, 0x28, 0x2c),
    field: Color32::from_rgb(0x12, 0x14, 0x16),
    stripe: Color32::from_rgb(0x20, 0x22, 0x26),
    text: Color32::from_rgb(0xe8, 0xe8, 0xe4),
    faint: Color32::from_rgb(0xa9, 0xae, 0xb5),
    line: Color32::from_rgb(0x45, 0x49, 0x50),
    groove: Color32::from_rgb(0x3a, 0x3e, 0x44),
    accent: Color32::from_rgb(0x7c, 0xbc, 0xec),
    chosen: Color32::from_rgb(0x23, 0x37, 0x47),
    doubt: Color32::from_rgb(0xf0, 0xb2, 0x5c),
    failure: Color32::from_rgb(0xff, 0x9a, 0x8f),
    good: Color32::from_rgb(0x86, 0xd3, 0x9c),
    found: Color32::from_rgb(0x5c, 0x4b, 0x0e),
    channels: [
        Color32::from_rgb(0x7c, 0xbc, 0xec),
        Color32::from_rgb(0xd0, 0xa4, 0xe6),
        Color32::from_rgb(0x86, 0xd3, 0x9c),
    ],
};

const CONTRAST: Palette = Palette {
    ground: Color32::BLACK,
    panel: Color32::BLACK,
    field: Color32::BLACK,
    stripe: Color32::BLACK,
    text: Color32::WHITE,
    faint: Color32::WHITE,
    line: Color32::WHITE,
    groove: Color32::from_rgb(0x55, 0x55, 0x55),
    accent: Color32::from_rgb(0xff, 0xe1, 0x3d),
    chosen: Color32::from_rgb(0x12, 0x2c, 0x66),
    doubt: Color32::from_rgb(0xff, 0xc0, 0x4d),
    failure: Color32::from_rgb(0xff, 0xa8, 0x9e),
    good: Color32::from_rgb(0x8d, 0xf2, 0xa5),
    found: Color32::from_rgb(0x00, 0x4c, 0x9c),
    channels: [
        Color32::from_rgb(0xff, 0xe1, 0x3d),
        Color32::from_rgb(0x7f, 0xe5, 0xff),
        Color32::from_rgb(0x8d, 0xf2, 0xa5),
    ],
};

const fn palette(look: Look) -> Palette {
    match look {
        Look::Light => LIGHT,
        Look::Dark => DARK,
        Look::Contrast => CONTRAST,
    }
}

/// The colours of this window.
pub fn of(ui: &Ui) -> Palette {
    ui.data(|data| data.get_temp(Id::NULL)).unwrap_or(LIGHT)
}

/// Whether the window is low: small itself, or its letters large.
pub fn is_short(ui: &Ui) -> bool {
    ui.ctx().content_rect().height() < SHORT
}

/// The letters of running text and of what is said about it.
pub fn font(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// Puts colours and sizes in force.
pub fn apply(ctx: &Context, look: Look, text_percent: u16) {
    let colours = palette(look);
    ctx.data_mut(|data| data.insert_temp(Id::NULL, colours));
    let theme = if look == Look::Light {
        egui::Theme::Light
    } else {
        egui::Theme::Dark
    };
    ctx.set_theme(theme);
    ctx.all_styles_mut(|style| dress(style, &colours, look));
    // Its own keys for this go past what is kept and shown: see `sized`.
    ctx.options_mut(|options| options.zoom_with_keyboard = false);
    ctx.set_zoom_factor(f32::from(text_percent) / 100.0);
}

/// The size of the text, in percent, that the keys for it ask for: Ctrl and +, -, or 0.
pub fn sized(ctx: &Context, text_percent: u16) -> Option<u16> {
    let pressed = |shortcut| ctx.input_mut(|i| i.consume_shortcut(shortcut));
    let (least, most) = TEXT_PERCENT;
    let larger = pressed(&kb_shortcuts::ZOOM_IN) | pressed(&kb_shortcuts::ZOOM_IN_SECONDARY);
    let wanted = if larger {
        text_percent.saturating_add(TEXT_STEP)
    } else if pressed(&kb_shortcuts::ZOOM_OUT) {
        text_percent.saturating_sub(TEXT_STEP)
    } else if pressed(&kb_shortcuts::ZOOM_RESET) {
        100
    } else {
        return None;
    };
    Some(wanted.clamp(least, most))
}

fn dress(style: &mut Style, colours: &Palette, look: Look) {
    use TextStyle::{Body, Button, Heading, Monospace, Small};
    style.text_styles = [
        (Body, font(TEXT)),
        (Button, font(TEXT)),
        (Heading, font(HEADING)),
        (Small, font(SMALL)),
        (Monospace, FontId::new(TEXT, FontFamily::Monospace)),
    ]
    .into();
    style.animation_time = 0.0;
    style.spacing.item_spacing = vec2(GAP, GAP);
    style.spacing.interact_size.y = PRESS;
    style.spacing.button_padding = vec2(10.0, 4.0);
    style.visuals = visuals(colours, look);
}

fn visuals(colours: &Palette, look: Look) -> Visuals {
    let mut visuals = if look == Look::Light {
        Visuals::light()
    } else {
        Visuals::dark()
    };
    visuals.override_text_color = None;
    visuals.panel_fill = colours.ground;
    visuals.window_fill = colours.ground;
    visuals.extreme_bg_color = colours.field;
    visuals.faint_bg_color = colours.stripe;
    visuals.weak_text_color = Some(colours.faint);
    visuals.hyperlink_color = colours.accent;
    visuals.warn_fg_color = colours.doubt;
    visuals.error_fg_color = colours.failure;
    visuals.selection.bg_fill = colours.chosen;
    visuals.selection.stroke = Stroke::new(LINE, colours.text);
    visuals.window_stroke = Stroke::new(LINE, colours.line);
    let widgets = &mut visuals.widgets;
    for (state, fill, edge, letters) in [
        (
            &mut widgets.noninteractive,
            colours.panel,
            colours.line,
            colours.text,
        ),
        (
            &mut widgets.inactive,
            colours.panel,
            colours.line,
            colours.text,
        ),
        (
            &mut widgets.hovered,
            colours.chosen,
            colours.accent,
            colours.text,
        ),
        (
            &mut widgets.active,
            colours.chosen,
            colours.accent,
            colours.text,
        ),
        (
            &mut widgets.open,
            colours.panel,
            colours.accent,
            colours.text,
        ),
    ] {
        state.bg_fill = fill;
        state.weak_bg_fill = fill;
        state.bg_stroke = Stroke::new(LINE, edge);
        state.fg_stroke = Stroke::new(LINE, letters);
        state.corner_radius = CornerRadius::same(4);
        state.expansion = 0.0;
    }
    visuals.widgets.inactive.bg_fill = colours.groove;
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, WCAG 2.2.
    fn luminance(colour: Color32) -> f64 {
        let part = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * part(colour.r()) + 0.7152 * part(colour.g()) + 0.0722 * part(colour.b())
    }

    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn letters_stand_out_as_the_guidelines_ask() {
        for (look, least) in [(Look::Light, 4.5), (Look::Dark, 4.5), (Look::Contrast, 7.0)] {
            let p = palette(look);
            for ground in [p.ground, p.panel, p.field, p.stripe, p.chosen] {
                for letters in [p.text, p.faint, p.accent, p.doubt, p.failure, p.good] {
                    let found = contrast(letters, ground);
                    assert!(
                        found >= least,
                        "{look:?} {letters:?} on {ground:?}: {found:.1}"
                    );
                }
            }
            assert!(contrast(p.text, p.found) >= least, "{look:?} found");
        }
    }
}
