//! A folder of builds that is shared with the editor: cargo locks it, and a build waits for a check.

use std::time::Duration;

use crate::doctor::bench::Bench;
use crate::doctor::bench::compile::{Crates, Variant};
use crate::doctor::finding::{Finding, Gain, Write, is_worth, seconds};
use crate::doctor::levers::or_skipped;

const LEVER: &str = "shared target folder";

/// What a build may wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Figures {
    /// Whether the builds are in the folder of the profile `dev`, as those of `cargo check`.
    is_shared: bool,
    /// How long a build has waited here for another cargo.
    blocked: Duration,
    /// How long a check of the package takes after a change.
    check: Option<Duration>,
}

/// Measures, and judges. `blocked` is how long the first build has waited for another cargo.
pub(in crate::doctor) async fn examine(
    bench: &Bench,
    of: Option<&Crates>,
    blocked: Duration,
    save: Duration,
) -> Finding {
    let is_shared = bench.profile() == "dev";
    let check = match of.filter(|_| is_shared) {
        Some(of) => check(bench, of).await.map(Some),
        None => Ok(None),
    };
    or_skipped(LEVER, check.map(|check| judge(&Figures { is_shared, blocked, check }, save)))
}

/// Checks the package as `cargo check` does.
async fn check(bench: &Bench, of: &Crates) -> anyhow::Result<Duration> {
    let more = ["--emit=metadata", "-A", "warnings"].map(Into::into).to_vec();
    let variant = Variant { name: "check", is_incremental: true, more };
    Ok(of.compile(bench, &variant).await?.median())
}

/// Says what the figures mean.
fn judge(figures: &Figures, save: Duration) -> Finding {
    if !figures.is_shared {
        return Finding::Fine(LEVER, "editors check in another folder".to_owned());
    }
    let time = figures.blocked.max(figures.check.unwrap_or_default());
    if !is_worth(time, save) {
        return Finding::Fine(LEVER, "shared with cargo check, which takes no time".to_owned());
    }
    let what = match figures.check {
        Some(check) if check >= figures.blocked => format!(
            "cargo check uses the same folder: where an editor runs it at each save, the build waits for \
             it, and for this package alone it takes {}",
            seconds(check)
        ),
        _ => format!("the build has waited {} for another cargo", seconds(figures.blocked)),
    };
    Finding::Gain(Gain {
        lever: LEVER,
        time,
        what,
        write: Write::new(
            "Cargo.toml",
            "[profile.devserver]\ninherits = \"dev\"\ndebug = \"line-tables-only\"",
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(is_shared: bool, blocked: u64, check: Option<u64>) -> Finding {
        let time = Duration::from_millis;
        let figures = Figures { is_shared, blocked: time(blocked), check: check.map(time) };
        judge(&figures, time(1000))
    }

    #[test]
    fn a_shared_folder_costs_what_a_check_takes() {
        let Finding::Gain(gain) = judged(true, 0, Some(300)) else { panic!() };
        assert_eq!(gain.time, Duration::from_millis(300));
        assert!(gain.what.contains("cargo check") && gain.write.text.contains("devserver"));
        let Finding::Gain(gain) = judged(true, 2000, Some(300)) else { panic!() };
        assert!(gain.what.contains("has waited 2.00 s"), "{gain:?}");
        assert!(matches!(judged(true, 0, Some(10)), Finding::Fine(..)));
        assert!(matches!(judged(false, 2000, None), Finding::Fine(..)));
    }
}
