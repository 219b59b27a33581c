//! The settings for what is shown in the browser.

use std::net::{Ipv6Addr, SocketAddr};

use anyhow::bail;
use clap::Args;
use listenfd_core::Address;
use listenfd_core::internal::page_socket::is_valid_path;
use serde::{Deserialize, Serialize};

use crate::page::editor::Setting;
use crate::page::editor::paths::PathMap;
use crate::page::state::Editor;

/// The part of the command line.
#[derive(Clone, Debug, Args)]
pub(crate) struct BrowserArgs {
    /// Add nothing to the program's pages: no errors, no reloads
    #[arg(long, help_heading = BROWSER)]
    no_pages: bool,

    /// The path on the program's sockets that cargo devserver answers [default: /.devserver/]
    #[arg(long, value_name = "PATH", help_heading = BROWSER)]
    devserver_path: Option<String>,

    /// Open a port for pages of a program that has none of our adapters [default: for such programs]
    #[arg(long, value_name = "ADDRESS", help_heading = BROWSER)]
    pages_listen: Option<String>,

    /// The editor in which pages open source files [default: by the terminal]
    ///
    /// A name, such as vscode, zed or rustrover; or a URL or a command with {path}, {line} and
    /// {column}.
    #[arg(long, value_name = "EDITOR", help_heading = BROWSER)]
    editor: Option<String>,

    /// A folder as the editor knows it, where it runs outside of this container or system
    #[arg(long, value_name = "FROM=TO", help_heading = BROWSER)]
    editor_path: Vec<String>,
}

const BROWSER: &str = "Browser";

/// The part of a table. A value that is not set is `None`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct BrowserTable {
    pages: Option<bool>,
    devserver_path: Option<String>,
    pages_listen: Option<String>,
    editor: Option<String>,
    editor_paths: Option<Vec<String>>,
}

/// The part of the settings in force.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Browser {
    /// Whether pages get anything.
    pub(crate) pages: bool,
    /// The reserved path. It begins and ends with a slash.
    pub(crate) devserver_path: String,
    #[serde(rename = "pages-listen")]
    typed_pages_listen: Option<String>,
    /// The parsed `pages-listen`.
    #[serde(skip)]
    pub(crate) pages_listen: Option<SocketAddr>,
    #[serde(rename = "editor")]
    typed_editor: Option<String>,
    #[serde(rename = "editor-paths")]
    typed_editor_paths: Vec<String>,
    /// The parsed `editor`.
    #[serde(skip)]
    pub(crate) editor: Setting,
    /// The parsed `editor-paths`.
    #[serde(skip)]
    pub(crate) editor_paths: PathMap,
}

impl BrowserArgs {
    pub(crate) fn table(&self) -> BrowserTable {
        BrowserTable {
            pages: self.no_pages.then_some(false),
            devserver_path: self.devserver_path.clone(),
            pages_listen: self.pages_listen.clone(),
            editor: self.editor.clone(),
            editor_paths: (!self.editor_path.is_empty()).then(|| self.editor_path.clone()),
        }
    }
}

impl BrowserTable {
    /// Puts this on top of another: a value replaces the one below.
    pub(crate) fn over(self, below: BrowserTable) -> BrowserTable {
        BrowserTable {
            pages: self.pages.or(below.pages),
            devserver_path: self.devserver_path.or(below.devserver_path),
            pages_listen: self.pages_listen.or(below.pages_listen),
            editor: self.editor.or(below.editor),
            editor_paths: self.editor_paths.or(below.editor_paths),
        }
    }

    /// Applies the defaults, and checks each value.
    ///
    /// # Errors
    ///
    /// When a value is invalid.
    pub(crate) fn resolve(self) -> anyhow::Result<Browser> {
        let typed_editor_paths = self.editor_paths.unwrap_or_default();
        Ok(Browser {
            pages: self.pages.unwrap_or(true),
            devserver_path: devserver_path(self.devserver_path)?,
            pages_listen: self.pages_listen.as_deref().map(pages_listen).transpose()?,
            typed_pages_listen: self.pages_listen,
            editor: self.editor.as_deref().map_or(Ok(Setting::Guess), Setting::parse)?,
            typed_editor: self.editor,
            editor_paths: PathMap::parse(&typed_editor_paths)?,
            typed_editor_paths,
        })
    }
}

impl Browser {
    /// The paths for pages with this editor. Where a command opens it, pages name files as they are
    /// here: the command gets the path that the editor knows.
    pub(crate) fn paths_for_pages(&self, editor: &Editor) -> PathMap {
        match editor {
            Editor::Url { .. } => self.editor_paths.clone(),
            Editor::Unset | Editor::Command => PathMap::default(),
        }
    }
}

fn devserver_path(path: Option<String>) -> anyhow::Result<String> {
    let path = path.unwrap_or_else(|| "/.devserver/".into());
    if !is_valid_path(&path) {
        bail!(
            "--devserver-path {path}: expected a path such as /.devserver/, which begins and ends \
             with a slash and has letters, digits and -._~ in between"
        );
    }
    Ok(path)
}

fn pages_listen(text: &str) -> anyhow::Result<SocketAddr> {
    match text.parse() {
        Ok(Address::Inet(address)) => Ok(address),
        Ok(Address::AnyInterface(port)) => Ok((Ipv6Addr::UNSPECIFIED, port).into()),
        _ => bail!("--pages-listen {text}: expected a port, or an IP address and a port"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_get_the_paths_of_an_editor_that_they_open_by_a_url() {
        let is_mapped = |editor: &str| {
            let table = BrowserTable {
                editor: Some(editor.to_owned()),
                editor_paths: Some(vec!["/app=/home/me/app".to_owned()]),
                ..BrowserTable::default()
            };
            let browser = table.resolve().unwrap();
            let (editor, _) = browser.editor.editor(&|_| None);
            browser.paths_for_pages(&editor) == browser.editor_paths
        };
        assert!(is_mapped("vscode") && is_mapped("zed://file{path}"));
        assert!(!is_mapped("code -g {path}"), "it is asked to open a file that is not here");
    }
}
