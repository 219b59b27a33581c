//! What `cargo devserver` takes for a change, and what for none.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use listenfd_tests::{Project, STD_SERVER, eventually, has, manifest};

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
    let note = server.wait_for_event("note");
    assert!(note["message"].as_str().unwrap().contains("src/written.txt"), "{note}");
    server.wait_for_answer("1");
    // It is not deaf afterwards.
    save("1");
    server.wait_for_answer("2");
}

#[test]
fn only_a_change_of_content_is_a_change() {
    let project = Project::app("1");
    let mut server = project.devserver(&[]);
    server.wait_until_serving("1");
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
    let event = server.next_event();
    assert_eq!(
        (&event["event"], &event["changed"][0]),
        (&"building".into(), &"src/main.rs".into())
    );
    server.wait_until_serving("2");
}

#[test]
fn a_checkout_of_many_files_is_one_change() {
    if !has("git") {
        return;
    }
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
    server.wait_until_serving("2");
    project.git(&["checkout", "-q", "-"]);
    server.wait_for_answer("1");
    // However long the checkout took: what it has built last is what is there now.
    project.git(&["checkout", "-q", "-"]);
    server.wait_for_answer("2");
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
    server.wait_until_serving("1");
    project.write("app.log", "a line");
    project.write("generated/x.rs", "nothing");
    project.write("src/draft.rs", "nothing");
    project.write("generated/page.css", "2");
    assert_eq!(server.next_event()["event"], "reload");
    project.write("templates/page.html", "2");
    assert_eq!(server.event_kinds_until("serving"), ["reload", "serving"]);
}

#[test]
fn a_folder_that_is_made_anew_is_watched_as_before() {
    let project = Project::app("1");
    project.write(".gitignore", "*.css\n");
    project.write("static/page.css", "1");
    let mut server = project.devserver(&["--reload", "static/**"]);
    server.wait_until_serving("1");
    for round in 2..5 {
        std::fs::remove_dir_all(project.path("static")).unwrap();
        project.write("static/page.css", &round.to_string());
        server.wait_for_event("reload");
        project.write("static/page.css", &format!("{round} again"));
        server.wait_for_event("reload");
    }
}

