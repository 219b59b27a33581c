//! `cargo devserver` finds the program, and runs it as cargo would, in all kinds of projects.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use listenfd_tests::{Project, STD_SERVER, manifest};

#[test]
fn a_single_crate() {
    let project = Project::app("1");
    let mut server = project.devserver(&[]);
    server.serves_next("1");
    project.save("src/main.rs", "2");
    server.serves_next("2");
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
    // Outside of the workspace.
    project.write("../deep/Cargo.toml", &manifest("deep", ""));
    project.write("../deep/src/lib.rs", "pub const DEEP: u8 = 1;");
    project.write("other/Cargo.toml", &manifest("other", ""));
    project.write("other/src/main.rs", "fn main() {}");
    let mut server = project.devserver(&["-p", "app"]);
    server.serves_next("common 1");
    project.write("../deep/src/lib.rs", "pub const DEEP: u8 = 2;");
    server.serves_next("common 2");
    // What is not part of it starts no build: the next event is that of the save after it.
    project.write("other/src/main.rs", "fn main() { println!() }");
    project
        .write("common/src/lib.rs", "pub fn text() -> String { format!(\"both {}\", deep::DEEP) }");
    let building = server.event("building");
    assert_eq!(building["changed"].as_array().unwrap().len(), 1, "{building}");
    server.serves_next("both 2");
    // A module that did not exist.
    project.write("common/src/lib.rs", "mod new; pub use new::text;");
    project.write("common/src/new.rs", "pub fn text() -> u8 { 3 }");
    server.serves("3");
}

#[test]
fn a_crate_with_a_build_script_and_what_it_asks_for() {
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
    server.serves_next("hello page 1");
    project.write("greeting.txt", "bye");
    server.serves("bye page 1");
    project.write("page.txt", "page 2");
    server.serves("bye page 2");
    project.write(
        "build.rs",
        &script.replace("{greeting}\");\n        std", "{greeting}!\");\n        std"),
    );
    server.serves("bye! page 2");
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
        project.devserver(&arguments).serves_next(body);
    }
    project.write("Cargo.toml", &manifest("several", "default-run = \"two\""));
    project.devserver(&[]).serves_next("two");
}

#[test]
fn blanks_and_letters_of_all_kinds_in_the_path() {
    let project = Project::new("mein schönes Projekt 日本");
    project.write("Cargo.toml", &manifest("app", ""));
    project.save("src/main.rs", "include_str!(\"../eine Datei.txt\")");
    project.write("eine Datei.txt", "eins");
    let mut server = project.devserver(&[]);
    server.serves_next("eins");
    project.write("eine Datei.txt", "zwei");
    server.serves_next("zwei");
}

