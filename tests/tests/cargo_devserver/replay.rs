//! Replay: where only sources have changed, the program is built without cargo, and it is the program
//! that cargo would build.

use std::fs::File;
use std::time::SystemTime;

use listenfd_tests::{DevServer, Project, STD_SERVER, manifest, program};
use serde_json::Value;

/// Waits until nothing is under way, so that the next save can be a replay.
#[track_caller]
fn settle(project: &Project) {
    let output =
        project.command(program("devserver")).args(["devserver", "wait"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Waits for the end of the next swap. Returns who has made the build.
#[track_caller]
fn built_by(server: &mut DevServer, answer: &str) -> String {
    let serving = server.wait_for_event("serving");
    server.assert_answer(answer);
    serving["built_by"].as_str().unwrap().to_owned()
}

/// A started project whose next save can be a replay.
#[track_caller]
fn started(project: &Project, arguments: &[&str], answer: &str) -> DevServer {
    project.lock();
    let mut server = project.devserver(arguments);
    assert_eq!(built_by(&mut server, answer), "cargo");
    settle(project);
    server
}

/// Changes a file, and checks how it is built.
#[track_caller]
fn check(
    (project, server): (&Project, &mut DevServer),
    change: impl FnOnce(),
    by: &str,
    answer: &str,
) {
    change();
    assert_eq!(built_by(server, answer), by, "{answer}");
    settle(project);
}

/// A workspace: `app` with a library of its own, `util`, and `macros`, a macro that needs `shared`, as
/// the program does.
fn workspace() -> Project {
    let project = Project::new("ws");
    let members = "members = [\"app\", \"util\", \"macros\", \"shared\"]";
    project.write("Cargo.toml", &format!("[workspace]\nresolver = \"3\"\n{members}\n"));
    let dependencies =
        ["util", "macros", "shared"].map(|it| format!("{it} = {{ path = \"../{it}\" }}\n"));
    let dependencies = format!("[dependencies]\n{}", dependencies.concat());
    project.write("app/Cargo.toml", &manifest("app", &dependencies));
    project.save("app/src/main.rs", "app::all()");
    project.write(
        "app/src/lib.rs",
        "pub fn all() -> String { format!(\"{} {}\", util::text(), macros::number!()) }",
    );
    project.write("util/Cargo.toml", &manifest("util", ""));
    project.write("util/src/lib.rs", "pub fn text() -> &'static str { \"one\" }");
    project.write("shared/Cargo.toml", &manifest("shared", ""));
    project.write("shared/src/lib.rs", "pub fn number() -> u8 { 1 }");
    let macros = "[lib]\nproc-macro = true\n[dependencies]\nshared = { path = \"../shared\" }";
    project.write("macros/Cargo.toml", &manifest("macros", macros));
    let number =
        "#[proc_macro] pub fn number(_: proc_macro::TokenStream) -> proc_macro::TokenStream
                  { shared::number().to_string().parse().unwrap() }";
    project.write("macros/src/lib.rs", number);
    project
}

#[test]
fn sources_of_the_workspace_are_replayed_and_macros_are_left_to_cargo() {
    let project = workspace();
    let mut server = started(&project, &["-p", "app"], "one 1");
    let at = &mut server;
    let util = |text: &str| format!("pub fn text() -> &'static str {{ {text} }}");
    check((&project, at), || project.write("util/src/lib.rs", &util("\"two\"")), "replay", "two 1");
    check(
        (&project, at),
        || project.save("app/src/main.rs", "format!(\"{}!\", app::all())"),
        "replay",
        "two 1!",
    );
    // Of two crates at once, and a new module.
    check(
        (&project, at),
        || {
            project.write("util/src/more.rs", "pub const MORE: &str = \"more\";");
            project.write("util/src/lib.rs", &format!("mod more; {}", util("more::MORE")));
        },
        "replay",
        "more 1!",
    );
    check(
        (&project, at),
        || project.write("util/src/more.rs", "pub const MORE: &str = \"even more\";"),
        "replay",
        "even more 1!",
    );
    // The program needs the same library, but so does the macro.
    check(
        (&project, at),
        || project.write("shared/src/lib.rs", "pub fn number() -> u8 { 2 }"),
        "cargo",
        "even more 2!",
    );
    check(
        (&project, at),
        || project.write("util/src/more.rs", "pub const MORE: &str = \"x\";"),
        "replay",
        "x 2!",
    );
    // cargo comes to the same program.
    server.quit();
    let mut server = project.devserver(&["-p", "app"]);
    assert_eq!(built_by(&mut server, "x 2!"), "cargo");
    settle(&project);
    // The records of last time are there, though cargo has compiled nothing the second time.
    server.quit();
    let mut server = project.devserver(&["-p", "app"]);
    assert_eq!(built_by(&mut server, "x 2!"), "cargo");
    settle(&project);
    check(
        (&project, &mut server),
        || project.write("util/src/lib.rs", &util("\"z\"")),
        "replay",
        "z 2!",
    );
}

#[test]
fn what_is_not_a_source_is_left_to_cargo() {
    let body = "format!(\"{} {} {}\", env!(\"GREETING\"), include_str!(\"../page.txt\"), option_env!(\"OWN\").unwrap_or(\"none\"))";
    let project = Project::app(body);
    project.write("page.txt", "page 1");
    project.write("greeting.txt", "hello");
    let script = "fn main() {
        println!(\"cargo::rerun-if-changed=greeting.txt\");
        let greeting = std::fs::read_to_string(\"greeting.txt\").unwrap();
        println!(\"cargo::rustc-env=GREETING={greeting}\");
    }";
    project.write("build.rs", script);
    let mut server = started(&project, &[], "hello page 1 none");
    let at = &mut server;
    check((&project, at), || project.write("page.txt", "page 2"), "replay", "hello page 2 none");
    check((&project, at), || project.write("greeting.txt", "bye"), "cargo", "bye page 2 none");
    check((&project, at), || project.write("page.txt", "page 3"), "replay", "bye page 3 none");
    check(
        (&project, at),
        || project.write("build.rs", &script.replace("={greeting}", "={greeting}!")),
        "cargo",
        "bye! page 3 none",
    );
    check((&project, at), || project.write("page.txt", "page 4"), "replay", "bye! page 4 none");
    check(
        (&project, at),
        || project.write(".cargo/config.toml", "[env]\nOWN = \"own\"\n"),
        "cargo",
        "bye! page 4 own",
    );
    check((&project, at), || project.write("page.txt", "page 5"), "replay", "bye! page 5 own");
    // A new dependency.
    project.write("dep/Cargo.toml", &manifest("dep", ""));
    project.write("dep/src/lib.rs", "pub const N: u8 = 1;");
    project.write("Cargo.toml", &manifest("app", "[dependencies]\ndep = { path = \"dep\" }"));
    project.save("src/main.rs", "dep::N");
    server.wait_for_answer("1");
}

#[test]
fn a_file_that_is_put_back_with_its_old_time_comes_right() {
    let project = Project::app("1");
    let mut server = started(&project, &[], "1");
    let file = project.path("src/main.rs");
    let old = std::fs::metadata(&file).unwrap().modified().unwrap();
    let put_back = || {
        project.save("src/main.rs", "1");
        File::options().write(true).open(&file).unwrap().set_modified(old).unwrap();
    };
    check((&project, &mut server), || project.save("src/main.rs", "2"), "replay", "2");
    // It arrives with its time, as from `cp -p` or `mv`.
    let aside = project.path("../aside");
    check(
        (&project, &mut server),
        || {
            std::fs::copy(&file, &aside).unwrap();
            std::fs::write(&aside, STD_SERVER.replace("BODY", "1")).unwrap();
            File::options().write(true).open(&aside).unwrap().set_modified(old).unwrap();
            std::fs::rename(&aside, &file).unwrap();
        },
        "replay",
        "1",
    );
    check((&project, &mut server), || project.save("src/main.rs", "3"), "replay", "3");
    server.quit();
    // cargo takes its own program for that of the old file.
    put_back();
    let mut server = project.devserver(&[]);
    assert_eq!(built_by(&mut server, "1"), "cargo");
}

#[test]
fn an_error_of_the_compiler_looks_as_cargos() {
    let project = Project::app("1");
    let mut server = started(&project, &[], "1");
    let failure = |server: &mut DevServer| {
        project.save("src/main.rs", "{ let unused = 1; no_such_name }");
        let failed = server.wait_for_event("failed");
        let by = failed["built_by"].as_str().unwrap().to_owned();
        (by, failed["message"].as_str().unwrap().to_owned(), failed["serving"].clone())
    };
    let (by, message, serving) = failure(&mut server);
    assert_eq!((by.as_str(), &serving), ("replay", &Value::Bool(true)));
    assert!(message.contains("error: could not compile `app` (bin \"app\") due to"), "{message}");
    server.assert_answer("1");
    project.save("src/main.rs", "2");
    assert_eq!(built_by(&mut server, "2"), "replay");
    server.quit();
    let mut server = project.devserver(&["--no-replay"]);
    server.wait_until_serving("2");
    let (by, of_cargo, _) = failure(&mut server);
    assert_eq!((by.as_str(), of_cargo), ("cargo", message));
}

#[test]
fn without_replay_cargo_builds_and_nothing_is_recorded() {
    let project = Project::app("1");
    let mut server = started(&project, &["--no-replay"], "1");
    check((&project, &mut server), || project.save("src/main.rs", "2"), "cargo", "2");
    assert!(!project.path("target/devserver/.replay").exists());
}

#[test]
fn another_cargo_with_the_lock_is_waited_for_by_cargo() {
    let project = Project::app("1");
    let mut server = started(&project, &[], "1");
    let lock = File::open(project.path("target/devserver/.cargo-lock")).unwrap();
    lock.lock().unwrap();
    project.save("src/main.rs", "2");
    server.wait_for_event("blocked");
    drop(lock);
    assert_eq!(built_by(&mut server, "2"), "cargo");
}

#[test]
fn records_have_no_secrets() {
    let project = Project::app("1");
    project.lock();
    let mut command = project.command(program("devserver"));
    command.args(["devserver", "--json", "-l", "http::0"]);
    for name in ["DATABASE_URL", "CARGO_REGISTRY_TOKEN", "CARGO_PKG_TOKEN"] {
        command.env(name, "a-secret-value");
    }
    let mut server = DevServer::start(&mut command);
    server.wait_for_event("serving");
    let records = project.path("target/devserver/.replay/records");
    let mut number = 0;
    for file in std::fs::read_dir(records).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(text.contains("--crate-name") && !text.contains("a-secret-value"), "{text}");
        number += 1;
    }
    assert_eq!(number, 1);
}

#[test]
fn the_users_own_wrapper_runs_too() {
    use std::os::unix::fs::PermissionsExt;

    let project = Project::app("if cfg!(wrapped) { \"wrapped\" } else { \"not\" }");
    project.write(".cargo/config.toml", "[build]\nrustc-workspace-wrapper = \"./wrapper\"\n");
    project.write("wrapper", "#!/bin/sh\nexec \"$@\" --cfg wrapped\n");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(project.path("wrapper"), executable).unwrap();
    let mut server = started(&project, &[], "wrapped");
    let body = "if cfg!(wrapped) { \"wrapped again\" } else { \"not\" }";
    check((&project, &mut server), || project.save("src/main.rs", body), "replay", "wrapped again");
}

#[test]
fn warnings_of_other_crates_are_repeated() {
    let project = workspace();
    project.write("util/src/lib.rs", "pub fn text() -> &'static str { let unused = 1; \"one\" }");
    let mut server = started(&project, &["-p", "app"], "one 1");
    let warnings = || {
        let arguments = ["devserver", "status", "--json"];
        let output = project.command(program("devserver")).args(arguments).output().unwrap();
        let status: Value = serde_json::from_slice(&output.stdout).unwrap();
        (status["warnings"].as_u64().unwrap(), status["built_by"].clone())
    };
    let (by_cargo, _) = warnings();
    assert!(by_cargo > 0);
    let save = |body: &str| project.save("app/src/main.rs", body);
    check((&project, &mut server), || save("{ let unused = 2; app::all() }"), "replay", "one 1");
    assert_eq!(warnings(), (by_cargo + 1, "replay".into()));
    check((&project, &mut server), || save("app::all().to_uppercase()"), "replay", "ONE 1");
    assert_eq!(warnings(), (by_cargo, "replay".into()));
}

#[test]
fn a_program_that_was_replayed_is_not_taken_for_cargos() {
    let project = Project::app("1");
    let mut server = started(&project, &[], "1");
    check((&project, &mut server), || project.save("src/main.rs", "2"), "replay", "2");
    let deps = || {
        let files = std::fs::read_dir(project.path("target/devserver/deps")).unwrap();
        let mut files: Vec<(_, SystemTime)> = files
            .map(|file| file.unwrap())
            .map(|file| (file.path(), file.metadata().unwrap().modified().unwrap()))
            .collect();
        files.sort();
        files
    };
    let before = deps();
    check((&project, &mut server), || project.save("src/main.rs", "3"), "replay", "3");
    assert_eq!(deps(), before, "a replay leaves cargo's folder alone");
}
