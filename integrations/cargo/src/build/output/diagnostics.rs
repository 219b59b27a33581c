//! The compiler's messages as values, bounded in number and length.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use cargo_metadata::diagnostic::{
    Diagnostic as Message, DiagnosticLevel, DiagnosticSpan, DiagnosticSpanMacroExpansion,
};

use crate::build::output::kept_text::whole_lines;
use crate::build::output::sgr::with_colors_only;
use crate::page::state::{Diagnostic, Level, Place};
use crate::terminal::places::{Places, is_own};

/// The messages of one build.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    found: Vec<Diagnostic>,
    /// The number of errors, also of those that are not kept.
    pub(crate) errors: usize,
    /// The number of warnings, also of those that are not kept.
    pub(crate) warnings: usize,
    /// Hashes of all messages. The library and the binary of a package may share modules.
    seen: HashSet<u64>,
}

/// The number of messages that are kept, of errors and of warnings each.
const MOST: usize = 50;
/// The length of all that is kept as the compiler shows it.
const LONGEST: usize = 64 * 1024;

impl Diagnostics {
    /// Adds a message of the compiler, unless it was there before.
    pub(crate) fn add(&mut self, message: &Message, places: &Places) {
        let Some(level) = level(message) else { return };
        let found = Diagnostic {
            level,
            code: message.code.as_ref().map(|code| code.code.clone()),
            message: message.message.clone(),
            place: place(message, places),
            rendered: with_colors_only(message.rendered.as_deref().unwrap_or_default()),
        };
        if !self.seen.insert(hash(&found)) {
            return;
        }
        let count = match level {
            Level::Error => &mut self.errors,
            Level::Warning => &mut self.warnings,
        };
        *count += 1;
        if *count <= MOST {
            self.found.push(found);
        }
    }

    /// The messages to show: errors first, and only as many as there is room for.
    pub(crate) fn shown(&self) -> Vec<Diagnostic> {
        let mut shown = self.found.clone();
        shown.sort_by_key(|diagnostic| diagnostic.level);
        shown.truncate(MOST);
        let mut room = LONGEST;
        for diagnostic in &mut shown {
            // At the end of a line: half a secret could not be found and hidden.
            let length = whole_lines(&diagnostic.rendered, room).len();
            if length < diagnostic.rendered.len() {
                diagnostic.rendered.truncate(length);
                // The rest may have ended a color.
                diagnostic.rendered.push_str("\x1b[0m");
            }
            room -= length;
        }
        shown
    }
}

/// The level, if it is an error or a warning about the code, and not about the number of those.
fn level(message: &Message) -> Option<Level> {
    let text = &message.message;
    let is_sum = text.starts_with("aborting due to ")
        || text.ends_with("warning emitted")
        || text.ends_with("warnings emitted");
    let level = match message.level {
        DiagnosticLevel::Error | DiagnosticLevel::Ice => Level::Error,
        DiagnosticLevel::Warning => Level::Warning,
        _ => return None,
    };
    (!is_sum || !message.spans.is_empty()).then_some(level)
}

/// The place of the message. Where that is in a macro of another package, the place at which the
/// user's own code calls the macro.
fn place(message: &Message, places: &Places) -> Option<Place> {
    let primary = message.spans.iter().find(|span| span.is_primary)?;
    let mut span: &DiagnosticSpan = primary;
    while !is_own(&span.file_name)
        && let Some(expansion) = &span.expansion
    {
        let DiagnosticSpanMacroExpansion { span: call, .. } = &**expansion;
        span = call;
    }
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Some(places.place(&span.file_name, number(span.line_start), number(span.column_start)))
}

