//! What the README, `docs/` and the READMEs of the crates say exists: options, settings, files, headings.
//!
//! Their Rust code is compiled by `src/docs.rs`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use listenfd_tests::{Project, manifest, program};

/// The most words that the README may have, as `wc -w` counts them.
const README_WORDS: usize = 1200;

/// Options of other tools that the pages name.
const OF_OTHERS: [&str; 8] = [
    "--force",
    "--hotpatch",
    "--http2-prior-knowledge",
    "--now",
    "--path",
    "--peers",
    "--socket",
    "--workspace",
];

/// A Markdown file of the repository.
struct Page {
    path: PathBuf,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: PathBuf) -> Page {
    let text = std::fs::read_to_string(&path).unwrap_or_else(|err| panic!("{path:?}: {err}"));
    Page { path, text }
}

/// The Markdown files of a folder, in order.
fn in_folder(folder: &str) -> Vec<Page> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let paths: BTreeSet<_> =
        paths.filter(|path| path.extension().is_some_and(|it| it == "md")).collect();
    paths.into_iter().map(read).collect()
}

/// The READMEs of the published crates, which stand alone on crates.io.
fn of_crates() -> Vec<Page> {
    let parents = ["core", "integrations"].into_iter().flat_map(|folder| {
        std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path())
    });
    parents.map(|folder| read(folder.join("README.md"))).collect()
}

fn for_users() -> Vec<Page> {
    let readme = read(root().join("README.md"));
    std::iter::once(readme).chain(in_folder("docs")).chain(of_crates()).collect()
}

/// All lines, with the language of the code block that they are in.
fn lines(text: &str) -> impl Iterator<Item = (Option<&str>, &str)> {
    let mut block = None;
    text.lines().filter_map(move |line| {
        match (line.trim_start().strip_prefix("```"), block) {
            (Some(language), None) => block = Some(language),
            (Some(_), Some(_)) => block = None,
            (None, _) => return Some((block, line)),
        }
        None
    })
}

/// The code blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in text.lines() {
        if line == "```" {
            blocks.push(String::new());
        } else if let Some(block) = blocks.last_mut() {
            block.push_str(line);
            block.push('\n');
        }
    }
    let fence = format!("```{language}\n");
    blocks.iter().filter_map(|block| Some(block.split_once(&fence)?.1.to_owned())).collect()
}

/// What is an option in a text: `--name`, without its value.
fn options(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split([' ', '`', '(', ')', ',', '[', ']', '|', '"']);
    let words = words.filter(|word| word.len() > 2 && word.starts_with("--"));
    words.map(|word| {
        let end = word.find(|c: char| c != '-' && !c.is_ascii_alphanumeric());
        &word[..end.unwrap_or(word.len())]
    })
}

fn run(name: &str, arguments: &[&str]) -> Output {
    Command::new(program(name)).args(arguments).output().unwrap()
}

/// All options of a command, by its help.
fn options_of(name: &str, arguments: &[&str]) -> BTreeSet<String> {
    let help = String::from_utf8(run(name, arguments).stdout).unwrap();
    let found: BTreeSet<_> = options(&help).map(str::to_owned).collect();
    assert!(found.len() > 5, "{help}");
    found
}

fn devserver_options() -> BTreeSet<String> {
    options_of("devserver", &["devserver", "--help"])
}

fn systemfd_options() -> BTreeSet<String> {
    options_of("supplier", &["--help"])
}

#[test]
fn the_readme_is_short() {
    let words = read(root().join("README.md")).text.split_whitespace().count();
    assert!(words <= README_WORDS, "{words} words");
}

#[test]
fn each_page_with_rust_code_is_compiled() {
    let compiled = read(root().join("tests/src/docs.rs")).text;
    for page in in_folder("docs").into_iter().filter(|page| page.text.contains("```rust")) {
        let name = page.path.file_name().unwrap().to_str().unwrap();
        assert!(compiled.contains(&format!("docs/{name}\"")), "{name} is not in tests/src/docs.rs");
    }
}

#[test]
fn options_exist() {
    let (devserver, systemfd) = (devserver_options(), systemfd_options());
    for Page { path, text } in for_users() {
        for (block, line) in lines(&text) {
            let check = |line: &str, known: &[&BTreeSet<String>]| {
                for option in options(line) {
                    let exists = known.iter().any(|options| options.contains(option));
                    assert!(exists, "{}: there is no {option}: {line}", path.display());
                }
            };
            // What follows a separate `--` is for the program.
            let command = line.split(" -- ").next().unwrap_or_default();
            match block {
                Some("console") if line.starts_with("$ cargo devserver") => {
                    check(command, &[&devserver]);
                }
                Some("console") if line.starts_with("$ systemfd") => check(command, &[&systemfd]),
                None => {
                    let others = OF_OTHERS.map(str::to_owned).into();
                    let code = line.split('`').skip(1).step_by(2);
                    for code in code.filter(|code| !code.contains(" -- ")) {
                        check(code, &[&devserver, &systemfd, &others]);
                    }
                }
                _ => {}
            }
        }
    }
}

