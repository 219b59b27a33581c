//! A bar chart of closed connections and lost requests, as SVG.

use std::fmt::Write;

use listenfd_tests::loss::{CLIENTS, Report};

const WIDTH: f64 = 860.0;
const LABEL: f64 = 230.0;
const BAR: f64 = 12.0;
const COLORS: [&str; 4] = ["#1a7f37", "#bf8700", "#8250df", "#0969da"];

/// Draws a group of bars for each mode, with a bar for each server: the connections closed by each restart, and
/// as text the requests lost.
pub(crate) fn closed(rows: &[(&str, Vec<Report>)]) -> String {
    let modes = rows.first().map_or(0, |(_, reports)| reports.len());
    let group = rows.len() as f64 * BAR + 14.0;
    let height = 70.0 + modes as f64 * group;
    let mut svg = String::new();
    let mut line = |text: String| {
        // Writing to a string does not fail.
        let _ = writeln!(svg, "{text}");
    };
    line(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\">"
    ));
    line(format!("<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"white\"/>"));
    line(text(
        10.0,
        20.0,
        "font-weight=\"bold\"",
        &format!(
            "Of {CLIENTS} keep-alive connections, closed in each restart; and requests lost in all"
        ),
    ));
    for (at, (name, _)) in rows.iter().enumerate() {
        let x = 10.0 + at as f64 * 150.0;
        line(format!(
            "<rect x=\"{x}\" y=\"33\" width=\"12\" height=\"12\" fill=\"{}\"/>",
            COLORS[at % COLORS.len()]
        ));
        line(text(x + 18.0, 43.0, "", name));
    }
    for mode in 0..modes {
        let top = 60.0 + mode as f64 * group;
        line(text(10.0, top + group / 2.0, "", &rows[0].1[mode].mode.to_string()));
        for (at, (_, reports)) in rows.iter().enumerate() {
            let report = &reports[mode];
            let each = report.reopened as f64 / report.restarts as f64;
            let length = (WIDTH - LABEL - 120.0) * (each / CLIENTS as f64).min(1.0);
            let y = top + at as f64 * BAR;
            line(format!(
                "<rect x=\"{LABEL}\" y=\"{y}\" width=\"{:.1}\" height=\"{}\" fill=\"{}\"/>",
                length.max(1.5),
                BAR - 2.0,
                COLORS[at % COLORS.len()]
            ));
            let label = format!("{each:.0} closed, {} lost", report.lost());
            line(text(LABEL + length + 6.0, y + BAR - 3.0, "font-size=\"10\"", &label));
        }
    }
    line("</svg>".to_owned());
    svg
}

fn text(x: f64, y: f64, more: &str, text: &str) -> String {
    format!("<text x=\"{x}\" y=\"{y}\" {more}>{text}</text>")
}
