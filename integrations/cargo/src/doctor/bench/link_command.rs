//! The command with which rustc starts the linker, as `--print link-args` prints it.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context, bail};

/// The command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::doctor) struct LinkCommand {
    pub(in crate::doctor) variables: Vec<(String, String)>,
    pub(in crate::doctor) program: String,
    pub(in crate::doctor) arguments: Vec<String>,
}

impl LinkCommand {
    /// Parses the `Debug` form of a command: variables, and quoted arguments.
    ///
    /// # Errors
    ///
    /// When it is no such text.
    pub(in crate::doctor) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut command = LinkCommand::default();
        let mut rest = text.trim();
        // Variables that are removed; there is no need for that here.
        if let Some(after) = rest.strip_prefix("env ") {
            rest = after;
            while let Some(after) = rest.strip_prefix("-u ") {
                rest = after.split_once(' ').map_or("", |(_, after)| after);
            }
        }
        let mut words = Vec::new();
        while !rest.is_empty() {
            let (name, after) = match rest.find('"') {
                Some(at) => rest.split_at(at),
                None => bail!("rustc prints the linker's command in another form"),
            };
            let (value, after) = quoted(after).context("rustc prints a text without an end")?;
            match name.strip_suffix('=') {
                Some(name) if words.is_empty() => command.variables.push((name.to_owned(), value)),
                None if name.is_empty() => words.push(value),
                _ => bail!("rustc prints the linker's command in another form"),
            }
            rest = after.trim_start();
        }
        let mut words = words.into_iter();
        command.program = words.next().context("rustc starts no linker")?;
        command.arguments = words.collect();
        Ok(command)
    }

    /// The last linker that the compiler is told to use.
    pub(in crate::doctor) fn fuse_ld(&self) -> Option<&str> {
        self.arguments.iter().rev().find_map(|argument| argument.strip_prefix("-fuse-ld="))
    }

    /// Whether the program is a C compiler, which takes such an argument.
    pub(in crate::doctor) fn is_compiler(&self) -> bool {
        let name = Path::new(&self.program).file_stem().unwrap_or_default().to_string_lossy();
        ["cc", "clang", "gcc"].iter().any(|part| name.split('-').any(|word| word == *part))
    }

    /// Whether the linker has the arguments of Microsoft's.
    pub(in crate::doctor) fn is_msvc(&self) -> bool {
        self.arguments.iter().any(|argument| argument.starts_with("/OUT:"))
    }

    /// The arguments as the text of a file, for a command that is too long for the system.
    pub(in crate::doctor) fn file(&self) -> Vec<u8> {
        if self.is_msvc() {
            let lines = self.arguments.iter().map(|argument| {
                let argument = argument.replace('\\', "\\\\").replace('"', "\\\"");
                format!("\"{argument}\"\r\n")
            });
            let text = format!("\u{feff}{}", lines.collect::<String>());
            return text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        }
        let lines = self.arguments.iter().map(|argument| {
            let argument = argument.replace('\\', "\\\\").replace(' ', "\\ ").replace('"', "\\\"");
            format!("{argument}\n")
        });
        lines.collect::<String>().into_bytes()
    }

    pub(in crate::doctor) fn length(&self) -> usize {
        self.arguments.iter().map(|argument| argument.len() + 3).sum()
    }

    pub(in crate::doctor) fn os_variables(&self) -> impl Iterator<Item = (OsString, OsString)> {
        self.variables.iter().map(|(name, value)| (name.into(), value.into()))
    }
}

/// Takes a quoted text, and returns it and what is behind it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let (mut value, mut characters) = (String::new(), text.strip_prefix('"')?.chars());
    loop {
        match characters.next()? {
            '"' => return Some((value, characters.as_str())),
            '\\' => match characters.next()? {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                '0' => value.push('\0'),
                'u' => {
                    let (number, after) = characters.as_str().strip_prefix('{')?.split_once('}')?;
                    value.push(char::from_u32(u32::from_str_radix(number, 16).ok()?)?);
                    characters = after.chars();
                }
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_of_unix() {
        let text = "env -u X -u Y LC_ALL=\"C\" PATH=\"/a b:/c\" \"cc\" \"-m64\" \"/t/a \\\"b\\\".o\" \
                    \"-fuse-ld=lld\" \"\\u{fc}\\n\"\n";
        let command = LinkCommand::parse(text).unwrap();
        assert_eq!(command.variables, [("LC_ALL", "C"), ("PATH", "/a b:/c")].map(owned));
        let (first, rest) = (command.program.as_str(), command.arguments.join("|"));
        assert_eq!((first, rest.as_str()), ("cc", "-m64|/t/a \"b\".o|-fuse-ld=lld|ü\n"));
        assert_eq!(command.fuse_ld(), Some("lld"));
        assert!(command.is_compiler() && !command.is_msvc());
    }

    #[test]
    fn the_command_of_windows() {
        let text = r#"PATH="C:\\a;C:\\b" "C:\\VC\\link.exe" "/NOLOGO" "/OUT:C:\\t\\app.exe""#;
        let command = LinkCommand::parse(text).unwrap();
        assert_eq!(command.program, r"C:\VC\link.exe");
        assert!(command.is_msvc() && !command.is_compiler());
        assert!(command.file().starts_with(&[0xff, 0xfe]));
    }

    #[test]
    fn other_texts_are_errors() {
        for text in ["", "cc -m64", "\"cc", "LC_ALL=\"C\"", "\"cc\" x=\"a\""] {
            assert!(LinkCommand::parse(text).is_err(), "{text}");
        }
    }

    fn owned((name, value): (&str, &str)) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn compilers_are_known_by_their_names() {
        for (program, is_compiler) in [
            ("cc", true),
            ("/usr/bin/x86_64-linux-gnu-gcc", true),
            ("clang", true),
            ("rust-lld", false),
            ("link.exe", false),
        ] {
            let command = LinkCommand { program: program.to_owned(), ..LinkCommand::default() };
            assert_eq!(command.is_compiler(), is_compiler, "{program}");
        }
    }
}
