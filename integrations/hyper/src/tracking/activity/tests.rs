//! One connection through its states.

use std::time::Duration;

use listenfd_lifecycle::internal::Lifecycle;

use super::*;

const FAR: Duration = Duration::from_secs(1000);

fn activity(is_fresh: bool) -> Arc<Activity> {
    Activity::new(Lifecycle::new().guard(), None, is_fresh)
}

#[test]
fn a_request_is_awaited_then_partly_read_then_in_flight_then_awaited_again() {
    let activity = activity(true);
    assert!(activity.is_waiting() && activity.clock.awaits_first_request());
    assert_eq!(activity.clock.head_due(FAR), Some(activity.clock.accepted() + FAR));

    activity.note_bytes_read();
    assert!(!activity.is_waiting());
    activity.clock.update();
    assert_eq!(activity.clock.head_due(FAR), Some(activity.clock.accepted() + FAR));

    let request = activity.begin_request(false, false);
    assert!(!activity.is_waiting() && !activity.clock.awaits_first_request());
    activity.note_bytes_read(); // its body
    assert_eq!(activity.clock.head_due(FAR), None);

    drop(request);
    assert!(activity.is_waiting());
    assert_eq!(activity.clock.head_due(FAR), None);

    activity.note_bytes_read();
    activity.clock.update();
    assert!(!activity.is_waiting());
    assert!(activity.clock.head_due(FAR) > Some(activity.clock.accepted() + FAR));
}

#[test]
fn the_rest_of_a_body_is_no_request() {
    let activity = activity(true);
    drop(activity.begin_request(false, true));
    activity.note_bytes_read();
    assert!(activity.is_waiting());
    assert_eq!(activity.clock.head_due(FAR), None);
    drop(activity.begin_request(false, false));
    activity.note_bytes_read();
    assert!(!activity.is_waiting());
}

#[test]
fn one_that_was_taken_over_may_be_idle() {
    let activity = activity(false);
    assert!(activity.is_waiting() && !activity.clock.awaits_first_request());
    assert_eq!(activity.clock.head_due(FAR), None);
    activity.note_bytes_read();
    activity.clock.update();
    assert!(!activity.is_waiting() && activity.clock.head_due(FAR).is_some());
}

#[test]
fn an_unwritten_response_is_not_the_end_of_a_request() {
    let activity = activity(true);
    drop(activity.begin_request(false, false));
    activity.note_write_blocked();
    assert!(!activity.is_waiting());
    activity.note_written();
    assert!(activity.is_waiting());
}
