//! The panic with which a program has ended.

use super::html::Html;
use super::place;
use crate::page::state::{Editor, Panic};

/// Adds it: first where in the user's own code. The heading of the page is `title`.
pub(super) fn add(html: &mut Html, panic: &Panic, title: &str, editor: &Editor) {
    html.raw("<section class=\"ds-card ds-panic\" aria-label=\"Panic\">\n");
    html.raw("<header>");
    match (&panic.frame, &panic.place) {
        (Some((function, at)), _) => {
            place::add(html, at, editor);
            html.raw("<span>in <code>").text(function).raw("</code></span>");
        }
        (None, Some(at)) => place::add(html, at, editor),
        (None, None) => {}
    }
    html.raw("<span class=\"ds-aside\">thread <code>").text(&panic.thread).raw("</code></span>");
    html.raw("</header>\n");
    if panic.message.trim() != title.trim() {
        html.raw("<pre tabindex=\"0\">").text(&panic.message).raw("</pre>\n");
    }
    if let (Some((_, at)), Some(panicked)) = (&panic.frame, &panic.place)
        && at != panicked
    {
        html.raw("<p class=\"ds-note\">It says it has panicked at ");
        place::add(html, panicked, editor);
        html.raw(".</p>\n");
    }
    html.raw("</section>\n");
}
