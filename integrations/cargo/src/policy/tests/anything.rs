//! What is true in whatever order events come.

use std::collections::{HashSet, VecDeque};

use super::super::state::Answers;
use super::*;

/// The events that a state can see: those of runs that there are, and all others.
fn possible(state: &State) -> Vec<Event> {
    let mut events: Vec<_> = CHANGES.iter().map(|(_, change)| Event::Changed(*change)).collect();
    if state.build != Build::Idle {
        events.extend(ENDS.iter().map(|(_, end)| Event::BuildEnded(*end)));
    }
    for run in state.program.runs() {
        events.extend([Event::Ready(run), Event::Ended(run), Event::StopTimeout(run)]);
    }
    events.push(Event::Quit);
    events
}

/// The same state with runs numbered from 1, so that there are finitely many.
fn numbered_anew(state: &State) -> State {
    let runs = state.program.runs();
    let anew = |run: Run| {
        let position = runs.iter().position(|found| *found == run).unwrap();
        Run(u32::try_from(position).unwrap() + 1)
    };
    let program = match state.program.clone() {
        Program::Starting(run) => Program::Starting(anew(run)),
        Program::Serving(run) => Program::Serving(anew(run)),
        Program::Stopping { runs, next } => {
            Program::Stopping { runs: runs.into_iter().map(anew).collect(), next }
        }
        Program::Joining { old, new } => Program::Joining { old: anew(old), new: anew(new) },
        Program::Rejoining { old, new } => Program::Rejoining { old: anew(old), new: anew(new) },
        Program::Retiring { old, new, next } => {
            Program::Retiring { old: anew(old), new: anew(new), next }
        }
        none => none,
    };
    State { program, next_run: u32::try_from(runs.len()).unwrap() + 1, ..state.clone() }
}

#[test]
fn every_event_in_every_state_that_can_be_reached() {
    for (overlap, holds_requests) in [(false, false), (false, true), (true, false)] {
        let start = State::new(overlap, holds_requests);
        let (mut seen, mut queue) = (HashSet::new(), VecDeque::from([start]));
        while let Some(state) = queue.pop_front() {
            if !seen.insert(format!("{state:?}")) {
                continue;
            }
            for event in possible(&state) {
                let (after, actions) = stepped(&state, event);
                holds(&state, event, &after, &actions);
                let is_end = actions.contains(&Action::Exit);
                if !is_end {
                    queue.push_back(numbered_anew(&after));
                }
            }
        }
        assert!(seen.len() > 50, "{}", seen.len());
    }
}

/// What is true of every step.
fn holds(before: &State, event: Event, after: &State, actions: &[Action]) {
    let context = format!("{before:?} {event:?} -> {after:?} {actions:?}");
    let count = |wanted: fn(&Action) -> bool| actions.iter().filter(|a| wanted(a)).count();
    let starts = count(|action| matches!(action, Action::Start(_)));
    assert!(starts <= 1 && count(|action| matches!(action, Action::Build)) <= 1, "{context}");
    // One at a time, but for the two of an overlap.
    let most = if before.overlap { 2 } else { 1 };
    assert!(after.program.runs().len() <= most, "{context}");
    // A program is started only on sockets that nobody answers on.
    let first_start = actions.iter().position(|action| matches!(action, Action::Start(_)));
    let unanswered = actions.iter().position(|action| matches!(action, Action::StopAnswering));
    let answered = before.answers() != Answers::No;
    assert!(!answered || first_start.is_none() || unanswered < first_start, "{context}");
    assert!(after.answers() == Answers::No || after.program.is_absent(), "{context}");
    // While leaving, nothing is started.
    let builds = count(|action| matches!(action, Action::Build));
    assert!(!after.is_leaving || starts + builds == 0, "{context}");
    let done = after.is_leaving && after.build == Build::Idle && after.program.is_absent();
    assert_eq!(done, actions.contains(&Action::Exit), "{context}");
    // The newest code is served in the end: a save is never forgotten.
    let saved = event == Event::Changed(Change::Build);
    assert!(!saved || after.is_leaving || after.build != Build::Idle, "{context}");
    settled_holds(event, after, actions);
    reports_hold(before, event, after, actions);
}

/// A state is settled when nothing follows by itself, and no sooner.
fn settled_holds(event: Event, after: &State, actions: &[Action]) {
    let context = format!("{event:?} -> {after:?} {actions:?}");
    let begins = |action: &Action| {
        matches!(action, Action::Build | Action::CancelBuild | Action::Start(_) | Action::Stop(_))
    };
    assert!(!after.is_settled() || !actions.iter().any(begins), "{context}");
    let (saved, built) = (Change::Build, Event::BuildEnded(BuildEnd::New));
    assert!(!after.is_settled() || ![Event::Changed(saved), built].contains(&event), "{context}");
    // Otherwise, something will happen: a build or a program ends, or a program is ready.
    let is_new =
        State { has_data: false, ..after.clone() } == State::new(after.overlap, after.holds);
    let is_under_way = is_new || after.build != Build::Idle || !after.program.runs().is_empty();
    assert!(after.is_settled() || after.is_leaving || is_under_way, "{context}");
    // One program serves, or none runs.
    let serves = matches!(after.program, Program::Serving(_)) || after.program.is_absent();
    assert!(!after.is_settled() || serves, "{context}");
}

/// What is reported is so after the step.
fn reports_hold(before: &State, event: Event, after: &State, actions: &[Action]) {
    let context = format!("{before:?} {event:?} -> {after:?} {actions:?}");
    for action in actions {
        let is_so = match *action {
            Action::TellServing(run) => after.program.runs().contains(&run),
            Action::TellCrash { serving } => {
                let Event::Ended(run) = event else { panic!("{context}") };
                before.program.runs().contains(&run)
                    && !after.program.runs().contains(&run)
                    && serving != after.program.is_absent()
            }
            Action::TellFailure { serving } => serving != before.program.is_absent(),
            Action::TellUnchanged => before.program.runs() == after.program.runs(),
            // Only after a crash, and nothing else is under way.
            Action::RetryLater => after.program == Program::Crashed && after.build == Build::Idle,
            Action::TellRetry => before.program == Program::Crashed,
            Action::CloseStore => !before.is_leaving && after.is_leaving,
            _ => true,
        };
        assert!(is_so, "{action:?}: {context}");
    }
}