#[test]
fn the_environment_is_that_of_cargo_run() {
    const OURS: [&str; 10] = [
        "LISTEN_FDS",
        "LISTEN_PID",
        "LISTEN_PIDFDID",
        "LISTEN_FDS_FIRST_FD",
        "FDSTORE",
        "LISTENFD_STORE",
        "NOTIFY_SOCKET",
        // The folder of the profile is another.
        "LD_LIBRARY_PATH",
        "OUT_DIR",
        "_",
    ];
    let project = Project::new("env");
    let more = "authors = [\"A <a@b>\", \"C\"]\nrust-version = \"1.85\"\ndescription = \"it's\"\n\
                license = \"MIT\"\nreadme = \"README.md\"\nhomepage = \"https://localhost/\"";
    project.write("Cargo.toml", &manifest("env", more));
    project.write("README.md", "");
    project.write(".cargo/config.toml", "[env]\nFROM_CONFIG = { value = \"x\", relative = true }");
    project.write("build.rs", "fn main() { println!(\"cargo::rustc-env=FROM_SCRIPT=yes\") }");
    project.write(
        "src/main.rs",
        "fn main() {
            let vars: Vec<_> = std::env::vars().collect();
            let args: Vec<_> = std::env::args().skip(1).collect();
            let text = format!(\"{args:?} {:?}\\n{}\", std::env::current_dir(),
                vars.iter().map(|(k, v)| format!(\"{k}={v:?}\\n\")).collect::<String>());
            std::fs::write(\"seen\", text).unwrap();
        }",
    );
    let seen = || {
        let text = std::fs::read_to_string(project.path("seen")).unwrap();
        std::fs::remove_file(project.path("seen")).unwrap();
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.retain(|line| !OURS.iter().any(|name| line.starts_with(&format!("{name}="))));
        lines.sort_unstable();
        lines
    };
    let cargo = listenfd_core::process_variable("CARGO").unwrap_or("cargo".into());
    let output = project.command(cargo).args(["run", "--", "a b", "-c"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let expected = seen();
    let mut server = project.devserver(&["--", "a b", "-c"]);
    server.event("crashed");
    assert_eq!(seen(), expected);
}

#[test]
fn a_manifest_that_breaks_leaves_the_program_alone_and_one_that_changes_is_read() {
    let project = Project::app("1");
    let mut server = project.devserver(&[]);
    server.serves_next("1");
    project.write("Cargo.toml", "[package\n");
    let failed = server.event("failed");
    assert_eq!(failed["serving"], true, "{failed}");
    server.answers("1");
    // With a new dependency by path, which is then watched.
    project.write("Cargo.toml", &manifest("app", "[dependencies]\ndep = { path = \"dep\" }"));
    project.write("dep/Cargo.toml", &manifest("dep", ""));
    project.write("dep/src/lib.rs", "pub const N: u8 = 1;");
    project.save("src/main.rs", "dep::N + 1");
    server.serves("2");
    project.write("dep/src/lib.rs", "pub const N: u8 = 2;");
    server.serves("3");
    // The program by another name.
    let main = std::fs::read_to_string(project.path("src/main.rs")).unwrap();
    project.write("src/other.rs", &main.replace("dep::N + 1", "4"));
    let bin = "autobins = false\n[[bin]]\nname = \"other\"\npath = \"src/other.rs\"";
    project.write("Cargo.toml", &manifest("app", bin).replace("0.1.0", "0.2.0"));
    server.serves("4");
}

#[test]
fn a_program_that_binds_gets_its_port_by_a_variable() {
    let project = Project::new("app");
    project.write("Cargo.toml", &manifest("app", ""));
    let save = |text: &str| {
        let server = STD_SERVER
            .replace("BODY", text)
            .replace("unsafe { std::net::TcpListener::from_raw_fd(3) }", BINDS)
            .replace("assert_eq!(pid", "assert_ne!(pid")
            .replace("use std::os::fd::FromRawFd;", "")
            .replace("var(\"LISTEN_PID\").unwrap()", "var(\"LISTEN_PID\").unwrap_or_default()");
        project.write("src/main.rs", &server);
    };
    const BINDS: &str = "std::net::TcpListener::bind((\"127.0.0.1\", std::env::var(\"PORT\").unwrap().parse().unwrap())).unwrap()";
    save("1");
    let mut server = project.devserver(&["--port-env", "PORT"]);
    server.serves_next("1");
    save("2");
    server.serves_next("2");
    // Without the variable, it is told what to do.
    let mut server = project.devserver(&["--", "x"]);
    let crashed = server.event("crashed");
    assert_eq!(server.get().0, 503);
    assert!(crashed["stderr"].as_str().unwrap().contains("main.rs"), "{crashed}");
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
    server.serves_next("1");
    save("2");
    server.serves_next("2");
}

#[test]
fn the_chosen_manifest_counts_and_not_the_folder() {
    let project = Project::new("ws");
    project.write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"a\", \"b\"]\n");
    for name in ["a", "b"] {
        // The settings of the package whose program it is, also from the workspace's folder.
        let settings = format!("[package.metadata.devserver]\nargs = [\"of {name}\"]");
        project.write(&format!("{name}/Cargo.toml"), &manifest(name, &settings));
        project.save(&format!("{name}/src/main.rs"), "std::env::args().nth(1).unwrap()");
    }
    for arguments in [&["--manifest-path", "b/Cargo.toml"][..], &["--bin", "b"]] {
        project.devserver(arguments).serves_next("of b");
    }
}

/// `cargo devserver` may open more files, for the connections that it keeps; its program is what it
/// would be without.
#[cfg(target_os = "linux")]
#[test]
fn a_program_may_open_as_many_files_as_the_shell_says() {
    let limit = "std::fs::read_to_string(\"/proc/self/limits\").unwrap().lines()\
                 .find(|line| line.starts_with(\"Max open files\")).unwrap()\
                 .split_whitespace().nth(3).unwrap().to_owned()";
    let project = Project::app(limit);
    let mut server = project.devserver_with_files(500, &[]);
    server.serves_next("500");
    let own = std::fs::read_to_string(format!("/proc/{}/limits", server.child.pid())).unwrap();
    let own = own.lines().find(|line| line.starts_with("Max open files")).unwrap();
    assert_ne!(own.split_whitespace().nth(3), Some("500"));
}
