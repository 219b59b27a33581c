//! `cargo devserver doctor`: on a project with bad settings, on one with good ones, and that it leaves
//! nothing behind. How much there is to gain depends on the machine, so no test asks for that.

use std::collections::BTreeSet;
use std::process::Command;

use listenfd_tests::{
    Child, Project, STD_SERVER, eventually, manifest, processes_in, processes_named_in,
    wait_for_none_in,
};
use serde_json::Value;

use super::{command, ended, json, ready_server, wait};

/// Without what the test's own environment says of builds.
fn doctor(project: &Project, arguments: &[&str]) -> Command {
    let mut command = command(project, &[&["doctor"], arguments].concat());
    for name in ["CARGO_INCREMENTAL", "CARGO_BUILD_INCREMENTAL", "RUSTFLAGS", "RUSTC_WRAPPER"] {
        command.env_remove(name);
    }
    command
}

fn figures(project: &Project) -> Value {
    let (code, stdout, stderr) = ended(&doctor(project, &["--json"]).output().unwrap());
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

/// The levers in a list of the report.
fn levers(report: &Value, list: &str) -> BTreeSet<String> {
    let all = report[list].as_array().unwrap().iter();
    all.map(|found| found["lever"].as_str().unwrap().to_owned()).collect()
}

/// All files of a project but the target folder's, with their times.
fn files(project: &Project) -> Vec<String> {
    let mut all = Vec::new();
    let mut folders = vec![project.root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.file_name() == "target" {
                continue;
            }
            let metadata = entry.metadata().unwrap();
            if metadata.is_dir() {
                folders.push(entry.path());
            }
            all.push(format!("{:?} {:?}", entry.path(), metadata.modified().unwrap()));
        }
    }
    all.sort();
    all
}

/// What is left in the target folder.
fn left(project: &Project) -> Vec<String> {
    let entries = std::fs::read_dir(project.path("target")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.contains("doctor")).collect()
}

/// Code that takes much longer to compile than to look at again.
fn modules(count: u32) -> String {
    let module = |number| {
        format!(
            "pub mod m{number} {{
                #[derive(Clone, Debug, Default, PartialEq)]
                pub struct Item {{ pub name: String, pub all: Vec<Item> }}
                pub fn grouped(all: &[Item]) -> std::collections::HashMap<String, Vec<Item>> {{
                    let mut map: std::collections::HashMap<_, Vec<Item>> = Default::default();
                    all.iter().for_each(|it| map.entry(format!(\"{{it:?}}\")).or_default().push(it.clone()));
                    map
                }}
            }}\n"
        )
    };
    let calls: String =
        (0..count).map(|number| format!("m{number}::grouped(&[]).len() + ")).collect();
    let modules: String = (0..count).map(module).collect();
    format!("{modules}\npub fn all() -> usize {{ {calls} 0 }}")
}

#[test]
fn bad_settings_are_found_and_nothing_is_changed() {
    let project = Project::new("app");
    let profile = "[profile.devserver]\ninherits = \"dev\"\ndebug = true\nincremental = false\n\
                   [package.metadata.devserver]\nwatcher = \"poll\"";
    project.write("Cargo.toml", &manifest("app", profile));
    let main = STD_SERVER.replace("BODY", "all::all()").replacen("fn main", "mod all; fn main", 1);
    let pause = "std::thread::sleep(std::time::Duration::from_millis(1000)); for stream";
    project.write("src/main.rs", &main.replacen("for stream", pause, 1));
    project.write("src/all.rs", &modules(8));
    project.lock();
    let before = files(&project);
    let report = figures(&project);
    let gains = levers(&report, "gains");
    for lever in ["start", "incremental"] {
        assert!(gains.contains(lever), "{lever} is missing: {report}");
    }
    let all = report["gains"].as_array().unwrap();
    let gain = |lever: &str| all.iter().find(|gain| gain["lever"] == lever).unwrap();
    assert!(report["save"]["start"].as_u64() >= Some(1000), "{report}");
    assert!(gain("start")["gain"].as_u64() >= Some(500), "{report}");
    assert!(report["save"]["notice"].as_u64() >= Some(50), "it polls: {report}");
    assert_eq!(gain("incremental")["write"], "[profile.devserver]\nincremental = true");
    let descending = all.windows(2).all(|two| two[0]["gain"].as_u64() >= two[1]["gain"].as_u64());
    assert!(descending, "{report}");
    // Where full debug information costs nothing, it is fine.
    assert!(!levers(&report, "skipped").contains("debug information"), "{report}");
    assert_eq!(files(&project), before);
    assert_eq!((left(&project), processes_in(project.root()).len()), (Vec::new(), 0));
}

#[test]
fn good_settings_are_fine_beside_a_devserver_that_runs_on() {
    let project = Project::new("app");
    project.write(
        "Cargo.toml",
        &manifest("app", "[package.metadata.devserver]\nwatcher = \"native\""),
    );
    project.write("src/main.rs", &ready_server("1"));
    let _server = project.devserver(&[]);
    wait(&project);
    let boot = json(&project, &["status"]).1["boot"].clone();
    let report = figures(&project);
    // How fast a linker or a start is depends on what else this machine does.
    let fine = levers(&report, "fine");
    for lever in ["debug information", "incremental", "shared target folder", "watcher"] {
        assert!(fine.contains(lever), "{lever} is not fine: {report}");
    }
    for part in ["notice", "cargo", "rustc", "link", "start"] {
        assert!(report["save"][part].is_u64(), "{part} is not measured: {report}");
    }
    assert_eq!(report["skipped"].as_array().map(Vec::len), Some(0), "{report}");
    wait(&project);
    assert_eq!(json(&project, &["status"]).1["boot"], boot, "the program was started again");
    assert_eq!(left(&project), [""; 0]);
}

#[test]
fn a_program_that_does_not_build_or_run_is_named() {
    let project = Project::app("no_such_name");
    let (code, stdout, stderr) = ended(&doctor(&project, &[]).output().unwrap());
    assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
    assert!(stderr.contains("no_such_name"), "{stderr}");
    assert!(stderr.ends_with("error: the program does not build\n"), "{stderr}");
    project.write("src/main.rs", "fn main() { panic!(\"there is no database\") }");
    let report = figures(&project);
    let skipped = report["skipped"].as_array().unwrap();
    let start = skipped.iter().find(|skipped| skipped["lever"] == "start").unwrap();
    assert!(start["why"].as_str().unwrap().contains("ended by itself"), "{report}");
    assert!(report["save"]["rustc"].is_u64(), "{report}");
}

#[test]
fn a_doctor_that_is_interrupted_leaves_nothing_behind() {
    let project = Project::app("1");
    let pause = "std::thread::sleep(std::time::Duration::from_secs(1000)); for stream";
    let main = STD_SERVER.replace("BODY", "1").replacen("for stream", pause, 1);
    project.write("src/main.rs", &main);
    let mut child = Child::spawn(&mut doctor(&project, &[]));
    eventually("the program does not run", || {
        !processes_named_in(project.root(), "target/devserver/app").is_empty()
    });
    child.interrupt();
    assert_eq!(child.wait().code(), Some(130));
    wait_for_none_in(project.root());
    assert_eq!(left(&project), [""; 0]);
}
