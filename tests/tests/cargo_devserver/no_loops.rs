//! What the build or the program itself writes does not lead to builds or restarts for ever.

use listenfd_tests::{Project, manifest};

#[test]
fn a_build_script_with_different_output_each_time_makes_no_loop() {
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
    // It still notices changes afterwards.
    save("1");
    server.wait_for_answer("2");
}

#[test]
fn polling_sees_the_same_changes() {
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
    // A build script that declares no files depends on every file.
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
fn a_lock_file_written_by_a_build_is_no_change() {
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
    // cargo's change for a new dependency is no change either.
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
    // A change by another program is a change.
    project.write("Cargo.lock", &format!("{before}\n"));
    let building = server.wait_for_event("building");
    assert_eq!(building["changed"][0], "Cargo.lock");
}
