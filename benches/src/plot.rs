//! Plots as SVG: a bar chart of closed connections and lost requests, and the memory of idle connections.

use listenfd_tests::loss::{CLIENTS, Report};

const WIDTH: f64 = 860.0;
const LABEL: f64 = 230.0;
const BAR: f64 = 12.0;
const COLORS: [&str; 11] = [
    "#1a7f37", "#bf8700", "#8250df", "#0969da", "#cf222e", "#57606a", "#bc4c00", "#0a7ea4",
    "#bf3989", "#4d2d00", "#d0d7de",
];
/// The color of the lines behind a plot.
const GRID: usize = 10;

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

/// A server, and its resident memory beyond that without connections.
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    /// Numbers of connections that each had one request and wait, and the bytes for all of them.
    pub(crate) bytes: Vec<(usize, f64)>,
}

/// Draws a line for each server: its memory over the number of idle connections.
pub(crate) fn memory(servers: &[Measured]) -> String {
    const HEIGHT: f64 = 420.0;
    let points = || servers.iter().flat_map(|server| &server.bytes);
    let most = points().map(|(number, _)| *number as f64).fold(1.0, f64::max);
    let top = points().map(|(_, bytes)| *bytes).fold(1.0, f64::max);
    let x = |number: f64| 60.0 + number / most * (WIDTH - 260.0);
    let y = |bytes: f64| HEIGHT - 40.0 - bytes / top * (HEIGHT - 80.0);
    let title = "Resident memory over idle connections, each after one request";
    let mut lines = vec![
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
             font-family=\"sans-serif\" font-size=\"12\">"
        ),
        format!("<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>"),
        text(10.0, 20.0, "font-weight=\"bold\"", title),
    ];
    for part in 0..=4 {
        let (bytes, number) = (top * f64::from(part) / 4.0, most * f64::from(part) / 4.0);
        lines.push(rect(60.0, y(bytes), WIDTH - 260.0, 0.5, GRID));
        lines.push(text(8.0, y(bytes) + 4.0, "", &format!("{:.0} MB", bytes / 1e6)));
        lines.push(text(x(number) - 12.0, HEIGHT - 20.0, "", &format!("{number:.0}")));
    }
    // From the top to the bottom, as the lines end.
    let mut order: Vec<_> = servers.iter().enumerate().collect();
    let last = |server: &Measured| server.bytes.last().map_or(0.0, |(_, bytes)| *bytes);
    order.sort_by(|a, b| last(b.1).total_cmp(&last(a.1)));
    for (place, (at, server)) in order.into_iter().enumerate() {
        let color = COLORS[at % COLORS.len()];
        let path: Vec<_> = server
            .bytes
            .iter()
            .map(|(number, bytes)| format!("{:.1},{:.1}", x(*number as f64), y(*bytes)))
            .collect();
        lines.push(format!(
            "<polyline points=\"{:.1},{:.1} {}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2\"/>",
            x(0.0),
            y(0.0),
            path.join(" ")
        ));
        let label = format!("{}: {:.1} MB", server.name, last(server) / 1e6);
        let place = 50.0 + place as f64 * 20.0;
        lines.push(rect(WIDTH - 190.0, place - 9.0, 12.0, 3.0, at));
        lines.push(text(WIDTH - 172.0, place - 4.0, "font-size=\"11\"", &label));
    }
    lines.push("</svg>\n".to_owned());
    lines.join("\n")
}

fn rect(x: f64, y: f64, width: f64, height: f64, server: usize) -> String {
    let color = COLORS[server % COLORS.len()];
    format!("<rect x=\"{x}\" y=\"{y}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{color}\"/>")
}

fn text(x: f64, y: f64, more: &str, text: &str) -> String {
    format!("<text x=\"{x}\" y=\"{y}\" {more}>{text}</text>")
}
