//! The pages of `cargo devserver`: its script in each page (`page.rs`, `page_body.rs`), and the script's
//! requests, which go to it (`relay.rs`). What is decided is decided in lifecycle; in a build without the
//! pages, nothing here can be reached.

mod page;
mod page_body;
mod relay;

pub(crate) use page::{Page, of_request};
pub(crate) use page_body::PageBody;
pub(crate) use relay::{Relay, Relayed};
