//! A table of each state of [`Program`] with each cause.

use super::super::program::Cause;
use super::*;

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

/// A state, a cause, the actions, and the next state. `-` is nothing, `=` the same state, `+s` that
/// another run goes on.
const SWAPS: &str = "
waiting     | replace Start3 starting3          | failed - down  | ready1 - =              | ready2 - =                  | ended1 - =                        | ended2 - =                          | ended9 - = | timeout1 - =      | timeout2 - = | retry - =
down        | replace Start3 starting3          | failed - =     | ready1 - =              | ready2 - =                  | ended1 - =                        | ended2 - =                          | ended9 - = | timeout1 - =      | timeout2 - = | retry - =
crashed        | replace Start3 starting3          | failed - down  | ready1 - =              | ready2 - =                  | ended1 - =                        | ended2 - =                          | ended9 - = | timeout1 - =      | timeout2 - = | retry TellRetry,Start3 starting3
starting    | replace Stop1 stopping1+n         | failed - =     | ready1 Reload,TellServing1 serving1  | ready2 - =                  | ended1 TellCrash crashed           | ended2 - =                          | ended9 - = | timeout1 - =      | timeout2 - = | retry - =
serving     | replace Stop1 stopping1+n         | failed - =     | ready1 - =              | ready2 - =                  | ended1 TellCrash crashed           | ended2 - =                          | ended9 - = | timeout1 - =      | timeout2 - = | retry - =
stopping    | replace - stopping1+n             | failed - =     | ready1 - =              | ready2 - =                  | ended1 - crashed                  | ended2 - =                          | ended9 - = | timeout1 Kill1 =  | timeout2 - = | retry - =
stopping+n  | replace - =                       | failed - =     | ready1 - =              | ready2 - =                  | ended1 Start3 starting3           | ended2 - =                          | ended9 - = | timeout1 Kill1 =  | timeout2 - = | retry - =
stopping2   | replace - stopping12+n            | failed - =     | ready1 - =              | ready2 - =                  | ended1 - stopping2                | ended2 - stopping1                  | ended9 - = | timeout1 Kill1 =  | timeout2 Kill2 = | retry - =
stopping2+n | replace - =                       | failed - =     | ready1 - =              | ready2 - =                  | ended1 - stopping2+n              | ended2 - stopping1+n                | ended9 - = | timeout1 Kill1 =  | timeout2 Kill2 = | retry - =
joining     | replace Stop2 rejoining12         | failed - =     | ready1 - =              | ready2 Reload,Stop1,TellServing2 retiring12 | ended1 TellCrash+s starting2      | ended2 TellCrash+s serving1            | ended9 - = | timeout1 - =      | timeout2 - = | retry - =
rejoining   | replace - =                       | failed - =     | ready1 - =              | ready2 - =                  | ended1 TellCrash+s stopping2+n       | ended2 Start3 joining13             | ended9 - = | timeout1 - =      | timeout2 Kill2 = | retry - =
retiring    | replace - retiring12+n            | failed - =     | ready1 - =              | ready2 - =                  | ended1 - serving2                 | ended2 TellCrash+s stopping1           | ended9 - = | timeout1 Kill1 =  | timeout2 - = | retry - =
retiring+n  | replace - =                       | failed - =     | ready1 - =              | ready2 - =                  | ended1 Start3 joining23           | ended2 TellCrash+s stopping1+n         | ended9 - = | timeout1 Kill1 =  | timeout2 - = | retry - =
";

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
fn leaving_stops_each_run_once() {
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
