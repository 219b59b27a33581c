//! The program gets the environment, the runner and the limits that `cargo run` would give it.

use listenfd_tests::{DevServer, Project, STD_SERVER, manifest};

/// A program that writes down its arguments, folder and variables, and ends.
const WITNESS: &str = "fn main() {
    let vars = std::env::vars().map(|(name, value)| format!(\"{name}={value:?}\\n\"));
    let args: Vec<_> = std::env::args().collect();
    let text = format!(\"args={args:?}\\nfolder={:?}\\n\", std::env::current_dir().unwrap());
    std::fs::write(std::env::var(\"SEEN\").unwrap(), text + &vars.collect::<String>()).unwrap();
}";

/// A package with the program [`WITNESS`].
fn witness(name: &str, more: &str) -> Project {
    let project = Project::new(name);
    project.write("Cargo.toml", &manifest(name, more));
    project.write("src/main.rs", WITNESS);
    project
}

/// Checks that a program sees the same under `cargo devserver` and under `cargo run`, with these arguments, folder
/// and variables, and returns that.
#[track_caller]
fn seen_by_both(
    project: &Project,
    folder: &str,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Vec<String> {
    // Variables of socket activation, which `cargo run` does not set.
    const OURS: [&str; 8] = [
        "FDSTORE",
        "LISTENFD_DEVSERVER",
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
    // The same profile for both, because the folders depend on it.
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
    // From another folder, where the program has another relative path, with another target folder.
    seen_by_both(&project, "src", &["--target-dir", "../elsewhere"], &variables);
    seen_by_both(&project, ".", &[], &[("CARGO_BUILD_BUILD_DIR", "apart"), ("SET", "")]);
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
    // Of two configuration files, the nearer one wins, key by key.
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
        // With `build.target`, cargo uses another folder.
        (format!("{by_triple}[build]\ntarget = \"{triple}\""), vec![], "RUNNER=\"by-triple\""),
    ] {
        project.write(".cargo/config.toml", &config);
        let ours = seen_by_both(&project, ".", &[], &variables);
        assert!(ours.contains(&expected.to_owned()), "{expected}: {ours:#?}");
    }
}

/// The target of rustc.
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
    // Our receiver accepts this: without a process id, the sockets are for any process.
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
fn variables_from_a_file_restart_the_program() {
    let project = Project::app("std::env::var(\"GREETING\").unwrap()");
    project.write(".env", "GREETING=hello\n");
    let mut server = project.devserver(&["--env-file", ".env"]);
    server.wait_until_serving("hello");
    project.write(".env", "GREETING=\"good day\"\n");
    assert_eq!(server.event_kinds_until("serving"), ["reload", "serving"]);
    server.assert_answer("good day");
    project.write(".env", "GREETING='open");
    let failed = server.wait_for_event("failed");
    assert!(failed["message"].as_str().unwrap().contains(".env"), "{failed}");
    server.assert_answer("good day");
    // While it cannot be read, a build ends no program; what was built runs later.
    let more =
        "format!(\"{} {}\", std::env::var(\"GREETING\").unwrap(), include_str!(\"../page.txt\"))";
    project.write("page.txt", "1");
    project.save("src/main.rs", more);
    let failed = server.wait_for_event("failed");
    assert!(failed["message"].as_str().unwrap().contains(".env"), "{failed}");
    server.assert_answer("good day");
    project.write(".env", "GREETING=again");
    server.wait_for_answer("again 1");
    project.write("page.txt", "2");
    server.wait_for_answer("again 2");
    project.save("src/main.rs", "std::env::var(\"GREETING\").unwrap()");
    server.wait_for_answer("again");
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
    // Without the variable, a note says what to do.
    let mut server = project.devserver(&["--", "x"]);
    let crashed = server.wait_for_event("crashed");
    assert_eq!(server.get().0, 503);
    assert!(crashed["stderr"].as_str().unwrap().contains("main.rs"), "{crashed}");
}

/// `cargo devserver` raises its own limit, for the connections that it keeps. The program gets the original one.
#[cfg(target_os = "linux")]
#[test]
fn the_program_gets_the_limit_of_open_files_of_the_shell() {
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
