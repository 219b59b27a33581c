//! `cargo devserver` finds the program, and runs it as cargo would, in all kinds of projects.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use listenfd_tests::{DevServer, Project, STD_SERVER, manifest};

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
    // Outside of the workspace.
    project.write("../deep/Cargo.toml", &manifest("deep", ""));
    project.write("../deep/src/lib.rs", "pub const DEEP: u8 = 1;");
    project.write("other/Cargo.toml", &manifest("other", ""));
    project.write("other/src/main.rs", "fn main() {}");
    let mut server = project.devserver(&["-p", "app"]);
    server.wait_until_serving("common 1");
    project.write("../deep/src/lib.rs", "pub const DEEP: u8 = 2;");
    server.wait_until_serving("common 2");
    // What is not part of it starts no build: the next event is that of the save after it.
    project.write("other/src/main.rs", "fn main() { println!() }");
    project
        .write("common/src/lib.rs", "pub fn text() -> String { format!(\"both {}\", deep::DEEP) }");
    let building = server.wait_for_event("building");
    assert_eq!(building["changed"].as_array().unwrap().len(), 1, "{building}");
    server.wait_until_serving("both 2");
    // A module that did not exist.
    project.write("common/src/lib.rs", "mod new; pub use new::text;");
    project.write("common/src/new.rs", "pub fn text() -> u8 { 3 }");
    server.wait_for_answer("3");
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

