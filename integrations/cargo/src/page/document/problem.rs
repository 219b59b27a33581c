//! Why nothing runs.

use super::html::Html;
use super::{panic, place, sgr};
use crate::page::state::{Diagnostic, Editor, Level, Problem, ProblemKind};

/// Adds it: the first error as the heading, then all of them, then the output.
pub(super) fn add(html: &mut Html, problem: &Problem, editor: &Editor) {
    heading(html, problem);
    if let Some(panicked) = &problem.panic {
        panic::add(html, panicked, &problem.title, editor);
    }
    if let Some(hint) = &problem.hint {
        html.raw("<p class=\"ds-hint\">").text(hint).raw("</p>\n");
    }
    diagnostics(html, problem, editor);
    let title = match problem.kind {
        ProblemKind::Crash | ProblemKind::NeverReady => "Last output",
        ProblemKind::Build | ProblemKind::Environment => "Messages",
    };
    if problem.diagnostics.is_empty() {
        add_output(html, title, &problem.text);
    } else if !problem.text.trim().is_empty() {
        html.raw("<details class=\"ds-more\"><summary>All of cargo's output</summary>\n");
        html.raw("<div class=\"ds-card\"><pre tabindex=\"0\">");
        sgr::add(html, &problem.text);
        html.raw("</pre></div>\n</details>\n");
    }
}

fn heading(html: &mut Html, problem: &Problem) {
    let first = problem.diagnostics.iter().find(|it| it.level == Level::Error);
    html.raw("<h1>");
    if let Some(code) = first.and_then(|error| error.code.as_ref()) {
        html.raw("<code class=\"ds-code\">").text(code).raw("</code> ");
    }
    html.text(&problem.title).raw("</h1>\n");
}

fn diagnostics(html: &mut Html, problem: &Problem, editor: &Editor) {
    let of = |level| problem.diagnostics.iter().filter(move |it| it.level == level);
    let (shown, warnings) = (of(Level::Error).count(), of(Level::Warning).count());
    if problem.errors > 1 {
        html.raw("<h2>").number(problem.errors as u64).raw(" errors</h2>\n");
    }
    of(Level::Error).for_each(|error| diagnostic(html, error, editor));
    if shown > 0 && problem.errors > shown {
        let left = problem.errors - shown;
        html.raw("<p class=\"ds-note\">").number(left as u64);
        html.raw(" more are shown in the terminal.</p>\n");
    }
    if warnings > 0 {
        html.raw("<details class=\"ds-more\"><summary>").number(warnings as u64);
        html.raw(if warnings == 1 { " warning" } else { " warnings" }).raw("</summary>\n");
        of(Level::Warning).for_each(|warning| diagnostic(html, warning, editor));
        html.raw("</details>\n");
    }
}

fn diagnostic(html: &mut Html, diagnostic: &Diagnostic, editor: &Editor) {
    let class = match diagnostic.level {
        Level::Error => "<article class=\"ds-card ds-is-error\">\n",
        Level::Warning => "<article class=\"ds-card ds-is-warning\">\n",
    };
    html.raw(class);
    if let Some(at) = &diagnostic.place {
        html.raw("<header>");
        place::add(html, at, editor);
        html.raw("</header>\n");
    }
    html.raw("<pre tabindex=\"0\">");
    sgr::add(html, diagnostic.rendered.trim_end());
    html.raw("</pre>\n</article>\n");
}

/// Adds plain text below a heading.
pub(super) fn add_output(html: &mut Html, title: &'static str, text: &str) {
    if text.trim().is_empty() {
        return;
    }
    html.raw("<section class=\"ds-output\">\n<h2>").raw(title).raw("</h2>\n");
    html.raw("<div class=\"ds-card\"><pre tabindex=\"0\">");
    // Panics begin with an empty line.
    sgr::add(html, text.trim_start_matches('\n').trim_end());
    html.raw("</pre></div>\n</section>\n");
}
