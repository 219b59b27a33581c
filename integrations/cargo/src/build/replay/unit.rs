//! A crate as a record describes it: what it is, where its output goes, and what it needs.

use std::path::{Path, PathBuf};

use crate::build::replay::record::{Record, value};
use crate::build::rustc_arguments::codegen;

/// A crate that cargo compiles.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    pub(crate) record: Record,
    /// The crate's name, with `_`.
    pub(crate) name: String,
    /// What tells its files from those of other crates: cargo's hash.
    pub(crate) hash: String,
    pub(crate) out_dir: PathBuf,
    pub(crate) kind: Kind,
    /// The hashes of the crates that it names (`--extern`), in the workspace or not, and whether it
    /// needs their code.
    pub(crate) needs: Vec<(String, bool)>,
}

/// What becomes of a crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A library for other crates.
    Library,
    Program,
    BuildScript,
    ProcMacro,
    /// Such as a shared object, or what has more than one file.
    Other,
}

impl Unit {
    /// `None` if the record is none of a crate that cargo compiles.
    pub(crate) fn of(record: Record) -> Option<Self> {
        let arguments: Vec<&str> = record.arguments.iter().map(String::as_str).collect();
        let name = value(&arguments, "--crate-name")?.to_owned();
        let hash = codegen(&arguments, "extra-filename")?.strip_prefix('-')?.to_owned();
        let out_dir = value(&arguments, "--out-dir")?.into();
        let after = |option: &'static str| {
            let pairs = arguments.windows(2).filter(move |pair| pair[0] == option);
            pairs.map(|pair| pair[1])
        };
        // Debug information in a file of its own belongs beside the program, too.
        let is_split = codegen(&arguments, "split-debuginfo") == Some("packed");
        let kind = if is_split { Kind::Other } else { kind(&name, after("--crate-type")) };
        let needs = after("--extern").filter_map(extern_path).filter_map(|path| {
            let is_whole = path.extension().is_none_or(|extension| extension != "rmeta");
            Some((hash_of(path)?, is_whole))
        });
        let needs = needs.collect();
        Some(Unit { name, hash, out_dir, kind, needs, record })
    }

    /// Where rustc says from which files it was made.
    pub(crate) fn dep_info(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}-{}.d", self.name, self.hash))
    }

    /// The folder of the package's manifest.
    pub(crate) fn manifest_folder(&self) -> Option<&Path> {
        self.record.env.get("CARGO_MANIFEST_DIR").map(Path::new)
    }

    /// Whether rustc reads all of the crates below it, and not only what they declare.
    pub(crate) fn is_linked(&self) -> bool {
        self.kind != Kind::Library
    }

    /// Whether it may be compiled without cargo.
    pub(crate) fn is_replayable(&self) -> bool {
        matches!(self.kind, Kind::Library | Kind::Program)
    }
}

fn kind<'a>(name: &str, mut types: impl Iterator<Item = &'a str>) -> Kind {
    match (types.next(), types.next()) {
        (Some("lib" | "rlib"), None) => Kind::Library,
        (Some("bin"), None) if name.starts_with("build_script_") => Kind::BuildScript,
        (Some("bin"), None) => Kind::Program,
        (Some("proc-macro"), None) => Kind::ProcMacro,
        _ => Kind::Other,
    }
}

/// The path in the value of `--extern`; crates of the toolchain have none.
pub(crate) fn extern_path(named: &str) -> Option<&Path> {
    named.split_once('=').map(|(_, path)| Path::new(path))
}

/// cargo's hash in the name of a file that rustc has written.
pub(crate) fn hash_of(path: &Path) -> Option<String> {
    let (_, hash) = path.file_stem()?.to_str()?.rsplit_once('-')?;
    Some(hash.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn unit(arguments: &str) -> Option<Unit> {
        let arguments = arguments.split(' ').map(str::to_owned).collect();
        let rustc = "rustc".to_owned();
        Unit::of(Record { folder: "/ws".into(), rustc, arguments, env: BTreeMap::new() })
    }

    #[test]
    fn a_unit_knows_what_it_is_and_what_it_needs() {
        let app = unit(
            "--crate-name my_app --edition=2021 src/main.rs --crate-type bin --emit=dep-info,link \
             -C metadata=1 -C extra-filename=-2f --out-dir /t/deps -L dependency=/t/deps \
             --extern util=/t/deps/libutil-3a.rlib --extern noprelude:m=/t/deps/libm-4b.so \
             --extern proc_macro",
        );
        let app = app.unwrap();
        assert_eq!((app.kind, app.hash.as_str(), app.is_linked()), (Kind::Program, "2f", true));
        assert_eq!(app.needs, [("3a".to_owned(), true), ("4b".to_owned(), true)]);
        assert_eq!(app.dep_info(&app.out_dir), Path::new("/t/deps/my_app-2f.d"));
        let kind = |name: &str, types: &str| {
            let rest = "-C extra-filename=-1 --out-dir /t";
            unit(&format!("--crate-name {name} {types} {rest}")).unwrap().kind
        };
        assert_eq!(kind("util", "--crate-type lib"), Kind::Library);
        assert_eq!(kind("util", "--crate-type lib --crate-type cdylib"), Kind::Other);
        assert_eq!(kind("util", "--crate-type dylib"), Kind::Other);
        assert_eq!(kind("app", "--crate-type bin -Csplit-debuginfo=packed"), Kind::Other);
        assert_eq!(kind("m", "--crate-type proc-macro"), Kind::ProcMacro);
        assert_eq!(kind("build_script_build", "--crate-type bin"), Kind::BuildScript);
        assert!(unit("--crate-name x --crate-type lib --out-dir /t").is_none());
    }
}
