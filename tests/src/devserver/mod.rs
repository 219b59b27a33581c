//! `cargo devserver` in real cargo projects: the project, the running command, its terminal, an app
//! that each edit restarts, and a generated workspace for random edits.

mod dev_server;
mod edited_app;
mod generated;
mod project;
mod terminal;

pub use dev_server::DevServer;
pub use edited_app::EditedApp;
pub use generated::{Deck, Edit, Reference, Workspace};
pub use project::{DEVSERVER_PROFILE, Project, STD_SERVER, deaf_server, manifest};
pub use terminal::Terminal;
