//! Tables: every state with every event, what becomes of it and what is to be done.

use std::collections::{HashSet, VecDeque};

use super::*;

/// The states of [`Build`] by a short name: `+r` wants a restart, `+a` builds again.
const BUILDS: [(&str, Build); 7] = [
    ("idle", Build::Idle),
    ("building", Build::Building { restart: false, again: false }),
    ("building+r", Build::Building { restart: true, again: false }),
    ("building+a", Build::Building { restart: false, again: true }),
    ("building+r+a", Build::Building { restart: true, again: true }),
    ("cancelling", Build::Cancelling { restart: false }),
    ("cancelling+r", Build::Cancelling { restart: true }),
];

const CHANGES: [(&str, Change); 6] = [
    ("build", Change::Build),
    ("afterwards", Change::BuildAfterwards),
    ("rebuild", Change::Rebuild),
    ("restart", Change::Restart),
    ("reload", Change::Reload),
    ("retry", Change::Retry),
];

const ENDS: [(&str, BuildEnd); 5] = [
    ("new", BuildEnd::New),
    ("same", BuildEnd::Same),
    ("failed", BuildEnd::Failed),
    ("cancelled", BuildEnd::Cancelled),
    ("unusable", BuildEnd::Unusable),
];

/// A state; for each change, what becomes of it. `!` starts a build, `x` cancels one.
const CHANGED: &str = "
idle         | build !building     | afterwards !building     | rebuild !building+r     | restart !building+r    | reload idle | retry idle
building     | build xcancelling   | afterwards building+a    | rebuild xcancelling+r   | restart building+r     | reload building | retry building
building+r   | build xcancelling+r | afterwards building+r+a  | rebuild xcancelling+r   | restart building+r     | reload building+r | retry building+r
building+a   | build xcancelling   | afterwards building+a    | rebuild xcancelling+r   | restart building+r+a   | reload building+a | retry building+a
building+r+a | build xcancelling+r | afterwards building+r+a  | rebuild xcancelling+r   | restart building+r+a   | reload building+r+a | retry building+r+a
cancelling   | build cancelling    | afterwards cancelling    | rebuild cancelling+r    | restart cancelling+r   | reload cancelling | retry cancelling
cancelling+r | build cancelling+r  | afterwards cancelling+r  | rebuild cancelling+r    | restart cancelling+r   | reload cancelling+r | retry cancelling+r
";

/// A state; for each end of a build, what becomes of it and what it means for the program.
const ENDED: &str = "
idle         | new idle Nothing          | same idle Nothing          | failed idle Nothing          | cancelled idle Nothing | unusable idle Nothing
building     | new idle Replace          | same idle Unchanged        | failed idle Failed           | cancelled idle Failed | unusable idle Failed
building+r   | new idle Replace          | same idle Replace          | failed idle FailedRestart    | cancelled idle FailedRestart | unusable idle Failed
building+a   | new !building Replace     | same !building Unchanged   | failed !building Failed      | cancelled !building Failed | unusable !building Failed
building+r+a | new !building Replace     | same !building Replace     | failed !building FailedRestart | cancelled !building FailedRestart | unusable !building Failed
cancelling   | new !building Nothing     | same !building Nothing     | failed !building Nothing     | cancelled !building Nothing | unusable !building Nothing
cancelling+r | new !building+r Nothing   | same !building+r Nothing   | failed !building+r Nothing   | cancelled !building+r Nothing | unusable !building+r Nothing
";

fn find<T: Copy>(names: &[(&str, T)], name: &str) -> T {
    names.iter().find(|(found, _)| *found == name).unwrap_or_else(|| panic!("no {name:?}")).1
}

fn build_text(state: Build, actions: &[Action]) -> String {
    let mark = match actions {
        [] => "",
        [Action::Build] => "!",
        [Action::CancelBuild] => "x",
        other => panic!("{other:?}"),
    };
    let name = BUILDS.iter().find(|(_, found)| *found == state).unwrap().0;
    format!("{mark}{name}")
}

