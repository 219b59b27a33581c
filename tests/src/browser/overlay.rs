//! What `cargo devserver` shows in a page, as expressions for the page.

use serde_json::Value;

/// The shadow root of what is shown in pages.
pub const OVERLAY: &str = "document.querySelector('cargo-devserver')?.shadowRoot";

/// Whether what is visible of the overlay has this text.
#[must_use]
pub fn overlay_shows(text: &str) -> String {
    let text = Value::from(text);
    let visible = ".ds-pill:not([hidden]), .ds-panel:not([hidden])";
    format!(
        "[...{OVERLAY}?.querySelectorAll('{visible}') ?? []].some((it) => it.innerText.includes({text}))"
    )
}
