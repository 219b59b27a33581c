//! Which changes of files start a build or a restart, and which do not.

use listenfd_tests::{Project, STD_SERVER, eventually, has, manifest};

#[test]
fn only_a_change_of_content_is_a_change() {
    let project = Project::app("1");
    let mut server = project.devserver(&[]);
    server.wait_until_serving("1");
    // A touch, a save of the same text, and an editor's save by rename with a temporary file.
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
    // The first event is about the only real change.
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
    // However long the checkout took, the last build has the files of now.
    project.git(&["checkout", "-q", "-"]);
    server.wait_for_answer("2");
}

#[test]
fn ignored_files_start_nothing_unless_the_settings_name_them() {
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
fn a_folder_that_is_made_again_is_watched() {
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
fn a_save_of_a_file_outside_the_build_prints_a_hint() {
    let project = Project::app("1");
    project.write("templates/page.html", "1");
    let mut server = project.devserver(&[]);
    server.wait_until_serving("1");
    project.write("templates/page.html", "2");
    let note = server.wait_for_event("note");
    assert!(note["message"].as_str().unwrap().contains("--restart 'templates/*.html'"), "{note}");
}

/// A build script that waits, so that a test can act during the build.
const WAITS: &str = "fn main() {
    println!(\"cargo::rerun-if-changed=build.rs\");
    while !std::path::Path::new(\"go\").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}";

#[test]
fn a_save_of_a_file_while_it_becomes_part_of_the_build_starts_a_build() {
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
    // A file whose absence has failed a build.
    project.write("page/src/lib.rs", "pub const PAGE: &str = include_str!(\"../missing.txt\");");
    server.wait_for_event("failed");
    project.write("page/missing.txt", "found");
    server.wait_for_answer("found");
}

#[test]
fn a_folder_that_is_replaced_stays_watched() {
    let project = Project::app("part::N");
    let main = std::fs::read_to_string(project.path("src/main.rs")).unwrap();
    project.write("src/main.rs", &format!("mod part;\n{main}"));
    project.write("src/part/mod.rs", "pub const N: u8 = 1;");
    let mut server = project.devserver(&[]);
    server.wait_until_serving("1");
    // cargo compares times: a file that is older than the last build is no change to it.
    project.write("other/mod.rs", "pub const N: u8 = 2;");
    std::fs::rename(project.path("src/part"), project.path("gone")).unwrap();
    std::fs::rename(project.path("other"), project.path("src/part")).unwrap();
    server.wait_for_answer("2");
    project.write("src/part/mod.rs", "pub const N: u8 = 3;");
    server.wait_for_answer("3");
    // The same folder, away for a moment.
    std::fs::rename(project.path("src/part"), project.path("other")).unwrap();
    std::fs::rename(project.path("other"), project.path("src/part")).unwrap();
    project.write("src/part/mod.rs", "pub const N: u8 = 5;");
    server.wait_for_answer("5");
    project.write("src/part/mod.rs", "pub const N: u8 = 3;");
    server.wait_for_answer("3");
    // Away for so long that its absence is noticed.
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
fn a_save_of_a_template_restarts_also_beside_a_save_of_unused_code() {
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
    // And while an unrelated build fails.
    project.write("src/main.rs", "no_such_name");
    server.wait_for_event("building");
    project.write("page.html", "3");
    server.wait_for_answer("3");
}
