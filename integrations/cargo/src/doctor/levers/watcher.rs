//! How long a save takes to be noticed: by the system's notifications, or by polling.

use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use anyhow::bail;

use crate::doctor::bench::Bench;
use crate::doctor::finding::{Finding, Gain, Write, is_worth, seconds};
use crate::doctor::samples::Samples;
use crate::settings::values::Watcher;
use crate::sys;
use crate::watch::changes::WatchEvent;
use crate::watch::rules::Rules;
use crate::watch::thread::Watching;

const LEVER: &str = "watcher";
/// How often a file is written.
const TIMES: u32 = 3;
/// A change that was not noticed by then is not noticed.
const LIMIT: Duration = Duration::from_secs(2);

/// How changes are noticed.
#[derive(Clone, Debug)]
pub(in crate::doctor) struct Figures {
    setting: Watcher,
    /// The kind of file system that does not report all changes.
    kind: Option<String>,
    /// How long notifications take; `None` where none comes.
    native: Option<Samples>,
    polling: Option<Samples>,
}

impl Figures {
    fn polls(&self) -> bool {
        self.setting == Watcher::Poll || (self.setting == Watcher::Auto && self.kind.is_some())
    }

    /// How long a save takes to be noticed as it is.
    pub(in crate::doctor) fn now(&self) -> Option<Duration> {
        let now = if self.polls() { &self.polling } else { &self.native };
        now.as_ref().map(Samples::median)
    }

    /// What polling takes more than notifications.
    pub(in crate::doctor) fn gain(&self) -> Option<Duration> {
        let both = self.polling.as_ref().zip(self.native.as_ref());
        both.map(|(polling, native)| polling.median().saturating_sub(native.median()))
    }
}

/// Writes files in the scratch folder, and waits until they are noticed.
///
/// # Errors
///
/// When that folder is on another kind of file system than the program's files.
pub(in crate::doctor) async fn measure(bench: &Bench) -> anyhow::Result<Figures> {
    let kind_of = |folder: &Path| sys::polled_file_system(folder);
    let kind = bench.plan.rules.packages.iter().find_map(|folder| kind_of(folder));
    if kind != kind_of(bench.scratch.path()) {
        bail!("the target directory is on another file system than the program's files");
    }
    let setting = bench.plan.settings.watcher;
    let folder = bench.scratch.folder("watched")?;
    let measured = tokio::task::spawn_blocking(move || {
        [Watcher::Native, Watcher::Poll].map(|how| noticed(&folder, how))
    });
    let [native, polling] = measured.await?;
    Ok(Figures { setting, kind, native, polling })
}

/// How long it takes until a change is noticed; `None` if one of them is not.
fn noticed(folder: &Path, how: Watcher) -> Option<Samples> {
    let (sender, receiver) = channel();
    let rules = Rules { packages: vec![folder.to_owned()], ..Rules::default() };
    let tell = move |event| drop(sender.send(event));
    let _watching = Watching::begin(rules, how, tell);
    let mut times = Vec::new();
    for number in 0..TIMES {
        // Not in step with the one who polls.
        std::thread::sleep(Duration::from_millis(130));
        let since = Instant::now();
        std::fs::write(folder.join("main.rs"), format!("{how:?} {number}")).ok()?;
        loop {
            let left = LIMIT.checked_sub(since.elapsed())?;
            if let WatchEvent::Changed(_) = receiver.recv_timeout(left).ok()? {
                break;
            }
        }
        times.push(since.elapsed());
    }
    Samples::of(times)
}

/// Says what the figures mean.
pub(in crate::doctor) fn judge(figures: &anyhow::Result<Figures>, save: Duration) -> Finding {
    let figures = match figures {
        Ok(figures) => figures,
        Err(err) => return Finding::Skipped(LEVER, format!("{err:#}")),
    };
    let Some(now) = figures.now() else {
        return Finding::Skipped(LEVER, "a file that was written was not noticed".to_owned());
    };
    if !figures.polls() {
        return Finding::Fine(LEVER, format!("the system reports a save after {}", seconds(now)));
    }
    let Some(native) = &figures.native else {
        return Finding::Fine(LEVER, "polling, since the system reports nothing here".to_owned());
    };
    let gain = now.saturating_sub(native.median());
    if !is_worth(gain, save) {
        return Finding::Fine(LEVER, format!("polling notices a save after {}", seconds(now)));
    }
    let (setting, condition) = match &figures.kind {
        Some(kind) => (
            "native",
            format!(
                " here; on this file system ({kind}) not those of another machine, or from outside of \
                 this container"
            ),
        ),
        None => ("auto", String::new()),
    };
    let (now, native) = (seconds(now), seconds(native.median()));
    Finding::Gain(Gain {
        lever: LEVER,
        time: gain,
        what: format!(
            "polling notices a save after {now}; the system reports changes after {native}{condition}"
        ),
        write: Write::new(
            "Cargo.toml",
            format!("[package.metadata.devserver]\nwatcher = \"{setting}\""),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::samples::tests::samples;

    fn judged(setting: Watcher, kind: Option<&str>, native: Option<u64>) -> Finding {
        let figures = Figures {
            setting,
            kind: kind.map(str::to_owned),
            native: native.map(|time| samples(&[time])),
            polling: Some(samples(&[250])),
        };
        judge(&Ok(figures), Duration::from_secs(1))
    }

    #[test]
    fn polling_without_need_is_a_gain() {
        let Finding::Gain(gain) = judged(Watcher::Poll, None, Some(10)) else { panic!() };
        assert_eq!(gain.time, Duration::from_millis(240));
        assert!(gain.write.text.contains("\"auto\""), "{gain:?}");
        let Finding::Gain(gain) = judged(Watcher::Auto, Some("overlay"), Some(10)) else {
            panic!()
        };
        assert!(gain.write.text.contains("\"native\"") && gain.what.contains("container"));
    }

    #[test]
    fn polling_with_need_and_notifications_are_fine() {
        for (setting, kind, native) in [
            (Watcher::Auto, None, Some(10)),
            (Watcher::Native, Some("nfs4"), Some(10)),
            (Watcher::Auto, Some("9p"), None),
        ] {
            assert!(matches!(judged(setting, kind, native), Finding::Fine(..)), "{kind:?}");
        }
    }

    #[test]
    fn a_file_that_is_written_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let times = noticed(folder.path(), Watcher::Poll).unwrap();
        assert!(times.median() < LIMIT);
    }
}
