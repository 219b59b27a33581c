//! The kinds of edits.

use fastrand::Rng;

use super::sources::Part;
use super::workspace::{Backup, Workspace};

/// A kind of edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// A function answers something else.
    Answer,
    /// A module in a file of its own is there.
    AddModule,
    /// One is gone.
    RemoveModule,
    /// One has another name.
    RenameModule,
    /// A feature in the manifest.
    Feature,
    /// A text for `include_str!`, of the binary.
    Page,
    /// One of a dependency.
    Note,
    /// An expression for `include!`.
    Table,
    /// The proc macro.
    Macro,
    /// The build script.
    Script,
    /// What the build script reads.
    Input,
    /// The sources do not compile any more; the next edit may be another one, and at last a cure.
    Break,
    /// Several files at once.
    Several,
    /// Another text, with the time of the old one.
    OldTime,
    /// An edit that is served, and then the old file, with its old time.
    PutBack,
    /// The same, at once.
    PutBackAtOnce,
    /// Times only.
    Touch,
    /// An edit while the build of another one runs.
    DuringBuild,
    /// A dependency between members.
    Dependency,
    /// The version of the package, or cargo's configuration.
    Version,
}

const ALL: [Edit; 20] = [
    Edit::Answer,
    Edit::AddModule,
    Edit::RemoveModule,
    Edit::RenameModule,
    Edit::Feature,
    Edit::Page,
    Edit::Note,
    Edit::Table,
    Edit::Macro,
    Edit::Script,
    Edit::Input,
    Edit::Break,
    Edit::Several,
    Edit::OldTime,
    Edit::PutBack,
    Edit::PutBackAtOnce,
    Edit::Touch,
    Edit::DuringBuild,
    Edit::Dependency,
    Edit::Version,
];

/// Edits in random order: of 20 in a row, each is of another kind.
#[derive(Debug)]
pub struct Deck {
    random: Rng,
    left: Vec<Edit>,
}

impl Deck {
    /// The order follows from the seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Deck { random: Rng::with_seed(seed), left: Vec::new() }
    }

    /// The next edit.
    pub fn draw(&mut self) -> Edit {
        loop {
            if let Some(edit) = self.left.pop() {
                return edit;
            }
            self.left = ALL.to_vec();
            self.random.shuffle(&mut self.left);
        }
    }
}

impl Edit {
    /// Whether cargo, which compares times, may overlook it.
    #[must_use]
    pub fn has_old_time(self) -> bool {
        matches!(self, Edit::OldTime | Edit::PutBack | Edit::PutBackAtOnce)
    }
}

impl Workspace {
    /// Does the edit. Where it has steps, `between` is called after the first one.
    ///
    /// # Panics
    ///
    /// When a file cannot be written.
    pub fn edit(&mut self, edit: Edit, between: impl FnOnce(&mut Self)) {
        match edit {
            Edit::PutBack | Edit::PutBackAtOnce => {
                let before: Backup = self.backup();
                self.change_text();
                self.write();
                between(self);
                self.restore(before);
            }
            Edit::DuringBuild => {
                self.change_answer();
                self.write();
                between(self);
                self.change_answer();
                self.write();
            }
            Edit::OldTime => {
                self.change_text();
                self.write_with_old_times();
            }
            Edit::Touch => self.touch(),
            Edit::Break => {
                self.break_it();
                self.write();
                between(self);
                self.change_any_number();
                if self.random.bool() {
                    self.write();
                    self.change_answer();
                }
                self.cure();
                self.write();
            }
            one => {
                self.change(one);
                self.write();
            }
        }
    }

    /// An edit of one step.
    fn change(&mut self, edit: Edit) {
        match edit {
            Edit::AddModule => self.add_module(),
            Edit::RemoveModule => self.remove_module(),
            Edit::RenameModule => self.rename_module(),
            Edit::Feature => self.change_feature(),
            Edit::Page => self.change_number(Part::Page),
            Edit::Note => self.change_number(Part::Note),
            Edit::Table => self.change_number(Part::Table),
            Edit::Macro => self.change_number(Part::Macro),
            Edit::Script => self.change_number(Part::Script),
            Edit::Input => self.change_number(Part::Input),
            Edit::Dependency => self.change_dependency(),
            Edit::Version => {
                let part = if self.random.bool() { Part::Version } else { Part::Config };
                self.change_number(part);
            }
            Edit::Several => {
                for _ in 0..self.random.usize(2..6) {
                    self.change_any_number();
                    self.change_answer();
                }
                if self.random.bool() {
                    self.add_module();
                    self.remove_module();
                }
            }
            _ => self.change_answer(),
        }
    }

    /// Changes the text of one file that is part of the build.
    fn change_text(&mut self) {
        match self.random.bool() {
            true => self.change_answer(),
            false => self.change_any_number(),
        }
    }
}
