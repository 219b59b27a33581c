//! `cargo devserver` finds the program, and sees what matters to it, in all kinds of projects.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use listenfd_tests::{DEADLINE, DevServer, Project, STD_SERVER, manifest};

fn serves(server: &mut DevServer, body: &str) {
    server.event("serving");
    assert_eq!(server.get(), (200, body.to_owned()));
}

#[test]
fn a_single_crate() {
    let project = Project::app("1");
    let mut server = project.devserver(&[]);
    serves(&mut server, "1");
    project.save("src/main.rs", "2");
    serves(&mut server, "2");
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
    serves(&mut server, "common 1");
    project.write("../deep/src/lib.rs", "pub const DEEP: u8 = 2;");
    serves(&mut server, "common 2");
    // What is not part of it starts no build: the next event is that of the save after it.
    project.write("other/src/main.rs", "fn main() { println!() }");
    project
        .write("common/src/lib.rs", "pub fn text() -> String { format!(\"both {}\", deep::DEEP) }");
    let building = server.event("building");
    assert_eq!(building["changed"].as_array().unwrap().len(), 1, "{building}");
    serves(&mut server, "both 2");
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
    serves(&mut server, "hello page 1");
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
fn a_build_script_that_writes_something_else_each_time_makes_no_loop() {
    let project = Project::app("include_str!(\"written.txt\").len().min(1) + OFFSET");
    project.write("src/written.txt", "0");
    project.write(
        "build.rs",
        "fn main() {
            let now = std::time::SystemTime::now();
            std::fs::write(\"src/written.txt\", format!(\"{now:?}\")).unwrap();
        }",
    );
    let save = |offset| {
        let body = "include_str!(\"written.txt\").len().min(1) + OFFSET";
        project.save("src/main.rs", &body.replace("OFFSET", offset));
    };
    save("0");
    let mut server = project.devserver(&[]);
    let note = server.event("note");
    assert!(note["message"].as_str().unwrap().contains("src/written.txt"), "{note}");
    server.serves("1");
    // It is not deaf afterwards.
    save("1");
    server.serves("2");
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
        serves(&mut project.devserver(&arguments), body);
    }
    project.write("Cargo.toml", &manifest("several", "default-run = \"two\""));
    serves(&mut project.devserver(&[]), "two");
}

#[test]
fn blanks_and_letters_of_all_kinds_in_the_path() {
    let project = Project::new("mein schönes Projekt 日本");
    project.write("Cargo.toml", &manifest("app", ""));
    project.save("src/main.rs", "include_str!(\"../eine Datei.txt\")");
    project.write("eine Datei.txt", "eins");
    let mut server = project.devserver(&[]);
    serves(&mut server, "eins");
    project.write("eine Datei.txt", "zwei");
    serves(&mut server, "zwei");
}