#[test]
fn each_option_is_explained() {
    for (file, known) in
        [("devserver.md", devserver_options()), ("systemfd.md", systemfd_options())]
    {
        let text = read(root().join("docs").join(file)).text;
        let named: BTreeSet<_> = options(&text).collect();
        let common = ["--help", "--version", "--socket"];
        for option in known.iter().filter(|option| !common.contains(&option.as_str())) {
            assert!(named.contains(option.as_str()), "{file} does not name {option}");
        }
    }
}

/// A project with all that the examples of settings name, and one of these as its settings.
fn project(settings: &str) -> Project {
    let project = Project::new("app");
    project.write("Cargo.toml", &manifest("app", settings));
    for file in ["src/main.rs", "templates/page.html", "static/page.css", ".env"] {
        project.write(file, "");
    }
    project
}

#[test]
fn settings_are_accepted() {
    let mut found = 0;
    for Page { path, text } in for_users() {
        for block in blocks(&text, "toml").iter().filter(|it| it.contains(".metadata.devserver]")) {
            found += 1;
            let project = project(block);
            let mut command = project.command(program("devserver"));
            let output = command.args(["devserver", "--print-config"]).output().unwrap();
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {error}\n{block}", path.display());
        }
    }
    assert!(found >= 2, "{found}");
}

#[test]
fn each_setting_is_explained() {
    let project = project("[package.metadata.devserver]\nqqqq = 1");
    let output = project.command(program("devserver")).arg("devserver").output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    // "there is no key "qqqq"; there are package, bin, …"
    let keys = error.split("there are ").nth(1).unwrap().lines().next().unwrap();
    let text = read(root().join("docs/devserver.md")).text;
    for key in keys.split(", ") {
        assert!(text.contains(&format!("`{key}`")), "devserver.md does not name {key}");
        let is_set = text.lines().any(|line| {
            let line = line.trim_start_matches("# ");
            line.starts_with(&format!("{key} = ")) || line.contains(&format!("or: {key} = "))
        });
        assert!(is_set, "devserver.md has no example of {key}");
    }
}

/// The name by which a link reaches a heading.
fn anchor(heading: &str) -> String {
    let heading = heading.to_lowercase().replace(' ', "-");
    heading.chars().filter(|c| c.is_alphanumeric() || ['-', '_'].contains(c)).collect()
}

fn anchors(text: &str) -> BTreeSet<String> {
    let headings = lines(text).filter(|(block, line)| block.is_none() && line.starts_with('#'));
    headings.map(|(_, line)| anchor(line.trim_start_matches('#').trim())).collect()
}

/// Where the links of a text lead.
fn links(text: &str) -> Vec<&str> {
    let prose = lines(text).filter(|(block, _)| block.is_none());
    let targets = prose.flat_map(|(_, line)| line.split("](").skip(1));
    targets.map(|rest| rest.split(')').next().unwrap_or_default()).collect()
}

fn is_elsewhere(link: &str) -> bool {
    link.starts_with("https://") || link.starts_with("http://")
}

#[test]
fn links_lead_somewhere() {
    let others = in_folder(".").into_iter().chain(in_folder("benches"));
    for Page { path, text } in for_users().into_iter().chain(others) {
        for link in links(&text).into_iter().filter(|link| !is_elsewhere(link)) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let mut target = path.clone();
            if !file.is_empty() {
                target.set_file_name(file);
            }
            assert!(target.exists(), "{}: there is no {link}", path.display());
            if !heading.is_empty() {
                let found = anchors(&read(target).text).contains(heading);
                assert!(found, "{}: there is no heading {link}", path.display());
            }
        }
    }
}

#[test]
fn readmes_of_crates_stand_alone() {
    for Page { path, text } in of_crates() {
        // crates.io and docs.rs have no files beside a README.
        let beside = links(&text).into_iter().find(|link| !is_elsewhere(link));
        assert_eq!(beside, None, "{}", path.display());
    }
}

#[test]
fn folders_to_install_from_exist() {
    for Page { path, text } in for_users() {
        for rest in text.split("cargo install --path ").skip(1) {
            let folder = rest.split([' ', '`', '\n']).next().unwrap_or_default();
            assert!(
                root().join(folder).join("Cargo.toml").exists(),
                "{}: {folder}",
                path.display()
            );
        }
    }
}
