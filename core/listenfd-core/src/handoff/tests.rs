//! Both ends of a handoff channel.

use std::io;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::os::unix::net::{UnixDatagram, UnixStream};

use super::connection::tests::tcp;
use super::wire_format::NUMBER_SIZE;
use super::{Connection, HandoffChannel, TakenOver};
use crate::address::Address;
use crate::sys;

/// The numbers below `messages` that were acknowledged.
fn acked(channel: &HandoffChannel, messages: usize) -> Option<Vec<usize>> {
    let acked = channel.acked()?;
    Some((0..messages).filter(|message| acked.contains(*message)).collect())
}

#[test]
fn connections_come_out_of_a_channel_after_its_sender_is_gone() {
    let (channel, end) = HandoffChannel::new().unwrap();
    let pairs: Vec<_> = (0..5).map(|_| tcp()).collect();
    for pair in pairs.chunks(2) {
        let batch: Vec<_> = pair.iter().map(|(_, own)| (own.as_fd(), false)).collect();
        channel.send(&batch).unwrap();
    }
    assert_eq!(channel.acked(), None);
    drop(channel);
    let taken = TakenOver::from_fd(end);
    assert_eq!((taken.connections.len(), taken.lost), (5, 0));
    for (connection, (client, own)) in taken.connections.into_iter().zip(pairs) {
        assert_eq!(connection.peer_addr(), client.local_addr().ok());
        assert_eq!(connection.local_addr(), &Address::Inet(own.local_addr().unwrap()));
        assert!(!connection.is_fresh());
    }
}

#[test]
fn a_connection_is_fresh_or_not() {
    let (channel, end) = HandoffChannel::new().unwrap();
    let (_client, own) = tcp();
    channel.send(&[(own.as_fd(), true), (own.as_fd(), false)]).unwrap();
    let fresh: Vec<_> =
        TakenOver::from_fd(end).connections.iter().map(Connection::is_fresh).collect();
    assert_eq!(fresh, [true, false]);
}

#[test]
fn nothing_is_taken_from_a_closed_channel() {
    let (channel, end) = HandoffChannel::new().unwrap();
    assert_eq!(channel.acked(), None);
    let (_client, own) = tcp();
    channel.send(&[(own.as_fd(), false)]).unwrap();
    drop(end);
    assert_eq!(acked(&channel, 1), Some(vec![]));
    let err = channel.send(&[(own.as_fd(), false)]).unwrap_err();
    assert_eq!(err.kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn taken_messages_are_acknowledged_and_later_ones_are_not() {
    let (channel, end) = HandoffChannel::new().unwrap();
    let another = end.try_clone().unwrap();
    let (_client, own) = tcp();
    channel.send(&[(own.as_fd(), true), (own.as_fd(), false)]).unwrap();
    channel.send(&[(own.as_fd(), false)]).unwrap();
    assert_eq!(TakenOver::from_fd(end).connections.len(), 3);
    // While another process holds the receiving end, not every system refuses the message.
    let sent = channel.send(&[(own.as_fd(), false)]);
    assert_eq!(sent.is_err(), sys::KEEPS_WHAT_CAME);
    assert!(channel.has_update());
    assert_eq!(acked(&channel, 3), if sent.is_err() { Some(vec![0, 1]) } else { None });
    drop(another);
    assert_eq!(acked(&channel, 3), Some(vec![0, 1]));
}

#[test]
fn an_empty_channel_is_acknowledged() {
    let (channel, end) = HandoffChannel::new().unwrap();
    assert!(TakenOver::from_fd(end.try_clone().unwrap()).connections.is_empty());
    assert_eq!(acked(&channel, 1), Some(vec![]));
    drop(end);
}

/// It dies between receiving and acknowledging. Another process takes the rest.
#[test]
fn messages_of_a_process_that_died_before_its_ack_are_not_acknowledged() {
    let (channel, end) = HandoffChannel::new().unwrap();
    let (_client, own) = tcp();
    for _ in 0..4 {
        channel.send(&[(own.as_fd(), false)]).unwrap();
    }
    let died = end.try_clone().unwrap();
    for _ in 0..2 {
        sys::receive(died.as_fd(), &mut [0; 16]).unwrap();
    }
    assert_eq!(TakenOver::from_fd(end).connections.len(), 2);
    // It may still acknowledge them.
    assert_eq!(acked(&channel, 4), None);
    assert!(channel.is_partly_acked());
    drop(died);
    assert_eq!(acked(&channel, 4), Some(vec![2, 3]));
}

#[test]
fn without_room_for_the_ack_nothing_is_taken() {
    let (channel, end) = HandoffChannel::new().unwrap();
    let (_client, own) = tcp();
    channel.send(&[(own.as_fd(), false)]).unwrap();
    let back = UnixStream::from(end.try_clone().unwrap());
    back.set_nonblocking(true).unwrap();
    while sys::send(back.as_fd(), &[0; 4096], &[]).is_ok() {}
    while sys::send(back.as_fd(), &[0], &[]).is_ok() {}
    let taken = TakenOver::from_fd(end);
    assert_eq!((taken.connections.len(), taken.lost), (0, 1));
}

#[test]
fn a_message_that_is_too_short_is_an_error() {
    let (channel, end) = HandoffChannel::new().unwrap();
    let (_client, own) = tcp();
    sys::send(channel.as_fd(), &[1], &[own.as_fd()]).unwrap();
    let taken = TakenOver::from_fd(end);
    assert_eq!((taken.connections.len(), taken.lost), (0, 1));
    assert!(taken.reason.unwrap().to_string().contains("too short"));
}

#[test]
fn a_full_channel_loses_nothing() {
    let (channel, end) = HandoffChannel::new().unwrap();
    let (_client, own) = tcp();
    let sent = (0..).take_while(|_| match channel.send(&[(own.as_fd(), false)]) {
        Ok(()) => true,
        Err(err) => {
            let is_limit = err.to_string().contains("LimitNOFILE=");
            assert!(is_limit || err.kind() == io::ErrorKind::WouldBlock, "{err}");
            false
        }
    });
    let sent = sent.count();
    assert!(sent > 100, "{sent}");
    drop(channel);
    // One by one: this process may not be able to open all at once.
    let came = std::iter::from_fn(|| {
        let received = sys::receive(end.as_fd(), &mut [0; NUMBER_SIZE + 1]).unwrap();
        (received.length > 0).then_some(received.fds.len())
    });
    assert_eq!(came.sum::<usize>(), sent);
}

#[test]
fn descriptors_that_are_not_connections_are_counted_and_closed() {
    let (channel, end) = HandoffChannel::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let datagram = UnixDatagram::unbound().unwrap();
    let (client, own) = tcp();
    let fds = [listener.as_fd(), datagram.as_fd(), own.as_fd()];
    channel.send(&fds.map(|fd| (fd, false))).unwrap();
    let taken = TakenOver::from_fd(end);
    assert_eq!((taken.connections.len(), taken.lost), (1, 2));
    assert!(taken.reason.unwrap().to_string().contains("Unix datagram socket"));
    drop(client);
    let taken = TakenOver::from_fd(listener.into());
    assert_eq!((taken.connections.len(), taken.lost), (0, 1));
}
