//! After each edit, whatever it is, the program is the one that plain cargo builds from the same sources.
//!
//! `LISTENFD_TEST_EDITS` and `LISTENFD_TEST_SEED` set another number of edits, and others.

use std::time::Duration;

use listenfd_core::internal::env_var;
use listenfd_tests::{Deck, DevServer, Edit, Reference, Workspace, program};

#[test]
fn each_edit_comes_to_the_program_that_plain_cargo_builds() {
    let set = |name: &str, usual| {
        env_var(name).map_or(usual, |text| text.into_string().unwrap().parse().unwrap())
    };
    let (edits, seed) = (set("LISTENFD_TEST_EDITS", 20), set("LISTENFD_TEST_SEED", 15));
    let mut workspace = Workspace::new(seed);
    let mut deck = Deck::new(seed);
    let mut judge = Judge::start(&workspace);
    judge.check(&workspace);
    for number in 1..=edits {
        let edit = deck.draw();
        judge.now = format!("seed {seed}, edit {number}: {edit:?}");
        judge.edit(&mut workspace, edit);
        if number % 4 == 0 {
            judge.now.push_str(", then a build that only cargo can do");
            workspace.change_comment();
            judge.check(&workspace);
        }
        if number % 5 == 0 {
            let told = Reference::tell_in_place(&workspace.project);
            assert_eq!(told.as_ref(), Ok(&judge.served), "{}, by cargo in place", judge.now);
        }
    }
    judge.server.quit();
}

/// Compares a `cargo devserver` with plain cargo.
struct Judge {
    server: DevServer,
    reference: Reference,
    /// What the program has answered last.
    served: String,
    /// The edit of now.
    now: String,
    pauses: fastrand::Rng,
}

impl Judge {
    fn start(workspace: &Workspace) -> Self {
        let server = workspace.project.devserver(&[]);
        let reference = Reference::new();
        let pauses = fastrand::Rng::with_seed(1);
        Judge { server, reference, served: String::new(), now: "start".into(), pauses }
    }

    fn edit(&mut self, workspace: &mut Workspace, edit: Edit) {
        self.server.skip_events();
        workspace.edit(edit, |workspace| match edit {
            Edit::Break | Edit::PutBack => self.check(workspace),
            Edit::PutBackAtOnce => self.reference.copy(&workspace.project),
            Edit::DuringBuild => {
                self.server.wait_for_event("building");
                std::thread::sleep(Duration::from_millis(self.pauses.u64(..200)));
            }
            _ => {}
        });
        if edit.has_old_time() {
            self.check_old_time(workspace, edit)
        } else {
            self.check(workspace)
        }
    }

    /// What is on disk is served; where it does not compile, both say so, and the old program serves on.
    fn check(&mut self, workspace: &Workspace) {
        let (code, said) = wait(workspace);
        self.reference.copy(&workspace.project);
        match self.reference.tell() {
            Ok(told) => {
                assert_eq!(code, 0, "{}: {said}", self.now);
                self.served = told;
            }
            Err(errors) => {
                assert!(workspace.is_broken(), "{}: {errors}", self.now);
                assert_eq!(code, 1, "{}: it does not fail", self.now);
            }
        }
        assert_eq!(self.server.get(), (200, self.served.clone()), "{}", self.now);
    }

    /// The same, but cargo, which compares times, may have overlooked the edit: then the program is the one
    /// before. Afterwards, all files get a new time.
    fn check_old_time(&mut self, workspace: &mut Workspace, edit: Edit) {
        let mut allowed = vec![self.served.clone()];
        if edit == Edit::PutBackAtOnce {
            allowed.push(self.reference.tell().unwrap());
        }
        let (code, said) = wait(workspace);
        assert_eq!(code, 0, "{}: {said}", self.now);
        self.reference.copy(&workspace.project);
        allowed.push(self.reference.tell().unwrap());
        let (_, served) = self.server.get();
        assert!(allowed.contains(&served), "{}: {served} and not {allowed:#?}", self.now);
        self.now.push_str(", then new times");
        workspace.renew();
        self.check(workspace);
    }
}

/// Waits until what is on disk is served. Returns the exit status, and what is said.
fn wait(workspace: &Workspace) -> (i32, String) {
    let mut command = workspace.project.command(program("devserver"));
    let output = command.args(["devserver", "wait", "--timeout", "60"]).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}
