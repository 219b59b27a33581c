//! What happens to the whole, event after event.

use super::*;

fn run_through(overlap: bool, events: &[Event]) -> (State, Vec<Action>) {
    let mut state = State::new(overlap, false);
    let actions = events.iter().flat_map(|event| state.step(*event)).collect();
    (state, actions)
}

const SAVED: Event = Event::Changed(Change::Build);
const BUILT: Event = Event::BuildEnded(BuildEnd::New);
const BROKEN: Event = Event::BuildEnded(BuildEnd::Failed);

fn last(events: &[Event]) -> String {
    let (before, last) = events.split_at(events.len() - 1);
    let (state, _) = run_through(false, before);
    actions_text(&stepped(&state, last[0]).1)
}

#[test]
fn requests_are_answered_while_no_program_can_run_and_wait_while_one_may() {
    let crashed = [SAVED, BUILT, Event::Ended(Run(1))];
    assert_eq!(last(&[SAVED, BROKEN]), "TellFailure,Answer");
    assert_eq!(last(&crashed), "TellCrash,Answer");
    assert_eq!(last(&[SAVED, BROKEN, SAVED]), "StopAnswering,Build");
    assert_eq!(last(&[SAVED, BROKEN, SAVED, BROKEN]), "TellFailure,Answer");
    assert_eq!(last(&[SAVED, BROKEN, SAVED, BUILT]), "Start1");
    // A crash during a build: the build may be the cure.
    assert_eq!(last(&[SAVED, BUILT, SAVED, Event::Ended(Run(1))]), "TellCrash");
    let restarted = [&crashed[..], &[Event::Changed(Change::Restart)]].concat();
    assert_eq!(last(&restarted), "StopAnswering,Start2");
    assert_eq!(last(&[SAVED, BROKEN, Event::Quit]), "CloseStore,StopAnswering,Exit");
}

#[test]
fn browsers_are_shown_a_build_where_requests_can_wait_for_its_end() {
    let last = |events: &[Event]| {
        let (last, before) = events.split_last().unwrap();
        let mut state = State::new(false, true);
        before.iter().for_each(|event| drop(state.step(*event)));
        actions_text(&state.step(*last))
    };
    let crashed = [SAVED, BUILT, Event::Ended(Run(1))];
    assert_eq!(last(&[SAVED]), "Build,AnswerWhileBuilding");
    assert_eq!(last(&[SAVED, SAVED]), "CancelBuild");
    assert_eq!(last(&[SAVED, BUILT]), "StopAnswering,Start1");
    assert_eq!(last(&[SAVED, BROKEN]), "TellFailure,Answer");
    assert_eq!(last(&[SAVED, BROKEN, SAVED]), "Build,AnswerWhileBuilding");
    assert_eq!(last(&crashed), "TellCrash,Answer");
    assert_eq!(last(&[&crashed[..], &[SAVED]].concat()), "Build,AnswerWhileBuilding");
    assert_eq!(last(&[SAVED, BUILT, SAVED, Event::Ended(Run(1))]), "TellCrash,AnswerWhileBuilding");
    assert_eq!(last(&[SAVED, Event::Quit]), "CloseStore,StopAnswering,CancelBuild");
    // A program that runs gets its requests itself, and so does the one that takes its place.
    assert_eq!(last(&[SAVED, BUILT, Event::Ready(Run(1)), SAVED]), "Build");
    let stopped = [SAVED, BUILT, Event::Ready(Run(1)), SAVED, BUILT, SAVED, Event::Ended(Run(1))];
    assert_eq!(last(&stopped), "Start2");
}

#[test]
fn after_a_crash_a_change_retries_unless_a_build_runs_or_has_failed() {
    let crashed = [SAVED, BUILT, Event::Ended(Run(1))];
    let retry = Event::Changed(Change::Retry);
    let with = |events: &[Event]| last(&[&crashed[..], events].concat());
    assert_eq!(with(&[retry]), "StopAnswering,TellRetry,Start2");
    assert_eq!(with(&[retry, Event::Ended(Run(2)), retry]), "StopAnswering,TellRetry,Start3");
    assert_eq!(with(&[SAVED, retry]), "-");
    assert_eq!(with(&[SAVED, BROKEN, retry]), "-");
    assert_eq!(last(&[SAVED, BROKEN, retry]), "-");
    assert_eq!(last(&[SAVED, BUILT, retry]), "-");
}