/// Calls `check` with each row's name and cells, and counts them.
fn rows(table: &str, mut check: impl FnMut(&str, &[Vec<&str>])) -> usize {
    let rows = table.lines().filter(|line| !line.is_empty());
    rows.map(|line| {
        let mut cells = line.split('|').map(|cell| cell.split_whitespace().collect::<Vec<_>>());
        let name = cells.next().unwrap()[0];
        check(name, &cells.collect::<Vec<_>>());
    })
    .count()
}

#[test]
fn every_change_in_every_state_of_a_build() {
    let count = rows(CHANGED, |name, cells| {
        assert_eq!(cells.len(), CHANGES.len());
        for (cell, (change_name, change)) in cells.iter().zip(CHANGES) {
            let (mut state, mut actions) = (find(&BUILDS, name), Vec::new());
            state.changed(change, &mut actions);
            assert_eq!(cell[0], change_name);
            assert_eq!(build_text(state, &actions), cell[1], "{name}, {change_name}");
        }
    });
    assert_eq!(count, BUILDS.len());
}

#[test]
fn every_end_in_every_state_of_a_build() {
    let count = rows(ENDED, |name, cells| {
        assert_eq!(cells.len(), ENDS.len());
        for (cell, (end_name, end)) in cells.iter().zip(ENDS) {
            let (mut state, mut actions) = (find(&BUILDS, name), Vec::new());
            let outcome = state.ended(end, &mut actions);
            assert_eq!(cell[0], end_name);
            let found = (build_text(state, &actions), format!("{outcome:?}"));
            assert_eq!(found, (cell[1].into(), cell[2].into()), "{name}, {end_name}");
        }
    });
    assert_eq!(count, BUILDS.len());
}

/// Run 1 is the old one, run 2 the new one, run 3 is started next.
fn programs() -> Vec<(&'static str, Program)> {
    let (old, new) = (Run(1), Run(2));
    vec![
        ("waiting", Program::Waiting),
        ("down", Program::Down),
        ("crashed", Program::Crashed),
        ("starting", Program::Starting(old)),
        ("serving", Program::Serving(old)),
        ("stopping", Program::Stopping { runs: vec![old], next: false }),
        ("stopping+n", Program::Stopping { runs: vec![old], next: true }),
        ("stopping2", Program::Stopping { runs: vec![old, new], next: false }),
        ("stopping2+n", Program::Stopping { runs: vec![old, new], next: true }),
        ("joining", Program::Joining { old, new }),
        ("rejoining", Program::Rejoining { old, new }),
        ("retiring", Program::Retiring { old, new, next: false }),
        ("retiring+n", Program::Retiring { old, new, next: true }),
    ]
}

const CAUSES: [(&str, Cause); 10] = [
    ("replace", Cause::Replace),
    ("failed", Cause::BuildFailed),
    ("ready1", Cause::Ready(Run(1))),
    ("ready2", Cause::Ready(Run(2))),
    ("ended1", Cause::Ended(Run(1))),
    ("ended2", Cause::Ended(Run(2))),
    ("ended9", Cause::Ended(Run(9))),
    ("timeout1", Cause::StopTimeout(Run(1))),
    ("timeout2", Cause::StopTimeout(Run(2))),
    ("retry", Cause::Retry),
];

