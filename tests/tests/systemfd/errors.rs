//! Errors and exit statuses, and a failure leaves no path of a socket behind.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use listenfd_tests::{Child, Folder, copy_program, eventually, has, program};

use super::{listening_port, one, supplied};

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
fn an_error_names_the_process_with_the_port() {
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
fn a_spec_that_fails_leaves_no_path_of_another_spec() {
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
fn a_path_whose_owner_cannot_be_set_is_removed() {
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
fn too_few_descriptors_are_an_error_of_systemfd() {
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
fn only_a_dead_socket_is_replaced() {
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
