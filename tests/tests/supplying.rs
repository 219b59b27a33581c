//! The sockets and variables that `systemfd` hands over, and its errors.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use listenfd_tests::{Child, Folder, copy_program, eventually, has, program};
use serde_json::{Value, json};

/// `systemfd -q ARGUMENTS -- probe ACTIONS`
fn supplied(arguments: &[&str], actions: &[&str]) -> Command {
    let mut command = Command::new(program("supplier"));
    command.arg("-q").args(arguments).arg("--").arg(program("probe")).args(actions);
    command
}

#[track_caller]
fn one(command: &mut Command) -> Value {
    Child::spawn(command).json()
}

fn socket_at(fd: u32) -> impl Fn(&Value) -> bool {
    move |descriptors| {
        let lines = descriptors.as_array().unwrap().iter();
        lines
            .map(|line| line.as_str().unwrap())
            .any(|line| line.starts_with(&format!("{fd} socket")))
    }
}

#[test]
fn every_type_of_socket_is_opened_in_order_and_named() {
    let folder = Folder::new();
    let path = |name: &str| folder.path(name).display().to_string();
    let specs = [
        "web=http::0".to_owned(),
        "https::[::1]:0".to_owned(),
        "localhost:0".to_owned(),
        "udp::0".to_owned(),
        format!("admin=unix::{}", path("a")),
        format!("unixgram::{}", path("b")),
        format!("seqpacket::{}", path("c")),
        path("d"),
    ];
    let arguments: Vec<&str> = specs.iter().flat_map(|spec| ["-s", spec]).collect();
    let list = one(&mut supplied(&arguments, &["list"]));
    let column = |key: &str| -> Vec<_> {
        list.as_array().unwrap().iter().map(|socket| socket[key].clone()).collect()
    };
    assert_eq!(
        column("kind"),
        [
            "TcpListener",
            "TcpListener",
            "TcpListener",
            "UdpSocket",
            "UnixListener",
            "UnixDatagram",
            "UnixSeqpacketListener",
            "UnixListener"
        ]
    );
    assert_eq!(column("name")[0], "web");
    assert_eq!(column("name")[1], Value::Null);
    assert_eq!(column("name")[4], "admin");
    // One spec is one socket: a host name gives its IPv4 address.
    assert!(list[2]["addr"].as_str().unwrap().starts_with("127.0.0.1:"), "{list}");
}

#[cfg(target_os = "linux")]
#[test]
fn abstract_names() {
    let name = format!("@listenfd-tests-{}", std::process::id());
    let list = one(&mut supplied(&["-s", &format!("unix::{name}")], &["list"]));
    assert_eq!(list[0]["addr"], format!("unix:{name}"));
}

#[test]
fn every_address_of_both_families_is_opened_by_one_command() {
    let port = TcpListener::bind("[::]:0").unwrap().local_addr().unwrap().port();
    let specs = [format!("[::]:{port}"), format!("0.0.0.0:{port}"), format!("udp::[::]:{port}")];
    let list = one(&mut supplied(&["-s", &specs[0], "-s", &specs[1], "-s", &specs[2]], &["list"]));
    let addrs: Vec<_> = list.as_array().unwrap().iter().map(|it| it["addr"].clone()).collect();
    assert_eq!(addrs[..2], [json!(specs[0]), json!(specs[1])]);
}

#[cfg(target_os = "linux")]
#[test]
fn an_address_given_twice_is_not_in_use_by_systemfd() {
    let folder = Folder::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for spec in [port.to_string(), folder.path("a").display().to_string()] {
        let mut child = Child::spawn(&mut supplied(&["-s", &spec, "-s", &spec], &["list"]));
        assert_eq!(child.wait().code(), Some(125));
        let stderr = child.stderr();
        assert!(stderr.contains("the address is given twice, leave one of them out"), "{stderr}");
    }
}

