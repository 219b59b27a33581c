//! `cargo devserver` finds the program in all kinds of projects, and serves it.

use listenfd_tests::{Project, STD_SERVER, manifest};

#[test]
fn a_single_crate() {
    let project = Project::app("1");
    let mut server = project.devserver(&[]);
    server.wait_until_serving("1");
    project.save("src/main.rs", "2");
    server.wait_until_serving("2");
    server.quit();
    assert!(!project.path("target/debug/app").exists(), "it builds into its own folder");
    assert!(project.path("target/devserver/app").exists());
}

#[test]
fn a_workspace_with_path_dependencies() {
    let project = Project::new("ws");
    project.write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"app\", \"other\"]\n");
    project.write(
        "app/Cargo.toml",
        &manifest("app", "[dependencies]\ncommon = { path = \"../common\" }"),
    );
    project.save("app/src/main.rs", "common::text()");
    project.write(
        "common/Cargo.toml",
        &manifest("common", "[dependencies]\ndeep = { path = \"../../deep\" }"),
    );
    project.write(
        "common/src/lib.rs",
        "pub fn text() -> String { format!(\"common {}\", deep::DEEP) }",
    );
    // A dependency outside of the workspace.
    project.write("../deep/Cargo.toml", &manifest("deep", ""));
    project.write("../deep/src/lib.rs", "pub const DEEP: u8 = 1;");
    project.write("other/Cargo.toml", &manifest("other", ""));
    project.write("other/src/main.rs", "fn main() {}");
    let mut server = project.devserver(&["-p", "app"]);
    server.wait_until_serving("common 1");
    project.write("../deep/src/lib.rs", "pub const DEEP: u8 = 2;");
    server.wait_until_serving("common 2");
    // A package that the program does not need starts no build: the next event is of the next save.
    project.write("other/src/main.rs", "fn main() { println!() }");
    project
        .write("common/src/lib.rs", "pub fn text() -> String { format!(\"both {}\", deep::DEEP) }");
    let building = server.wait_for_event("building");
    assert_eq!(building["changed"].as_array().unwrap().len(), 1, "{building}");
    server.wait_until_serving("both 2");
    // A new module.
    project.write("common/src/lib.rs", "mod new; pub use new::text;");
    project.write("common/src/new.rs", "pub fn text() -> u8 { 3 }");
    server.wait_for_answer("3");
}

