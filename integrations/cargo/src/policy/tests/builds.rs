//! A table of each state of [`Build`] with each change and each end.

use super::*;

/// The last ones of [`CHANGES`]: they are about the program alone.
const NOT_BUILT: [&str; 5] =
    ["bad-environment", "reload-or-cure", "reload-or-own", "data", "own-data"];

/// A state; for each change, what becomes of it. `!` starts a build, `x` cancels one.
const CHANGED: &str = "
idle         | build !building     | afterwards !building     | rebuild !building+r     | restart !building+r    | reload idle | retry idle | rebuild-afterwards !building+r
building     | build xcancelling   | afterwards building+a    | rebuild xcancelling+r   | restart building+r     | reload building | retry building | rebuild-afterwards building+r+a
building+r   | build xcancelling+r | afterwards building+r+a  | rebuild xcancelling+r   | restart building+r     | reload building+r | retry building+r | rebuild-afterwards building+r+a
building+a   | build xcancelling   | afterwards building+a    | rebuild xcancelling+r   | restart building+r+a   | reload building+a | retry building+a | rebuild-afterwards building+r+a
building+r+a | build xcancelling+r | afterwards building+r+a  | rebuild xcancelling+r   | restart building+r+a   | reload building+r+a | retry building+r+a | rebuild-afterwards building+r+a
cancelling   | build cancelling    | afterwards cancelling    | rebuild cancelling+r    | restart cancelling+r   | reload cancelling | retry cancelling | rebuild-afterwards cancelling+r
cancelling+r | build cancelling+r  | afterwards cancelling+r  | rebuild cancelling+r    | restart cancelling+r   | reload cancelling+r | retry cancelling+r | rebuild-afterwards cancelling+r
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

#[test]
fn every_change_in_every_state_of_a_build() {
    let count = rows(CHANGED, |name, cells| {
        assert_eq!(cells.len() + NOT_BUILT.len(), CHANGES.len());
        let not_built = NOT_BUILT.map(|change| vec![change, name]);
        for (cell, (change_name, change)) in cells.iter().chain(&not_built).zip(CHANGES) {
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
