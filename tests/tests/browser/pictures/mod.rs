//! Pictures of all that a browser is shown, in `target/pictures`: dark and light, wide and narrow; and those of
//! an animation (`film`). They are for people to look at, and `docs/images/make` makes the images of the
//! documentation from them.

mod film;

use std::path::{Path, PathBuf};

use listenfd_tests::{Chromium, DevServer, Project, in_repository};
use serde_json::json;

use super::{OVERLAY, overlay_shows};

/// A small shop, whose page looks like that of a person's app.
const APP: &str = include_str!("shop.rs.txt");

const MISTAKE: (&str, &str) = ("prices.iter().sum()", "prices.iter().count()");
const PANIC: (&str, &str) = (
    "let app = Router::new()",
    "let prices: Vec<u32> = Vec::new();\n    prices.first().expect(\"the price list is empty\");\n    let app = Router::new()",
);
/// Holds the first build until the file `go` is there.
const BUILD_SCRIPT: &str = r#"fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    while !std::path::Path::new("go").exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}"#;

/// The sizes, as widths and heights.
const SIZES: [(&str, u32, u32); 2] = [("wide", 960, 600), ("narrow", 360, 640)];

/// How many parts of the page are wider than their place.
const WIDER: &str = "[document.documentElement, \
    document.querySelector('cargo-devserver')?.shadowRoot.querySelector('.ds-body')]\
    .filter((part) => part && part.scrollWidth > part.clientWidth).length";

struct Studio {
    browser: Chromium,
    folder: PathBuf,
}

impl Studio {
    /// Takes the picture in all sizes and both color schemes.
    fn take(&self, name: &str) {
        for (size, width, height) in SIZES {
            for scheme in ["light", "dark"] {
                self.browser.resize(width, height);
                self.set_scheme(scheme);
                self.browser.run("window.scrollTo(0, 0)");
                let file = format!("{name}-{size}-{scheme}.png");
                self.browser.screenshot(&self.folder.join(file));
            }
            let wider = self.browser.run(&format!("return {WIDER}"));
            assert_eq!(wider, 0, "{name} is wider than {width} pixels");
        }
    }

    /// Without motion, so that no picture shows half of one.
    fn set_scheme(&self, scheme: &str) {
        let scheme = json!({"name": "prefers-color-scheme", "value": scheme});
        let motion = json!({"name": "prefers-reduced-motion", "value": "reduce"});
        let features = json!({"features": [scheme, motion]});
        self.browser.devtools("Emulation.setEmulatedMedia", &features);
    }

    fn wait_for_overlay(&self, text: &str) {
        self.browser.wait_for(&overlay_shows(text));
    }
}

fn changed((from, to): (&str, &str)) -> String {
    assert!(APP.contains(from));
    APP.replace(from, to)
}

/// Starts `cargo devserver`, which builds the program then.
fn start(project: &Project) -> DevServer {
    project.devserver(&[&Project::axum_target(), "--editor", "vscode"])
}

#[test]
fn pictures_of_all_that_is_shown() {
    let Some(browser) = Chromium::start() else { return };
    let project = Project::axum("picture-shop", APP);
    project.write("build.rs", BUILD_SCRIPT);
    let mut server = start(&project);
    browser.open(format!("http://{}/", server.addr));
    let studio = Studio { browser, folder: in_repository("target/pictures") };
    studio.browser.wait_for("document.body?.innerText.includes('Building')");
    studio.take("first-build");
    project.write("go", "");
    server.wait_for_event("serving");
    studio.browser.wait_for_text("Your basket");
    studio.take("serving");

    project.write("src/main.rs", &changed(MISTAKE));
    server.wait_for_event("failed");
    studio.wait_for_overlay("E0308");
    studio.take("pill");
    studio
        .browser
        .click(&format!("{OVERLAY}.querySelector('.ds-pill:not([hidden]) .ds-pill-message')"));
    studio.wait_for_overlay("Copy as Markdown");
    studio.take("panel");

    project.write("src/main.rs", &changed(PANIC));
    server.wait_for_event("crashed");
    studio.browser.open(format!("http://{}/", server.addr));
    studio.browser.wait_for_text("the price list is empty");
    studio.take("crash");

    project.write("src/main.rs", &changed(MISTAKE));
    server.wait_for_event("failed");
    studio.browser.wait_for_text("mismatched types");
    studio.take("page");
    assert_all_are_there(&studio.folder);
}

fn assert_all_are_there(folder: &Path) {
    for name in ["first-build", "serving", "pill", "panel", "crash", "page"] {
        for (size, _, _) in SIZES {
            for scheme in ["light", "dark"] {
                let file = folder.join(format!("{name}-{size}-{scheme}.png"));
                assert!(file.metadata().is_ok_and(|file| file.len() > 1000), "{}", file.display());
            }
        }
    }
}