/// A program that writes down how it was started, and ends.
const WITNESS: &str = "fn main() {
    let vars = std::env::vars().map(|(name, value)| format!(\"{name}={value:?}\\n\"));
    let args: Vec<_> = std::env::args().collect();
    let text = format!(\"args={args:?}\\nfolder={:?}\\n\", std::env::current_dir().unwrap());
    std::fs::write(std::env::var(\"SEEN\").unwrap(), text + &vars.collect::<String>()).unwrap();
}";

/// What a program sees that `cargo devserver` starts with these arguments, in this folder of the project,
/// with these variables; it is what one sees that `cargo run` starts.
#[track_caller]
fn seen_by_both(
    project: &Project,
    folder: &str,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Vec<String> {
    // Handed over to a program, and no variable of `cargo run`.
    const OURS: [&str; 7] = [
        "FDSTORE",
        "LISTENFD_STORE",
        "LISTEN_FDS",
        "LISTEN_FDS_FIRST_FD",
        "LISTEN_PID",
        "LISTEN_PIDFDID",
        "NOTIFY_SOCKET",
    ];
    let path = project.path("seen");
    let cargo = listenfd_core::internal::env_var("CARGO").unwrap_or("cargo".into());
    let devserver = listenfd_tests::program("devserver");
    let start = |program: &std::ffi::OsStr, before: &[&str]| {
        let mut command = project.command(program);
        command.args(before).args(arguments).args(["--", "a b", "-c"]);
        command.current_dir(project.path(folder)).env("SEEN", &path).envs(variables.to_vec());
        command
    };
    let seen = || {
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.retain(|line| !OURS.iter().any(|name| line.starts_with(&format!("{name}="))));
        lines.sort_unstable();
        lines
    };
    let output = start(&cargo, &["run"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let cargos = seen();
    // The profile is another one otherwise, and with it the folders.
    let ours = ["devserver", "--json", "-l", "http::0", "--profile", "dev"];
    let mut server = DevServer::start(&mut start(devserver.as_os_str(), &ours));
    server.wait_for_event("crashed");
    let ours = seen();
    let differ = |a: &[String], b: &[String]| -> Vec<String> {
        a.iter().filter(|line| !b.contains(line)).cloned().collect()
    };
    let (only_ours, only_cargos) = (differ(&ours, &cargos), differ(&cargos, &ours));
    assert_eq!(only_ours, only_cargos, "{folder} {arguments:?}");
    ours
}

#[test]
fn the_environment_is_that_of_cargo_run() {
    seen_by_both(&witness("plain", ""), ".", &[], &[]);

    let project = witness(
        "env",
        "authors = [\"A <a@b>\", \"C\"]\nrust-version = \"1.85\"\ndescription = \"it's\"\n\
         license = \"MIT\"\nreadme = \"README.md\"\nhomepage = \"https://localhost/\"",
    );
    project.write("README.md", "");
    project.write(
        ".cargo/config.toml",
        "include = [\"more.toml\"]\n[env]\nFROM_CONFIG = { value = \"x\", relative = true }\n\
         SET = \"no\"\nFORCED = { value = \"yes\", force = true }\nCARGO_PKG_NAME = \"no\"\n\
         BOTH = \"config\"\nOUT_DIR = \"no\"",
    );
    project.write(".cargo/more.toml", "[env]\nINCLUDED = \"yes\"");
    project.write(
        "build.rs",
        "fn main() {
            let out = std::env::var(\"OUT_DIR\").unwrap();
            println!(\"cargo::rustc-env=FROM_SCRIPT=yes\");
            println!(\"cargo::rustc-env=BOTH=script\");
            println!(\"cargo::rustc-link-search=native={out}/lib\");
            println!(\"cargo::rustc-link-search={out}/also\");
            println!(\"cargo::rustc-link-search=/usr/lib\");
        }",
    );
    let variables = [("SET", "yes"), ("FORCED", "no")];
    let ours = seen_by_both(&project, ".", &[], &variables);
    assert!(ours.iter().any(|line| line.starts_with("OUT_DIR=")), "{ours:#?}");
    // From another folder, for which the program's path is another, into another one.
    seen_by_both(&project, "src", &["--target-dir", "../elsewhere"], &variables);
    seen_by_both(&project, ".", &[], &[("CARGO_BUILD_BUILD_DIR", "apart"), ("SET", "")]);
}

/// A package whose program writes down how it was started.
fn witness(name: &str, more: &str) -> Project {
    let project = Project::new(name);
    project.write("Cargo.toml", &manifest(name, more));
    project.write("src/main.rs", WITNESS);
    project
}

#[test]
fn the_environment_is_that_of_cargo_run_in_a_workspace() {
    let project = Project::new("space");
    project.write("Cargo.toml", "[workspace]\nmembers = [\"app\", \"lib\"]\nresolver = \"3\"\n[workspace.package]\nversion = \"1.2.3-rc.1\"\nrepository = \"https://localhost/r\"");
    let dependency = "license-file = \"../LICENSE\"\nrepository.workspace = true\n\
                      [dependencies]\nlib = { path = \"../lib\" }";
    let app =
        manifest("app", dependency).replace("version = \"0.1.0\"", "version.workspace = true");
    project.write("app/Cargo.toml", &app);
    project.write("LICENSE", "");
    project.write("app/src/bin/one.rs", WITNESS);
    project.write("app/examples/two.rs", WITNESS);
    project.write("lib/Cargo.toml", &manifest("lib", ""));
    project.write("lib/src/lib.rs", "");
    project.write(
        "lib/build.rs",
        "fn main() { println!(\"cargo::rustc-link-search={}\", std::env::var(\"OUT_DIR\").unwrap()) }",
    );
    // Of two files with the same keys, the nearer one counts, key by key.
    project.write("app/.cargo/config.toml", "[env]\nNEAR = \"near\"\nT = { value = \"t\" }");
    project.write(
        ".cargo/config.toml",
        "[env]\nNEAR = \"far\"\nT = { value = \"far\", relative = true }",
    );
    for (folder, arguments) in [
        ("app", &["--bin", "one"][..]),
        ("app", &["--example", "two"]),
        (".", &["-p", "app", "--bin", "one"]),
        ("lib", &["-p", "app", "--example", "two"]),
    ] {
        seen_by_both(&project, folder, arguments, &[]);
    }
}

#[test]
fn the_runner_is_that_of_cargo_run() {
    let triple = host();
    let project = witness("runner", "");
    let script = "#!/bin/sh\nRUNNER=\"$1\"; export RUNNER; shift\n\"$@\"\n";
    project.write("tools/run.sh", script);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(project.path("tools/run.sh"), mode).unwrap();
    let variable = format!("CARGO_TARGET_{}_RUNNER", triple.to_uppercase().replace('-', "_"));
    let by_triple = format!("[target.{triple}]\nrunner = \"tools/run.sh by-triple\"\n");
    let by_cfg = "[target.'cfg(all(unix, not(windows)))']\nrunner = [\"tools/run.sh\", \"by cfg\"]\n\
                  [target.'cfg(windows)']\nrunner = \"wine\"\n";
    for (config, variables, expected) in [
        (by_cfg.to_owned(), vec![], "RUNNER=\"by cfg\""),
        (format!("{by_cfg}{by_triple}"), vec![], "RUNNER=\"by-triple\""),
        (by_triple.clone(), vec![(variable.as_str(), "tools/run.sh var")], "RUNNER=\"var\""),
        // It has a folder of its own for it.
        (format!("{by_triple}[build]\ntarget = \"{triple}\""), vec![], "RUNNER=\"by-triple\""),
    ] {
        project.write(".cargo/config.toml", &config);
        let ours = seen_by_both(&project, ".", &[], &variables);
        assert!(ours.contains(&expected.to_owned()), "{expected}: {ours:#?}");
    }
}

/// The target that rustc builds for.
fn host() -> String {
    let output = std::process::Command::new("rustc").arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

#[test]
fn a_program_behind_a_runner_takes_the_sockets_and_follows_the_configuration() {
    let project = Project::new("app");
    project.write("Cargo.toml", &manifest("app", ""));
    let body = "std::env::var(\"GREETING\").unwrap_or_default()";
    // As our receiver takes it: without a process id, the sockets are for whoever gets them.
    let main = listenfd_tests::STD_SERVER.replace("BODY", body);
    let main = main.replace("let pid = std::env::var(\"LISTEN_PID\").unwrap();", "");
    let check = "assert_eq!(pid, std::process::id().to_string());";
    project.write(
        "src/main.rs",
        &main.replace(check, "assert!(std::env::var(\"LISTEN_PID\").is_err());"),
    );
    project.write("run.sh", "#!/bin/sh\n\"$@\"\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(project.path("run.sh"), mode).unwrap();
    let runner = "[target.'cfg(unix)']\nrunner = \"./run.sh\"\n";
    project.write(".cargo/config.toml", &format!("{runner}[env]\nGREETING = \"one\""));
    let mut server = project.devserver(&[]);
    server.wait_until_serving("one");
    project.write(".cargo/config.toml", &format!("{runner}[env]\nGREETING = \"two\""));
    server.wait_until_serving("two");
}

#[test]
fn variables_of_the_configuration_are_followed_also_in_folders_above() {
    let project = Project::new("above");
    project.write("app/Cargo.toml", &manifest("app", ""));
    project.save("app/src/main.rs", "std::env::var(\"GREETING\").unwrap_or_default()");
    let mut command = project.command(listenfd_tests::program("devserver"));
    command.args(["devserver", "--json", "-l", "http::0"]).current_dir(project.path("app"));
    let mut server = DevServer::start(&mut command);
    server.wait_until_serving("");
    project.write(".cargo/config.toml", "[env]\nGREETING = \"above\"");
    server.wait_until_serving("above");
    project.write("app/.cargo/config.toml", "[env]\nGREETING = \"near\"");
    server.wait_until_serving("near");
    project.write("app/.cargo/config.toml", "[env]\nGREETING = \"edited\"");
    server.wait_until_serving("edited");
    project
        .write("app/.cargo/config.toml", "include = [{ path = \"more.toml\", optional = true }]");
    server.wait_until_serving("above");
    project.write("app/.cargo/more.toml", "[env]\nGREETING = \"included\"");
    server.wait_until_serving("included");
    std::fs::remove_file(project.path("app/.cargo/config.toml")).unwrap();
    server.wait_until_serving("above");
}

#[test]
fn a_manifest_that_breaks_leaves_the_program_alone_and_one_that_changes_is_read() {
    let project = Project::app("1");
    let mut server = project.devserver(&[]);
    server.wait_until_serving("1");
    project.write("Cargo.toml", "[package\n");
    let failed = server.wait_for_event("failed");
    assert_eq!(failed["serving"], true, "{failed}");
    server.assert_answer("1");
    // With a new dependency by path, which is then watched.
    project.write("Cargo.toml", &manifest("app", "[dependencies]\ndep = { path = \"dep\" }"));
    project.write("dep/Cargo.toml", &manifest("dep", ""));
    project.write("dep/src/lib.rs", "pub const N: u8 = 1;");
    project.save("src/main.rs", "dep::N + 1");
    server.wait_for_answer("2");
    project.write("dep/src/lib.rs", "pub const N: u8 = 2;");
    server.wait_for_answer("3");
    // The program by another name.
    let main = std::fs::read_to_string(project.path("src/main.rs")).unwrap();
    project.write("src/other.rs", &main.replace("dep::N + 1", "4"));
    let bin = "autobins = false\n[[bin]]\nname = \"other\"\npath = \"src/other.rs\"";
    project.write("Cargo.toml", &manifest("app", bin).replace("0.1.0", "0.2.0"));
    server.wait_for_answer("4");
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
    server.wait_until_serving("1");
    save("2");
    server.wait_until_serving("2");
    // Without the variable, it is told what to do.
    let mut server = project.devserver(&["--", "x"]);
    let crashed = server.wait_for_event("crashed");
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
    server.wait_until_serving("1");
    save("2");
    server.wait_until_serving("2");
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
        project.devserver(arguments).wait_until_serving("of b");
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
    server.wait_until_serving("500");
    let own = std::fs::read_to_string(format!("/proc/{}/limits", server.child.pid())).unwrap();
    let own = own.lines().find(|line| line.starts_with("Max open files")).unwrap();
    assert_ne!(own.split_whitespace().nth(3), Some("500"));
}
