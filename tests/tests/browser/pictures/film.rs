//! The pictures of an animation: an edit, a mistake and its correction, in an editor and in the page.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use listenfd_tests::{Chromium, DevServer, Folder, Project, in_repository};
use serde_json::json;

use super::{APP, start};

/// An editor and the page, beside each other.
const STAGE: &str = include_str!("stage.html");
const SIZE: (u32, u32) = (1000, 420);
/// How many lines of the source are shown.
const LINES: usize = 14;
/// How long the result of a save is watched.
const WATCHED: Duration = Duration::from_millis(2500);

struct Film {
    browser: Chromium,
    folder: PathBuf,
    began: Instant,
    /// When each picture was taken, in milliseconds.
    times: Vec<u128>,
    project: Project,
    server: DevServer,
    _stage: Folder,
}

impl Film {
    fn take(&mut self) {
        let file = self.folder.join(format!("{:04}.png", self.times.len()));
        self.times.push(self.began.elapsed().as_millis());
        self.browser.screenshot(&file);
    }

    fn watch(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.take();
        }
    }

    /// Types a change into the editor, saves it, and watches what happens until there is this event.
    fn edit(&mut self, source: &mut String, (from, to): (&str, &str), event: &str) {
        let (before, after) = source.split_once(from).unwrap();
        let (before, after) = (before.to_owned(), after.to_owned());
        let texts = (0..=to.len()).map(|typed| format!("{before}{}\u{2502}{after}", &to[..typed]));
        for text in texts {
            self.show(&text, "");
            self.take();
        }
        *source = format!("{before}{to}{after}");
        self.show(source, "saved");
        self.project.write("src/main.rs", source);
        self.watch(WATCHED);
        self.server.wait_for_event(event);
    }

    fn show(&self, source: &str, status: &str) {
        let shown: Vec<_> = source.lines().take(LINES).collect();
        self.browser.run(&format!("show({}, {})", json!(shown.join("\n")), json!(status)));
    }

    /// Clicks where the pill is in the page.
    fn click_pill(&self) {
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": SIZE.0 - 150, "y": SIZE.1 - 40, "button": "left", "clickCount": 1});
            self.browser.devtools("Input.dispatchMouseEvent", &event);
        }
    }
}

#[test]
fn a_film_of_an_edit_a_mistake_and_its_correction() {
    let Some(browser) = Chromium::start() else { return };
    let project = Project::axum("film-shop", APP);
    let mut server = start(&project);
    server.wait_for_event("serving");
    let stage = Folder::new();
    let url = format!("http://{}/", server.addr);
    std::fs::write(stage.path("stage.html"), STAGE.replace("PAGE", &url)).unwrap();
    browser.resize(SIZE.0, SIZE.1);
    browser.open(format!("file://{}", stage.path("stage.html").display()));
    let folder = in_repository("target/pictures/film");
    let _ = std::fs::remove_dir_all(&folder);
    let (began, times) = (Instant::now(), Vec::new());
    let mut film = Film { browser, folder, began, times, project, server, _stage: stage };
    let mut source = APP.to_owned();
    film.show(&source, "");
    film.watch(Duration::from_secs(1));
    film.edit(&mut source, ("basket", "tea basket"), "serving");
    film.edit(&mut source, ("sum", "count"), "failed");
    film.click_pill();
    film.watch(WATCHED);
    film.edit(&mut source, ("count", "sum"), "serving");
    let times: Vec<_> = film.times.iter().map(ToString::to_string).collect();
    std::fs::write(film.folder.join("times"), times.join("\n")).unwrap();
}
