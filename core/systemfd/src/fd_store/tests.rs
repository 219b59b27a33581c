//! Tests of the store: what is kept, for which program and for how long.

use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use listenfd_core::internal::CONNECTIONS;
use listenfd_core::internal::notify_socket::Message;

use super::FdStore;

/// A message with one descriptor, and the other end of that.
fn message(text: &str, sender: Option<u32>) -> (Message, UnixStream) {
    let (end, other) = UnixStream::pair().unwrap();
    other.set_nonblocking(true).unwrap();
    let mut message = Message::default();
    (message.text, message.fds, message.sender) = (text.into(), vec![end.into()], sender);
    (message, other)
}

fn ready(sender: Option<u32>) -> Message {
    let mut message = Message::default();
    (message.text, message.sender) = ("READY=1".into(), sender);
    message
}

fn is_kept(mut other: &UnixStream) -> bool {
    other.read(&mut [0]).is_err()
}

const KEEP: &str = "FDSTORE=1\nFDNAME=listenfd-connections-2\nFDPOLL=0";

#[test]
fn connections_are_offered_until_they_are_forgotten() {
    let mut store = FdStore::new();
    let (asks, other) = message(KEEP, None);
    assert_eq!(store.apply(asks).rest, "");
    let first = store.offer(None).unwrap();
    assert_eq!(first.fds.len(), 1);
    drop(first);
    let second = store.offer(None).unwrap();
    let (asks, later) = message(KEEP, None);
    store.apply(asks);
    store.forget(&second);
    drop(second);
    assert!(!is_kept(&other) && is_kept(&later));
    assert_eq!(store.offer(None).unwrap().fds.len(), 1);
}

#[test]
fn a_name_is_forgotten_when_a_program_asks_for_that() {
    let mut store = FdStore::new();
    let (keeps, other) = message(KEEP, None);
    store.apply(keeps);
    let mut removes = Message::default();
    removes.text = "FDSTOREREMOVE=1\nFDNAME=another".into();
    store.apply(removes);
    assert!(is_kept(&other));
    let mut removes = Message::default();
    removes.text = format!("FDSTOREREMOVE=1\nFDNAME={CONNECTIONS}");
    store.apply(removes);
    assert!(!is_kept(&other));
}

#[test]
fn connections_of_another_version_are_not_kept() {
    let mut store = FdStore::new();
    for name in ["listenfd-connections", "listenfd-connections-3"] {
        let (keeps, other) = message(&format!("FDSTORE=1\nFDNAME={name}\nFDPOLL=0"), None);
        let notice = store.apply(keeps);
        assert!(notice.fds.is_empty());
        // The user is told of the first one.
        assert_eq!(notice.is_other_version, name == "listenfd-connections");
        assert!(!is_kept(&other) && store.other_entries().next().is_none(), "{name}");
    }
}

#[test]
fn a_barrier_is_closed_and_other_lines_are_returned() {
    let mut store = FdStore::new();
    let (asks, other) = message("BARRIER=1", None);
    store.apply(asks);
    assert!(!is_kept(&other));
    let (says, other) = message("READY=1\nSTATUS=up\nSTOPPING=1", None);
    let notice = store.apply(says);
    assert!(notice.is_ready && !is_kept(&other));
    assert_eq!(notice.rest, "READY=1\nSTATUS=up\nSTOPPING=1\n");
}

#[test]
fn other_descriptors_are_handed_over_unless_their_other_end_is_gone() {
    let mut store = FdStore::new();
    let (keeps, _watched) = message("FDSTORE=1\nFDNAME=log", None);
    store.apply(keeps);
    let (keeps, gone) = message("FDSTORE=1", None);
    store.apply(keeps);
    let (keeps, unwatched) = message("FDSTORE=1\nFDNAME=state\nFDPOLL=0", None);
    store.apply(keeps);
    drop((gone, unwatched));
    let names: Vec<_> = store.other_entries().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(names, ["log", "state"]);
    assert!(store.offer(None).unwrap().fds.is_empty());
}