#[test]
fn the_environment_is_that_of_cargo_run() {
    const OURS: [&str; 8] = [
        "LISTEN_FDS",
        "LISTEN_PID",
        "LISTEN_PIDFDID",
        "LISTEN_FDS_FIRST_FD",
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
fn only_a_change_of_content_is_a_change() {
    let project = Project::app("1");
    let mut server = project.devserver(&[]);
    serves(&mut server, "1");
    // A touch, a save of the same, and an editor's save by rename with its temporary file.
    let main = project.path("src/main.rs");
    let now = std::time::SystemTime::now();
    std::fs::File::options().append(true).open(&main).unwrap().set_modified(now).unwrap();
    project.save("src/main.rs", "1");
    std::fs::copy(&main, project.path("src/.main.rs.swp")).unwrap();
    std::fs::rename(project.path("src/.main.rs.swp"), &main).unwrap();
    project.write("notes.txt", "nothing to do with it");
    project.write("target/devserver/noise.rs", "");
    project.save("src/saved", "2");
    std::fs::rename(project.path("src/saved"), &main).unwrap();
    // The first news is of the one real change.
    let event = server.news();
    assert_eq!(
        (&event["event"], &event["changed"][0]),
        (&"building".into(), &"src/main.rs".into())
    );
    serves(&mut server, "2");
}

#[test]
fn a_checkout_of_many_files_is_one_change() {
    let project = Project::app("modules::N");
    project.write(".gitignore", "/target\n");
    let modules = |text: &str, count: usize| {
        let mut all = String::new();
        for number in 0..500 {
            all.push_str(&format!("pub mod m{number};\n"));
            project.write(&format!("src/modules/m{number}.rs"), text);
        }
        project.write("src/modules.rs", &format!("{all}pub const N: usize = {count};"));
        let main = std::fs::read_to_string(project.path("src/main.rs")).unwrap();
        if !main.contains("mod modules;") {
            project.write("src/main.rs", &format!("mod modules;\n{main}"));
        }
    };
    project.git(&["init", "-q"]);
    modules("", 1);
    project.git(&["add", "."]);
    project.git(&["commit", "-qm", "one"]);
    project.git(&["checkout", "-qb", "two"]);
    modules("// two", 2);
    project.git(&["commit", "-qam", "two"]);
    let mut server = project.devserver(&[]);
    serves(&mut server, "2");
    project.git(&["checkout", "-q", "-"]);
    server.serves("1");
    // However long the checkout took: what it has built last is what is there now.
    project.git(&["checkout", "-q", "-"]);
    server.serves("2");
}

#[test]
fn what_git_ignores_starts_nothing_unless_it_is_asked_for() {
    let project = Project::app("1");
    project.write(".gitignore", "*.log\n/generated/\n");
    project.write("generated/page.css", "1");
    project.write("templates/page.html", "1");
    let globs =
        ["--restart", "templates/**", "--reload", "generated/*.css", "--ignore", "src/draft.rs"];
    let mut server = project.devserver(&globs);
    serves(&mut server, "1");
    project.write("app.log", "a line");
    project.write("generated/x.rs", "nothing");
    project.write("src/draft.rs", "nothing");
    project.write("generated/page.css", "2");
    assert_eq!(server.news()["event"], "reload");
    project.write("templates/page.html", "2");
    assert_eq!(server.kinds_until("serving"), ["reload", "serving"]);
}

#[test]
fn a_folder_that_is_made_anew_is_watched_as_before() {
    let project = Project::app("1");
    project.write(".gitignore", "*.css\n");
    project.write("static/page.css", "1");
    let mut server = project.devserver(&["--reload", "static/**"]);
    serves(&mut server, "1");
    for round in 2..5 {
        std::fs::remove_dir_all(project.path("static")).unwrap();
        project.write("static/page.css", &round.to_string());
        server.event("reload");
        project.write("static/page.css", &format!("{round} again"));
        server.event("reload");
    }
}

#[test]
fn a_file_that_is_no_part_of_the_build_is_spoken_of() {
    let project = Project::app("1");
    project.write("templates/page.html", "1");
    let mut server = project.devserver(&[]);
    serves(&mut server, "1");
    project.write("templates/page.html", "2");
    let note = server.event("note");
    assert!(note["message"].as_str().unwrap().contains("--restart 'templates/*.html'"), "{note}");
}

#[test]
fn variables_from_a_file_restart_the_program() {
    let project = Project::app("std::env::var(\"GREETING\").unwrap()");
    project.write(".env", "GREETING=hello\n");
    let mut server = project.devserver(&["--env-file", ".env"]);
    serves(&mut server, "hello");
    project.write(".env", "GREETING=\"good day\"\n");
    assert_eq!(server.kinds_until("serving"), ["reload", "serving"]);
    serves_now(&server, "good day");
    project.write(".env", "GREETING='open");
    let failed = server.event("failed");
    assert!(failed["message"].as_str().unwrap().contains(".env"), "{failed}");
    serves_now(&server, "good day");
    // A build while it cannot be read ends no program, and what was built is run later.
    let more =
        "format!(\"{} {}\", std::env::var(\"GREETING\").unwrap(), include_str!(\"../page.txt\"))";
    project.write("page.txt", "1");
    project.save("src/main.rs", more);
    let failed = server.event("failed");
    assert!(failed["message"].as_str().unwrap().contains(".env"), "{failed}");
    serves_now(&server, "good day");
    project.write(".env", "GREETING=again");
    server.serves("again 1");
    project.write("page.txt", "2");
    server.serves("again 2");
    project.save("src/main.rs", "std::env::var(\"GREETING\").unwrap()");
    server.serves("again");
}

fn serves_now(server: &DevServer, body: &str) {
    assert_eq!(server.get(), (200, body.to_owned()));
}

#[test]
fn looking_again_and_again_sees_the_same() {
    let project = Project::app("1");
    let mut server = project.devserver(&["--watcher", "poll"]);
    serves(&mut server, "1");
    project.save("src/main.rs", "2");
    serves(&mut server, "2");
    project.write("src/main.rs", "mod deep;\nfn main() { deep::main() }");
    std::fs::create_dir(project.path("src/deep")).unwrap();
    project.save("src/deep/mod.rs", "3");
    project.write(
        "src/deep/mod.rs",
        &std::fs::read_to_string(project.path("src/deep/mod.rs"))
            .unwrap()
            .replace("fn main", "pub fn main"),
    );
    server.serves("3");
}

#[test]
fn a_manifest_that_breaks_leaves_the_program_alone_and_one_that_changes_is_read() {
    let project = Project::app("1");
    let mut server = project.devserver(&[]);
    serves(&mut server, "1");
    project.write("Cargo.toml", "[package\n");
    let failed = server.event("failed");
    assert_eq!(failed["serving"], true, "{failed}");
    serves_now(&server, "1");
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
    serves(&mut server, "1");
    save("2");
    serves(&mut server, "2");
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
    serves(&mut server, "1");
    save("2");
    serves(&mut server, "2");
}

/// A build script that waits, so that a test can do something during the build.
const WAITS: &str = "fn main() {
    println!(\"cargo::rerun-if-changed=build.rs\");
    while !std::path::Path::new(\"go\").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}";

/// Writes `Cargo.lock`, which a build would have to write otherwise, and that is a change.
fn lock(project: &Project) {
    let cargo = listenfd_core::process_variable("CARGO").unwrap_or("cargo".into());
    assert!(project.command(cargo).arg("generate-lockfile").status().unwrap().success());
}

fn wait_for(what: &str, is_there: impl Fn() -> bool) {
    let end = std::time::Instant::now() + DEADLINE;
    while !is_there() {
        assert!(std::time::Instant::now() < end, "no {what}");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

#[test]
fn a_file_that_is_saved_while_it_becomes_part_of_the_build() {
    let project = Project::app("page::PAGE");
    let dependencies = "[dependencies]\npage = { path = \"page\" }\nslow = { path = \"slow\" }";
    project.write("Cargo.toml", &manifest("app", dependencies));
    project.write("page/Cargo.toml", &manifest("page", ""));
    project.write("page/src/lib.rs", "pub const PAGE: &str = include_str!(\"../page.txt\");");
    project.write("page/page.txt", "old");
    project.write("slow/Cargo.toml", &manifest("slow", ""));
    project.write("slow/src/lib.rs", "");
    project.write("slow/build.rs", WAITS);
    lock(&project);
    let mut server = project.devserver(&[]);
    // The compiler has read it, and the build goes on.
    wait_for("the library", || {
        let built = std::fs::read_dir(project.path("target/devserver/deps")).into_iter().flatten();
        let names = built.flatten().map(|entry| entry.file_name().into_string().unwrap());
        names.into_iter().any(|name| name.starts_with("libpage-") && name.ends_with(".rlib"))
    });
    project.write("page/page.txt", "during");
    project.write("slow/go", "");
    server.serves("during");
    // A file that a failed build has missed.
    project.write("page/src/lib.rs", "pub const PAGE: &str = include_str!(\"../missing.txt\");");
    server.event("failed");
    project.write("page/missing.txt", "found");
    server.serves("found");
}

#[test]
fn a_folder_that_is_replaced_is_watched_on() {
    let project = Project::app("part::N");
    let main = std::fs::read_to_string(project.path("src/main.rs")).unwrap();
    project.write("src/main.rs", &format!("mod part;\n{main}"));
    project.write("src/part/mod.rs", "pub const N: u8 = 1;");
    let mut server = project.devserver(&[]);
    serves(&mut server, "1");
    // cargo goes by the time: what is older than the last build is no change to it.
    project.write("other/mod.rs", "pub const N: u8 = 2;");
    std::fs::rename(project.path("src/part"), project.path("gone")).unwrap();
    std::fs::rename(project.path("other"), project.path("src/part")).unwrap();
    server.serves("2");
    project.write("src/part/mod.rs", "pub const N: u8 = 3;");
    server.serves("3");
    // The very same folder, away for a moment.
    std::fs::rename(project.path("src/part"), project.path("other")).unwrap();
    std::fs::rename(project.path("other"), project.path("src/part")).unwrap();
    project.write("src/part/mod.rs", "pub const N: u8 = 5;");
    server.serves("5");
    project.write("src/part/mod.rs", "pub const N: u8 = 3;");
    server.serves("3");
    // Away for long enough to be missed.
    std::fs::rename(project.path("src/part"), project.path("other")).unwrap();
    server.event("failed");
    std::fs::rename(project.path("other"), project.path("src/part")).unwrap();
    server.event("building");
    project.write("src/part/mod.rs", "pub const N: u8 = 4;");
    server.serves("4");
}

#[test]
fn a_link_is_followed() {
    let project = Project::app("include_str!(\"../link.txt\")");
    project.write("../elsewhere/page.txt", "1");
    std::os::unix::fs::symlink("../elsewhere/page.txt", project.path("link.txt")).unwrap();
    let mut server = project.devserver(&[]);
    serves(&mut server, "1");
    project.write("../elsewhere/page.txt", "2");
    serves(&mut server, "2");
}

#[test]
fn a_template_and_code_that_does_not_matter_in_one_checkout() {
    let project = Project::app("std::fs::read_to_string(\"page.html\").unwrap()");
    project.write("page.html", "1");
    project.write("tests/it.rs", "// 1");
    let read = STD_SERVER
        .replace("BODY", "page")
        .replace("let pid", "let page = std::fs::read_to_string(\"page.html\").unwrap(); let pid");
    project.write("src/main.rs", &read);
    let mut server = project.devserver(&["--restart", "page.html"]);
    serves(&mut server, "1");
    project.write("tests/it.rs", "// 2");
    project.write("page.html", "2");
    server.serves("2");
    // And while a build fails that has nothing to do with it.
    project.write("src/main.rs", "no_such_name");
    server.event("building");
    project.write("page.html", "3");
    server.serves("3");
}

#[test]
fn a_target_folder_in_the_package_is_not_watched() {
    let project = Project::app("include_str!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"))");
    project.write(
        "build.rs",
        "fn main() {
            println!(\"cargo::rerun-if-changed=build.rs\");
            let out = std::path::PathBuf::from(std::env::var_os(\"OUT_DIR\").unwrap());
            std::fs::write(out.join(\"made.rs\"), \"made\").unwrap();
        }",
    );
    lock(&project);
    let mut server = project.devserver(&["--target-dir", "out"]);
    assert_eq!(server.kinds_until("serving"), ["building", "reload", "serving"]);
    assert_eq!(server.get(), (200, "made".to_owned()));
    project.save("src/main.rs", "1");
    assert_eq!(server.kinds_until("serving"), ["building", "reload", "serving"]);
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
        serves(&mut project.devserver(arguments), "of b");
    }
}

#[test]
fn a_program_that_writes_into_its_package_is_not_restarted_for_ever() {
    let project = Project::app("1");
    // It needs every file, as it says nothing else.
    project.write("build.rs", "fn main() {}");
    let writes = "std::fs::write(\"app.log\", format!(\"{:?}\", std::time::SystemTime::now())).unwrap(); let pid";
    let main = std::fs::read_to_string(project.path("src/main.rs")).unwrap();
    project.write("src/main.rs", &main.replace("let pid", writes));
    let mut server = project.devserver(&[]);
    let note = server.event("note");
    assert!(
        note["message"].as_str().unwrap().contains("app.log changes with every build"),
        "{note}"
    );
    assert_eq!(server.get(), (200, "1".to_owned()));
}
