//! A bar chart of closed connections and lost requests, as SVG.

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
    let mut lines = vec![
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
             font-family=\"sans-serif\" font-size=\"12\">"
        ),
        format!("<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"white\"/>"),
        text(
            10.0,
            20.0,
            "font-weight=\"bold\"",
            &format!(
                "Of {CLIENTS} keep-alive connections, closed in each restart; and requests lost in all"
            ),
        ),
    ];
    for (at, (name, _)) in rows.iter().enumerate() {
        let x = 10.0 + at as f64 * 150.0;
        lines.push(rect(x, 33.0, 12.0, 12.0, at));
        lines.push(text(x + 18.0, 43.0, "", name));
    }
    for mode in 0..modes {
        let top = 60.0 + mode as f64 * group;
        lines.push(text(10.0, top + group / 2.0, "", &rows[0].1[mode].mode.to_string()));
        for (at, (_, reports)) in rows.iter().enumerate() {
            lines.extend(bar(&reports[mode], top + at as f64 * BAR, at));
        }
    }
    lines.push("</svg>\n".to_owned());
    lines.join("\n")
}

/// The bar of one server in one mode, and its label.
fn bar(report: &Report, y: f64, server: usize) -> [String; 2] {
    let each = report.reopened as f64 / report.restarts as f64;
    let length = (WIDTH - LABEL - 120.0) * (each / CLIENTS as f64).min(1.0);
    let label = format!("{each:.0} closed, {} lost", report.lost());
    [
        rect(LABEL, y, length.max(1.5), BAR - 2.0, server),
        text(LABEL + length + 6.0, y + BAR - 3.0, "font-size=\"10\"", &label),
    ]
}

fn rect(x: f64, y: f64, width: f64, height: f64, server: usize) -> String {
    let color = COLORS[server % COLORS.len()];
    format!("<rect x=\"{x}\" y=\"{y}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{color}\"/>")
}

fn text(x: f64, y: f64, more: &str, text: &str) -> String {
    format!("<text x=\"{x}\" y=\"{y}\" {more}>{text}</text>")
}
