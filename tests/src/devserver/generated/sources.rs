//! The files of a generated workspace.
//!
//! The package `app` is its root: a binary with modules, a build script with an input, a feature, and
//! texts that it includes. It depends on `near`, that on `far`, and both on the proc macro of `macros`.
//! Each file has a number, and the program tells all of them.

use std::collections::BTreeMap;

use crate::devserver::project::{STD_SERVER, manifest};

/// What has a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// A function of a crate.
    App,
    Near,
    Far,
    /// The result of the proc macro.
    Macro,
    /// The build script itself, and the file that it reads.
    Script,
    Input,
    /// Texts for `include_str!`, of the binary and of a dependency.
    Page,
    Note,
    /// An expression for `include!`.
    Table,
    /// The version of the binary's package.
    Version,
    /// A variable of `.cargo/config.toml`.
    Config,
}

pub(super) const PARTS: [Part; 11] = [
    Part::App,
    Part::Near,
    Part::Far,
    Part::Macro,
    Part::Script,
    Part::Input,
    Part::Page,
    Part::Note,
    Part::Table,
    Part::Version,
    Part::Config,
];

/// The crates with modules, each with its folder.
pub(super) const CRATES: [(&str, &str); 3] = [("app", ""), ("near", "near/"), ("far", "far/")];

/// A fault in the sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The crate with this index has a line that cannot be parsed.
    Syntax(usize),
    /// It has a wrong type.
    Type(usize),
    /// It has a module without a file.
    NoFile(usize),
}

/// What makes the files.
#[derive(Clone, Debug)]
pub(super) struct Sources {
    pub(super) numbers: BTreeMap<Part, u32>,
    /// Of each crate, the numbers of its modules by the numbers in their names.
    pub(super) modules: [BTreeMap<u32, u32>; 3],
    pub(super) has_feature: bool,
    /// Whether the binary depends on `far` directly, too.
    pub(super) needs_far: bool,
    pub(super) fault: Option<Fault>,
    /// The number in a comment of the manifest.
    pub(super) comment: u32,
}

impl Sources {
    pub(super) fn new() -> Self {
        let modules = || BTreeMap::from([(1, 1), (2, 2)]);
        Sources {
            numbers: PARTS.into_iter().map(|part| (part, 0)).collect(),
            modules: [modules(), modules(), modules()],
            has_feature: false,
            needs_far: false,
            fault: None,
            comment: 0,
        }
    }

