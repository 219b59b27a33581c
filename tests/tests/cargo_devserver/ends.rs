//! All processes that a program has started end with it, and `cargo devserver` leaves nothing behind.

use std::path::Path;

use listenfd_tests::{
    DevServer, Folder, Project, STD_SERVER, Systemd, children_of, deaf_server, eventually, ignores,
    kill, processes_in, processes_named_in, program, terminate, wait_for_none_in, zombies_below,
};

/// Starts processes inside and outside of the program's process group and session.
const STARTS: &str = r#"std::process::Command::new("sh").args(["-c",
    "sleep 1001 & setsid sleep 1002 & setsid sh -c 'sleep 1003 & exec sleep 1004' & \
     (setsid sh -c 'sleep 1005 &' &) & exit"]).spawn().unwrap().wait().unwrap();"#;

const STARTED: usize = 5;

fn with_others(server: &str) -> String {
    server.replace("let pid", &format!("{STARTS} let pid"))
}

fn sleepers(project: &Project) -> usize {
    processes_named_in(project.root(), "sleep").len()
}

fn has_all(project: &Project) {
    eventually("it does not start all of them", || sleepers(project) == STARTED);
}

/// Starts `cargo devserver` with a temporary folder of its own.
fn start_in(tmp: &Path, project: &Project) -> DevServer {
    let mut command = project.command(program("devserver"));
    command.args(["--json", "-l", "http::0"]).env("TMPDIR", tmp);
    DevServer::start(&mut command)
}

fn entries(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[test]
fn all_processes_of_a_program_end_at_a_swap_at_the_end_and_after_a_kill() {
    let project = Project::app("1");
    let with_others = |body: &str| with_others(&STD_SERVER.replace("BODY", body));
    project.write("src/main.rs", &with_others("1"));
    let mut server = project.devserver(&[]);
    server.wait_until_serving("1");
    has_all(&project);
    project.save("src/main.rs", "2");
    server.wait_until_serving("2");
    assert_eq!(sleepers(&project), 0);
    // When the program ends by itself.
    project.write(
        "src/main.rs",
        &with_others("3").replace("let pid", "std::process::exit(7); let pid"),
    );
    let crashed = server.wait_for_event("crashed");
    assert_eq!(crashed["status"], "exit status: 7");
    assert_eq!(sleepers(&project), 0);
    project.write("src/main.rs", &with_others("4"));
    server.wait_until_serving("4");
    has_all(&project);
    server.quit();
    assert_eq!(processes_in(project.root()), Vec::<std::path::PathBuf>::new());
    // And after SIGKILL.
    project.write("src/main.rs", &with_others("5"));
    let mut server = project.devserver(&[]);
    server.wait_for_event("serving");
    has_all(&project);
    kill(server.child.pid());
    wait_for_none_in(project.root());
}

/// `pkill -9 devserver` does this.
#[test]
fn no_process_is_left_when_all_of_cargo_devserver_is_killed_at_once() {
    let project = Project::app("1");
    project.write("src/main.rs", &deaf_server("1"));
    let mut server = project.devserver(&[]);
    server.wait_for_event("serving");
    let target = project.path("target");
    let others: Vec<_> = processes_in(project.root())
        .into_iter()
        .filter(|process| !std::fs::read_link(process.join("exe")).unwrap().starts_with(&target))
        .filter_map(|process| process.file_name()?.to_str()?.parse::<u32>().ok())
        .collect();
    assert!(others.contains(&server.child.pid()) && others.len() >= 3, "{others:?}");
    others.into_iter().for_each(kill);
    wait_for_none_in(project.root());
}

/// Such as the server of sccache.
#[test]
fn a_daemon_that_a_build_has_started_stays() {
    let project = Project::app("1");
    let folder = Folder::new();
    let script = format!(
        "fn main() {{ println!(\"cargo::rerun-if-changed=build.rs\");
            std::process::Command::new(\"setsid\").args([\"sleep\", \"1006\"])
            .current_dir({:?}).stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null())
            .spawn().unwrap(); }}",
        folder.path("")
    );
    project.write("build.rs", &script);
    let mut server = project.devserver(&[]);
    server.wait_for_event("serving");
    let daemon = processes_named_in(&folder.path(""), "sleep");
    assert_eq!(daemon.len(), 1);
    project.save("src/main.rs", "2");
    server.wait_until_serving("2");
    server.quit();
    let stays = processes_named_in(&folder.path(""), "sleep");
    stays.iter().copied().for_each(kill);
    assert_eq!(stays, daemon);
}

