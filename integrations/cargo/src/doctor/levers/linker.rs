//! The linker: that of the build, and the others that are installed, on the user's own program.

use std::env::consts::EXE_SUFFIX;
use std::path::PathBuf;
use std::time::Duration;

use listenfd_core::internal::env_var;

use crate::doctor::bench::Bench;
use crate::doctor::bench::link::Link;
use crate::doctor::bench::link_command::LinkCommand;
use crate::doctor::finding::{Finding, Gain, Write, is_worth, seconds};
use crate::doctor::levers::or_skipped;
use crate::doctor::samples::Samples;

const LEVER: &str = "linker";
/// How often each linker runs.
const TIMES: usize = 5;

/// Another linker.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Candidate {
    name: &'static str,
    command: LinkCommand,
    /// The program that rustc has to start, if it is another one.
    linker: Option<&'static str>,
    /// Its argument.
    option: Option<String>,
}

/// What is compared.
#[derive(Clone, Debug)]
struct Figures {
    /// The linker of the build.
    name: String,
    now: Samples,
    /// The others that have linked the program.
    others: Vec<(Candidate, Samples)>,
    place: Place,
}

/// Where flags for rustc are.
#[derive(Clone, Debug)]
struct Place {
    triple: String,
    /// The variable that counts instead of all files.
    variable: Option<&'static str>,
    /// Those that are in a file, and count no more with those of the target.
    flags: Vec<String>,
}

/// Measures, and judges.
pub(in crate::doctor) async fn examine(bench: &Bench, link: &Link, save: Duration) -> Finding {
    or_skipped(LEVER, measure(bench, link).await.map(|figures| judge(&figures, save)))
}

async fn measure(bench: &Bench, link: &Link) -> anyhow::Result<Figures> {
    let candidates = candidates(&link.command, &is_installed);
    let mut links: Vec<_> =
        candidates.into_iter().map(|candidate| (candidate, Some(Vec::new()))).collect();
    let mut now = Vec::new();
    // In turns, so that all have the same conditions.
    for _ in 0..TIMES {
        match link.time(bench).await {
            Ok(time) => now.push(time),
            Err(err) if now.is_empty() => return Err(err),
            Err(_) => break,
        }
        for (candidate, times) in &mut links {
            let Some(measured) = times else { continue };
            match link.with(candidate.command.clone()).time(bench).await {
                Ok(time) => measured.push(time),
                // It is installed, and cannot link this program.
                Err(_) => *times = None,
            }
        }
    }
    let others =
        links.into_iter().filter_map(|(candidate, times)| Some((candidate, Samples::of(times?)?)));
    let others = others.collect();
    let name = link.command.fuse_ld().map_or_else(|| program(&link.command), str::to_owned);
    let now = Samples::of(now).ok_or_else(|| anyhow::anyhow!("there is no time left"))?;
    let triple = bench.plan.program_env.triple().to_owned();
    let variables = ["CARGO_ENCODED_RUSTFLAGS", "RUSTFLAGS"];
    let variable = variables.into_iter().find(|name| env_var(name).is_some());
    let flags = bench.config.words(&["target", &triple, "rustflags"]);
    let flags = flags.or_else(|| bench.config.words(&["build", "rustflags"]));
    let flags = flags.map(|(words, _)| words).unwrap_or_default();
    Ok(Figures { name, now, others, place: Place { triple, variable, flags } })
}