#[test]
fn a_crate_with_a_build_script_and_its_declared_files() {
    let project =
        Project::app("format!(\"{} {}\", env!(\"GREETING\"), include_str!(\"../page.txt\"))");
    project.write("page.txt", "page 1");
    project.write("greeting.txt", "hello");
    let script = "fn main() {
        println!(\"cargo::rerun-if-changed=greeting.txt\");
        let greeting = std::fs::read_to_string(\"greeting.txt\").unwrap();
        println!(\"cargo::rustc-env=GREETING={greeting}\");
        std::fs::write(\"src/written.rs\", format!(\"// {greeting}\")).unwrap();
    }";
    project.write("build.rs", script);
    let mut server = project.devserver(&[]);
    server.wait_until_serving("hello page 1");
    project.write("greeting.txt", "bye");
    server.wait_for_answer("bye page 1");
    project.write("page.txt", "page 2");
    server.wait_for_answer("bye page 2");
    project.write(
        "build.rs",
        &script.replace("{greeting}\");\n        std", "{greeting}!\");\n        std"),
    );
    server.wait_for_answer("bye! page 2");
}

#[test]
fn two_binaries_and_an_example() {
    let project = Project::new("several");
    project.write("Cargo.toml", &manifest("several", ""));
    project.save("src/bin/one.rs", "\"one\"");
    project.save("src/bin/two.rs", "\"two\"");
    project.save("examples/third.rs", "\"third\"");
    for (arguments, body) in
        [(["--bin", "two"], "two"), (["--example", "third"], "third"), (["--bin", "one"], "one")]
    {
        project.devserver(&arguments).wait_until_serving(body);
    }
    project.write("Cargo.toml", &manifest("several", "default-run = \"two\""));
    project.devserver(&[]).wait_until_serving("two");
}

#[test]
fn blanks_and_letters_of_all_kinds_in_the_path() {
    let project = Project::new("mein schönes Projekt 日本");
    project.write("Cargo.toml", &manifest("app", ""));
    project.save("src/main.rs", "include_str!(\"../eine Datei.txt\")");
    project.write("eine Datei.txt", "eins");
    let mut server = project.devserver(&[]);
    server.wait_until_serving("eins");
    project.write("eine Datei.txt", "zwei");
    server.wait_until_serving("zwei");
}

#[test]
fn a_broken_manifest_leaves_the_program_and_a_changed_one_is_read() {
    let project = Project::app("1");
    let mut server = project.devserver(&[]);
    server.wait_until_serving("1");
    project.write("Cargo.toml", "[package\n");
    let failed = server.wait_for_event("failed");
    assert_eq!(failed["serving"], true, "{failed}");
    server.assert_answer("1");
    // With a new path dependency, which is then watched.
    project.write("Cargo.toml", &manifest("app", "[dependencies]\ndep = { path = \"dep\" }"));
    project.write("dep/Cargo.toml", &manifest("dep", ""));
    project.write("dep/src/lib.rs", "pub const N: u8 = 1;");
    project.save("src/main.rs", "dep::N + 1");
    server.wait_for_answer("2");
    project.write("dep/src/lib.rs", "pub const N: u8 = 2;");
    server.wait_for_answer("3");
    // The program gets another name.
    let main = std::fs::read_to_string(project.path("src/main.rs")).unwrap();
    project.write("src/other.rs", &main.replace("dep::N + 1", "4"));
    let bin = "autobins = false\n[[bin]]\nname = \"other\"\npath = \"src/other.rs\"";
    project.write("Cargo.toml", &manifest("app", bin).replace("0.1.0", "0.2.0"));
    server.wait_for_answer("4");
}

#[test]
fn the_published_listenfd_crate_takes_the_socket() {
    let project = Project::new("app");
    project.write("Cargo.toml", &manifest("app", "[dependencies]\nlistenfd = \"1.0.2\""));
    std::fs::copy(
        concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock"),
        project.path("Cargo.lock"),
    )
    .unwrap();
    let takes = "listenfd::ListenFd::from_env().take_tcp_listener(0).unwrap().unwrap()";
    let save = |body: &str| {
        let server = STD_SERVER
            .replace("BODY", body)
            .replace("unsafe { std::net::TcpListener::from_raw_fd(3) }", takes)
            .replace("use std::os::fd::FromRawFd;", "");
        project.write("src/main.rs", &server);
    };
    save("1");
    let mut server = project.devserver(&[]);
    server.wait_until_serving("1");
    save("2");
    server.wait_until_serving("2");
}

#[test]
fn the_settings_are_those_of_the_chosen_manifest() {
    let project = Project::new("ws");
    project.write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"a\", \"b\"]\n");
    for name in ["a", "b"] {
        // The settings of the program's own package, also from the folder of the workspace.
        let settings = format!("[package.metadata.devserver]\nargs = [\"of {name}\"]");
        project.write(&format!("{name}/Cargo.toml"), &manifest(name, &settings));
        project.save(&format!("{name}/src/main.rs"), "std::env::args().nth(1).unwrap()");
    }
    for arguments in [&["--manifest-path", "b/Cargo.toml"][..], &["--bin", "b"]] {
        project.devserver(arguments).wait_until_serving("of b");
    }
}

#[test]
fn backtraces_have_lines_in_own_packages_and_names_everywhere() {
    let project = Project::new("lines");
    let dependencies = "[dependencies]\nanyhow = \"1\"\nmine = { path = \"../mine\" }";
    project.write("Cargo.toml", &manifest("app", dependencies));
    let repository = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    std::fs::copy(repository.join("Cargo.lock"), project.path("Cargo.lock")).unwrap();
    // An error that shows the backtrace of where it is shown: anyhow's own code calls it.
    project.write("../mine/Cargo.toml", &manifest("mine", ""));
    project.write(
        "../mine/src/lib.rs",
        "#[derive(Debug)]\npub struct Here;\n\nimpl std::fmt::Display for Here {\n    \
         fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {\n        \
         write!(f, \"{}\", std::backtrace::Backtrace::force_capture())\n    }\n}\n\n\
         impl std::error::Error for Here {}\n",
    );
    project.save("src/main.rs", "anyhow::Error::new(mine::Here)");
    let mut server = project.devserver(&[]);
    server.wait_for_event("serving");
    let (_, backtrace) = server.get();
    let lines: Vec<_> = backtrace.lines().collect();
    let place_after = |name: &str| {
        let frame = lines.iter().position(|line| line.contains(name));
        let frame = frame.unwrap_or_else(|| panic!("{name} is not in {backtrace}"));
        lines.get(frame + 1).filter(|line| line.trim().starts_with("at ")).copied()
    };
    let place = place_after("mine::Here").unwrap_or_default();
    assert!(place.contains("mine/src/lib.rs:6"), "{backtrace}");
    assert!(backtrace.contains("at ./src/main.rs:"), "{backtrace}");
    assert_eq!(place_after("anyhow::fmt"), None, "{backtrace}");
}
