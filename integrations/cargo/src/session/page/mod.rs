//! What pages and commands are told of a session: builds, problems, and the program that serves.

mod builds;
mod listener;
mod output;
mod problems;
mod programs;
mod requests;
mod serving;
mod text;

pub(super) use listener::{Opened, open_page_listener, origins};
pub(super) use requests::{allow_to_open, pages, variable};
pub(super) use serving::Serving;
