//! Where to listen, as people type it and as programs pass it. Nothing is opened here.
//!
//! `forms.rs` is an address. `parse.rs` reads one from text, `convert.rs` makes one from other types, and
//! `list.rs` takes one or several.

mod convert;
mod error;
mod forms;
mod list;
mod parse;

pub use error::AddressError;
pub use forms::Address;
pub use list::IntoAddresses;