#[test]
fn a_build_that_fails_leaves_the_program_alone() {
    assert_eq!(last(&[SAVED, BUILT, Event::Ready(Run(1)), SAVED, BROKEN]), "TellFailure+s");
}

#[test]
fn an_unchanged_program_is_restarted_only_if_it_does_not_run_or_by_request() {
    let same = Event::BuildEnded(BuildEnd::Same);
    assert_eq!(last(&[SAVED, BUILT, SAVED, same]), "TellUnchanged");
    assert_eq!(last(&[SAVED, BUILT, Event::Ended(Run(1)), SAVED, same]), "Start2");
    assert_eq!(last(&[SAVED, BUILT, Event::Changed(Change::Rebuild), same]), "Stop1");
    assert_eq!(last(&[SAVED, BUILT, SAVED, Event::Changed(Change::Restart), same]), "Stop1");
    // The wish for a restart outlives a build that fails, where there is something to restart.
    assert_eq!(
        last(&[SAVED, BUILT, SAVED, Event::Changed(Change::Restart), BROKEN]),
        "TellFailure+s,Stop1"
    );
    assert_eq!(last(&[SAVED, Event::Changed(Change::Restart), BROKEN]), "TellFailure,Answer");
}

#[test]
fn a_restart_or_a_reload_needs_no_build() {
    let serving = [SAVED, BUILT, Event::Ready(Run(1))];
    let with = |change| [&serving[..], &[Event::Changed(change)]].concat();
    assert_eq!(last(&with(Change::Restart)), "Stop1");
    let reload = |styles| Change::Reload { styles, cure: None };
    assert_eq!(last(&with(reload(false))), "ReloadPages { styles: false }");
    assert_eq!(last(&with(reload(true))), "ReloadPages { styles: true }");
    // A program that is about to be ready reloads pages anyway.
    assert_eq!(last(&[SAVED, BUILT, Event::Changed(reload(false))]), "-");
}

#[test]
fn quit_waits_for_the_build_and_the_program_and_a_second_quit_kills() {
    let serving = [SAVED, BUILT, SAVED];
    let quit = [&serving[..], &[Event::Quit]].concat();
    assert_eq!(last(&quit), "CloseStore,CancelBuild,Stop1");
    assert_eq!(last(&[&quit[..], &[Event::Quit]].concat()), "Kill1");
    assert_eq!(last(&[&quit[..], &[Event::Ended(Run(1))]].concat()), "-");
    let cancelled = Event::BuildEnded(BuildEnd::Cancelled);
    assert_eq!(last(&[&quit[..], &[Event::Ended(Run(1)), cancelled]].concat()), "Exit");
    assert_eq!(last(&[&quit[..], &[cancelled, Event::Ended(Run(1))]].concat()), "Exit");
    assert_eq!(last(&[&quit[..], &[Event::StopTimeout(Run(1))]].concat()), "Kill1");
    assert_eq!(last(&[Event::Quit]), "CloseStore,Exit");
}

