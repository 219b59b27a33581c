//! A place in a source file, as a link that opens the editor.

use super::html::Html;
use crate::page::state::{Editor, Place};

/// The id of the text that explains how to set an editor.
pub(super) const NO_EDITOR: &str = "no-editor";

/// Adds the link.
pub(super) fn add(html: &mut Html, place: &Place, editor: &Editor) {
    html.raw("<a class=\"ds-place\" href=\"");
    match editor {
        Editor::Url { template } => html.text(&url(template, place)),
        Editor::Unset => html.raw("#no-editor"),
        // The script asks cargo devserver to open it.
        Editor::Command => html.raw("#"),
    };
    html.raw("\" data-path=\"").text(&place.path.to_string_lossy());
    html.raw("\" data-line=\"").number(place.line);
    html.raw("\" data-column=\"").number(place.column).raw("\">");
    html.text(&place.file).raw(":").number(place.line).raw(":").number(place.column);
    html.raw("</a>");
}

/// The URL of a place. A path keeps its slashes.
fn url(template: &str, place: &Place) -> String {
    let path = percent_encoded(&place.path.to_string_lossy());
    template
        .replace("{line}", &place.line.to_string())
        .replace("{column}", &place.column.to_string())
        .replace("{path}", &path)
}

fn percent_encoded(path: &str) -> String {
    let mut encoded = String::new();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(path: &str, editor: &Editor) -> String {
        let place = Place { file: "src/<a>.rs".into(), path: path.into(), line: 3, column: 7 };
        let mut html = Html::default();
        add(&mut html, &place, editor);
        html.into_string()
    }

    #[test]
    fn a_link_opens_the_editor_at_the_place() {
        let template = "vscode://file{path}:{line}:{column}".to_owned();
        let link = link("/home/me/my app/src/<\"{line}.rs", &Editor::Url { template });
        assert_eq!(
            link,
            "<a class=\"ds-place\" href=\"vscode://file/home/me/my%20app/src/%3C%22%7Bline%7D.rs:3:7\" \
             data-path=\"/home/me/my app/src/&lt;&quot;{line}.rs\" data-line=\"3\" data-column=\"7\">\
             src/&lt;a&gt;.rs:3:7</a>"
        );
    }

    #[test]
    fn without_an_editor_the_link_explains() {
        assert!(link("/a", &Editor::Unset).contains(&format!(" href=\"#{NO_EDITOR}\"")));
        assert!(link("/a", &Editor::Command).contains(" href=\"#\""));
    }
}
