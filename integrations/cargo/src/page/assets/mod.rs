//! What runs and shows in the browser, as constants: the script, its worker and the style sheets.
//!
//! The script is one file to the browser, and a file for each subject here; they share one scope. In
//! the order in which they are read: `setup.js` what the tag says, `frames.js` pages in pages,
//! `connection.js` the events (`worker.js` shares them among tabs), `reload.js` when to reload,
//! `navigation.js` what it must not interrupt, `keep.js` what survives it, `styles.js` style sheets
//! without it, `sgr.js` colors of a terminal, `parts.js` the parts of a problem, `pills.js`, `panel.js`
//! and `overlay.js` show it in pages of the program, `document.js` in those of `cargo devserver`, and
//! `main.js` starts it all.

/// The script of each page. Its bytes depend on nothing.
pub const PAGE_SCRIPT: &str = concat!(
    "(() => {\n\"use strict\";\n",
    include_str!("script/setup.js"),
    include_str!("script/frames.js"),
    include_str!("script/connection.js"),
    include_str!("script/reload.js"),
    include_str!("script/navigation.js"),
    include_str!("script/keep.js"),
    include_str!("script/styles.js"),
    include_str!("script/sgr.js"),
    include_str!("script/parts.js"),
    include_str!("script/pills.js"),
    include_str!("script/panel.js"),
    include_str!("script/overlay.js"),
    include_str!("script/document.js"),
    "const STYLE = String.raw`",
    include_str!("theme.css"),
    include_str!("document.css"),
    include_str!("overlay.css"),
    "`;\n",
    include_str!("script/main.js"),
    "})();\n",
);

/// The script of the worker that all tabs share.
pub const WORKER_SCRIPT: &str = include_str!("worker.js");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_sheets_can_stand_in_the_script() {
        let (_, style) = PAGE_SCRIPT.split_once("String.raw`").unwrap();
        let (style, rest) = style.split_once('`').unwrap();
        assert!(style.contains(":host") && !style.contains("${"), "{style}");
        assert!(rest.starts_with(";\n//"), "{rest}");
    }

    #[test]
    fn the_script_is_right_in_pages_of_any_encoding() {
        assert!(PAGE_SCRIPT.is_ascii() && WORKER_SCRIPT.is_ascii());
    }

    #[test]
    fn nothing_in_the_script_makes_markup_or_code_of_text() {
        for sink in
            ["innerHTML", "outerHTML", "insertAdjacent", "eval(", "Function(", "document.write"]
        {
            assert!(!PAGE_SCRIPT.contains(sink) && !WORKER_SCRIPT.contains(sink), "{sink}");
        }
    }
}
