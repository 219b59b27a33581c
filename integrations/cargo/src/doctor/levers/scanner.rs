//! Scanners of new programs: an antivirus, or XProtect on macOS. Each save makes a new program.

use std::env::consts::OS;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;

use crate::doctor::bench::Bench;
use crate::doctor::bench::process::Step;
use crate::doctor::finding::{Finding, Gain, Write, is_worth, seconds};
use crate::doctor::samples::Samples;

const LEVER: &str = "scanner";
/// How many new files are started.
const TIMES: usize = 3;
/// How long one start may take.
const LIMIT: Duration = Duration::from_secs(15);

/// How long a program takes that does nothing.
#[derive(Clone, Debug)]
pub(in crate::doctor) struct Figures {
    /// The first start of a new file.
    first: Samples,
    /// The second start of the same file.
    second: Samples,
}

impl Figures {
    /// How long a program takes to start and end that does nothing, and whose file is known.
    pub(in crate::doctor) fn nothing(&self) -> Duration {
        self.second.median()
    }
}

/// Judges what was measured.
pub(in crate::doctor) fn examine(
    bench: &Bench,
    figures: &anyhow::Result<Figures>,
    save: Duration,
) -> Finding {
    let target = bench.plan.target.display().to_string();
    match figures {
        Ok(figures) => judge(figures, save, OS, &target),
        Err(err) => Finding::Skipped(LEVER, format!("{err:#}")),
    }
}

/// Starts copies of this program.
///
/// # Errors
///
/// When one cannot be made or started.
pub(in crate::doctor) async fn measure(bench: &Bench) -> anyhow::Result<Figures> {
    let this_program = std::env::current_exe().context("cannot find this program's own file")?;
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let folder = bench.scratch.folder("programs")?;
    for number in 0..TIMES {
        let name = format!("program-{number}{}", std::env::consts::EXE_SUFFIX);
        let copy = folder.join(name);
        std::fs::copy(&this_program, &copy).context("cannot copy this program")?;
        first.push(start(bench, &copy).await?);
        second.push(start(bench, &copy).await?);
        let _ = std::fs::remove_file(&copy);
    }
    let both = Samples::of(first).zip(Samples::of(second));
    let (first, second) = both.context("there is no time left")?;
    Ok(Figures { first, second })
}

async fn start(bench: &Bench, program: &Path) -> anyhow::Result<Duration> {
    let step = Step {
        program: program.into(),
        arguments: vec!["--version".into()],
        only: false,
        variables: Vec::new(),
        folder: bench.folder.clone(),
    };
    step.time(&bench.launcher, bench.limit(LIMIT)?).await
}

/// Says what the figures mean, on this operating system.
fn judge(figures: &Figures, save: Duration, os: &str, target: &str) -> Finding {
    let gain = figures.first.gain_by(&figures.second);
    let [first, second] = [&figures.first, &figures.second].map(|times| seconds(times.median()));
    if !is_worth(gain, save) {
        return Finding::Fine(LEVER, format!("a new program starts in {first}, as any other"));
    }
    let write = match os {
        "macos" => Write::new(
            "System Settings, Privacy & Security, Developer Tools",
            "add your terminal, and open it anew; programs that it starts are not scanned then",
        ),
        "windows" => Write::new(
            "PowerShell as administrator",
            format!("Add-MpPreference -ExclusionPath '{target}'"),
        ),
        _ => Write::new("the scanner's settings", format!("leave out {target}")),
    };
    Finding::Gain(Gain {
        lever: LEVER,
        time: gain,
        what: format!(
            "a new program takes {first} for its first start, and {second} for the second"
        ),
        write,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::samples::tests::samples;

    #[test]
    fn a_slow_first_start_has_a_cure_for_each_system() {
        let figures = Figures { first: samples(&[250, 300]), second: samples(&[10, 12]) };
        for (os, place, text) in [
            ("macos", "Developer Tools", "terminal"),
            ("windows", "PowerShell", "Add-MpPreference -ExclusionPath 'C:\\t'"),
            ("linux", "scanner", "C:\\t"),
        ] {
            let found = judge(&figures, Duration::from_secs(1), os, "C:\\t");
            let Finding::Gain(gain) = found else { panic!("{os}") };
            assert_eq!(gain.time, Duration::from_millis(288));
            assert!(gain.write.place.contains(place) && gain.write.text.contains(text), "{gain:?}");
        }
        let figures = Figures { first: samples(&[14]), second: samples(&[12]) };
        assert!(matches!(judge(&figures, Duration::ZERO, "macos", ""), Finding::Fine(..)));
    }
}
