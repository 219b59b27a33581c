//! A real Chromium, driven by chromedriver: `driver` is the process and its protocol (W3C WebDriver,
//! JSON over HTTP), `chromium` what a person does in it.

mod chromium;
mod driver;

pub use chromium::{Chromium, Tab};
