//! A real Chromium, driven by chromedriver: `driver` is the process and its protocol (W3C WebDriver,
//! JSON over HTTP), `chromium` what a person does in it, `looks` what it looks like, and `overlay` what they
//! are shown in a page. `fake` is a devserver that tells pages what a test wants.

mod chromium;
mod driver;
mod fake;
mod looks;
mod overlay;

pub use chromium::{Chromium, Tab};
pub use fake::{FakeDevserver, TAG};
pub use overlay::{OVERLAY, overlay_shows};
