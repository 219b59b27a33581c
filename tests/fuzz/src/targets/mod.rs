//! A file for each parser.

pub mod dep_info;
pub mod env_file;
pub mod handoff;
pub mod notify;
pub mod output;
pub mod page_socket;
pub mod request_heads;
pub mod specs;
pub mod variables;

use listenfd_core::internal::escaped;

/// Whether a terminal would obey nothing in a text.
fn is_harmless(text: &str) -> bool {
    escaped(text).to_string() == text
}
