//! What pages ask of the session.

use tokio::sync::mpsc::UnboundedReceiver;

use crate::page::editor::command::EditorCommand;
use crate::page::guard::Guard;
use crate::page::serve::{Control, Pages};
use crate::policy::{Change, Event};
use crate::project::packages::folder_of;
use crate::session::input::{Input, Sender, Tools};
use crate::session::plan::Plan;
use crate::settings::resolved::Settings;

/// What answers pages, for a session with these settings.
///
/// # Errors
///
/// When the system has no random numbers.
pub(in crate::session) fn pages(
    settings: &Settings,
    guard: Guard,
    tools: &Tools,
) -> anyhow::Result<Pages> {
    let browser = &settings.browser;
    let (_, command) = browser.editor.editor(&variable);
    let editor = command.map(|words| EditorCommand::new(words, browser.editor_paths.clone()));
    let path = browser.devserver_path.clone();
    let (pages, wishes) = Pages::new(path, tools.live.clone(), guard, editor)?;
    tokio::task::spawn_local(listen(wishes, tools.sender.clone()));
    Ok(pages)
}

/// A variable of this process.
pub(in crate::session) fn variable(name: &str) -> Option<String> {
    listenfd_core::internal::env_var(name)?.into_string().ok()
}

/// Does what pages ask for, as the keys do.
async fn listen(mut wishes: UnboundedReceiver<Control>, sender: Sender) {
    while let Some(wish) = wishes.recv().await {
        let event = match wish {
            Control::Restart => Event::Changed(Change::Rebuild),
            Control::Stop => Event::Quit,
        };
        sender.send(Input::Policy(event));
    }
}

/// Lets pages open the files of the workspace and of the packages, and no others.
pub(in crate::session) fn allow_to_open(pages: &Pages, plan: &Plan) {
    let root = plan.recipe.places.root.clone();
    pages.allow_to_open(plan.packages.iter().map(folder_of).chain([root]));
}