/// A state, a cause, the actions, and what becomes of it. `-` is nothing; `=` is as it was.
const SWAPS: &str = "
waiting     | replace Start3 starting3          | failed - down  | ready1 - =              | ready2 - =                  | ended1 - =                        | ended2 - =                          | ended9 - = | timeout1 - =      | timeout2 - = | retry - =
down        | replace Start3 starting3          | failed - =     | ready1 - =              | ready2 - =                  | ended1 - =                        | ended2 - =                          | ended9 - = | timeout1 - =      | timeout2 - = | retry - =
crashed        | replace Start3 starting3          | failed - down  | ready1 - =              | ready2 - =                  | ended1 - =                        | ended2 - =                          | ended9 - = | timeout1 - =      | timeout2 - = | retry Start3 starting3
starting    | replace Stop1 stopping1+n         | failed - =     | ready1 Reload serving1  | ready2 - =                  | ended1 Crashed1 crashed           | ended2 - =                          | ended9 - = | timeout1 - =      | timeout2 - = | retry - =
serving     | replace Stop1 stopping1+n         | failed - =     | ready1 - =              | ready2 - =                  | ended1 Crashed1 crashed           | ended2 - =                          | ended9 - = | timeout1 - =      | timeout2 - = | retry - =
stopping    | replace - stopping1+n             | failed - =     | ready1 - =              | ready2 - =                  | ended1 - crashed                  | ended2 - =                          | ended9 - = | timeout1 Kill1 =  | timeout2 - = | retry - =
stopping+n  | replace - =                       | failed - =     | ready1 - =              | ready2 - =                  | ended1 Start3 starting3           | ended2 - =                          | ended9 - = | timeout1 Kill1 =  | timeout2 - = | retry - =
stopping2   | replace - stopping12+n            | failed - =     | ready1 - =              | ready2 - =                  | ended1 - stopping2                | ended2 - stopping1                  | ended9 - = | timeout1 Kill1 =  | timeout2 Kill2 = | retry - =
stopping2+n | replace - =                       | failed - =     | ready1 - =              | ready2 - =                  | ended1 - stopping2+n              | ended2 - stopping1+n                | ended9 - = | timeout1 Kill1 =  | timeout2 Kill2 = | retry - =
joining     | replace Stop2 rejoining12         | failed - =     | ready1 - =              | ready2 Reload,Stop1 retiring12 | ended1 Crashed1 starting2      | ended2 Crashed2 serving1            | ended9 - = | timeout1 - =      | timeout2 - = | retry - =
rejoining   | replace - =                       | failed - =     | ready1 - =              | ready2 - =                  | ended1 Crashed1 stopping2+n       | ended2 Start3 joining13             | ended9 - = | timeout1 - =      | timeout2 Kill2 = | retry - =
retiring    | replace - retiring12+n            | failed - =     | ready1 - =              | ready2 - =                  | ended1 - serving2                 | ended2 Crashed2 stopping1           | ended9 - = | timeout1 Kill1 =  | timeout2 - = | retry - =
retiring+n  | replace - =                       | failed - =     | ready1 - =              | ready2 - =                  | ended1 Start3 joining23           | ended2 Crashed2 stopping1+n         | ended9 - = | timeout1 Kill1 =  | timeout2 - = | retry - =
";

fn program_text(program: &Program) -> String {
    let numbers: String = program.runs().iter().map(|run| run.0.to_string()).collect();
    let (name, next) = match program {
        Program::Waiting => ("waiting", false),
        Program::Down => ("down", false),
        Program::Crashed => ("crashed", false),
        Program::Starting(_) => ("starting", false),
        Program::Serving(_) => ("serving", false),
        Program::Stopping { next, .. } => ("stopping", *next),
        Program::Joining { .. } => ("joining", false),
        Program::Rejoining { .. } => ("rejoining", false),
        Program::Retiring { next, .. } => ("retiring", *next),
    };
    format!("{name}{numbers}{}", if next { "+n" } else { "" })
}

fn actions_text(actions: &[Action]) -> String {
    let texts: Vec<String> = actions
        .iter()
        .map(|action| format!("{action:?}").replace("(Run(", "").replace("))", ""))
        .collect();
    if texts.is_empty() { "-".into() } else { texts.join(",") }
}