#[test]
fn a_file_that_is_no_part_of_the_build_is_spoken_of() {
    let project = Project::app("1");
    project.write("templates/page.html", "1");
    let mut server = project.devserver(&[]);
    server.wait_until_serving("1");
    project.write("templates/page.html", "2");
    let note = server.wait_for_event("note");
    assert!(note["message"].as_str().unwrap().contains("--restart 'templates/*.html'"), "{note}");
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
    // A build while it cannot be read ends no program, and what was built is run later.
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
fn looking_again_and_again_sees_the_same() {
    let project = Project::app("1");
    let mut server = project.devserver(&["--watcher", "poll"]);
    server.wait_until_serving("1");
    project.save("src/main.rs", "2");
    server.wait_until_serving("2");
    project.write("src/main.rs", "mod deep;\nfn main() { deep::main() }");
    std::fs::create_dir(project.path("src/deep")).unwrap();
    project.save("src/deep/mod.rs", "3");
    project.write(
        "src/deep/mod.rs",
        &std::fs::read_to_string(project.path("src/deep/mod.rs"))
            .unwrap()
            .replace("fn main", "pub fn main"),
    );
    server.wait_for_answer("3");
}

/// A build script that waits, so that a test can do something during the build.
const WAITS: &str = "fn main() {
    println!(\"cargo::rerun-if-changed=build.rs\");
    while !std::path::Path::new(\"go\").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}";

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
    project.lock();
    let mut server = project.devserver(&[]);
    // The compiler has read it, and the build goes on.
    eventually("the library is not built", || {
        let built = std::fs::read_dir(project.path("target/devserver/deps")).into_iter().flatten();
        let names = built.flatten().map(|entry| entry.file_name().into_string().unwrap());
        names.into_iter().any(|name| name.starts_with("libpage-") && name.ends_with(".rlib"))
    });
    project.write("page/page.txt", "during");
    project.write("slow/go", "");
    server.wait_for_answer("during");
    // A file that a failed build has missed.
    project.write("page/src/lib.rs", "pub const PAGE: &str = include_str!(\"../missing.txt\");");
    server.wait_for_event("failed");
    project.write("page/missing.txt", "found");
    server.wait_for_answer("found");
}

#[test]
fn a_folder_that_is_replaced_is_watched_on() {
    let project = Project::app("part::N");
    let main = std::fs::read_to_string(project.path("src/main.rs")).unwrap();
    project.write("src/main.rs", &format!("mod part;\n{main}"));
    project.write("src/part/mod.rs", "pub const N: u8 = 1;");
    let mut server = project.devserver(&[]);
    server.wait_until_serving("1");
    // cargo goes by the time: what is older than the last build is no change to it.
    project.write("other/mod.rs", "pub const N: u8 = 2;");
    std::fs::rename(project.path("src/part"), project.path("gone")).unwrap();
    std::fs::rename(project.path("other"), project.path("src/part")).unwrap();
    server.wait_for_answer("2");
    project.write("src/part/mod.rs", "pub const N: u8 = 3;");
    server.wait_for_answer("3");
    // The very same folder, away for a moment.
    std::fs::rename(project.path("src/part"), project.path("other")).unwrap();
    std::fs::rename(project.path("other"), project.path("src/part")).unwrap();
    project.write("src/part/mod.rs", "pub const N: u8 = 5;");
    server.wait_for_answer("5");
    project.write("src/part/mod.rs", "pub const N: u8 = 3;");
    server.wait_for_answer("3");
    // Away for long enough to be missed.
    std::fs::rename(project.path("src/part"), project.path("other")).unwrap();
    server.wait_for_event("failed");
    std::fs::rename(project.path("other"), project.path("src/part")).unwrap();
    server.wait_for_event("building");
    project.write("src/part/mod.rs", "pub const N: u8 = 4;");
    server.wait_for_answer("4");
}

#[test]
fn a_link_is_followed() {
    let project = Project::app("include_str!(\"../link.txt\")");
    project.write("../elsewhere/page.txt", "1");
    std::os::unix::fs::symlink("../elsewhere/page.txt", project.path("link.txt")).unwrap();
    let mut server = project.devserver(&[]);
    server.wait_until_serving("1");
    project.write("../elsewhere/page.txt", "2");
    server.wait_until_serving("2");
    // A module that appears as a link.
    let main = STD_SERVER.replace("BODY", "linked::N");
    project.write("src/main.rs", &format!("mod linked;\n{main}"));
    server.wait_for_event("failed");
    project.write("../elsewhere/linked.rs", "pub const N: u8 = 3;");
    let link = project.path("src/linked.rs");
    std::os::unix::fs::symlink("../../elsewhere/linked.rs", link).unwrap();
    server.wait_for_answer("3");
    project.write("../elsewhere/linked.rs", "pub const N: u8 = 4;");
    server.wait_for_answer("4");
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
    server.wait_until_serving("1");
    project.write("tests/it.rs", "// 2");
    project.write("page.html", "2");
    server.wait_for_answer("2");
    // And while a build fails that has nothing to do with it.
    project.write("src/main.rs", "no_such_name");
    server.wait_for_event("building");
    project.write("page.html", "3");
    server.wait_for_answer("3");
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
    project.lock();
    let mut server = project.devserver(&["--target-dir", "out"]);
    assert_eq!(server.event_kinds_until("serving"), ["building", "reload", "serving"]);
    assert_eq!(server.get(), (200, "made".to_owned()));
    project.save("src/main.rs", "1");
    assert_eq!(server.event_kinds_until("serving"), ["building", "reload", "serving"]);
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
    let note = server.wait_for_event("note");
    assert!(
        note["message"].as_str().unwrap().contains("app.log changes with every build"),
        "{note}"
    );
    assert_eq!(server.get(), (200, "1".to_owned()));
}

#[test]
fn the_lock_file_that_a_build_makes_is_no_change() {
    let project = Project::app("1");
    let mut server = project.devserver(&[]);
    assert_eq!(server.event_kinds_until("serving"), ["building", "reload", "serving"]);
    assert!(project.path("Cargo.lock").exists());
    project.save("src/main.rs", "2");
    let building = server.next_event();
    assert_eq!(
        (&building["event"], &building["changed"][0]),
        (&"building".into(), &"src/main.rs".into())
    );
    server.wait_until_serving("2");
    // What cargo adds for another dependency is none either.
    project.write("dep/Cargo.toml", &manifest("dep", ""));
    project.write("dep/src/lib.rs", "");
    let before = std::fs::read_to_string(project.path("Cargo.lock")).unwrap();
    project.write("Cargo.toml", &manifest("app", "[dependencies]\ndep = { path = \"dep\" }"));
    let building = server.wait_for_event("building");
    assert_eq!(building["changed"][0], "Cargo.toml");
    server.wait_for_event("serving");
    assert_ne!(std::fs::read_to_string(project.path("Cargo.lock")).unwrap(), before);
    project.save("src/main.rs", "3");
    let building = server.wait_for_event("building");
    assert_eq!(building["changed"][0], "src/main.rs");
    server.wait_until_serving("3");
    // What somebody else writes into it is.
    project.write("Cargo.lock", &format!("{before}\n"));
    let building = server.wait_for_event("building");
    assert_eq!(building["changed"][0], "Cargo.lock");
}

/// A server that ends unless there is a file.
fn needs(file: &str) -> String {
    let check =
        format!("let needed = std::fs::read_to_string({file:?}).expect(\"no {file}\"); let pid");
    listenfd_tests::STD_SERVER.replace("BODY", "needed").replace("let pid", &check)
}

#[test]
fn after_a_crash_a_file_that_git_does_not_ignore_tries_again() {
    let project = Project::new("app");
    project.write("Cargo.toml", "[workspace]\nmembers = [\"app\"]\nresolver = \"3\"");
    project.write("app/Cargo.toml", &manifest("app", ""));
    project.write("app/src/main.rs", &needs("config/app.yaml"));
    project.write(".gitignore", "target\n*.log\n");
    let mut server = project.devserver(&[]);
    server.wait_for_event("crashed");
    // What an editor leaves, and what is ignored, is no reason.
    project.write("config/.app.yaml.swp", "");
    project.write("config/app.log", "");
    // It is in the workspace, and in no package.
    project.write("config/app.yaml", "1");
    let retrying = server.wait_for_event("retrying");
    assert_eq!(retrying["changed"], serde_json::json!(["config/app.yaml"]));
    server.wait_until_serving("1");
}

#[test]
fn after_a_crash_an_ignored_database_or_a_file_of_variables_tries_again() {
    for name in ["app.db", ".env", ".env.local"] {
        let project = Project::app("1");
        project.write("src/main.rs", &needs(name));
        project.write(".gitignore", "target\n*.db\n.env*\n");
        let mut server = project.devserver(&[]);
        server.wait_for_event("crashed");
        project.write(name, "1");
        let mut kinds = Vec::new();
        let retrying = loop {
            let event = server.next_event();
            if event["event"] == "retrying" {
                break event;
            }
            kinds.push(event);
        };
        assert_eq!(retrying["changed"], serde_json::json!([name]));
        let hint = kinds.iter().find(|event| event["event"] == "note");
        let is_told =
            hint.is_some_and(|it| it["message"].as_str().unwrap().contains("--env-file .env"));
        assert_eq!(is_told, name != "app.db", "{kinds:?}");
        server.wait_until_serving("1");
    }
}

#[test]
fn what_a_crashed_program_has_written_itself_tries_again_after_growing_pauses() {
    let project = Project::app("1");
    let writes = "fn main() {
        let now = std::time::SystemTime::now();
        std::fs::write(\"app.log\", format!(\"{now:?}\")).unwrap();
        std::process::exit(3);
    }";
    project.write("src/main.rs", writes);
    let mut server = project.devserver(&[]);
    server.wait_for_event("crashed");
    let crashed = std::time::Instant::now();
    let retrying = server.wait_for_event("retrying");
    assert_eq!(retrying["changed"], serde_json::json!(["app.log"]));
    assert!(crashed.elapsed() > std::time::Duration::from_millis(1500), "{:?}", crashed.elapsed());
    server.wait_for_event("crashed");
    // Now it waits for longer; somebody else's change does not.
    let crashed = std::time::Instant::now();
    // Files carry the time of the last tick of the system's clock.
    let (now, probe) = (std::time::SystemTime::now(), project.root().with_file_name("probe"));
    eventually("the clock has not ticked", || {
        std::fs::write(&probe, "").unwrap();
        std::fs::metadata(&probe).unwrap().modified().unwrap() > now
    });
    project.write("other.txt", "1");
    let retrying = server.wait_for_event("retrying");
    let changed = retrying["changed"].as_array().unwrap();
    assert!(changed.contains(&"other.txt".into()), "{retrying}");
    assert!(crashed.elapsed() < std::time::Duration::from_secs(10), "{:?}", crashed.elapsed());
}
