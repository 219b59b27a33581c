//! TLS on handed sockets.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod certificates;
mod serving;
mod shutdown;

use listenfd_tests::{Certificate, Folder, Server, ServiceManager, Supplier};
use rustix::process::{Pid, Signal, kill_process};

/// A server with a certificate.
struct Secure {
    server: Server,
    manager: ServiceManager,
    certificate: Certificate,
    folder: Folder,
}

impl Secure {
    fn start(framework: &str, sockets: &Supplier, options: &[&str]) -> Self {
        let (folder, manager, certificate) =
            (Folder::new(), ServiceManager::new(), Certificate::new());
        certificate.write(&folder.path("cert.pem"), &folder.path("key.pem"));
        let cert = format!("cert={}", folder.path("cert.pem").display());
        let key = format!("key={}", folder.path("key.pem").display());
        let options = [options, &[&cert, &key]].concat();
        let server = Server::start_managed(framework, sockets, &manager, &options);
        Secure { server, manager, certificate, folder }
    }

    /// Makes the server read the files again, and waits for that.
    fn reload(&self) {
        let pid = Pid::from_raw(self.server.child.pid().try_into().unwrap()).unwrap();
        kill_process(pid, Signal::HUP).unwrap();
        let told = self.manager.next_message();
        assert!(told.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{told}");
        assert_eq!(self.manager.next_message(), "READY=1\n");
    }
}