#[test]
fn events_have_the_exit_status_and_the_process_id() {
    let project = Project::app("std::process::id()");
    let mut server = project.devserver(&[]);
    let serving = server.wait_for_event("serving");
    server.assert_answer(&serving["pid"].to_string());
    project.save("src/main.rs", "{ std::process::abort(); 1 }");
    server.wait_for_event("serving");
    let _ = std::net::TcpStream::connect(server.addr)
        .map(|mut stream| std::io::Write::write_all(&mut stream, b"GET / HTTP/1.1\r\n\r\n"));
    let status = server.wait_for_event("crashed")["status"].to_string();
    assert!(status.contains("signal: 6 (SIGABRT)"), "{status}");
    project.write("src/main.rs", "fn main() { std::process::exit(42) }");
    assert_eq!(server.wait_for_event("crashed")["status"], "exit status: 42");
}

/// The first process of a container becomes the parent of orphans.
#[test]
fn as_the_first_process_of_a_container_it_leaves_no_zombies() {
    if !Systemd::is_possible() {
        return;
    }
    let orphans = r#"std::process::Command::new("sh").args(["-c", "(sleep 0 &) & (sleep 0.1 &)"])
        .spawn().unwrap().wait().unwrap();"#;
    let project = Project::app("1");
    project.write("build.rs", &format!("fn main() {{ {orphans} }}"));
    let main = |body: &str| {
        STD_SERVER.replace("BODY", body).replace("let pid", &format!("{orphans} let pid"))
    };
    project.write("src/main.rs", &main("1"));
    let mut command = project.command("unshare");
    command.args(["--pid", "--fork", "--kill-child", "--mount-proc"]);
    command.arg(program("devserver")).args(["devserver", "--json", "-l", "http::0"]);
    let mut server = DevServer::start(&mut command);
    server.wait_until_serving("1");
    for body in ["2", "3", "4"] {
        project.write("src/main.rs", &main(body));
        project.write("build.rs", &format!("fn main() {{ {orphans} }} // {body}"));
        server.wait_until_serving(body);
    }
    eventually("zombies are left", || zombies_below(server.child.pid()) == 0);
    // Signals reach the program.
    let first = children_of(server.child.pid());
    assert_eq!(first.len(), 1);
    terminate(first[0]);
    assert_eq!(server.wait_for_event("stopped")["event"], "stopped");
    assert!(server.child.wait().success());
}

