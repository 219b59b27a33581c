//! Debug information: full where line tables are enough for backtraces, and that of the dependencies.

use std::ffi::OsString;
use std::time::Duration;

use crate::build::rustc_arguments::codegen;
use crate::doctor::bench::Bench;
use crate::doctor::bench::compile::{Crates, Variant};
use crate::doctor::bench::link::Link;
use crate::doctor::finding::{Finding, Gain, Write, is_worth, seconds};
use crate::doctor::levers::or_skipped;
use crate::doctor::samples::Samples;

const LEVER: &str = "debug information";
/// How often each way to link is measured.
const TIMES: usize = 5;

/// The profile in force.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Profile {
    name: String,
    /// Whether nobody has written it down.
    is_ours: bool,
}

/// What is compared.
#[derive(Clone, Debug)]
struct Figures {
    profile: Profile,
    /// Whether the crate has more than line tables.
    is_full: bool,
    /// rustc and the linker, as it is.
    now: Samples,
    /// The same with line tables only.
    line_tables: Option<Samples>,
    /// The linker alone, as it is, and without the dependencies' debug information.
    links: Option<(Samples, Samples)>,
}

/// Measures, and judges. `now` is the compilation as it is, whose last step is `link`.
pub(in crate::doctor) async fn examine(
    bench: &Bench,
    of: &Crates,
    (now, variant): (&Samples, &Variant),
    link: Option<&Link>,
    save: Duration,
) -> Finding {
    let level = codegen(&of.program.recorded.arguments, "debuginfo");
    let is_full = matches!(level, Some("1" | "2" | "limited" | "full"));
    let line_tables = match is_full {
        true => {
            let more = ["-C", "debuginfo=line-tables-only"].map(OsString::from).to_vec();
            let variant = Variant { name: "line-tables", more, ..variant.clone() };
            match of.compile(bench, &variant).await {
                Ok(times) => Some(times),
                Err(err) => return Finding::Skipped(LEVER, format!("{err:#}")),
            }
        }
        false => None,
    };
    let links = match link {
        Some(link) => stripped(bench, link).await,
        None => Ok(None),
    };
    let links = match links {
        // The other half is there.
        Err(_) if line_tables.is_some() => Ok(None),
        links => links,
    };
    let profile = Profile { name: bench.profile().to_owned(), is_ours: bench.has_own_profile() };
    let figures =
        links.map(|links| Figures { profile, is_full, now: now.clone(), line_tables, links });
    or_skipped(LEVER, figures.map(|figures| judge(&figures, save)))
}

/// Links with the dependencies' debug information, and without, in turns.
async fn stripped(bench: &Bench, link: &Link) -> anyhow::Result<Option<(Samples, Samples)>> {
    // Elsewhere, the linker does not read it.
    if !cfg!(target_os = "linux") {
        return Ok(None);
    }
    let Some(without) = link.without_debug_info(bench).await? else { return Ok(None) };
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        before.push(link.time(bench).await?);
        after.push(without.time(bench).await?);
    }
    Ok(Samples::of(before).zip(Samples::of(after)))
}

/// Says what the figures mean.
fn judge(figures: &Figures, save: Duration) -> Finding {
    let own = figures.line_tables.as_ref().map(|times| figures.now.gain_by(times));
    let own = own.unwrap_or_default();
    let others = figures.links.as_ref().map(|(before, after)| before.gain_by(after));
    let others = others.unwrap_or_default();
    let (has_own, has_others) = (is_worth(own, save), is_worth(others, save));
    let mut what = Vec::new();
    if has_own {
        what.push(format!(
            "full debug information costs {} against line tables, which backtraces need",
            seconds(own)
        ));
    }
    if has_others {
        what.push(format!(
            "the linker copies that of the dependencies for {}; without it, their frames keep their names",
            seconds(others)
        ));
    }
    if what.is_empty() {
        let level = if figures.is_full { "full, which costs nothing here" } else { "line tables" };
        return Finding::Fine(LEVER, level.to_owned());
    }
    let time = if has_own { own } else { Duration::ZERO };
    Finding::Gain(Gain {
        lever: LEVER,
        time: time + if has_others { others } else { Duration::ZERO },
        what: what.join("; "),
        write: Write::new("Cargo.toml", write(&figures.profile, has_own, has_others)),
    })
}

/// What to write for the profile.
fn write(profile: &Profile, own: bool, others: bool) -> String {
    // Our own one exists only while nobody has written one of this name.
    let (name, is_new) = match profile {
        Profile { is_ours: true, name } => (name.as_str(), true),
        // For `dev`, everything else that builds with it would be built again.
        Profile { name, .. } if name == "dev" => ("devserver", true),
        Profile { name, .. } => (name.as_str(), false),
    };
    let mut lines = Vec::new();
    if own || is_new {
        lines.push(format!("[profile.{name}]"));
        if is_new {
            lines.push("inherits = \"dev\"".to_owned());
        }
        lines.push("debug = \"line-tables-only\"".to_owned());
    }
    if others {
        lines.push(format!("[profile.{name}.package.\"*\"]"));
        lines.push("debug = false".to_owned());
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::samples::tests::samples;

    fn figures(name: &str, is_ours: bool) -> Figures {
        Figures {
            profile: Profile { name: name.to_owned(), is_ours },
            is_full: true,
            now: samples(&[900, 910, 920]),
            line_tables: Some(samples(&[600, 610, 620])),
            links: Some((samples(&[400]), samples(&[300]))),
        }
    }

    const SAVE: Duration = Duration::from_secs(1);

    #[test]
    fn full_debug_information_is_a_gain() {
        let Finding::Gain(gain) = judge(&figures("dev", false), SAVE) else { panic!() };
        assert_eq!(gain.time, Duration::from_millis(400));
        assert_eq!(
            gain.write.text,
            "[profile.devserver]\ninherits = \"dev\"\ndebug = \"line-tables-only\"\n\
             [profile.devserver.package.\"*\"]\ndebug = false"
        );
        let Finding::Gain(gain) = judge(&figures("fast", false), SAVE) else { panic!() };
        assert!(!gain.write.text.contains("inherits"), "{}", gain.write.text);
    }

    #[test]
    fn each_part_is_suggested_for_itself() {
        let mut part = figures("fast", false);
        part.links = None;
        let Finding::Gain(gain) = judge(&part, SAVE) else { panic!() };
        assert_eq!(gain.write.text, "[profile.fast]\ndebug = \"line-tables-only\"");
        let mut part = figures("devserver", true);
        (part.line_tables, part.is_full) = (None, false);
        let Finding::Gain(gain) = judge(&part, SAVE) else { panic!() };
        assert_eq!(gain.time, Duration::from_millis(100));
        // A profile in `Cargo.toml` takes the place of our own one.
        assert!(gain.write.text.starts_with("[profile.devserver]\ninherits = \"dev\"\ndebug = "));
        part.links = Some((samples(&[100]), samples(&[95])));
        assert_eq!(judge(&part, SAVE), Finding::Fine(LEVER, "line tables".to_owned()));
    }

    #[test]
    fn what_is_written_is_toml_that_cargo_takes() {
        for name in ["dev", "fast"] {
            let text = write(&figures(name, false).profile, true, true);
            let table: toml::Table = text.parse().unwrap();
            let name = if name == "dev" { "devserver" } else { name };
            let profile = &table["profile"][name];
            assert_eq!(profile["package"]["*"]["debug"].as_bool(), Some(false));
        }
    }
}