fn program(command: &LinkCommand) -> String {
    let path = PathBuf::from(&command.program);
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn is_installed(name: &str) -> bool {
    let path = env_var("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path);
    folders.any(|folder| folder.join(format!("{name}{EXE_SUFFIX}")).is_file())
}

/// The linkers to try, of those that are installed.
fn candidates(command: &LinkCommand, is_installed: &dyn Fn(&str) -> bool) -> Vec<Candidate> {
    if command.is_msvc() {
        let lld = (program(command) != "lld-link" && is_installed("lld-link")).then(|| Candidate {
            name: "lld",
            command: LinkCommand { program: "lld-link".to_owned(), ..command.clone() },
            linker: Some("lld-link"),
            option: None,
        });
        return lld.into_iter().collect();
    }
    if !command.is_compiler() {
        return Vec::new();
    }
    let fused = [("lld", "ld.lld"), ("lld", "ld64.lld"), ("mold", "mold")];
    let mut found: Vec<Candidate> = Vec::new();
    for (name, file) in fused {
        let is_known = command.fuse_ld() == Some(name) || found.iter().any(|it| it.name == name);
        if !is_known && is_installed(file) {
            let option = format!("-fuse-ld={name}");
            let mut command = command.clone();
            command.arguments.push(option.clone());
            found.push(Candidate { name, command, linker: None, option: Some(option) });
        }
    }
    // gcc knows no such linker.
    if command.fuse_ld() != Some("wild") && is_installed("wild") && is_installed("clang") {
        let mut command = LinkCommand { program: "clang".to_owned(), ..command.clone() };
        let option = "--ld-path=wild".to_owned();
        command.arguments.push(option.clone());
        let (linker, option) = (Some("clang"), Some(option));
        found.push(Candidate { name: "wild", command, linker, option });
    }
    found
}

/// Says what the figures mean.
fn judge(figures: &Figures, save: Duration) -> Finding {
    let now = format!("{} links in {}", figures.name, seconds(figures.now.median()));
    let others = figures.others.iter();
    let others: Vec<_> =
        others.map(|(it, times)| format!("{} in {}", it.name, seconds(times.median()))).collect();
    let all = match &others[..] {
        [] => format!("{now}; no other linker is installed"),
        others => format!("{now}, {}", others.join(", ")),
    };
    let gains = figures.others.iter().map(|(it, times)| (figures.now.gain_by(times), it));
    match gains.max_by_key(|(gain, _)| *gain) {
        Some((gain, best)) if is_worth(gain, save) => Finding::Gain(Gain {
            lever: LEVER,
            time: gain,
            what: all,
            write: write(best, &figures.place),
        }),
        _ => Finding::Fine(LEVER, all),
    }
}

/// How the linker is selected.
fn write(best: &Candidate, place: &Place) -> Write {
    let flag = best.option.as_ref().map(|option| format!("link-arg={option}"));
    let linker = best.linker.map(|linker| format!("linker = {linker:?}"));
    let section = format!("[target.{}]", place.triple);
    let config = ".cargo/config.toml (all is built anew once)";
    if let (Some(variable), Some(flag), None) = (place.variable, &flag, &linker) {
        let place = format!("the variable {variable}, which counts instead of .cargo/config.toml");
        return Write::new(place, format!("add -C {flag}"));
    }
    let flags = flag.map(|flag| {
        // They take the place of the others.
        let all = place.flags.iter().cloned().chain(["-C".to_owned(), flag]);
        format!("rustflags = {:?}", all.collect::<Vec<_>>())
    });
    let lines: Vec<_> = std::iter::once(section).chain(linker).chain(flags).collect();
    Write::new(config, lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::samples::tests::samples;

    fn command(text: &str) -> LinkCommand {
        LinkCommand::parse(text).unwrap()
    }

    fn names(text: &str, installed: &[&str]) -> Vec<&'static str> {
        let found = candidates(&command(text), &|name| installed.contains(&name));
        found.into_iter().map(|candidate| candidate.name).collect()
    }

    #[test]
    fn only_what_is_installed_and_not_in_use_is_tried() {
        let all = ["ld.lld", "mold", "wild", "clang"];
        assert_eq!(names("\"cc\" \"-o\" \"x\"", &all), ["lld", "mold", "wild"]);
        assert_eq!(names("\"cc\" \"-fuse-ld=lld\"", &all), ["mold", "wild"]);
        assert_eq!(names("\"cc\" \"-fuse-ld=lld\"", &["ld.lld", "wild"]), [""; 0]);
        assert_eq!(names("\"cc\" \"x.o\"", &["ld64.lld"]), ["lld"]);
        assert_eq!(names("\"link.exe\" \"/OUT:x\"", &["lld-link"]), ["lld"]);
        assert_eq!(names("\"lld-link\" \"/OUT:x\"", &["lld-link"]), [""; 0]);
        assert_eq!(names("\"rust-lld\" \"x\"", &all), [""; 0]);
    }

    #[test]
    fn the_fastest_linker_is_suggested() {
        let all = ["ld.lld", "mold"];
        let others = candidates(&command("\"cc\""), &|name| all.contains(&name));
        let times = [samples(&[200, 210]), samples(&[150, 160])];
        let mut figures = Figures {
            name: "cc".into(),
            now: samples(&[400, 420]),
            others: others.into_iter().zip(times).collect(),
            place: Place {
                triple: "x86_64-unknown-linux-gnu".into(),
                variable: None,
                flags: vec!["--cfg".into(), "x".into()],
            },
        };
        let save = Duration::from_secs(1);
        let Finding::Gain(gain) = judge(&figures, save) else { panic!() };
        assert_eq!(gain.time, Duration::from_millis(260));
        assert_eq!(
            gain.write.text,
            "[target.x86_64-unknown-linux-gnu]\n\
             rustflags = [\"--cfg\", \"x\", \"-C\", \"link-arg=-fuse-ld=mold\"]"
        );
        figures.place.variable = Some("RUSTFLAGS");
        let Finding::Gain(gain) = judge(&figures, save) else { panic!() };
        assert_eq!(gain.write.text, "add -C link-arg=-fuse-ld=mold");
        figures.now = samples(&[155, 165]);
        let fine = "cc links in 0.17 s, lld in 0.21 s, mold in 0.16 s".to_owned();
        assert_eq!(judge(&figures, save), Finding::Fine(LEVER, fine));
    }
}
