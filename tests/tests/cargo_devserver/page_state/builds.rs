//! Builds, their progress and their errors.

use listenfd_tests::{Project, STD_SERVER, manifest};
use serde_json::{Value, json};

use super::{secret_file, state, wait_for_state};

#[test]
fn a_build_that_fails_is_a_problem_until_the_next_program_serves() {
    let project = Project::app("1");
    let mut server = project.devserver(&[]);
    server.wait_until_serving("1");
    let first = state(&project);
    let boot = first["boot"].as_str().unwrap().to_owned();
    assert!(
        boot.ends_with("-1") && first["problem"].is_null() && first["build"].is_null(),
        "{first}"
    );
    let broken =
        STD_SERVER.replace("BODY", "2").replace("fn main() {", "fn main() {\nlet x: u8 = \"a\";");
    project.write("src/main.rs", &format!("fn unused() {{}}\n{broken}"));
    server.wait_for_event("failed");
    let failed = state(&project);
    let problem = &failed["problem"];
    assert_eq!(
        (&problem["kind"], &problem["title"]),
        (&json!("build"), &json!("mismatched types"))
    );
    assert_eq!((&problem["errors"], &failed["warnings"]), (&json!(1), &json!(1)), "{failed}");
    assert_eq!(failed["boot"], json!(boot), "the old program serves on");
    let error = &problem["diagnostics"][0];
    assert_eq!((&error["level"], &error["code"]), (&json!("error"), &json!("E0308")));
    let place = &error["place"];
    assert_eq!((&place["file"], &place["line"]), (&json!("src/main.rs"), &json!(7)), "{place}");
    assert_eq!(place["path"], json!(project.path("src/main.rs")));
    let rendered = error["rendered"].as_str().unwrap();
    assert!(rendered.contains("src/main.rs:7:13"), "{rendered}");
    assert!(!problem["text"].as_str().unwrap().contains('\u{1b}'), "{problem}");
    // A warning alone is no problem.
    project.write("src/main.rs", &format!("fn unused() {{}}\n{}", STD_SERVER.replace("BODY", "2")));
    server.wait_until_serving("2");
    let mended = state(&project);
    assert!(mended["problem"].is_null() && mended["warnings"] == 2, "{mended}");
    assert_eq!(mended["boot"], json!(boot.replace("-1", "-2")));
}

#[test]
fn an_error_of_cargo_itself_is_told_by_its_title() {
    let project = Project::app("1");
    let mut server = project.devserver(&[]);
    server.wait_until_serving("1");
    project.write("Cargo.toml", &manifest("app", "[dependencies]\nnope = { path = \"nope\" }"));
    server.wait_for_event("failed");
    let problem = state(&project)["problem"].clone();
    let title = problem["title"].as_str().unwrap();
    assert!(!title.is_empty() && !title.starts_with("error") && !title.contains('\n'), "{problem}");
    assert_eq!((&problem["kind"], &problem["diagnostics"]), (&json!("build"), &json!([])));
    assert!(problem["text"].as_str().unwrap().contains("Cargo.toml"), "{problem}");
}

#[test]
fn a_build_is_told_with_the_number_of_crates_while_it_runs() {
    let project = Project::app("1");
    let gate = project.path("gate");
    let script = format!(
        "fn main() {{ while !std::path::Path::new({gate:?}).exists() {{
             std::thread::sleep(std::time::Duration::from_millis(10)) }} }}"
    );
    project.write("build.rs", &script);
    let mut server = project.devserver(&["--quiet"]);
    // The script is built, the script has run, the program is built.
    let building = wait_for_state(&project, |state| {
        state["build"]["done"] == 1 && state["build"]["total"] == 3
    });
    assert!(building["build"]["began"].as_u64().unwrap() > 0 && building["boot"].is_null());
    std::fs::write(&gate, "").unwrap();
    server.wait_until_serving("1");
    assert_eq!(state(&project)["build"], Value::Null);
}

#[test]
fn an_environment_file_that_cannot_be_read_is_told_without_its_content() {
    let project = Project::app("1");
    let mut server = project.devserver(&["--env-file", &secret_file(&project)]);
    server.wait_until_serving("1");
    project.write("app.env", "SECRET='open\n");
    server.wait_for_event("failed");
    let told = state(&project);
    let title = told["problem"]["title"].as_str().unwrap();
    assert!(title.contains("app.env") && told["problem"]["kind"] == "environment", "{told}");
    assert!(!told.to_string().contains("open\\n"), "{told}");
    secret_file(&project);
    server.wait_until_serving("1");
    assert_eq!(state(&project)["problem"], Value::Null);
}
