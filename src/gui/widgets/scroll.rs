//! Scrolling by the keyboard. The toolkit scrolls for a screen reader only: for a person who goes on with
//! Tab, what gets the keyboard is brought into view here, and the page keys turn pages.

use eframe::egui::{Id, Key, Modifiers, Rect, ScrollArea, Ui, vec2};

/// Of a page so much stays in view when it is turned, in points.
const KEPT: f32 = 40.0;

/// What got the keyboard inside a part of a screen, and where that part stands.
#[derive(Clone, Copy)]
struct Followed {
    focused: Id,
    frame: Rect,
}

impl Followed {
    fn place() -> Id {
        Id::unique("followed")
    }
}

/// A screen that is scrolled as a whole.
pub fn page<R>(ui: &mut Ui, area: ScrollArea, add: impl FnOnce(&mut Ui) -> R) -> R {
    let shown = area.show(ui, |ui| {
        let made = add(ui);
        keys(ui);
        made
    });
    shown.inner
}

/// A part of a screen that is scrolled by itself; the page keys are the screen's.
pub fn part<R>(ui: &mut Ui, area: ScrollArea, add: impl FnOnce(&mut Ui) -> R) -> R {
    let mut followed = None;
    let shown = area.show(ui, |ui| {
        let made = add(ui);
        followed = follow(ui);
        made
    });
    if let Some(focused) = followed {
        let frame = shown.inner_rect;
        let followed = Followed { focused, frame };
        ui.data_mut(|d| d.insert_temp(Followed::place(), followed));
    }
    shown.inner
}

/// Called at the end of what is scrolled: both of it.
pub fn keys(ui: &Ui) {
    turn(ui);
    follow(ui);
}

/// Called at the end of what is scrolled: brings what has just got the keyboard into view, where it
/// stands in here, and names it.
pub fn follow(ui: &Ui) -> Option<Id> {
    let focused = ui.memory(|m| m.focused());
    let seen = ui.scope_id().with(Followed::place());
    let before = ui.data(|d| d.get_temp::<Option<Id>>(seen)).flatten();
    if before == focused {
        return None;
    }
    ui.data_mut(|d| d.insert_temp(seen, focused));
    let focused = focused.filter(|id| is_inside(ui, *id))?;
    // Of what stands in a part with its own scrolling, the part comes into view.
    let part = ui.data(|d| d.get_temp::<Followed>(Followed::place()));
    let part = part.filter(|p| p.focused == focused).map(|p| p.frame);
    let place = part.or_else(|| ui.ctx().read_response(focused).map(|r| r.rect))?;
    ui.scroll_to_rect(place, None);
    Some(focused)
}

/// Whether a widget was added to this one's inside: behind it, and in the same layer.
fn is_inside(ui: &Ui, id: Id) -> bool {
    let (own, its) = ui.ctx().viewport(|v| {
        let widgets = &v.this_pass.widgets;
        (widgets.order(ui.unique_id()), widgets.order(id))
    });
    match (own, its) {
        (Some((layer, first)), Some((other, at))) => layer == other && at > first,
        _ => false,
    }
}

/// The page keys, while nothing has the keyboard.
fn turn(ui: &Ui) {
    if ui.memory(|m| m.focused()).is_some() {
        return;
    }
    let pressed = |key| ui.input_mut(|i| i.consume_key(Modifiers::NONE, key));
    let by = (ui.clip_rect().height() - KEPT).max(KEPT);
    if pressed(Key::PageDown) {
        ui.scroll_with_delta(vec2(0.0, -by));
    }
    if pressed(Key::PageUp) {
        ui.scroll_with_delta(vec2(0.0, by));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eframe::egui::Vec2;
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    /// Sixty buttons, of which the twentieth stands above a list of its own.
    fn paint(ui: &mut Ui) {
        page(ui, ScrollArea::vertical(), |ui| {
            for at in 0..60 {
                let _ = ui.button(format!("button {at}"));
                if at == 20 {
                    let area = ScrollArea::vertical().id_salt("own").max_height(60.0);
                    part(ui, area, |ui| {
                        for at in 0..30 {
                            let _ = ui.button(format!("inside {at}"));
                        }
                    });
                }
            }
        });
    }

    fn window() -> Harness<'static> {
        let size = Vec2::new(300.0, 200.0);
        let mut window = Harness::builder().with_size(size).build_ui(paint);
        window.run_steps(2);
        window
    }

    /// The place of a button, once the scrolling has come to rest.
    fn place(window: &mut Harness<'_>, name: &str) -> Rect {
        window.run_steps(60);
        window.get_by_label(name).rect()
    }

    fn in_view(rect: Rect) -> bool {
        rect.top() >= -1.0 && rect.bottom() <= 201.0
    }

    #[test]
    fn what_gets_the_keyboard_by_tab_comes_into_view_and_so_does_its_list() {
        let mut window = window();
        assert!(!in_view(place(&mut window, "button 15")));
        for _ in 0..16 {
            window.key_press(Key::Tab);
            window.run_steps(2);
        }
        assert!(window.get_by_label("button 15").is_focused());
        assert!(in_view(place(&mut window, "button 15")));
        for _ in 0..30 {
            window.key_press(Key::Tab);
            window.run_steps(2);
        }
        assert!(window.get_by_label("inside 24").is_focused());
        assert!(in_view(place(&mut window, "inside 24")));
        for _ in 0..7 {
            window.key_press(Key::Tab);
            window.run_steps(2);
        }
        assert!(window.get_by_label("button 22").is_focused());
        assert!(in_view(place(&mut window, "button 22")));
    }

    #[test]
    fn page_keys_turn_pages_while_nothing_has_the_keyboard() {
        let mut window = window();
        window.key_press(Key::PageDown);
        let after = place(&mut window, "button 0");
        assert!(after.top() < -100.0, "{after:?}");
        window.key_press(Key::PageUp);
        assert!(in_view(place(&mut window, "button 0")));
        window.key_press(Key::Tab);
        window.run_steps(2);
        window.key_press(Key::PageDown);
        assert!(in_view(place(&mut window, "button 0")), "a button has it");
    }
}
