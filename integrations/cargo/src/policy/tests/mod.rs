//! Every state with every event: in tables, in stories, and in whatever order they come.

mod anything;
mod builds;
mod programs;
mod stories;

use super::build::Build;
use super::program::Program;
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

const CHANGES: [(&str, Change); 12] = [
    ("build", Change::Build),
    ("afterwards", Change::BuildAfterwards),
    ("rebuild", Change::Rebuild),
    ("restart", Change::Restart),
    ("reload", Change::Reload { styles: false, cure: None }),
    ("retry", Change::Retry),
    ("rebuild-afterwards", Change::RebuildAfterwards),
    ("bad-environment", Change::BadEnvironment),
    ("reload-or-cure", Change::Reload { styles: false, cure: Some(Writer::Other) }),
    ("reload-or-own", Change::Reload { styles: true, cure: Some(Writer::Program) }),
    ("data", Change::Data(Writer::Other)),
    ("own-data", Change::Data(Writer::Program)),
];

const ENDS: [(&str, BuildEnd); 5] = [
    ("new", BuildEnd::New),
    ("same", BuildEnd::Same),
    ("failed", BuildEnd::Failed),
    ("cancelled", BuildEnd::Cancelled),
    ("unusable", BuildEnd::Unusable),
];

fn stepped(state: &State, event: Event) -> (State, Vec<Action>) {
    let mut state = state.clone();
    let actions = state.step(event);
    (state, actions)
}

fn find<T: Copy>(names: &[(&str, T)], name: &str) -> T {
    names.iter().find(|(found, _)| *found == name).unwrap_or_else(|| panic!("no {name:?}")).1
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
    let text = |action: &Action| {
        let serves = |serving: bool| if serving { "+s" } else { "" };
        match *action {
            Action::TellCrash { serving } => format!("TellCrash{}", serves(serving)),
            Action::TellFailure { serving } => format!("TellFailure{}", serves(serving)),
            action => format!("{action:?}").replace("(Run(", "").replace("))", ""),
        }
    };
    let texts: Vec<String> = actions.iter().map(text).collect();
    if texts.is_empty() { "-".into() } else { texts.join(",") }
}
