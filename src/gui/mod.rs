//! The window: screens ask the desk ([`crate::app::desk`]) and paint what lies on its board. The only
//! place that names egui. No frame reads a file, waits for a model or holds a lock for longer than a
//! pointer's copy.

mod closing;
mod composing;
mod deeds;
#[cfg(test)]
mod empty_window;
mod fonts;
mod gate;
mod locking;
mod messages;
mod palette;
mod panels;
mod prompt;
mod put_by;
mod rail;
mod safe;
mod scene;
mod shell;
mod theme;
mod told;
mod unkept;
mod widgets;
mod words;

use std::sync::Arc;

use eframe::egui::{self, ViewportBuilder, vec2};

use crate::app::desk::Told;
use crate::app::{App, Options};

pub use fonts::{Fonts, find as find_fonts};
pub use gate::Gate;
pub use shell::Desktop;

/// The title of the window: no case, name or text of an interview ever stands there, because task
/// switchers and screen sharing show it.
const TITLE: &str = "Mekong Interview";

/// Opens the window and returns when it is closed.
///
/// # Errors
/// No display or no graphics; a workspace that is missing.
pub fn run(options: &Options) -> Result<(), Told> {
    check_display()?;
    let (app, settings_error) = App::open_forgiving(options).map_err(|e| Told::of(&e))?;
    let app = Arc::new(app);
    let fonts = std::thread::Builder::new()
        .name("fonts".to_owned())
        .spawn(find_fonts)
        .map_err(|e| cannot_open(&e))?;
    let kept = app.choices().choices.window.unwrap_or_default();
    let size = vec2(f32::from(kept.width), f32::from(kept.height));
    let native = eframe::NativeOptions {
        viewport: ViewportBuilder::default()
            .with_title(TITLE)
            .with_app_id("mekong-interview")
            .with_inner_size(size)
            .with_maximized(kept.maximized)
            .with_min_inner_size(vec2(480.0, 360.0)),
        renderer: eframe::Renderer::Glow,
        centered: true,
        ..eframe::NativeOptions::default()
    };
    let create: eframe::AppCreator<'_> = Box::new(move |creation| {
        // Before the first frame: letters must not jump when the fonts arrive.
        let fonts = fonts.join().map_err(|_| "the fonts could not be read")?;
        let mut gate = Gate::new(app, &creation.egui_ctx, fonts)?;
        if let Some(error) = settings_error {
            gate.remark(Told::of(&error));
        }
        Ok(Box::new(Window(gate)))
    });
    eframe::run_native(TITLE, native, create).map_err(|e| cannot_open(&e))
}

fn cannot_open(cause: &dyn std::fmt::Display) -> Told {
    Told {
        what: format!("the window cannot be opened: {cause}"),
        next: "Install the graphics libraries (Debian, Ubuntu: libgl1 libegl1 libgl1-mesa-dri \
               libxkbcommon-x11-0), or use the command line: mekong help"
            .to_owned(),
    }
}

/// On systems where a window needs a display server, says at once that there is none.
fn check_display() -> Result<(), Told> {
    let set = |name| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    let needs = cfg!(all(unix, not(target_os = "macos")));
    if !needs
        || ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"]
            .into_iter()
            .any(set)
    {
        return Ok(());
    }
    Err(Told {
        what: "there is no display to open a window on".to_owned(),
        next: "Start it from a desktop session, or use the command line: mekong help".to_owned(),
    })
}

/// The gate and the desktop behind it, inside the toolkit's window.
struct Window(Gate);

impl eframe::App for Window {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.0.show(ui);
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.0.leave();
    }
}
