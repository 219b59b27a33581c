//! A build that runs.

use super::html::Html;
use super::time;
use crate::page::state::BuildProgress;

/// Adds its progress, if that is known. `is_first`: there is nothing else to show.
pub(super) fn add(
    html: &mut Html,
    build: Option<&BuildProgress>,
    program: &str,
    is_first: bool,
    now: u64,
) {
    let class = if is_first { "ds-build ds-alone" } else { "ds-build" };
    html.raw("<section class=\"")
        .raw(class)
        .raw("\" id=\"devserver-build\" aria-label=\"Build\">\n");
    if is_first {
        html.raw("<h1>Building <span class=\"ds-name\">").text(program).raw("</span></h1>\n");
    }
    html.raw("<progress aria-label=\"Crates that are done\"");
    let Some(build) = build else {
        html.raw("></progress>\n<p>Building</p>\n</section>\n");
        return;
    };
    if let Some(total) = build.total {
        html.raw(" max=\"").number(total.max(1)).raw("\" value=\"");
        html.number(build.done.min(total)).raw("\"");
    }
    html.raw("></progress>\n<p>");
    match build.total {
        Some(total) => {
            html.number(build.done.min(total)).raw(" of ").number(total).raw(" crates");
        }
        None if build.done > 0 => {
            html.number(build.done).raw(" crates");
        }
        None => {
            html.raw("Building");
        }
    }
    let seconds = now.saturating_sub(build.began) / 1000;
    html.raw(" · <span data-began=\"").number(build.began).raw("\">");
    html.text(&time::length(seconds)).raw("</span></p>\n</section>\n");
}