#[test]
fn cleaning_the_temporary_folder_does_no_harm() {
    let project = Project::app("1");
    let tmp = Folder::new();
    let tmp = tmp.path("");
    // Whether it is told of what can be reached; the number of a form comes before the path.
    let reaches = "{ let store = std::env::var(\"LISTENFD_STORE\").unwrap();
        std::os::unix::net::UnixStream::connect(store.split_once(':').unwrap().1).is_ok()
            && std::path::Path::new(&std::env::var(\"NOTIFY_SOCKET\").unwrap()).exists() }";
    let mut server = start_in(&tmp, &project);
    server.wait_until_serving("1");
    let clean = || {
        for entry in std::fs::read_dir(&tmp).unwrap().flatten() {
            std::fs::remove_dir_all(entry.path()).unwrap();
        }
    };
    clean();
    project.save("src/main.rs", reaches);
    server.wait_until_serving("true");
    // Only one of its files is missing.
    let folder = std::fs::read_dir(&tmp).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_file(folder.join("store")).unwrap();
    project.save("src/main.rs", &format!("{{ 2; {reaches} }}"));
    server.wait_until_serving("true");
    assert_eq!(entries(&tmp), 1);
    clean();
    kill(server.child.pid());
    wait_for_none_in(project.root());
    assert_eq!(entries(&tmp), 0);
}

#[test]
fn a_temporary_folder_with_a_long_path_works() {
    let project = Project::app("std::env::var(\"NOTIFY_SOCKET\").unwrap()");
    let folder = Folder::new();
    let tmp = folder.path("long".repeat(30));
    std::fs::create_dir(&tmp).unwrap();
    let mut server = start_in(&tmp, &project);
    server.wait_for_event("serving");
    let (_, path) = server.get();
    assert!(Path::new(&path).exists() && !path.contains("long"), "{path}");
    server.quit();
    assert!(!Path::new(&path).parent().unwrap().exists(), "{path} is left");
}

#[test]
fn leftovers_of_a_kill_are_removed_at_the_next_start() {
    let (project, other) = (Project::app("1"), Project::app("2"));
    let tmp = Folder::new();
    let tmp = tmp.path("");
    let mut server = start_in(&tmp, &project);
    server.wait_for_event("serving");
    processes_named_in(project.root(), "devserver-cleanup").into_iter().for_each(kill);
    kill(server.child.pid());
    wait_for_none_in(project.root());
    drop(server);
    assert_eq!(entries(&tmp), 1);
    // A folder in use stays.
    let mut first = start_in(&tmp, &project);
    first.wait_for_event("serving");
    assert_eq!(entries(&tmp), 1);
    let mut second = start_in(&tmp, &other);
    second.wait_for_event("serving");
    assert_eq!(entries(&tmp), 2);
    project.save("src/main.rs", "3");
    first.wait_until_serving("3");
    first.quit();
    second.quit();
    assert_eq!(entries(&tmp), 0);
}

#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let project = Project::app("1");
    let mut command = project.command("sh");
    command.args(["-c", "trap '' HUP INT; exec \"$0\" \"$@\""]).arg(program("devserver"));
    let mut server = DevServer::start(command.args(["--json", "-l", "http::0"]));
    server.wait_until_serving("1");
    server.child.hang_up();
    server.child.interrupt();
    project.save("src/main.rs", "2");
    assert_eq!(server.event_kinds_until("serving"), ["building", "reload", "serving"]);
    server.assert_answer("2");
    server.quit();
}

/// Otherwise its connections would stay open, and its output would never end.
#[test]
fn the_reaper_holds_nothing_of_the_program() {
    let project = Project::app("1");
    let mut server = project.devserver(&[]);
    let program = server.wait_for_event("serving")["pid"].as_u64().unwrap();
    let links = |pid: u64, is_meant: fn(&str) -> bool| {
        let fds = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
        let links = fds.filter_map(|fd| {
            std::fs::read_link(fd.path()).ok()?.into_os_string().into_string().ok()
        });
        links.filter(|link| is_meant(link)).collect::<Vec<_>>()
    };
    let of_program =
        links(program, |link| link.starts_with("socket:") || link.starts_with("pipe:"));
    // The listener, and the pipes of the output.
    assert!(of_program.len() >= 3, "{of_program:?}");
    let [reaper] = processes_named_in(project.root(), "devserver-reaper")[..] else { panic!() };
    let of_reaper = links(reaper.into(), |_| true);
    assert!(of_reaper.iter().all(|link| !of_program.contains(link)), "{of_reaper:?}");
    server.quit();
}

/// The program gets the dispositions of the caller, not those of `cargo devserver`.
#[test]
fn the_program_ignores_exactly_the_signals_that_were_ignored_at_the_start() {
    let status = "std::fs::read_to_string(\"/proc/self/status\").unwrap().lines()
        .filter(|line| line.starts_with(\"Sig\")).collect::<Vec<_>>().join(\" \")";
    let project = Project::app(status);
    let mut command = project.command("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]).arg(program("devserver"));
    let mut server = DevServer::start(command.args(["--json", "-l", "http::0"]));
    server.wait_for_event("serving");
    let (_, with) = server.get();
    let mask = |line: &str, name: &str| {
        let (_, rest) = line.split_once(name).unwrap();
        u64::from_str_radix(rest.split_whitespace().next().unwrap(), 16).unwrap()
    };
    for signal in 1..=31 {
        // Rust programs ignore SIGPIPE.
        let is_meant = [1, 13].contains(&signal) || ignores(std::process::id(), signal);
        assert_eq!(mask(&with, "SigIgn:") & 1 << (signal - 1) != 0, is_meant, "{signal}: {with}");
    }
    assert_eq!(mask(&with, "SigBlk:"), 0, "{with}");
    server.quit();
}