    /// The text of each file, by its path in the workspace.
    pub(super) fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let mut add = |path: &str, text: String| drop(files.insert(path.to_owned(), text));
        let n = |part| self.numbers[&part];
        add("Cargo.toml", self.root_manifest());
        add("near/Cargo.toml", {
            let needs = "far = { path = \"../far\" }\nmacros = { path = \"../macros\" }";
            manifest(
                "near",
                &format!("[dependencies]\n{needs}\n[features]\nextra = [\"far/extra\"]"),
            )
        });
        add("far/Cargo.toml", manifest("far", "[features]\nextra = []"));
        add("macros/Cargo.toml", manifest("macros", "[lib]\nproc-macro = true"));
        add(".cargo/config.toml", format!("[env]\nCONFIGURED = \"{}\"\n", n(Part::Config)));
        add("macros/src/lib.rs", number_macro(n(Part::Macro)));
        add("build.rs", build_script(n(Part::Script)));
        add("input.txt", n(Part::Input).to_string());
        add("page.txt", n(Part::Page).to_string());
        add("far/note.txt", n(Part::Note).to_string());
        add("templates/table.in", format!("[{}, 1]", n(Part::Table)));
        add("src/main.rs", format!("{}{}", self.modules_of(0), self.main()));
        add("near/src/lib.rs", format!("{}{}", self.modules_of(1), self.near()));
        add("far/src/lib.rs", format!("{}{}", self.modules_of(2), self.far()));
        for (index, (_, folder)) in CRATES.iter().enumerate() {
            for (name, number) in &self.modules[index] {
                let text = format!("pub fn number() -> u32 {{ {number} }}\n");
                add(&format!("{folder}src/m{name}.rs"), text);
            }
        }
        files
    }

    fn root_manifest(&self) -> String {
        let version = format!("version = \"0.{}.0\"", self.numbers[&Part::Version]);
        let far = if self.needs_far { "far = { path = \"far\" }\n" } else { "" };
        let default = if self.has_feature { "\"extra\"" } else { "" };
        let more = format!(
            "# {}\n[dependencies]\nnear = {{ path = \"near\" }}\nmacros = {{ path = \"macros\" }}\n{far}\
             [features]\ndefault = [{default}]\nextra = [\"near/extra\"]\n\
             [workspace]\nmembers = [\"near\", \"far\", \"macros\"]\n",
            self.comment
        );
        manifest("app", &more).replace("version = \"0.1.0\"", &version)
    }

    /// The modules of a crate, and `modules()`, which tells their numbers.
    fn modules_of(&self, index: usize) -> String {
        let names: Vec<_> = self.modules[index].keys().map(|name| format!("m{name}")).collect();
        let mods: String = names.iter().map(|name| format!("mod {name};\n")).collect();
        let told = names.iter().map(|name| format!("format!(\"{name}={{}}\", {name}::number())"));
        let told = told.collect::<Vec<_>>().join(", ");
        let fault = match self.fault {
            Some(Fault::Syntax(at)) if at == index => "fn fn }\n",
            Some(Fault::Type(at)) if at == index => "pub const WRONG: u32 = \"text\";\n",
            Some(Fault::NoFile(at)) if at == index => "mod not_there;\n",
            _ => "",
        };
        let all = format!("let all: Vec<String> = vec![{told}]; all.join(\" \")");
        format!("{mods}{fault}fn modules() -> String {{ {all} }}\n")
    }

    fn main(&self) -> String {
        let far = if self.needs_far { "far::tell()" } else { "String::from(\"no far\")" };
        let tell = format!(
            "fn tell() -> String {{
                let table: [u32; 2] = include!(\"../templates/table.in\");
                let made: u32 = include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"));
                let texts = [
                    format!(\"app={} modules={{}} extra={{}}\", modules(), cfg!(feature = \"extra\")),
                    format!(\"input={{}} script={{}} made={{made}}\", env!(\"INPUT\"), env!(\"SCRIPT\")),
                    format!(\"page={{}} table={{table:?}}\", include_str!(\"../page.txt\")),
                    format!(\"version={{}}\", env!(\"CARGO_PKG_VERSION\")),
                    format!(\"configured={{:?}}\", option_env!(\"CONFIGURED\")),
                    format!(\"macro={{}} near=({{}}) far=({{}})\", macros::number!(), near::tell(), {far}),
                ];
                texts.join(\" \")
            }}\n",
            self.numbers[&Part::App]
        );
        let only_tell = "fn main() { if std::env::args().any(|argument| argument == \"--tell\") {
            return print!(\"{}\", tell()); }";
        tell + &STD_SERVER.replace("BODY", "tell()").replace("fn main() {", only_tell)
    }

    fn near(&self) -> String {
        format!(
            "pub fn tell() -> String {{
                let number: u32 = far::twice({});
                format!(\"near={{number}} modules={{}} shared={{}} macro={{}} far=({{}})\",
                    modules(), far::SHARED, macros::number!(), far::tell())
            }}\n",
            self.numbers[&Part::Near]
        )
    }

    fn far(&self) -> String {
        format!(
            "pub const SHARED: u32 = {0} * 7;
            pub fn twice<T: std::ops::Add<Output = T> + Copy>(number: T) -> T {{ number + number }}
            pub fn tell() -> String {{
                format!(\"far={0} modules={{}} note={{}} extra={{}}\", modules(),
                    include_str!(\"../note.txt\"), cfg!(feature = \"extra\"))
            }}\n",
            self.numbers[&Part::Far]
        )
    }
}

/// `number!()` is this number.
fn number_macro(number: u32) -> String {
    format!(
        "use proc_macro::TokenStream;
        #[proc_macro]
        pub fn number(_: TokenStream) -> TokenStream {{ \"{number}_u32\".parse().unwrap() }}\n"
    )
}

fn build_script(number: u32) -> String {
    format!(
        "fn main() {{
            println!(\"cargo::rerun-if-changed=build.rs\");
            println!(\"cargo::rerun-if-changed=input.txt\");
            println!(\"cargo::rustc-env=SCRIPT={number}\");
            let input = std::fs::read_to_string(\"input.txt\").unwrap();
            println!(\"cargo::rustc-env=INPUT={{input}}\");
            let out = std::path::PathBuf::from(std::env::var_os(\"OUT_DIR\").unwrap());
            std::fs::write(out.join(\"made.rs\"), format!(\"{{input}} + {number}\")).unwrap();
        }}\n"
    )
}
