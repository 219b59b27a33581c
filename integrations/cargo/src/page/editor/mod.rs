//! How a place in a source file is opened in the user's editor.
//!
//! `known` has the editors that have a name here, and `guess` says which one it may be. `paths` are
//! those of the editor where it runs on another system. `command` runs a command. All but that is
//! pure. `unix` and `windows` are what differs there.

pub(crate) mod command;
mod guess;
mod known;
pub(crate) mod paths;
#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;

use anyhow::bail;

use crate::page::state::Editor;
use crate::settings::did_you_mean::nearest;
use known::{KNOWN, Known, Variables};

/// The editor in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    /// The one in whose terminal we run, if that is certain.
    Guess,
    Off,
    Known(&'static Known),
    /// With `{path}`.
    Url(String),
    /// The program and its arguments. One of those has `{path}`.
    Command(Vec<String>),
}

impl Setting {
    /// Parses a name, a URL or a command.
    ///
    /// # Errors
    ///
    /// When it is none of them.
    pub(crate) fn parse(value: &str) -> anyhow::Result<Self> {
        let value = value.trim();
        if value == "none" {
            return Ok(Setting::Off);
        }
        if let Some(known) = Known::named(value) {
            return Ok(Setting::Known(known));
        }
        if !value.contains("{path}") {
            let names = KNOWN.iter().map(|known| known.name);
            let hint = match nearest(value, names.clone()) {
                Some(nearest) => format!("did you mean {nearest}?"),
                None => format!("there are {}", names.collect::<Vec<_>>().join(", ")),
            };
            bail!("--editor {value}: it is no editor's name and has no {{path}}; {hint}");
        }
        match value.split_once("://") {
            Some((scheme, _)) if is_scheme(scheme) => url(scheme, value),
            _ => command(value),
        }
    }

    /// What pages are told, and the command that they ask for.
    pub(crate) fn editor(&self, variables: Variables<'_>) -> (Editor, Option<Vec<String>>) {
        let of_known = |known: &Known| match (known.template(variables), known.command()) {
            (Some(template), _) => (Editor::Url { template }, None),
            (None, Some(command)) => (Editor::Command, Some(command)),
            (None, None) => (Editor::Unset, None),
        };
        match self {
            Setting::Guess => guess::editor(variables).map_or((Editor::Unset, None), of_known),
            Setting::Off => (Editor::Unset, None),
            Setting::Known(known) => of_known(known),
            Setting::Url(template) => (Editor::Url { template: template.clone() }, None),
            Setting::Command(words) => (Editor::Command, Some(words.clone())),
        }
    }
}

/// Whether it can be the scheme of a URL (RFC 3986, section 3.1).
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|it| it.is_ascii_alphanumeric() || "+-.".contains(it))
}

fn url(scheme: &str, template: &str) -> anyhow::Result<Setting> {
    /// With these, a browser would run text as a program or show it as a page.
    const REFUSED: [&str; 5] = ["javascript", "data", "vbscript", "blob", "filesystem"];
    if REFUSED.contains(&scheme.to_ascii_lowercase().as_str()) {
        bail!("--editor {template}: a URL with {scheme} does not open an editor");
    }
    if template.contains(|it: char| it.is_whitespace() || it.is_control()) {
        bail!("--editor {template}: a URL has no spaces");
    }
    Ok(Setting::Url(template.to_owned()))
}

fn command(text: &str) -> anyhow::Result<Setting> {
    let Some(words) = words(text) else {
        bail!("--editor {text}: a quotation mark is open");
    };
    match words.first() {
        Some(program) if !program.is_empty() && !program.contains("{path}") => {
            Ok(Setting::Command(words))
        }
        _ => bail!("--editor {text}: expected a program, and {{path}} in its arguments"),
    }
}

/// The words of a command. Quotation marks keep spaces together; `None` if one is open.
fn words(text: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for character in text.chars() {
        match (character, quote) {
            (_, Some(open)) if character == open => quote = None,
            (_, Some(_)) => word.get_or_insert_default().push(character),
            ('"' | '\'', None) => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            _ if character.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(value: &str) -> String {
        Setting::parse(value).unwrap_err().to_string()
    }

    #[test]
    fn an_editor_is_a_name_a_url_or_a_command() {
        assert!(
            matches!(Setting::parse("zed").unwrap(), Setting::Known(known) if known.name == "zed")
        );
        assert_eq!(Setting::parse("none").unwrap(), Setting::Off);
        let url = "my-editor://open?file={path}&line={line}";
        assert_eq!(Setting::parse(url).unwrap(), Setting::Url(url.into()));
        let words = ["/opt/my editor/bin", "--at", "{path}:{line}", ""].map(str::to_owned);
        let command = "'/opt/my editor/bin'  --at {path}:{line} \"\"";
        assert_eq!(Setting::parse(command).unwrap(), Setting::Command(words.to_vec()));
        // A URL may be an argument.
        let open = Setting::parse("xdg-open zed://file{path}").unwrap();
        assert!(matches!(open, Setting::Command(words) if words.len() == 2));
    }

    #[test]
    fn mistakes_are_named() {
        assert!(error("vscod").ends_with("did you mean vscode?"), "{}", error("vscod"));
        assert!(error("magic").contains("there are vscode,"), "{}", error("magic"));
        assert!(error("javascript://{path}").contains("does not open an editor"));
        assert!(error("JavaScript://%0aalert(1)//{path}").contains("does not open an editor"));
        assert!(error("zed://a b{path}").contains("no spaces"));
        assert!(error("code '{path}").contains("quotation mark"));
        assert!(error("{path}").contains("expected a program"));
    }

    #[test]
    fn pages_are_told_how_to_open_it() {
        let nothing = |_: &str| None;
        let editor = |value: &str| Setting::parse(value).unwrap().editor(&nothing).0;
        assert_eq!(editor("none"), Editor::Unset);
        assert_eq!(editor("code -g {path}"), Editor::Command);
        let (jetbrains, command) = Setting::parse("jetbrains").unwrap().editor(&nothing);
        assert_eq!((jetbrains, command.unwrap()[0].as_str()), (Editor::Command, "rustrover"));
        let template = "vscode://file{path}:{line}:{column}".into();
        assert_eq!(editor("vscode"), Editor::Url { template });
        assert_eq!(Setting::Guess.editor(&nothing).0, Editor::Unset);
    }
}
