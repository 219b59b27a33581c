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

/// The URL of a place. A path keeps its slashes. One of Windows has a slash before the drive's letter, as
/// editors there expect it.
fn url(template: &str, place: &Place) -> String {
    let path = place.path.to_string_lossy();
    let path = match path.as_bytes() {
        [drive, b':', b'\\' | b'/', ..] if drive.is_ascii_alphabetic() => {
            let rest = percent_encoded(&path[2..].replace('\\', "/"));
            format!("/{}:{rest}", char::from(*drive))
        }
        [b'\\', b'\\', ..] => percent_encoded(&path.replace('\\', "/")),
        _ => percent_encoded(&path),
    };
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
    fn a_path_of_windows_becomes_one_of_a_url() {
        let url = |path: &str| {
            let place = Place { file: String::new(), path: path.into(), line: 3, column: 7 };
            url("vscode://file{path}:{line}:{column}", &place)
        };
        assert_eq!(url(r"C:\my app\a.rs"), "vscode://file/C:/my%20app/a.rs:3:7");
        assert_eq!(url(r"\\nas\x\a:b.rs"), "vscode://file//nas/x/a%3Ab.rs:3:7");
        assert_eq!(url(r"/a\b:c.rs"), "vscode://file/a%5Cb%3Ac.rs:3:7");
    }

    #[test]
    fn without_an_editor_the_link_explains() {
        assert!(link("/a", &Editor::Unset).contains(&format!(" href=\"#{NO_EDITOR}\"")));
        assert!(link("/a", &Editor::Command).contains(" href=\"#\""));
    }
}
