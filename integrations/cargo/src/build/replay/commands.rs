//! The command of a crate in a replay: the recorded one, but with its output in our own folder, and
//! with the output of other replays in place of cargo's.

use std::path::Path;

use crate::build::artifact::Script;
use crate::build::replay::unit::{Unit, extern_path, hash_of};

/// The arguments for rustc. `folder` is where the output goes; `is_there` tells whether the newest
/// output of the crate with this hash is there, too.
pub(crate) fn arguments(
    unit: &Unit,
    folder: &Path,
    is_there: impl Fn(&str) -> bool,
) -> Vec<String> {
    let folder = folder.display();
    let mut all = Vec::with_capacity(unit.record.arguments.len() + 2);
    let mut before = "";
    let mut has_search_path = false;
    for argument in &unit.record.arguments {
        if argument == "-L" && !has_search_path {
            has_search_path = true;
            all.extend(["-L".to_owned(), format!("dependency={folder}")]);
        }
        all.push(match before {
            "--out-dir" => folder.to_string(),
            "--extern" => with_replayed(argument, &folder, &is_there),
            _ => argument.clone(),
        });
        before = argument;
    }
    all
}

fn with_replayed(
    named: &str,
    folder: &std::path::Display<'_>,
    is_there: impl Fn(&str) -> bool,
) -> String {
    let replaced = || {
        let path =
            extern_path(named).filter(|path| hash_of(path).is_some_and(|it| is_there(&it)))?;
        let (name, _) = named.split_once('=')?;
        let file = path.file_name()?.to_str()?;
        Some(format!("{name}={folder}{}{file}", std::path::MAIN_SEPARATOR))
    };
    replaced().unwrap_or_else(|| named.to_owned())
}

/// The build script whose output a crate was compiled with.
pub(crate) fn script_of<'a>(unit: &Unit, scripts: &'a [Script]) -> Option<&'a Script> {
    let out_dir = unit.record.env.get("OUT_DIR").map(Path::new)?;
    scripts.iter().find(|script| script.out_dir == out_dir)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::build::replay::record::Record;

    #[test]
    fn output_goes_to_our_folder_and_what_is_there_comes_from_there() {
        let text = "--crate-name app src/main.rs --crate-type bin -C extra-filename=-1 \
                    -C incremental=/t/incremental --out-dir /t/deps -L dependency=/t/deps \
                    --extern util=/t/deps/libutil-2.rlib --extern serde=/t/deps/libserde-3.rlib \
                    -L native=/t/out";
        let arguments_of = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let (arguments, rustc) = (arguments_of(text), "rustc".to_owned());
        let record = Record { folder: "/ws".into(), rustc, arguments, env: BTreeMap::new() };
        let unit = Unit::of(record).unwrap();
        let found = super::arguments(&unit, Path::new("/r"), |hash| hash == "2");
        let expected = text
            .replace("--out-dir /t/deps", "--out-dir /r")
            .replace("-L dependency", "-L dependency=/r -L dependency")
            .replace("/t/deps/libutil", &format!("/r{}libutil", std::path::MAIN_SEPARATOR));
        assert_eq!(found, arguments_of(&expected));
    }
}
