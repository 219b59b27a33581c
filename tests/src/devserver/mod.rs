//! `cargo devserver` in real cargo projects: the project, the running command, its terminal, and an app
//! that each edit restarts.

mod dev_server;
mod edited_app;
mod project;
mod terminal;

pub use dev_server::DevServer;
pub use edited_app::EditedApp;
pub use project::{Project, STD_SERVER, deaf_server, manifest};
pub use terminal::Terminal;
