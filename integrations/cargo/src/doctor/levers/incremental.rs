//! Incremental compilation: whether it is on, and what a save costs without it.

use std::time::Duration;

use listenfd_core::internal::env_var;

use crate::doctor::bench::Bench;
use crate::doctor::bench::compile::{Crates, Variant};
use crate::doctor::finding::{Finding, Gain, Write, is_worth, seconds};
use crate::doctor::levers::or_skipped;
use crate::doctor::samples::Samples;

const LEVER: &str = "incremental";

/// What is compared.
#[derive(Clone, Debug)]
struct Figures {
    /// As it is.
    now: Samples,
    /// With incremental compilation; `None` if it is on.
    with: Option<Samples>,
    /// What has switched it off.
    cause: Cause,
}

/// What has switched it off.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Cause {
    Variable(&'static str),
    /// `build.incremental` of a file of cargo's configuration.
    Config(String),
    /// The profile with this name, in `Cargo.toml` or by its default.
    Profile(String),
}

/// The variables that switch it off, the one that counts first.
const VARIABLES: [&str; 2] = ["CARGO_INCREMENTAL", "CARGO_BUILD_INCREMENTAL"];

/// Measures, and judges. `now` is the compilation as it is.
pub(in crate::doctor) async fn examine(
    bench: &Bench,
    of: &Crates,
    now: &Samples,
    is_on: bool,
    save: Duration,
) -> Finding {
    let with = match is_on {
        true => Ok(None),
        false => {
            let variant =
                Variant { name: "incremental", is_incremental: true, ..Variant::default() };
            of.compile(bench, &variant).await.map(Some)
        }
    };
    let figures = with.map(|with| Figures { now: now.clone(), with, cause: cause(bench) });
    or_skipped(LEVER, figures.map(|figures| judge(&figures, save)))
}

fn cause(bench: &Bench) -> Cause {
    let off = |name: &&str| env_var(name).is_some_and(|value| value == "0" || value == "false");
    if let Some(name) = VARIABLES.into_iter().find(|name| off(name)) {
        return Cause::Variable(name);
    }
    match bench.config.find(&["build", "incremental"]) {
        Some((file, value)) if value.as_bool() == Some(false) => {
            Cause::Config(file.display().to_string())
        }
        _ => Cause::Profile(bench.profile().to_owned()),
    }
}

/// Says what the figures mean.
fn judge(figures: &Figures, save: Duration) -> Finding {
    let Some(with) = &figures.with else {
        return Finding::Fine(LEVER, "incremental compilation is on".to_owned());
    };
    let gain = figures.now.gain_by(with);
    let (now, then) = (seconds(figures.now.median()), seconds(with.median()));
    if !is_worth(gain, save) {
        return Finding::Fine(LEVER, format!("off, which costs nothing here ({now}, on: {then})"));
    }
    let write = match &figures.cause {
        Cause::Variable(name) => {
            let text = match env_var("RUSTC_WRAPPER") {
                Some(_) => {
                    "unset it for cargo devserver; the RUSTC_WRAPPER still caches the dependencies, \
                     which are never incremental"
                }
                None => "unset it for cargo devserver",
            };
            Write::new(format!("the variable {name}"), text)
        }
        Cause::Config(file) => Write::new(file.clone(), "[build]\nincremental = true"),
        Cause::Profile(profile) => {
            Write::new("Cargo.toml", format!("[profile.{profile}]\nincremental = true"))
        }
    };
    Finding::Gain(Gain {
        lever: LEVER,
        time: gain,
        what: format!("incremental compilation is off: rustc takes {now}, with it {then}"),
        write,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::samples::tests::samples;

    fn judged(with: Option<&[u64]>, cause: Cause) -> Finding {
        let figures = Figures { now: samples(&[900, 910]), with: with.map(samples), cause };
        judge(&figures, Duration::from_secs(1))
    }

    #[test]
    fn what_has_switched_it_off_is_named() {
        for (cause, place) in [
            (Cause::Variable("CARGO_INCREMENTAL"), "the variable CARGO_INCREMENTAL"),
            (Cause::Config("/a/.cargo/config.toml".into()), "/a/.cargo/config.toml"),
            (Cause::Profile("dev".into()), "Cargo.toml"),
        ] {
            let Finding::Gain(gain) = judged(Some(&[300, 310]), cause) else { panic!("{place}") };
            assert_eq!((gain.time, gain.write.place.as_str()), (Duration::from_millis(600), place));
        }
    }

    #[test]
    fn where_it_gains_nothing_it_may_stay_off() {
        let cause = Cause::Profile("release".into());
        assert!(matches!(judged(None, cause.clone()), Finding::Fine(..)));
        assert!(matches!(judged(Some(&[890, 905]), cause), Finding::Fine(..)));
    }
}
