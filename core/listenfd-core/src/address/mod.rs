//! Where to listen, as people type it and as programs pass it. Parsing only; nothing is opened here.
//!
//! Read `forms.rs` first, an address, then `list.rs`, several of them.

mod forms;
mod list;

pub use forms::{Address, AddressError};
pub use list::IntoAddresses;
