//! What was found, as text and as JSON.

use std::fmt::Write as _;
use std::time::Duration;

use listenfd_core::internal::escaped;
use serde_json::{Value, json};

use crate::doctor::finding::{Finding, Gain, seconds};

/// Where the time of a save goes. `None` is not measured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Save {
    /// Until a save is noticed.
    pub(super) notice: Option<Duration>,
    /// cargo, with nothing to compile.
    pub(super) cargo: Option<Duration>,
    /// Whether cargo is not asked when only sources have changed.
    pub(super) replays: bool,
    /// rustc, without the linker.
    pub(super) rustc: Option<Duration>,
    pub(super) link: Option<Duration>,
    /// From the program's start until it serves.
    pub(super) start: Option<Duration>,
}

impl Save {
    /// The sum of what is measured, and a save of a source file waits for.
    pub(super) fn total(&self) -> Duration {
        let counted =
            self.parts().into_iter().filter(|(name, ..)| !self.replays || *name != "cargo");
        counted.filter_map(|(_, time, _)| time).sum()
    }

    fn parts(&self) -> [(&'static str, Option<Duration>, &'static str); 5] {
        let cargo = match self.replays {
            true => "cargo, which is not counted: changes of sources alone are built without it",
            false => "cargo, to find out what to compile",
        };
        [
            ("notice", self.notice, "until the save is noticed"),
            ("cargo", self.cargo, cargo),
            ("rustc", self.rustc, "rustc for the program's package, after a line was added"),
            ("link", self.link, "the linker"),
            ("start", self.start, "the program, until it serves"),
        ]
    }
}

/// All that was found about a program.
#[derive(Clone, Debug)]
pub(super) struct Report {
    pub(super) program: String,
    pub(super) package: String,
    pub(super) profile: String,
    pub(super) save: Save,
    findings: Vec<Finding>,
}

impl Report {
    /// With the gains first, the greatest first.
    pub(super) fn new(
        (program, package, profile): (&str, &str, &str),
        save: Save,
        mut findings: Vec<Finding>,
    ) -> Self {
        findings.sort_by_key(|finding| match finding {
            Finding::Gain(gain) => (0, std::cmp::Reverse(gain.time)),
            Finding::Fine(..) => (1, std::cmp::Reverse(Duration::ZERO)),
            Finding::Skipped(..) => (2, std::cmp::Reverse(Duration::ZERO)),
        });
        let [program, package, profile] = [program, package, profile].map(str::to_owned);
        Report { program, package, profile, save, findings }
    }

