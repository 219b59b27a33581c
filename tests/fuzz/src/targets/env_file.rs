//! Environment files (`--env-file`): the same variables as from `dotenvy`, and errors without their content.

use listenfd_devserver::parsers::env_file;

use crate::Target;

/// The target.
pub const TARGET: Target = Target {
    name: "env_file",
    check,
    seeds: &[
        b"# comment\nNAME=value\nexport OTHER='single quoted'\n\nTHIRD=\"double ${NAME} \\n\" # x\n",
        b"A=1\r\nB=$A\r\n",
        b"\xef\xbb\xbfA='not closed\nB=secret\n",
        b"A=\"two\nlines\"\nB=3",
    ],
    words: &["export ", "${", "}", "$", "\"", "'", "=", "\\n", "#", "\n", "\r\n", "NAME", "\\"],
};

fn check(input: &[u8]) {
    let plain = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    // dotenvy reads a last line without a line break in another way.
    let ended = [plain, if plain.ends_with(b"\n") { b"" } else { b"\n" }].concat();
    let theirs: Result<Vec<_>, _> = dotenvy::from_read_iter(&ended[..]).collect();
    match env_file(input) {
        Ok(variables) => assert_eq!(variables, theirs.unwrap()),
        Err((line, _)) => {
            assert!(theirs.is_err(), "{theirs:?}");
            let lines = plain.iter().filter(|byte| **byte == b'\n').count() + 1;
            assert!((1..=lines).contains(&line), "line {line} of {lines}");
        }
    }
}
