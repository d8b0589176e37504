//! Why something is offered: told where the mouse rests on it, where the keyboard stands on it, and to whoever
//! has the screen read out.

use eframe::egui::Response;

/// A button with its reason.
pub fn told(button: Response, why: &str) -> Response {
    button.ctx.accesskit_node_builder(button.id, |node| {
        node.set_description(why.to_owned());
    });
    if button.has_focus() {
        button.show_tooltip_text(why);
        return button;
    }
    button.on_hover_text(why)
}