#[test]
fn every_cause_in_every_state_of_the_program() {
    let programs = programs();
    let count = rows(SWAPS, |name, cells| {
        assert_eq!(cells.len(), CAUSES.len());
        let before = &programs.iter().find(|(found, _)| *found == name).unwrap().1;
        for (cell, (cause_name, cause)) in cells.iter().zip(CAUSES) {
            let (mut program, mut actions, mut next) = (before.clone(), Vec::new(), 3);
            program.step(cause, false, &mut next, &mut actions);
            assert_eq!(cell[0], cause_name);
            let expected = if cell[2] == "=" { program_text(before) } else { cell[2].to_owned() };
            let found = (actions_text(&actions), program_text(&program));
            assert_eq!(found, (cell[1].to_owned(), expected), "{name}, {cause_name}");
        }
    });
    assert_eq!(count, programs.len());
}

#[test]
fn with_overlap_the_new_one_starts_first() {
    for (name, before) in programs() {
        let (mut with, mut without) = (before.clone(), before.clone());
        let (mut actions, mut others) = (Vec::new(), Vec::new());
        with.step(Cause::Replace, true, &mut 3, &mut actions);
        without.step(Cause::Replace, false, &mut 3, &mut others);
        if name == "serving" {
            let found = (actions_text(&actions), program_text(&with));
            assert_eq!(found, ("Start3".to_owned(), "joining13".to_owned()));
        } else {
            assert_eq!((with, actions), (without, others), "{name}");
        }
    }
}

#[test]
fn leaving_stops_whatever_runs_once() {
    let expected = [
        ("waiting", "-", "waiting"),
        ("down", "-", "down"),
        ("crashed", "-", "crashed"),
        ("starting", "Stop1", "stopping1"),
        ("serving", "Stop1", "stopping1"),
        ("stopping", "-", "stopping1"),
        ("stopping+n", "-", "stopping1"),
        ("stopping2", "-", "stopping12"),
        ("stopping2+n", "-", "stopping12"),
        ("joining", "Stop1,Stop2", "stopping12"),
        ("rejoining", "Stop1", "stopping12"),
        ("retiring", "Stop2", "stopping12"),
        ("retiring+n", "Stop2", "stopping12"),
    ];
    let programs = programs();
    assert_eq!(programs.len(), expected.len());
    for ((name, mut program), (expected_name, actions, after)) in programs.into_iter().zip(expected)
    {
        let mut found = Vec::new();
        program.leave(&mut found);
        assert_eq!((name, actions_text(&found).as_str()), (expected_name, actions));
        assert_eq!(program_text(&program), after, "{name}");
    }
}

fn stepped(state: &State, event: Event) -> (State, Vec<Action>) {
    let mut state = state.clone();
    let actions = state.step(event);
    (state, actions)
}