#[test]
fn a_change_of_data_is_tried_after_a_crash() {
    let crashed = [SAVED, BUILT, Event::Ended(Run(1))];
    let data = Event::Changed(Change::Data(Writer::Other));
    let own_data = Event::Changed(Change::Data(Writer::Program));
    let with = |events: &[Event]| last(&[&crashed[..], events].concat());
    assert_eq!(with(&[data]), "StopAnswering,TellRetry,Start2");
    assert_eq!(with(&[own_data]), "RetryLater");
    assert_eq!(with(&[own_data, Event::Changed(Change::Retry)]), "StopAnswering,TellRetry,Start2");
    // A build may be the cure.
    assert_eq!(with(&[SAVED, data]), "RememberData");
    // A style sheet may be the cure, too; otherwise it reloads pages.
    let style = |cure| Event::Changed(Change::Reload { styles: true, cure });
    assert_eq!(with(&[style(Some(Writer::Other))]), "StopAnswering,TellRetry,Start2");
    assert_eq!(with(&[style(Some(Writer::Program))]), "RetryLater");
    assert_eq!(with(&[style(None)]), "-");
    let serving = [SAVED, BUILT, Event::Ready(Run(1)), style(Some(Writer::Other))];
    assert_eq!(last(&serving), "ReloadPages { styles: true }");
}

#[test]
fn a_change_of_data_before_a_crash_is_tried_after_a_pause() {
    let data = Event::Changed(Change::Data(Writer::Other));
    let ended = |run| Event::Ended(Run(run));
    assert_eq!(last(&[SAVED, BUILT, data]), "RememberData");
    assert_eq!(last(&[SAVED, BUILT, data, ended(1)]), "TellCrash,RetryLater,Answer");
    // Once, and only what has changed since the start.
    let again = [SAVED, BUILT, data, ended(1), Event::Changed(Change::Retry), ended(2)];
    assert_eq!(last(&again), "TellCrash,Answer");
    assert_eq!(last(&[SAVED, data, BUILT, ended(1)]), "TellCrash,Answer");
    // A build may be the cure.
    assert_eq!(last(&[SAVED, BUILT, data, SAVED, ended(1)]), "TellCrash");
}

#[test]
fn a_restart_before_there_is_a_program_builds_one() {
    for change in [Change::Restart, Change::BadEnvironment].map(Event::Changed) {
        assert_eq!(last(&[SAVED, BROKEN, change]), "StopAnswering,Build");
        assert_eq!(last(&[SAVED, change]), "-");
        assert_eq!(last(&[SAVED, change, BROKEN]), "TellFailure,Answer");
    }
}

#[test]
fn an_environment_file_that_cannot_be_read_is_reported_and_ends_nothing() {
    let unusable = Event::BuildEnded(BuildEnd::Unusable);
    assert_eq!(last(&[SAVED, unusable]), "TellFailure,Answer");
    assert_eq!(last(&[SAVED, BUILT, SAVED, unusable]), "TellFailure+s");
    let changed = Event::Changed(Change::BadEnvironment);
    assert_eq!(last(&[SAVED, BUILT, changed]), "TellFailure+s");
    assert_eq!(last(&[SAVED, unusable, changed]), "TellFailure");
}

#[test]
fn a_build_is_unchanged_where_the_program_runs_on() {
    let same = Event::BuildEnded(BuildEnd::Same);
    let serving = [SAVED, BUILT, Event::Ready(Run(1))];
    let with = |events: &[Event]| last(&[&serving[..], events].concat());
    assert_eq!(with(&[SAVED, same]), "TellUnchanged");
    assert_eq!(
        with(&[SAVED, Event::Changed(Change::BuildAfterwards), same]),
        "Build,TellUnchanged"
    );
    assert_eq!(with(&[SAVED, Event::Ended(Run(1)), same]), "Start2");
    assert_eq!(with(&[Event::Changed(Change::Rebuild), same]), "Stop1");
    assert_eq!(with(&[Event::Changed(Change::Restart), SAVED, same]), "-");
}

#[test]
fn with_overlap_pages_of_the_old_program_reload_too() {
    let reload = Event::Changed(Change::Reload { styles: true, cure: None });
    let with = |program: Program| {
        let mut state = State { program, ..State::new(true, false) };
        actions_text(&state.step(reload))
    };
    let (old, new) = (Run(1), Run(2));
    let reloads = "ReloadPages { styles: true }";
    assert_eq!(with(Program::Joining { old, new }), reloads);
    assert_eq!(with(Program::Retiring { old, new, next: false }), reloads);
    assert_eq!(with(Program::Stopping { runs: vec![old], next: true }), "-");
}