fn hash(diagnostic: &Diagnostic) -> u64 {
    let Diagnostic { message, place, rendered, .. } = diagnostic;
    let mut hasher = DefaultHasher::new();
    let place = place.as_ref().map(|place| (&place.path, place.line, place.column));
    (message, place, rendered).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn span(file: &str, line: u32, expansion: Value) -> Value {
        json!({
            "file_name": file, "byte_start": 0, "byte_end": 1, "line_start": line, "line_end": line,
            "column_start": 10, "column_end": 16, "is_primary": true, "text": [], "label": null,
            "suggested_replacement": null, "suggestion_applicability": null, "expansion": expansion
        })
    }

    fn message(level: &str, text: &str, spans: &[Value]) -> Message {
        let rendered = format!("\x1b[1m\x1b[91m{level}\x1b[0m: {text}\x1b]0;title\x07\x1b[2J\n");
        serde_json::from_value(json!({
            "$message_type": "diagnostic", "message": text, "level": level, "spans": spans,
            "code": { "code": "E0308", "explanation": null }, "children": [], "rendered": rendered
        }))
        .unwrap()
    }

    fn places() -> Places {
        Places { root: "/ws".into(), folder: "/ws/app".into() }
    }

    fn collected(messages: &[Message]) -> Diagnostics {
        let mut all = Diagnostics::default();
        messages.iter().for_each(|message| all.add(message, &places()));
        all
    }

    #[test]
    fn errors_come_first_once_with_their_place_and_in_colors_alone() {
        let own = [span("app/src/main.rs", 4, Value::Null)];
        let all = collected(&[
            message("warning", "unused", &own),
            message("error", "mismatched types", &own),
            message("error", "mismatched types", &own),
            message("error", "aborting due to 2 previous errors; 1 warning emitted", &[]),
            message("warning", "1 warning emitted", &[]),
            message("failure-note", "For more information about this error", &[]),
        ]);
        assert_eq!((all.errors, all.warnings), (1, 1));
        let shown = all.shown();
        assert_eq!(shown.len(), 2);
        assert_eq!((shown[0].level, shown[0].message.as_str()), (Level::Error, "mismatched types"));
        assert_eq!(shown[0].code.as_deref(), Some("E0308"));
        let place = shown[0].place.as_ref().unwrap();
        assert_eq!((std::path::Path::new(&place.file), place.line), ("src/main.rs".as_ref(), 4));
        assert_eq!(place.column, 10);
        assert_eq!(place.path, std::path::Path::new("/ws/app/src/main.rs"));
        assert_eq!(shown[0].rendered, "\x1b[1m\x1b[91merror\x1b[0m: mismatched types\n");
    }

    #[test]
    fn an_error_in_a_macro_of_others_is_where_the_users_code_calls_it() {
        let call =
            |span: Value| json!({ "span": span, "macro_decl_name": "m!", "def_site_span": null });
        let own = span("app/src/main.rs", 9, Value::Null);
        let within = span("/home/dev/.cargo/registry/src/i/m-1/src/lib.rs", 2, call(own.clone()));
        let deepest = span("/rustc/5/library/core/src/macros/mod.rs", 1, call(within));
        let shown = collected(&[message("error", "no", &[deepest])]).shown();
        assert_eq!(shown[0].place.as_ref().unwrap().line, 9);
        // A macro of the user's own is where the error is.
        let own_macro = span("app/src/macros.rs", 3, call(own));
        let shown = collected(&[message("error", "no", &[own_macro])]).shown();
        assert_eq!(shown[0].place.as_ref().unwrap().line, 3);
    }

    #[test]
    fn the_number_and_the_length_are_bounded() {
        let long = "wide \x1b[31mred text\n".repeat(200);
        let numbered = |level: &str, number: usize| {
            message(level, &format!("{number} {long}"), &[span("app/src/main.rs", 1, Value::Null)])
        };
        let all: Vec<_> = (0..200)
            .map(|number| numbered("warning", number))
            .chain((0..120).map(|number| numbered("error", number)))
            .collect();
        let all = collected(&all);
        assert_eq!((all.errors, all.warnings), (120, 200));
        let shown = all.shown();
        assert_eq!(shown.len(), MOST);
        assert!(shown.iter().all(|diagnostic| diagnostic.level == Level::Error));
        let length: usize = shown.iter().map(|diagnostic| diagnostic.rendered.len()).sum();
        assert!(length < LONGEST + MOST * 8 && length > LONGEST / 2, "{length}");
    }
}
