//! The program's own start and end, for which each save waits.

use std::time::Duration;

use crate::doctor::bench::Bench;
use crate::doctor::bench::program::{Run, run};
use crate::doctor::finding::{Finding, Gain, Write, is_worth, seconds};
use crate::doctor::samples::Samples;

const START: &str = "start";
const STOP: &str = "stop";

/// How often it is started. The first time, its file may not be in memory.
const TIMES: u32 = 3;

/// How long the program takes to start and to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::doctor) struct Figures {
    pub(in crate::doctor) start: Duration,
    stop: Duration,
}

/// Starts and stops the program some times.
///
/// # Errors
///
/// When it does not serve.
pub(in crate::doctor) async fn measure(bench: &Bench) -> anyhow::Result<Figures> {
    let mut runs = Vec::new();
    for number in 0..TIMES {
        match run(bench, number).await {
            Ok(run) => runs.push(run),
            Err(err) if runs.is_empty() => return Err(err),
            Err(_) => break,
        }
    }
    let median = |of: fn(&Run) -> Duration| {
        Samples::of(runs.iter().map(of)).map(|samples| samples.median()).unwrap_or_default()
    };
    Ok(Figures { start: median(|run| run.start), stop: median(|run| run.stop) })
}

/// Says what the figures mean, where a program that does nothing takes `nothing`, of a save that takes
/// this long.
pub(in crate::doctor) fn judge(
    figures: &anyhow::Result<Figures>,
    nothing: Duration,
    save: Duration,
) -> [Finding; 2] {
    let figures = match figures {
        Ok(figures) => figures,
        Err(err) => return [START, STOP].map(|lever| Finding::Skipped(lever, format!("{err:#}"))),
    };
    let (start, stop) = (figures.start, figures.stop);
    // No program starts in less.
    let gain = start.saturating_sub(nothing);
    let in_code = |text: &str| Write::new("the program", text);
    [
        match is_worth(gain, save) {
            true => Finding::Gain(Gain {
                lever: START,
                time: gain,
                what: format!("the program serves only {} after its start", seconds(start)),
                write: in_code(
                    "serve first; connect, migrate and fill caches in a task beside that, or at the \
                     first use",
                ),
            }),
            false => Finding::Fine(START, format!("serves {} after its start", seconds(start))),
        },
        match is_worth(stop, save) {
            true => Finding::Gain(Gain {
                lever: STOP,
                time: stop,
                what: format!(
                    "the program ends only {} after the request to stop, without any connection",
                    seconds(stop)
                ),
                write: in_code("end at SIGTERM as soon as no request runs; do not wait for timers"),
            }),
            false => Finding::Fine(STOP, format!("ends {} after the request", seconds(stop))),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_start_or_end_is_a_gain() {
        let time = Duration::from_millis;
        let judged = |start, stop| {
            let figures = Figures { start: time(start), stop: time(stop) };
            judge(&Ok(figures), time(8), time(500))
                .map(|finding| matches!(finding, Finding::Gain(_)))
        };
        assert_eq!(judged(310, 3), [true, false]);
        assert_eq!(judged(10, 1000), [false, true]);
        let skipped = judge(&Err(anyhow::anyhow!("no database")), time(8), time(500));
        assert_eq!(skipped[1], Finding::Skipped(STOP, "no database".to_owned()));
    }
}
