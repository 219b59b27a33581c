//! The number of people in the room, as a stream of events.

use std::convert::Infallible;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum_listenfd::Drain;
use futures_util::{Stream, StreamExt, stream};

use crate::room::Room;

pub(crate) async fn people(
    State(room): State<Room>,
    Drain(drain): Drain,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut people = room.people.subscribe();
    people.mark_changed();
    let counts = stream::unfold(people, |mut people| async move {
        people.changed().await.ok()?;
        let count = *people.borrow_and_update();
        Some((Event::default().event("people").data(count.to_string()), people))
    });
    let goodbye = stream::once(async { Event::default().event("restart").data("") });
    let events = counts.take_until(drain.draining()).chain(goodbye).map(Ok);
    Sse::new(events).keep_alive(KeepAlive::default())
}
