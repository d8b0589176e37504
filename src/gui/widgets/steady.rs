//! Rows whose fields stay the same ones whatever comes or goes above them. A field of words has a name for that; a
//! field of a number is told apart by its place, so that its row has the name.

use eframe::egui::{Ui, UiBuilder};

/// A row of this name: it is its only one in what it stands in.
pub fn row<R>(ui: &mut Ui, name: &str, add: impl FnOnce(&mut Ui) -> R) -> R {
    let builder = UiBuilder::new().scope_id(ui.scope_id().with(("row", name)));
    let row = ui.scope_builder(builder, |ui| ui.horizontal_wrapped(add).inner);
    row.inner
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use eframe::egui::accesskit::Role;
    use eframe::egui::{DragValue, Event, Key};
    use egui_kittest::kittest::{NodeT as _, Queryable as _};

    use super::*;
    use crate::domain::Lang;
    use crate::gui::empty_window::over;

    #[test]
    fn a_number_is_typed_to_its_end_whatever_comes_and_goes_above() {
        let minutes = Rc::new(Cell::new(0));
        let told = Rc::new(Cell::new(false));
        let (own, above) = (Rc::clone(&minutes), Rc::clone(&told));
        let (_dir, mut window) = over(Lang::En, move |ui, _| {
            if above.get() {
                ui.label("a job goes on");
                ui.horizontal(|ui| ui.label("so much of it is done"));
            }
            row(ui, "minutes", |ui| {
                let mut value = own.get();
                let name = ui.label("minutes").id;
                ui.add(DragValue::new(&mut value).range(0..=9_999))
                    .labelled_by(name);
                own.set(value);
            });
        });
        window.get_by_role(Role::SpinButton).focus();
        window.run_steps(2);
        for (text, is_told) in [("1", true), ("2", false), ("3", true)] {
            window.event(Event::Text(text.to_owned()));
            window.run_steps(1);
            told.set(is_told);
            window.run_steps(2);
            let field = window.get_by_role(Role::SpinButton);
            assert!(field.accesskit_node().is_focused(), "behind {text}");
        }
        window.key_press(Key::Enter);
        window.run_steps(2);
        assert_eq!(minutes.get(), 123);
    }
}