fn run_through(overlap: bool, events: &[Event]) -> (State, Vec<Action>) {
    let mut state = State::new(overlap);
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
fn requests_are_answered_while_nothing_can_run_and_wait_while_something_may() {
    let crashed = [SAVED, BUILT, Event::Ended(Run(1))];
    assert_eq!(last(&[SAVED, BROKEN]), "Answer");
    assert_eq!(last(&crashed), "Crashed1,Answer");
    assert_eq!(last(&[SAVED, BROKEN, SAVED]), "StopAnswering,Build");
    assert_eq!(last(&[SAVED, BROKEN, SAVED, BROKEN]), "Answer");
    assert_eq!(last(&[SAVED, BROKEN, SAVED, BUILT]), "Start1");
    // A crash during a build: the build may be the cure.
    assert_eq!(last(&[SAVED, BUILT, SAVED, Event::Ended(Run(1))]), "Crashed1");
    let restarted = [&crashed[..], &[Event::Changed(Change::Restart)]].concat();
    assert_eq!(last(&restarted), "StopAnswering,Start2");
    assert_eq!(last(&[SAVED, BROKEN, Event::Quit]), "StopAnswering,Exit");
}

#[test]
fn after_a_crash_any_change_tries_again_unless_it_does_not_build() {
    let crashed = [SAVED, BUILT, Event::Ended(Run(1))];
    let retry = Event::Changed(Change::Retry);
    let with = |events: &[Event]| last(&[&crashed[..], events].concat());
    assert_eq!(with(&[retry]), "StopAnswering,Start2");
    assert_eq!(with(&[retry, Event::Ended(Run(2)), retry]), "StopAnswering,Start3");
    assert_eq!(with(&[SAVED, retry]), "-");
    assert_eq!(with(&[SAVED, BROKEN, retry]), "-");
    assert_eq!(last(&[SAVED, BROKEN, retry]), "-");
    assert_eq!(last(&[SAVED, BUILT, retry]), "-");
}

#[test]
fn a_build_that_fails_leaves_the_program_alone() {
    assert_eq!(last(&[SAVED, BUILT, Event::Ready(Run(1)), SAVED, BROKEN]), "-");
}

#[test]
fn what_is_the_same_is_not_started_anew_unless_it_does_not_run() {
    let same = Event::BuildEnded(BuildEnd::Same);
    assert_eq!(last(&[SAVED, BUILT, SAVED, same]), "-");
    assert_eq!(last(&[SAVED, BUILT, Event::Ended(Run(1)), SAVED, same]), "Start2");
    assert_eq!(last(&[SAVED, BUILT, Event::Changed(Change::Rebuild), same]), "Stop1");
    assert_eq!(last(&[SAVED, BUILT, SAVED, Event::Changed(Change::Restart), same]), "Stop1");
    // The wish for a restart outlives a build that fails, where there is something to restart.
    assert_eq!(last(&[SAVED, BUILT, SAVED, Event::Changed(Change::Restart), BROKEN]), "Stop1");
    assert_eq!(last(&[SAVED, Event::Changed(Change::Restart), BROKEN]), "Answer");
}

#[test]
fn a_restart_or_a_reload_needs_no_build() {
    let serving = [SAVED, BUILT, Event::Ready(Run(1))];
    let with = |change| [&serving[..], &[Event::Changed(change)]].concat();
    assert_eq!(last(&with(Change::Restart)), "Stop1");
    assert_eq!(last(&with(Change::Reload)), "Reload");
    assert_eq!(last(&[SAVED, BUILT, Event::Changed(Change::Reload)]), "-");
}

#[test]
fn quitting_waits_for_the_build_and_the_program_and_the_second_time_for_neither() {
    let serving = [SAVED, BUILT, SAVED];
    let quit = [&serving[..], &[Event::Quit]].concat();
    assert_eq!(last(&quit), "CancelBuild,Stop1");
    assert_eq!(last(&[&quit[..], &[Event::Quit]].concat()), "Kill1");
    assert_eq!(last(&[&quit[..], &[Event::Ended(Run(1))]].concat()), "-");
    let cancelled = Event::BuildEnded(BuildEnd::Cancelled);
    assert_eq!(last(&[&quit[..], &[Event::Ended(Run(1)), cancelled]].concat()), "Exit");
    assert_eq!(last(&[&quit[..], &[cancelled, Event::Ended(Run(1))]].concat()), "Exit");
    assert_eq!(last(&[&quit[..], &[Event::StopTimeout(Run(1))]].concat()), "Kill1");
    assert_eq!(last(&[Event::Quit]), "Exit");
}

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
fn whatever_happens_in_whatever_order() {
    for overlap in [false, true] {
        let start = State::new(overlap);
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
    assert!(!before.answers() || first_start.is_none() || unanswered < first_start, "{context}");
    assert!(!after.answers() || after.program.is_absent(), "{context}");
    // Whoever leaves starts nothing.
    let builds = count(|action| matches!(action, Action::Build));
    assert!(!after.leaving || starts + builds == 0, "{context}");
    let done = after.leaving && after.build == Build::Idle && after.program.is_absent();
    assert_eq!(done, actions.contains(&Action::Exit), "{context}");
    // The newest code is served in the end: a save is never forgotten.
    let saved = event == Event::Changed(Change::Build);
    assert!(!saved || after.leaving || after.build != Build::Idle, "{context}");
}
