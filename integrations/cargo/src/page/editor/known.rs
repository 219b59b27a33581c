//! The editors that have a name here.

/// The variables that tell of the system and the terminal.
pub(crate) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// An editor.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(super) name: &'static str,
    /// Other names, as that of its program.
    aliases: &'static [&'static str],
    opens: Opens,
}

/// How it opens a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opens {
    /// It registers this URL.
    Url(&'static str),
    /// The same, and it opens files of other systems as Visual Studio Code does.
    UrlWithRemote(&'static str),
    /// By this command.
    Command(&'static [&'static str]),
}

use Opens::{Command, Url, UrlWithRemote};

/// All of them.
pub(super) static KNOWN: [Known; 10] = [
    known("vscode", &["code"], UrlWithRemote("vscode://file{path}:{line}:{column}")),
    known(
        "vscode-insiders",
        &["code-insiders"],
        UrlWithRemote("vscode-insiders://file{path}:{line}:{column}"),
    ),
    known("vscodium", &["codium"], UrlWithRemote("vscodium://file{path}:{line}:{column}")),
    known("cursor", &[], UrlWithRemote("cursor://file{path}:{line}:{column}")),
    known("windsurf", &[], UrlWithRemote("windsurf://file{path}:{line}:{column}")),
    known("zed", &["zeditor"], Url("zed://file{path}:{line}:{column}")),
    known("sublime", &["subl"], Url("subl://open?url=file://{path}&line={line}&column={column}")),
    known("idea", &[], Url("idea://open?file={path}&line={line}&column={column}")),
    // These register no such URL on every system.
    known("rustrover", &["jetbrains"], Command(&jetbrains("rustrover"))),
    known("clion", &[], Command(&jetbrains("clion"))),
];

const fn known(name: &'static str, aliases: &'static [&'static str], opens: Opens) -> Known {
    Known { name, aliases, opens }
}

const fn jetbrains(program: &'static str) -> [&'static str; 6] {
    [program, "--line", "{line}", "--column", "{column}", "{path}"]
}

impl Known {
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        let is_named = |known: &&Known| known.name == name || known.aliases.contains(&name);
        KNOWN.iter().find(is_named)
    }

    /// The URL with `{path}`, `{line}` and `{column}`, if it has one. Below Windows it leads into
    /// this system.
    pub(super) fn template(&self, variables: Variables<'_>) -> Option<String> {
        match (self.opens, variables("WSL_DISTRO_NAME")) {
            (UrlWithRemote(template), Some(distribution)) => {
                let distribution = encoded(&distribution);
                let remote = format!("://vscode-remote/wsl+{distribution}{{path}}");
                Some(template.replace("://file{path}", &remote))
            }
            (UrlWithRemote(template) | Url(template), _) => Some(template.to_owned()),
            (Command(_), _) => None,
        }
    }

    /// The command, if it is opened by one.
    pub(super) fn command(&self) -> Option<Vec<String>> {
        match self.opens {
            Command(words) => Some(words.iter().map(|word| (*word).to_owned()).collect()),
            Url(_) | UrlWithRemote(_) => None,
        }
    }
}

/// Percent-encoded, with braces too: they stand for the place.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_them_have_a_name_and_a_path() {
        for known in &KNOWN {
            let text = match known.opens {
                Url(template) => template.to_owned(),
                UrlWithRemote(template) => {
                    assert!(template.contains("://file{path}"), "{template}");
                    template.to_owned()
                }
                Command(words) => words.join(" "),
            };
            assert!(text.contains("{path}") && text.contains("{line}"), "{text}");
            assert!(std::ptr::eq(Known::named(known.name).unwrap(), known));
        }
        assert_eq!(Known::named("jetbrains").unwrap().name, "rustrover");
    }

    #[test]
    fn below_windows_the_url_leads_into_the_distribution() {
        let wsl = |name: &str| (name == "WSL_DISTRO_NAME").then(|| "Ubuntu 24.04{x}".to_owned());
        let cursor = Known::named("cursor").unwrap().template(&wsl).unwrap();
        let distribution = "wsl+Ubuntu%2024.04%7Bx%7D";
        let expected = format!("cursor://vscode-remote/{distribution}{{path}}:{{line}}:{{column}}");
        assert_eq!(cursor, expected);
        let zed = Known::named("zed").unwrap();
        assert_eq!(zed.template(&wsl), zed.template(&|_| None));
    }
}
