//! Which editor it may be, by the variables of its terminal.

use std::path::Path;

use super::known::{Known, Variables};

/// The editor, where it is certain: a link that opens another one is worse than an explanation.
pub(super) fn editor(variables: Variables<'_>) -> Option<&'static Known> {
    // The editor runs on another machine, and how it names this one is not known.
    const ELSEWHERE: [&str; 4] = ["SSH_CONNECTION", "CODESPACES", "REMOTE_CONTAINERS", "container"];
    if ELSEWHERE.iter().any(|name| variables(name).is_some()) {
        return None;
    }
    let name = match variables("TERM_PROGRAM").as_deref() {
        Some("vscode") => Some(fork_of_vscode(variables)),
        Some("zed") => Some("zed"),
        _ if variables("ZED_TERM").is_some() => Some("zed"),
        _ => match variables("TERMINAL_EMULATOR").as_deref() {
            Some("JetBrains-JediTerm") => Some(jetbrains(variables)),
            _ => None,
        },
    };
    match name {
        Some(name) => Known::named(name),
        None => ["VISUAL", "EDITOR"].into_iter().find_map(|name| by_program(&variables(name)?)),
    }
}

/// Editors made of Visual Studio Code have its terminal.
fn fork_of_vscode(variables: Variables<'_>) -> &'static str {
    let hints = ["__CFBundleIdentifier", "VSCODE_GIT_ASKPASS_MAIN", "VSCODE_GIT_ASKPASS_NODE"];
    let hints: Vec<_> = hints.iter().filter_map(|name| variables(name)).collect();
    let hints = hints.join(" ").to_ascii_lowercase();
    let version = variables("TERM_PROGRAM_VERSION").unwrap_or_default();
    if variables("CURSOR_TRACE_ID").is_some() || hints.contains("cursor") {
        "cursor"
    } else if hints.contains("windsurf") {
        "windsurf"
    } else if hints.contains("vscodium") || hints.contains("codium") {
        "vscodium"
    } else if version.ends_with("-insider") {
        "vscode-insiders"
    } else {
        "vscode"
    }
}

/// Only macOS tells which of them.
fn jetbrains(variables: Variables<'_>) -> &'static str {
    let bundle = variables("__CFBundleIdentifier").unwrap_or_default().to_ascii_lowercase();
    if bundle.contains("clion") {
        "clion"
    } else if bundle.contains("intellij") {
        "idea"
    } else {
        "rustrover"
    }
}

/// By a command such as `code --wait`.
fn by_program(command: &str) -> Option<&'static Known> {
    let program = command.split_whitespace().next()?;
    let name = Path::new(program).file_name()?.to_str()?;
    let endings = [".exe", ".cmd"];
    Known::named(endings.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(variables: &[(&str, &str)]) -> Option<&'static str> {
        let value = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        editor(&value).map(|known| known.name)
    }

    #[test]
    fn the_terminal_of_an_editor_tells_which_one_it_is() {
        let vscode = ("TERM_PROGRAM", "vscode");
        assert_eq!(guessed(&[vscode]), Some("vscode"));
        let insiders = guessed(&[vscode, ("TERM_PROGRAM_VERSION", "1.99.0-insider")]);
        assert_eq!(insiders, Some("vscode-insiders"));
        assert_eq!(guessed(&[vscode, ("CURSOR_TRACE_ID", "1")]), Some("cursor"));
        let windsurf = "/opt/Windsurf/resources/app/extensions/git/dist/askpass-main.js";
        assert_eq!(guessed(&[vscode, ("VSCODE_GIT_ASKPASS_MAIN", windsurf)]), Some("windsurf"));
        assert_eq!(guessed(&[("ZED_TERM", "true")]), Some("zed"));
        let jetbrains = ("TERMINAL_EMULATOR", "JetBrains-JediTerm");
        assert_eq!(guessed(&[jetbrains]), Some("rustrover"));
        let idea = ("__CFBundleIdentifier", "com.jetbrains.intellij");
        assert_eq!(guessed(&[jetbrains, idea]), Some("idea"));
    }

    #[test]
    fn else_the_editor_of_the_user_if_it_has_a_name_here() {
        assert_eq!(guessed(&[("VISUAL", "/usr/bin/code --wait")]), Some("vscode"));
        assert_eq!(guessed(&[("VISUAL", "code.cmd --wait")]), Some("vscode"));
        assert_eq!(guessed(&[("VISUAL", "vim"), ("EDITOR", "zed -w")]), Some("zed"));
        assert_eq!(guessed(&[("EDITOR", "vim")]), None);
        assert_eq!(guessed(&[("EDITOR", "")]), None);
        assert_eq!(guessed(&[]), None);
    }

    #[test]
    fn an_editor_elsewhere_is_not_certain() {
        let vscode = ("TERM_PROGRAM", "vscode");
        for elsewhere in ["SSH_CONNECTION", "CODESPACES", "REMOTE_CONTAINERS"] {
            assert_eq!(guessed(&[vscode, (elsewhere, "1")]), None, "{elsewhere}");
        }
    }
}
