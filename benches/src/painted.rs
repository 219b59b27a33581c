//! The time from a save until an open page shows the new text, without a touch: `cargo devserver` and
//! `topcoat dev`, each with a project of the same app and a Chromium of its own. Beside each page the same edit
//! is fetched without a browser. Their edits take turns.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use listenfd_tests::{Child, Chromium, Folder, program};

use crate::edit::{new_project, wait_for};
use crate::stats::median;

/// The peers, and the size of the measurement.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder with the peer's binary (cargo install --root PEERS topcoat-cli --version 0.6.2)
    #[arg(long)]
    peers: Option<PathBuf>,
    /// Edits
    #[arg(long, default_value_t = 20)]
    edits: usize,
}

/// A tool that rebuilds the app, and a page of the app.
struct Tool {
    name: &'static str,
    folder: PathBuf,
    addr: SocketAddr,
    browser: Chromium,
    /// From the save to the first answer, and to the painted page, in milliseconds.
    fetched: Vec<f64>,
    painted: Vec<f64>,
    refused: usize,
    _child: Child,
}

const DEPENDENCIES: &str = "futures-util = { version = \"0.3\", default-features = false, features = [\"sink\"] }\n\
                            tokio-tungstenite = \"0.29\"\n";

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let all = Folder::new();
    let mut tools = vec![tool(&all, "cargo devserver", |addr| {
        let mut command = Command::new(program("cargo-devserver"));
        command.args(["-l", &format!("http::{addr}"), "--strict-port"]);
        command
    })?];
    if let Some(peers) = &args.peers {
        tools.push(tool(&all, "topcoat dev", |addr| {
            let mut command = Command::new(peers.join("bin/topcoat"));
            command.arg("dev").env("ADDR", addr.to_string());
            command
        })?);
    }
    for tool in &mut tools {
        println!("building for {}", tool.name);
        tool.begin()?;
    }
    for edit in 1..=args.edits {
        for tool in &mut tools {
            tool.edit(edit)?;
        }
    }
    for tool in tools {
        let (fetched, painted) = (median(tool.fetched), median(tool.painted));
        println!(
            "{:16} fetched after {fetched:4.0} ms, painted after {painted:4.0} ms ({:+.0} ms), refused {}",
            tool.name,
            painted - fetched,
            tool.refused
        );
    }
    Ok(())
}

fn tool(
    all: &Folder,
    name: &'static str,
    command: impl FnOnce(SocketAddr) -> Command,
) -> anyhow::Result<Tool> {
    let folder = new_project(&all.path(""), name, DEPENDENCIES, &app(0))?;
    // The port is free now, and nothing else takes ports meanwhile.
    let addr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let child = Child::spawn(command(addr).current_dir(&folder));
    let browser = Chromium::start().context("it needs chromium and chromedriver")?;
    let (fetched, painted) = (Vec::new(), Vec::new());
    Ok(Tool { name, folder, addr, browser, fetched, painted, refused: 0, _child: child })
}

impl Tool {
    fn begin(&mut self) -> anyhow::Result<()> {
        wait_for(self.addr, &text(0))?;
        self.browser.open(format!("http://{}/", self.addr));
        self.browser.wait_for_text(&text(0));
        Ok(())
    }

    fn edit(&mut self, edit: usize) -> anyhow::Result<()> {
        // The tool and the browser finish their work on the last edit.
        std::thread::sleep(Duration::from_millis(500));
        let (began, saved) = (Instant::now(), SystemTime::now());
        std::fs::write(self.folder.join("src/main.rs"), app(edit))?;
        self.refused += wait_for(self.addr, &text(edit))?;
        self.fetched.push(began.elapsed().as_secs_f64() * 1e3);
        // The page itself notes when it was painted, so it does not matter when this is read.
        let painted = self.browser.wait_for(&painted(&text(edit)));
        let painted = painted.as_f64().context("the time is no number")?;
        let after = painted - saved.duration_since(UNIX_EPOCH)?.as_secs_f64() * 1e3;
        ensure!(after > 0.0, "the page was painted before the edit");
        self.painted.push(after);
        Ok(())
    }
}

/// When the page with this text was first painted, in milliseconds since 1970.
fn painted(text: &str) -> String {
    format!(
        "document.body?.innerText.includes({text:?}) && performance.getEntriesByType('paint')\
         .filter(it => it.name === 'first-contentful-paint')\
         .map(it => performance.timeOrigin + it.startTime)[0]"
    )
}

fn text(edit: usize) -> String {
    format!("edit {edit}.")
}

/// The source of the app. For `topcoat dev` it has that tool's script and says when it is ready, as topcoat's own
/// server does; both tools build the same.
fn app(edit: usize) -> String {
    let text = text(edit);
    format!(
        r##"use axum::{{Router, response::Html, routing::get}};
use futures_util::SinkExt;

#[tokio::main]
async fn main() -> std::io::Result<()> {{
    let topcoat = std::env::var("TOPCOAT_DEV_URL").ok();
    let script = topcoat.as_ref().map(|url| format!("<script src='{{url}}/dev.js'></script>"));
    let page = format!("<!doctype html><title>app</title>{{}}<h1>{text}</h1>", script.unwrap_or_default());
    let app = Router::new().route("/", get(|| async {{ Html(page) }}));
    let addr = std::env::var("ADDR").unwrap_or("127.0.0.1:0".into());
    axum_listenfd::serve_or_bind(app, addr.as_str())
        .on_ready(move |_| {{
            if let Some(url) = topcoat {{
                tokio::spawn(async move {{
                    let url = format!("{{}}/ws", url.replacen("http", "ws", 1));
                    let (mut socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
                    let _ = socket.send("ready".into()).await;
                    let _ = socket.close(None).await;
                }});
            }}
        }})
        .await
}}
"##
    )
}