    fn gains(&self) -> impl Iterator<Item = &Gain> {
        self.findings.iter().filter_map(|finding| match finding {
            Finding::Gain(gain) => Some(gain),
            _ => None,
        })
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let (program, profile) = (escaped(&self.program), escaped(&self.profile));
        let total = seconds(self.save.total());
        let _ = writeln!(text, "A save of {program} (profile {profile}) takes {total}:");
        for (_, time, what) in self.save.parts() {
            let time = time.map_or_else(|| "     -".to_owned(), seconds);
            let _ = writeln!(text, "  {time}  {what}");
        }
        match self.gains().next() {
            None => text.push_str("\nThere is nothing to gain.\n"),
            Some(_) => text.push_str("\nWhat would gain most comes first; gains may overlap:\n"),
        }
        for gain in self.gains() {
            let part = percent(gain.time, self.save.total());
            let what = escaped(&gain.what);
            let _ = writeln!(text, "  -{} ({part} %)  {}: {what}", seconds(gain.time), gain.lever);
            let _ = writeln!(text, "      {}:", escaped(&gain.write.place));
            for line in gain.write.text.lines() {
                let _ = writeln!(text, "          {}", escaped(line));
            }
        }
        let fine = self.findings.iter().filter_map(|finding| match finding {
            Finding::Fine(lever, how) => Some((lever, how)),
            _ => None,
        });
        list(&mut text, "Fine", fine);
        let skipped = self.findings.iter().filter_map(|finding| match finding {
            Finding::Skipped(lever, why) => Some((lever, why)),
            _ => None,
        });
        list(&mut text, "Not measured", skipped);
        text
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let save: serde_json::Map<_, _> = self
            .save
            .parts()
            .into_iter()
            .map(|(name, time, _)| (name.to_owned(), time.map(milliseconds).into()))
            .collect();
        let (mut gains, mut fine, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
        for finding in &self.findings {
            match finding {
                Finding::Gain(gain) => gains.push(json!({
                    "lever": gain.lever,
                    "gain": milliseconds(gain.time),
                    "percent": percent(gain.time, self.save.total()),
                    "what": gain.what,
                    "place": gain.write.place,
                    "write": gain.write.text,
                })),
                Finding::Fine(lever, how) => fine.push(json!({ "lever": lever, "what": how })),
                Finding::Skipped(lever, why) => {
                    skipped.push(json!({ "lever": lever, "why": why }));
                }
            }
        }
        json!({
            "program": self.program,
            "package": self.package,
            "profile": self.profile,
            "total": milliseconds(self.save.total()),
            "save": save,
            "gains": gains,
            "fine": fine,
            "skipped": skipped,
        })
    }
}

fn list<'a>(
    text: &mut String,
    title: &str,
    all: impl Iterator<Item = (&'a &'static str, &'a String)>,
) {
    let mut all = all.peekable();
    if all.peek().is_some() {
        let _ = writeln!(text, "\n{title}:");
    }
    for (lever, how) in all {
        let _ = writeln!(text, "  {lever}: {}", escaped(how));
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn percent(part: Duration, whole: Duration) -> u64 {
    match milliseconds(whole) {
        0 => 0,
        whole => (milliseconds(part) * 100 / whole).min(100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Write;

    fn report() -> Report {
        let time = |milliseconds| Some(Duration::from_millis(milliseconds));
        let save = Save {
            notice: time(10),
            cargo: time(70),
            rustc: time(140),
            link: time(120),
            ..Save::default()
        };
        let gain = |lever, milliseconds, text: &str| {
            Finding::Gain(Gain {
                lever,
                time: Duration::from_millis(milliseconds),
                what: format!("{lever} is slow"),
                write: Write::new("Cargo.toml", text),
            })
        };
        let findings = vec![
            Finding::Skipped("start", "no HTTP socket".to_owned()),
            gain("linker", 34, "a = 1"),
            Finding::Fine("scanner", "none".to_owned()),
            gain("debug information", 68, "[profile.x]\ndebug = 0"),
        ];
        Report::new(("app", "app", "dev"), save, findings)
    }

    #[test]
    fn the_greatest_gain_comes_first() {
        assert_eq!(
            report().text(),
            "A save of app (profile dev) takes 0.34 s:\n  \
             0.01 s  until the save is noticed\n  \
             0.07 s  cargo, to find out what to compile\n  \
             0.14 s  rustc for the program's package, after a line was added\n  \
             0.12 s  the linker\n       -  the program, until it serves\n\n\
             What would gain most comes first; gains may overlap:\n  \
             -0.07 s (20 %)  debug information: debug information is slow\n      Cargo.toml:\n          \
             [profile.x]\n          debug = 0\n  \
             -0.03 s (10 %)  linker: linker is slow\n      Cargo.toml:\n          a = 1\n\n\
             Fine:\n  scanner: none\n\nNot measured:\n  start: no HTTP socket\n"
        );
    }

    #[test]
    fn cargo_counts_where_it_is_asked() {
        let mut save = report().save;
        assert_eq!(save.total(), Duration::from_millis(340));
        save.replays = true;
        assert_eq!(save.total(), Duration::from_millis(270));
    }

    #[test]
    fn programs_get_milliseconds() {
        let json = report().json();
        assert_eq!((&json["total"], &json["save"]["start"]), (&340.into(), &Value::Null));
        assert_eq!(
            (&json["gains"][0]["gain"], &json["gains"][0]["percent"]),
            (&68.into(), &20.into())
        );
        assert_eq!(json["skipped"][0], json!({ "lever": "start", "why": "no HTTP socket" }));
    }

    #[test]
    fn without_a_gain_it_says_so() {
        let report = Report::new(("a", "a", "dev"), Save::default(), Vec::new());
        assert!(report.text().ends_with("\nThere is nothing to gain.\n"), "{}", report.text());
        assert_eq!(report.json()["gains"], json!([]));
    }
}
