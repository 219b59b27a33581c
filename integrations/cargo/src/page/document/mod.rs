//! The page of `cargo devserver` itself, while no program can run: the state of the session as a
//! whole document, complete without a script. The script of `page/assets/` keeps it up to date.

mod html;
mod panic;
mod place;
mod problem;
mod progress;
mod sgr;
mod time;

use html::Html;

use super::state::{Diagnostic, Editor, Level, PageState, ProblemKind};

const THEME: &str = include_str!("../assets/theme.css");
const STYLE: &str = include_str!("../assets/document.css");
/// The icon of the tab: a dot, whose color stands between these two.
const ICON: &str = "<link rel=\"icon\" href=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' \
                    viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='%23";
const ICON_END: &str = "'/%3E%3C/svg%3E\">\n";

/// What a document shows, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Document<'a> {
    pub(crate) state: &'a PageState,
    /// Whether a build runs, also one of which nothing is known yet.
    pub(crate) is_building: bool,
    /// The reason why nothing runs as plain text, for a state that has none.
    pub(crate) text: &'a str,
    /// The path below which the script is. Without one, the page only loads itself.
    pub(crate) path: Option<&'a str>,
    /// The method of the request, unless it was GET or HEAD: then a reload would send it again.
    pub(crate) method: Option<&'a str>,
    /// The nonce of the `Content-Security-Policy`.
    pub(crate) nonce: &'a str,
    /// Now, in milliseconds since 1970.
    pub(crate) now: u64,
}

/// The value of `Content-Security-Policy` for a document with this nonce.
pub(crate) fn security_policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'self'; connect-src 'self'; \
         worker-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'self'"
    )
}

impl Document<'_> {
    /// The document.
    pub(crate) fn to_html(self) -> String {
        let mut html = Html::default();
        self.head(&mut html);
        html.raw("<body>\n");
        self.bar(&mut html);
        html.raw("<main id=\"devserver-main\">\n");
        self.main(&mut html);
        html.raw("</main>\n");
        self.footer(&mut html);
        html.raw("<script type=\"application/json\" id=\"devserver-state\">");
        html.json(&serde_json::to_string(self.state).unwrap_or_else(|_| "null".into()));
        html.raw("</script>\n</body>\n</html>\n");
        html.into_string()
    }

    fn head(&self, html: &mut Html) {
        html.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>");
        html.text(&self.title()).raw("</title>\n");
        html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        html.raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
        html.raw("<meta name=\"robots\" content=\"noindex\">\n");
        html.raw(ICON).raw(self.icon_color()).raw(ICON_END);
        html.raw("<style nonce=\"").text(self.nonce).raw("\">\n");
        html.raw(THEME).raw(STYLE).raw("</style>\n");
        let refresh = "<meta http-equiv=\"refresh\" content=\"2\">\n";
        match (self.path, self.method) {
            (None, None) => html.raw(refresh),
            (Some(_), None) => html.raw("<noscript>").raw(refresh).raw("</noscript>\n"),
            (_, Some(_)) => html,
        };
        if let Some(path) = self.path {
            html.raw("<script async src=\"").text(path).raw("page.js\" data-boot=\"\" ");
            html.raw("data-page=\"devserver\"");
            if let Some(method) = self.method {
                html.raw(" data-method=\"").text(method).raw("\"");
            }
            html.raw("></script>\n");
        }
        html.raw("</head>\n");
    }

    /// What the tab of the browser shows: the beginning is what has failed.
    fn title(&self) -> String {
        let PageState { program, problem, .. } = self.state;
        match (problem, self.is_building()) {
            (Some(problem), _) => {
                let code = self.first_error().and_then(|error| error.code.as_deref());
                let code = code.map(|code| format!("{code} ")).unwrap_or_default();
                format!("{code}{} – {}: {program}", problem.title, failed(problem.kind))
            }
            (None, true) => format!("Building {program}"),
            (None, false) => format!("{} – cargo devserver", self.heading()),
        }
    }

    fn icon_color(&self) -> &'static str {
        match (self.is_broken(), self.is_building()) {
            (true, false) => "e5484d",
            _ => "3b82f6",
        }
    }

    fn is_building(&self) -> bool {
        self.is_building || self.state.build.is_some()
    }

    fn is_broken(&self) -> bool {
        self.state.problem.is_some() || !self.text.is_empty()
    }

    fn first_error(&self) -> Option<&Diagnostic> {
        let problem = self.state.problem.as_ref()?;
        problem.diagnostics.iter().find(|diagnostic| diagnostic.level == Level::Error)
    }

    fn bar(&self, html: &mut Html) {
        html.raw("<header class=\"ds-bar\">");
        html.raw("<span class=\"ds-program\">").text(&self.state.program).raw("</span>");
        match (&self.state.problem, self.is_building()) {
            (_, true) => html.raw("<span class=\"ds-chip ds-busy\">Building</span>"),
            (Some(problem), false) => {
                html.raw("<span class=\"ds-chip ds-error\">").raw(failed(problem.kind));
                html.raw("</span><span class=\"ds-since\" data-since=\"").number(problem.since);
                html.raw("\">").text(&time::ago(problem.since, self.now)).raw("</span>")
            }
            (None, false) if self.is_broken() => {
                html.raw("<span class=\"ds-chip ds-error\">Nothing runs</span>")
            }
            (None, false) => html.raw("<span class=\"ds-chip ds-busy\">Starting</span>"),
        };
        html.raw("</header>\n");
    }

    fn main(&self, html: &mut Html) {
        if self.is_building() {
            let PageState { build, program, .. } = self.state;
            progress::add(html, build.as_ref(), program, !self.is_broken(), self.now);
        }
        match &self.state.problem {
            Some(problem) => problem::add(html, problem, &self.state.editor),
            None if !self.is_building() => {
                html.raw("<h1>").text(&self.heading()).raw("</h1>\n");
                problem::add_output(html, "What is known", self.text);
            }
            None => {}
        }
        if let Some(method) = self.method {
            html.raw("<p class=\"ds-hint\">This page is the answer to a ").text(method);
            html.raw(" request, which the program has not seen. Send it again when the program ");
            html.raw("runs.</p>\n");
        }
    }

    fn heading(&self) -> String {
        match self.is_broken() {
            true => "Nothing can run".into(),
            false => format!("{} starts", self.state.program),
        }
    }

    fn footer(&self, html: &mut Html) {
        html.raw("<footer class=\"ds-footer\">\n");
        let has_places = self.state.problem.as_ref().is_some_and(|problem| {
            problem.panic.is_some() || problem.diagnostics.iter().any(|it| it.place.is_some())
        });
        if self.state.editor == Editor::Unset && has_places {
            html.raw("<p id=\"").raw(place::NO_EDITOR).raw("\">No editor is set. Start ");
            html.raw("<code>cargo devserver --editor vscode</code> (or <code>zed</code>, ");
            html.raw("<code>rustrover</code>, a command), and these links open the file.</p>\n");
        }
        html.raw("<p>cargo devserver shows the program here as soon as it serves.");
        html.raw("<noscript> Without JavaScript this page loads itself every 2 seconds.");
        html.raw("</noscript></p>\n</footer>\n");
    }
}

/// What has failed, in two words.
fn failed(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::Build => "Build failed",
        ProblemKind::Crash => "Crashed",
        ProblemKind::NeverReady => "Not ready",
        ProblemKind::Environment => "Bad environment",
    }
}

#[cfg(test)]
mod tests;
