//! One file for each parser.

pub mod dep_info;
pub mod env_file;
pub mod heads;
pub mod notify;
pub mod parcels;
pub mod specs;
pub mod variables;

use listenfd_core::internal::escaped;

/// Whether there is nothing in a text that a terminal would obey.
fn is_harmless(text: &str) -> bool {
    escaped(text).to_string() == text
}