#[test]
fn the_variables_are_exact() {
    let mut child = Child::spawn(&mut supplied(&["-s", "0", "-s", "a=0"], &["variables"]));
    let (set, pid) = (child.json(), child.pid());
    assert_eq!(set["LISTEN_FDS"], "2");
    assert_eq!(set["LISTEN_PID"], pid.to_string());
    assert_eq!(set["LISTEN_FDNAMES"], "unknown:a");
    assert_eq!(set["LISTEN_FDS_FIRST_FD"], "3");
}

#[test]
fn without_a_pid_inherited_ones_go_too() {
    let mut command = supplied(&["--no-pid", "-s", "0"], &["variables"]);
    command.env("LISTEN_PID", "1").env("LISTEN_PIDFDID", "1").env("LISTEN_FDNAMES", "stale");
    assert_eq!(one(&mut command), json!({ "LISTEN_FDS": "1", "LISTEN_FDS_FIRST_FD": "3" }));
}

#[test]
fn sockets_sit_at_3_and_up_whatever_was_open() {
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec 3</dev/null 4</dev/null 5</dev/null 6</dev/null 7</dev/null 8</dev/null 9</dev/null \"$@\"", "sh"]);
    let systemfd = supplied(&["-s", "0", "-s", "0"], &["descriptors", "list"]);
    let mut child = Child::spawn(shell.arg(systemfd.get_program()).args(systemfd.get_args()));
    let descriptors = child.json();
    assert!(socket_at(3)(&descriptors) && socket_at(4)(&descriptors), "{descriptors}");
    let sockets = descriptors.as_array().unwrap().iter();
    let sockets = sockets.filter(|line| line.as_str().unwrap().contains("socket"));
    assert_eq!(sockets.count(), 2, "{descriptors}");
    assert_eq!(child.json().as_array().unwrap().len(), 2);
}

#[test]
fn under_make_the_jobserver_is_not_mistaken_for_a_socket() {
    if !has("make") {
        return;
    }
    let folder = Folder::new();
    let systemfd = supplied(&["-s", "0"], &["descriptors", "variables", "list"]);
    let quoted = |word: &std::ffi::OsStr| format!("'{}'", word.to_str().unwrap());
    let words = std::iter::once(systemfd.get_program()).chain(systemfd.get_args());
    let line = words.map(quoted).collect::<Vec<_>>().join(" ");
    fs::write(folder.path("Makefile"), format!("all:\n\t+@{line}\n")).unwrap();
    let mut make = Command::new("make");
    let mut child =
        Child::spawn(make.args(["-j2", "-C"]).arg(folder.path("")).arg("--no-print-directory"));
    let (descriptors, variables, list) = (child.json(), child.json(), child.json());
    assert!(socket_at(3)(&descriptors), "{descriptors}");
    let flags = variables["MAKEFLAGS"].as_str().unwrap();
    assert!(flags.contains("-j2") && !flags.contains("=3,"), "{flags}");
    assert_eq!(list[0]["kind"], "TcpListener");
}

#[test]
fn as_many_sockets_as_asked() {
    let arguments = ["-s", "0"].repeat(64);
    let list = one(&mut supplied(&arguments, &["list"]));
    let kinds = list.as_array().unwrap().iter().filter(|socket| socket["kind"] == "TcpListener");
    assert_eq!(kinds.count(), 64);
}

#[test]
fn connections_wait_for_a_program_that_does_not_accept() {
    let mut command = supplied(&["-s", "0"], &["list"]);
    let mut child = Child::spawn(&mut command);
    let addr = child.json()[0]["addr"].as_str().unwrap().to_owned();
    child.wait();
    TcpStream::connect(&addr).expect_err("nobody holds it any more");

    let mut command = Command::new(program("supplier"));
    let mut child = Child::spawn(command.args(["-s", "http::0", "--", "sleep", "60"]));
    let waiting =
        |addr: &str| (0..200).map(|_| TcpStream::connect(addr).unwrap()).collect::<Vec<_>>();
    // Do not wait for stderr: the line is printed before the program runs.
    let addr = listening_port(child.pid());
    assert_eq!(waiting(&format!("127.0.0.1:{addr}")).len(), 200);
    child.terminate();
    let stderr = child.stderr();
    assert!(stderr.contains(&format!("socket http://127.0.0.1:{addr}/ -> fd #3")), "{stderr}");
}

