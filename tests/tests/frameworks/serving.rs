//! Serving in any framework: sockets, clients, names, options and errors.

use std::process::Command;

use listenfd_lifecycle::internal::Options;
use listenfd_tests::{
    Connection, FRAMEWORKS, Folder, SOON, Server, ServiceManager, Supplier, get, has, program, soon,
};

use super::open;

#[tokio::test]
async fn ipv4_ipv6_and_unix_are_served_at_once_with_the_clients_address() {
    if !has("curl") {
        return;
    }
    for framework in FRAMEWORKS {
        let folder = Folder::new();
        let mut sockets = Supplier::new();
        let v4 = sockets.tcp(None, "127.0.0.1");
        let v6 = sockets.tcp(None, "::1");
        let path = folder.path("a.sock");
        sockets.unix(None, &path);
        let server = Server::start_managed(framework, &sockets, &ServiceManager::new(), &[]);
        assert_eq!(server.addrs.len(), 3);
        for addr in [v4, v6] {
            let stream = tokio::net::TcpStream::connect(addr).await.unwrap();
            let own = stream.local_addr().unwrap();
            let mut client = Connection::new(stream);
            assert_eq!(client.get("/addr").await.unwrap().body, own.to_string().as_bytes());
            let peer = client.get("/peer").await.unwrap().body;
            assert_eq!(String::from_utf8(peer).unwrap(), format!("Tcp({own})"), "{framework}");
            assert_eq!(curl(&[&format!("http://{addr}/")]), "hello");
        }
        let peer = curl(&["--unix-socket", path.to_str().unwrap(), "http://localhost/peer"]);
        let uid = rustix::process::getuid().as_raw();
        assert!(peer.starts_with("Unix(") && peer.contains(&format!("uid: {uid}")), "{peer}");
    }
}

fn curl(arguments: &[&str]) -> String {
    let output = Command::new("curl").args(["-gsS", "-m", "60"]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn a_client_that_does_not_finish_the_first_head_is_closed_in_time() {
    for framework in FRAMEWORKS {
        let manager = ServiceManager::new();
        let options = ["header_read_timeout=100"];
        let server = Server::start_managed(framework, &Supplier::one(), &manager, &options);
        let mut half = open(server.addr()).await;
        half.send("GET / HT").await.unwrap();
        let mut rest = Vec::new();
        soon(half.read_to_end(&mut rest)).await;
        let text = String::from_utf8(rest).unwrap();
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 408"), "{framework}: {text}");
    }
}

#[tokio::test]
async fn a_name_selects_sockets() {
    for framework in FRAMEWORKS {
        let mut sockets = Supplier::new();
        sockets.tcp(Some("admin"), "127.0.0.1");
        let web = sockets.tcp(Some("web"), "127.0.0.1");
        let server =
            Server::start_managed(framework, &sockets, &ServiceManager::new(), &["name=web"]);
        assert_eq!(server.addrs, [web.to_string()], "{framework}");
    }
}

/// IPv4 and IPv6, as in production.
#[tokio::test]
async fn without_a_supplier_several_addresses_are_bound() {
    for framework in FRAMEWORKS {
        let mut command = std::process::Command::new(program(framework));
        let folder = Folder::new();
        let path = folder.path("a.sock").display().to_string();
        command.arg(format!("127.0.0.1:0,[::1]:0,{path}"));
        let server = Server::start_command(&mut command);
        assert_eq!(server.addrs.len(), 3, "{framework}");
        assert_eq!(server.addrs[2], format!("unix:{path}"), "{framework}");
        for addr in &server.addrs[..2] {
            let answer = get(addr.parse().unwrap(), "/").await.unwrap();
            assert_eq!(answer.body, b"hello", "{framework}");
        }
    }
}

/// The error that each framework's `main` prints for the same mistake.
fn errors(sockets: &Supplier, arguments: &[&str]) -> Vec<String> {
    let error = |framework| {
        let mut command = sockets.command(program(framework));
        let mut server = listenfd_tests::Child::spawn(command.args(arguments));
        assert_eq!(server.wait().code(), Some(1), "{framework}");
        let log = server.stderr();
        let error = log.lines().find(|line| line.starts_with("Error: "));
        error.unwrap_or_else(|| panic!("{framework}: {log}")).to_owned()
    };
    FRAMEWORKS.map(error).to_vec()
}

#[track_caller]
fn check_error(sockets: &Supplier, arguments: &[&str], expected: &[&str]) {
    let errors = errors(sockets, arguments);
    for phrase in expected {
        assert!(errors[0].contains(phrase), "{} lacks {phrase}", errors[0]);
    }
    assert!(errors.iter().all(|error| *error == errors[0]), "{errors:#?}");
}

#[test]
fn the_same_mistake_gives_the_same_error() {
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = held.local_addr().unwrap().to_string();
    let mut admin = Supplier::new();
    admin.tcp(Some("admin"), "127.0.0.1");
    let none = Supplier::new();
    check_error(&none, &[&taken], &["AddrInUse", &taken, &format!("pid {}", std::process::id())]);
    drop(held);
    check_error(&none, &["localhost"], &["write localhost:3000"]);
    check_error(&none, &["127.0.0.1:65536"], &["65536"]);
    check_error(&admin, &["name=web"], &["no handed socket", "web", "admin"]);
    check_error(&none, &["max_connections=0"], &["max_connections is 0"]);
}

#[test]
fn the_same_mistake_in_a_certificate_gives_the_same_error() {
    let folder = Folder::new();
    let file = |name: &str| folder.path(name).display().to_string();
    listenfd_tests::Certificate::new().write(&folder.path("a.pem"), &folder.path("a.key"));
    listenfd_tests::Certificate::new().write(&folder.path("b.pem"), &folder.path("b.key"));
    std::fs::write(folder.path("empty"), "").unwrap();
    // A key without its line breaks: no part of it may be in a log.
    let one_line = "-----BEGIN PRIVATE KEY-----MIIEprecious\n";
    std::fs::write(folder.path("one-line.key"), one_line).unwrap();
    let none = Supplier::new();
    for (cert, key, expected) in [
        ("missing", "a.key", ["cannot read the certificate", "missing", "check the path"]),
        ("a.pem", "missing", ["cannot read the key", "missing", "check the path"]),
        ("empty", "a.key", ["cannot use the certificate", "empty", "BEGIN CERTIFICATE"]),
        ("a.pem", "b.pem", ["cannot use the key", "b.pem", "BEGIN PRIVATE KEY"]),
        (
            "a.pem",
            "one-line.key",
            ["cannot use the key", "one-line.key", "line breaks may be missing"],
        ),
        ("a.pem", "b.key", ["b.key is not that of the certificate", "a.pem", "b.key"]),
    ] {
        let arguments = [format!("cert={}", file(cert)), format!("key={}", file(key))];
        let arguments = [arguments[0].as_str(), &arguments[1]];
        check_error(&none, &arguments, &expected);
        for error in errors(&none, &arguments) {
            let bytes = format!("{:?}", b"MIIE");
            let is_shown =
                error.contains("precious") || error.contains(bytes.trim_matches(['[', ']']));
            assert!(!is_shown, "{error}");
        }
    }
}

/// Otherwise a test with a short timeout would not show that the option has an effect.
#[test]
fn the_defaults_are_far_enough_from_what_tests_set() {
    let Options { drain_timeout, header_read_timeout, .. } = Options::default();
    assert!(drain_timeout >= 2 * SOON && header_read_timeout >= 2 * SOON);
}
