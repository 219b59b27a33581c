//! A real Chromium, driven by chromedriver: `driver` is the process and its protocol (W3C WebDriver,
//! JSON over HTTP), `chromium` what a person does in it. `fake`
//! is a devserver that tells pages what a test wants.

mod chromium;
mod driver;
mod fake;

pub use chromium::{Chromium, Tab};
pub use fake::{FakeDevserver, TAG};
