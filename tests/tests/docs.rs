//! The options, the settings and the output that the README, `docs/` and the READMEs of the crates show are the
//! real ones.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::process::{Command, Output};

use listenfd_tests::{Child, Folder, Page, Project, eventually, has, manifest, program};

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

/// Those of `cargo devserver` and of its subcommands.
fn devserver_options() -> BTreeSet<String> {
    let commands = [None, Some("status"), Some("wait"), Some("restart"), Some("stop")];
    let all = commands.iter().flat_map(|command| {
        let arguments: Vec<_> =
            [Some("devserver"), *command, Some("--help")].into_iter().flatten().collect();
        options_of("devserver", &arguments)
    });
    all.collect()
}

fn systemfd_options() -> BTreeSet<String> {
    options_of("supplier", &["--help"])
}

fn installer_options() -> BTreeSet<String> {
    let installer = Page::read("install/install.sh").text;
    let help = installer.split("\nEND\n").next().unwrap();
    options(help).map(str::to_owned).collect()
}

#[test]
fn options_exist() {
    let (devserver, systemfd) = (devserver_options(), systemfd_options());
    let installer = installer_options();
    for page in Page::for_users() {
        let path = &page.path;
        for (block, line) in page.lines() {
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
                        check(code, &[&devserver, &systemfd, &installer, &others]);
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
        let text = Page::read(&format!("docs/{file}")).text;
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
    for page in Page::for_users() {
        for block in page.blocks("toml").iter().filter(|it| it.contains(".metadata.devserver]")) {
            found += 1;
            let project = project(block);
            let mut command = project.command(program("devserver"));
            let output = command.args(["devserver", "--print-config"]).output().unwrap();
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{}: {error}\n{block}", page.path.display());
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
    let text = Page::read("docs/devserver.md").text;
    for key in keys.split(", ") {
        assert!(text.contains(&format!("`{key}`")), "devserver.md does not name {key}");
        let is_set = text.lines().any(|line| {
            let line = line.trim_start_matches("# ");
            line.starts_with(&format!("{key} = ")) || line.contains(&format!("or: {key} = "))
        });
        assert!(is_set, "devserver.md has no example of {key}");
    }
}

/// What `cargo devserver` says in a text, without numbers and names.
fn said(text: &str) -> Vec<String> {
    let verbs = ["Listening", "Building", "Serving", "Failed"];
    let lines = text.lines().filter(|line| {
        let verb = line.split_whitespace().next().unwrap_or_default();
        verbs.contains(&verb) && line.find(verb) == Some(12 - verb.len())
    });
    let plain = lines.map(|line| {
        let line = line.replace("hello-axum", "app").replace("examples/axum/", "");
        line.split(|c: char| c.is_ascii_digit()).filter(|part| !part.is_empty()).collect()
    });
    plain.collect()
}

#[test]
fn what_one_sees_on_a_save_is_what_is_shown() {
    let project = Project::app("1");
    let log = project.path("../log");
    let mut command = project.command("sh");
    let script = "exec \"$0\" devserver -l http::0 2> ../log";
    let mut server = Child::spawn(command.args(["-c", script]).arg(program("devserver")));
    let see = |verb: &str, times: usize| {
        eventually(verb, || {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            said(&log).iter().filter(|line| line.trim_start().starts_with(verb)).count() == times
        });
    };
    // In one step, so that no build can begin with half a file.
    let save = |body: &str| {
        project.save("../main.rs", body);
        std::fs::rename(project.path("../main.rs"), project.path("src/main.rs")).unwrap();
    };
    see("Serving", 1);
    save("2");
    see("Serving", 2);
    save("no_such_name");
    see("Failed", 1);
    save("3");
    see("Serving", 3);
    server.terminate();
    assert!(server.wait().success());
    let all = said(&std::fs::read_to_string(&log).unwrap());
    assert_eq!(said(&Page::read("README.md").text), all);
    // There it begins with a save.
    assert_eq!(said(&Page::read("docs/devserver.md").text), all[3..]);
}

/// A unit as a page shows it, without its program, and its name by the comment at its beginning.
fn unit(block: &str) -> (&str, String) {
    let path = block.lines().next().and_then(|line| line.strip_prefix("# "));
    let name = path.and_then(|path| path.rsplit('/').next()).unwrap_or("web.service");
    let mut text = block.replace("/usr/local/bin/web", "/bin/true");
    if name.ends_with(".service") && !text.contains("ExecStart=") {
        text.push_str("[Service]\nExecStart=/bin/true\n");
    }
    (name, text)
}

#[test]
fn systemd_understands_the_units() {
    if !has("systemd-analyze") {
        return;
    }
    for page in Page::for_users() {
        for block in page.blocks("ini") {
            let (name, text) = unit(&block);
            let folder = Folder::new();
            let path = folder.path(name);
            std::fs::write(&path, text).unwrap();
            let mut verify = Command::new("systemd-analyze");
            let output = verify.arg("verify").arg(&path).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            let is_understood = !said.contains("Unknown") && !said.contains("Failed to parse");
            assert!(is_understood, "{}: {said}\n{block}", page.path.display());
        }
    }
}
