//! The server of an fd store in a process without an event loop: a thread waits for each socket.

use std::os::fd::AsFd;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::thread;

use super::server::Server;
use super::store::Notice;

impl Server {
    /// Serves both sockets, in threads that run as long as this process; `on_notice` gets the rest of
    /// each message.
    pub fn spawn_threads(
        &self,
        messages: UnixDatagram,
        requests: UnixListener,
        on_notice: impl FnMut(Notice) + Send + 'static,
    ) {
        let [receiver, answerer, cleaner] = [self.clone(), self.clone(), self.clone()];
        thread::spawn(move || receive(&receiver, &messages, on_notice));
        thread::spawn(move || answer(&answerer, &requests));
        thread::spawn(move || {
            loop {
                thread::sleep(Server::EXPIRY_INTERVAL);
                cleaner.close_expired();
            }
        });
    }
}

fn receive(server: &Server, messages: &UnixDatagram, mut on_notice: impl FnMut(Notice)) {
    loop {
        match server.receive(messages.as_fd()) {
            Ok(notice) => on_notice(notice),
            Err(_) => thread::sleep(Server::RETRY_PAUSE),
        }
    }
}

fn answer(server: &Server, requests: &UnixListener) {
    for stream in requests.incoming() {
        let request = stream.and_then(|stream| server.request(stream));
        let answered = request.and_then(|request| request.answer(&request.offer()?));
        if answered.is_err() {
            // The next program that asks gets the connections.
            thread::sleep(Server::RETRY_PAUSE);
        }
    }
}
