//! The state of the session, live: the session changes it, and pages and commands are told.

use std::cell::Cell;
use std::rc::Rc;

use tokio::sync::{broadcast, watch};

use super::editor::paths::PathMap;
use super::state::{LogLine, PageState};
use crate::policy::Run;

/// How many lines of output wait for a page that is slow; it misses older ones. More than come in
/// at once.
const LINES: usize = 1024;

/// The state of the session. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    state: Rc<watch::Sender<PageState>>,
    lines: broadcast::Sender<LogLine>,
    panics: Rc<Cell<u32>>,
    /// Paths as the editor knows them.
    paths: Rc<PathMap>,
}

impl Live {
    pub(crate) fn new(state: PageState) -> Self {
        let panics = Rc::new(Cell::new(0));
        Live {
            state: Rc::new(watch::Sender::new(state)),
            lines: broadcast::Sender::new(LINES),
            panics,
            paths: Rc::default(),
        }
    }

    /// With paths for an editor on another system.
    pub(crate) fn with_paths(mut self, paths: PathMap) -> Self {
        self.paths = Rc::new(paths);
        self
    }

    pub(crate) fn paths(&self) -> &PathMap {
        &self.paths
    }

    /// The state, with the paths that the editor knows.
    pub(crate) fn for_pages(&self) -> PageState {
        let mut state = self.state.borrow().clone();
        self.paths.apply_to(&mut state);
        state
    }

    /// Changes the state. Pages hear of it if it is another one then.
    pub(crate) fn update(&self, change: impl FnOnce(&mut PageState)) {
        self.state.send_if_modified(|state| {
            let before = state.clone();
            change(state);
            *state != before
        });
    }

    /// Looks at the state.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&PageState) -> T) -> T {
        look(&self.state.borrow())
    }

    /// The state now and its later changes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<PageState> {
        self.state.subscribe()
    }

    /// Shows a line of the program's output to pages.
    pub(crate) fn log(&self, line: LogLine) {
        // Without a page, nobody hears it.
        let _ = self.lines.send(line);
    }

    /// Whether a page listens to the output.
    pub(crate) fn has_log_readers(&self) -> bool {
        self.lines.receiver_count() > 0
    }

    /// The lines of output from now on.
    pub(crate) fn subscribe_to_log(&self) -> broadcast::Receiver<LogLine> {
        self.lines.subscribe()
    }

    /// The boot of a run: it tells the run from all others, of this session and of other ones.
    pub(crate) fn boot_of(&self, run: Run) -> String {
        format!("{}-{}", self.state.borrow().session, run.0)
    }

    /// The number of the next panic.
    pub(crate) fn next_panic(&self) -> u32 {
        self.panics.set(self.panics.get().wrapping_add(1));
        self.panics.get()
    }
}