#[test]
fn a_store_for_connections_leaves_other_descriptors_in_the_notice() {
    let mut store = FdStore::for_connections();
    let (keeps, other) = message("FDSTORE=1\nFDNAME=log", None);
    let notice = store.apply(keeps);
    assert_eq!((notice.rest.as_str(), notice.fds.len()), ("FDSTORE=1\nFDNAME=log", 1));
    assert!(store.other_entries().next().is_none() && is_kept(&other));
}

#[test]
fn connections_are_closed_when_a_program_is_ready_that_has_not_requested_them() {
    let (mut store, me) = (FdStore::new(), Some(std::process::id()));
    store.apply(ready(me));
    let (keeps, other) = message(KEEP, me);
    store.apply(keeps);
    // It has read its configuration again.
    store.apply(ready(me));
    assert!(is_kept(&other));
    store.apply(ready(Some(std::os::unix::process::parent_id())));
    assert!(!is_kept(&other));
}

#[test]
fn connections_are_refused_once_a_later_program_is_ready() {
    let (mut store, me) = (FdStore::new(), Some(std::process::id()));
    let parent = Some(std::os::unix::process::parent_id());
    store.apply(ready(me));
    store.apply(ready(parent));
    let (keeps, other) = message(KEEP, me);
    store.apply(keeps);
    assert!(!is_kept(&other));
    let (keeps, other) = message(KEEP, parent);
    store.apply(keeps);
    assert!(is_kept(&other));
}

#[test]
fn connections_are_refused_once_the_next_program_has_requested_them() {
    let (mut store, me) = (FdStore::new(), Some(std::process::id()));
    store.apply(ready(me));
    let (keeps, before) = message(KEEP, me);
    store.apply(keeps);
    let next = Some(std::os::unix::process::parent_id());
    let offer = store.offer(next).unwrap();
    // It may not get them.
    let (keeps, meanwhile) = message(KEEP, me);
    store.apply(keeps);
    assert!(is_kept(&meanwhile));
    // It may end already.
    let (keeps, its_own) = message(KEEP, next);
    store.apply(keeps);
    store.forget(&offer);
    let (keeps, after) = message(KEEP, me);
    store.apply(keeps);
    assert!(is_kept(&before) && !is_kept(&meanwhile) && !is_kept(&after));
    assert!(is_kept(&its_own));
    assert_eq!(offer.fds.len(), 1);
}

#[test]
fn a_closed_store_refuses_connections() {
    let mut store = FdStore::new();
    let (keeps, before) = message(KEEP, None);
    store.apply(keeps);
    store.close();
    let (keeps, after) = message(KEEP, None);
    store.apply(keeps);
    assert!(!is_kept(&before) && !is_kept(&after));
    store.close_for(Duration::from_secs(60));
    let (keeps, during) = message(KEEP, None);
    store.apply(keeps);
    assert!(!is_kept(&during));
    store.close_for(Duration::ZERO);
    let (keeps, later) = message(KEEP, None);
    store.apply(keeps);
    assert!(is_kept(&later));
}

#[test]
fn no_descriptor_is_kept_twice() {
    let mut store = FdStore::new();
    let (end, _other) = UnixStream::pair().unwrap();
    for _ in 0..3 {
        let mut keeps = Message::default();
        (keeps.text, keeps.fds) = ("FDSTORE=1".into(), vec![end.try_clone().unwrap().into()]);
        store.apply(keeps);
    }
    assert_eq!(store.other_entries().count(), 1);
}

#[test]
fn connections_are_kept_up_to_a_number_and_a_time() {
    let mut store = FdStore::new();
    let (end, _other) = UnixStream::pair().unwrap();
    let mut asks = Message::default();
    asks.text = KEEP.into();
    asks.fds = (0..300).map(|_| end.as_fd().try_clone_to_owned().unwrap()).collect();
    store.apply(asks);
    assert_eq!(store.take_connections().len(), 300);
    store.add_connections(end.into());
    assert!(!store.close_older_than(Duration::from_secs(60)));
    assert!(store.close_older_than(Duration::ZERO));
    assert!(store.take_connections().is_empty());
}