/// Waits until a process listens, and returns the port.
fn listening_port(pid: u32) -> u16 {
    let deadline = std::time::Instant::now() + listenfd_tests::DEADLINE;
    while std::time::Instant::now() < deadline {
        let Ok(link) = fs::read_link(format!("/proc/{pid}/fd/3")) else { continue };
        let link = link.to_string_lossy().into_owned();
        let Some(inode) = link.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'))
        else {
            continue;
        };
        let table = fs::read_to_string(format!("/proc/{pid}/net/tcp")).unwrap();
        let line = table
            .lines()
            .find(|line| line.contains(&format!(" {inode} ")) && line.contains(" 0A "));
        let Some(line) = line else { continue };
        let port = line.split_whitespace().nth(1).unwrap().rsplit_once(':').unwrap().1;
        return u16::from_str_radix(port, 16).unwrap();
    }
    panic!("process {pid} does not listen");
}

#[test]
fn exit_statuses_are_those_of_env() {
    let folder = Folder::new();
    let status = |arguments: &[&str]| {
        let mut child = Child::spawn(Command::new(program("supplier")).args(arguments));
        (child.wait().code(), child.stderr())
    };
    assert_eq!(status(&["-s", "0", "--", "sh", "-c", "exit 7"]).0, Some(7));
    let (code, stderr) = status(&["-s", "0", "--", "no-such-program"]);
    assert!(code == Some(127) && stderr.contains("cannot run \"no-such-program\""), "{stderr}");
    fs::write(folder.path("data"), "").unwrap();
    let (code, stderr) = status(&["-s", "0", "--", folder.path("data").to_str().unwrap()]);
    assert!(code == Some(126) && stderr.contains("Permission denied"), "{stderr}");
    for (wrong, part) in [
        (&["-s", "foo::3000", "--", "true"][..], "\"foo\" is not a type of socket"),
        (&["-s", "http::70000", "--", "true"], "the largest is 65535"),
        (&["-s", "0"], "required"),
        (&["-b", "0", "--", "true"], "0 is not in 1.."),
        (&["-s", "unix::/x,user=nobody-such", "--", "true"], "no user \"nobody-such\""),
    ] {
        let (code, stderr) = status(wrong);
        assert!(code == Some(125) && stderr.contains(part), "{code:?} {stderr}");
    }
}

#[test]
fn a_second_one_on_the_same_port_is_told_who_holds_it() {
    let mut first = Command::new(program("supplier"));
    let first = Child::spawn(first.args(["-q", "-s", "0", "--", "sleep", "60"]));
    let port = listening_port(first.pid()).to_string();
    let mut second = Child::spawn(&mut supplied(&["-s", &port], &["list"]));
    let code = second.wait().code();
    let stderr = second.stderr();
    assert_eq!(code, Some(125), "{stderr}");
    let holder =
        format!("cannot listen on 127.0.0.1:{port}: it is in use by sleep (pid {})", first.pid());
    assert!(stderr.contains(&holder), "{stderr}");

    // Shared on purpose, by both.
    let mut first = Command::new(program("supplier"));
    let first = Child::spawn(first.args(["-q", "--reuse-port", "-s", "0", "--", "sleep", "60"]));
    let port = listening_port(first.pid()).to_string();
    let shared = one(&mut supplied(&["--reuse-port", "-s", &port], &["list"]));
    assert_eq!(shared[0]["addr"], format!("127.0.0.1:{port}"));
    assert_eq!(Child::spawn(&mut supplied(&["-s", &port], &["list"])).wait().code(), Some(125));
}

#[test]
fn a_spec_that_fails_leaves_no_path_of_another_behind() {
    let folder = Folder::new();
    let path = folder.path("app.sock");
    let spec = format!("unix::{}", path.display());
    let missing = format!("unix::{}/no/such/folder", path.display());
    let mut child = Child::spawn(&mut supplied(&["-s", &spec, "-s", &missing], &["list"]));
    assert_eq!(child.wait().code(), Some(125));
    assert!(!path.exists());
}

