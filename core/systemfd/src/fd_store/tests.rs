//! What is kept, for whom and for how long.

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
fn what_is_kept_is_offered_until_it_is_forgotten() {
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
fn by_its_name_it_is_forgotten_too() {
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
fn connections_in_another_form_are_not_kept() {
    let mut store = FdStore::new();
    for name in ["listenfd-connections", "listenfd-connections-3"] {
        let (keeps, other) = message(&format!("FDSTORE=1\nFDNAME={name}\nFDPOLL=0"), None);
        let notice = store.apply(keeps);
        assert!(notice.fds.is_empty());
        // The first one is told of.
        assert_eq!(notice.is_other_version, name == "listenfd-connections");
        assert!(!is_kept(&other) && store.other_entries().next().is_none(), "{name}");
    }
}

#[test]
fn a_barrier_is_closed_and_other_lines_are_told() {
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
fn other_things_are_handed_over_unless_their_other_end_is_gone() {
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
fn with_nobody_to_hand_them_to_they_are_passed_on() {
    let mut store = FdStore::for_connections();
    let (keeps, other) = message("FDSTORE=1\nFDNAME=log", None);
    let notice = store.apply(keeps);
    assert_eq!((notice.rest.as_str(), notice.fds.len()), ("FDSTORE=1\nFDNAME=log", 1));
    assert!(store.other_entries().next().is_none() && is_kept(&other));
}

#[test]
fn a_program_that_is_ready_and_has_not_asked_has_them_closed() {
    let (mut store, me) = (FdStore::new(), Some(std::process::id()));
    store.apply(ready(me));
    let (keeps, other) = message(KEEP, me);
    store.apply(keeps);
    // It has read its configuration again, which is no news.
    store.apply(ready(me));
    assert!(is_kept(&other));
    store.apply(ready(Some(std::os::unix::process::parent_id())));
    assert!(!is_kept(&other));
}

#[test]
fn those_of_a_program_that_has_a_successor_are_not_kept() {
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
fn those_of_a_program_whose_successor_has_asked_already_are_not_kept() {
    let (mut store, me) = (FdStore::new(), Some(std::process::id()));
    store.apply(ready(me));
    let (keeps, before) = message(KEEP, me);
    store.apply(keeps);
    let successor = Some(std::os::unix::process::parent_id());
    let offer = store.offer(successor).unwrap();
    // It may not get them.
    let (keeps, meanwhile) = message(KEEP, me);
    store.apply(keeps);
    assert!(is_kept(&meanwhile));
    // It may end already.
    let (keeps, its_own) = message(KEEP, successor);
    store.apply(keeps);
    store.forget(&offer);
    let (keeps, after) = message(KEEP, me);
    store.apply(keeps);
    assert!(is_kept(&before) && !is_kept(&meanwhile) && !is_kept(&after));
    assert!(is_kept(&its_own));
    assert_eq!(offer.fds.len(), 1);
}

#[test]
fn when_nobody_will_ask_nothing_is_kept_any_more() {
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
fn what_is_kept_already_is_not_kept_twice() {
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
fn there_is_an_end_to_its_room_and_its_patience() {
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