/// Runs as a user who may not change a file's owner, also when root runs the tests.
#[test]
fn a_path_that_cannot_be_finished_leaves_nothing_behind() {
    const NOBODY: u32 = 65534;
    let folder = Folder::new();
    let (path, systemfd) = (folder.path("app.sock"), folder.path("systemfd"));
    copy_program("supplier", &systemfd);
    let mut command = Command::new(&systemfd);
    let spec = format!("unix::{},user=root", path.display());
    command.args(["-s", &spec, "--", "true"]).current_dir("/");
    if rustix::process::geteuid().is_root() {
        fs::set_permissions(folder.path(""), PermissionsExt::from_mode(0o777)).unwrap();
        command.uid(NOBODY).gid(NOBODY);
    }
    let mut child = Child::spawn(&mut command);
    assert_eq!(child.wait().code(), Some(125));
    let stderr = child.stderr();
    assert!(stderr.contains("setting the owner"), "{stderr}");
    assert!(!path.exists());
}

#[test]
fn too_few_descriptors_are_a_failure_of_systemfd() {
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n 12; exec \"$@\"", "sh"]).arg(program("supplier"));
    let mut child = Child::spawn(
        shell.args(["-q", "-s", "0"].iter().chain(&["-s", "0"].repeat(4))).args(["--", "true"]),
    );
    assert_eq!(child.wait().code(), Some(125));
    let stderr = child.stderr();
    assert!(stderr.contains("ulimit -n"), "{stderr}");
}

#[track_caller]
fn refused(path: &Path) -> String {
    let spec = format!("unix::{}", path.display());
    let mut child = Child::spawn(&mut supplied(&["-s", &spec], &["list"]));
    assert_eq!(child.wait().code(), Some(125));
    child.stderr()
}

#[test]
fn a_path_is_taken_over_from_a_dead_socket_only() {
    let folder = Folder::new();
    let path = folder.path("app.sock");

    fs::write(&path, "precious").unwrap();
    let stderr = refused(&path);
    assert!(stderr.contains("a regular file is there already"), "{stderr}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    fs::remove_file(&path).unwrap();

    let live = UnixListener::bind(&path).unwrap();
    let stderr = refused(&path);
    assert!(stderr.contains(&format!("(pid {})", std::process::id())), "{stderr}");
    UnixStream::connect(&path).unwrap();
    drop(live);
    // A starting child of another test may hold the socket for a moment.
    eventually("it is still live", || UnixStream::connect(&path).is_err());

    let spec = format!("unix::{},mode=604", path.display());
    let list = one(&mut supplied(&["-s", &spec], &["list"]));
    assert_eq!(list[0]["kind"], "UnixListener");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o604);
}

#[test]
fn without_sockets_the_program_runs_as_it_is() {
    let mut child = Child::spawn(
        Command::new(program("supplier")).arg("--").arg(program("probe")).arg("variables"),
    );
    assert_eq!(child.json(), json!({}));
    assert!(child.stderr().contains("warning: no sockets"));
}

/// Runs in a mount namespace where an empty file system covers `/proc`.
#[test]
fn without_proc_a_mode_is_set_as_far_as_the_umask_leaves_it() {
    if !has("unshare") {
        return;
    }
    let folder = Folder::new();
    let path = folder.path("app.sock");
    let run = |mode: &str| {
        let hide = "mount -t tmpfs none /proc && umask 022 && exec \"$0\" \"$@\"";
        let mut command = Command::new("unshare");
        command.args(["--mount", "--map-root-user", "sh", "-c", hide]).arg(program("supplier"));
        command.args(["-q", "-s", &format!("unix::{},mode={mode}", path.display()), "--", "true"]);
        let mut child = Child::spawn(&mut command);
        (child.wait().code(), child.stderr())
    };
    assert_eq!(run("640"), (Some(0), String::new()));
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o640);
    fs::remove_file(&path).unwrap();
    let (code, stderr) = run("660");
    assert_eq!(code, Some(125), "{stderr}");
    assert!(stderr.contains("the umask takes away") && stderr.contains("mount /proc"), "{stderr}");
    assert!(!path.exists());
}
