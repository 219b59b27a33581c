//! The runs of the program: started, stopped, told of.

use std::ffi::OsString;
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use listenfd_core::internal::{escaped, escaped_lines};
use listenfd_systemfd::Scheme;
use rustix::process::Signal;

use super::{Input, LastWords, Session};
use crate::policy::program::Program;
use crate::policy::{Event, Run};
use crate::project::env_file::EnvFiles;
use crate::run::exec_shim;
use crate::run::program::{self, End, Running, Start};
use crate::settings::listen;
use crate::terminal::hints::DAEMON;
use crate::terminal::report::Report;
use crate::web::reason::shortened;
use crate::web::sockets::{self, set_blocking};

/// A program that does not say when it is ready is taken for ready when it has run for this long.
const SETTLED: Duration = Duration::from_millis(300);
/// And for this long where another one serves until then.
const OVERLAPPED: Duration = Duration::from_secs(10);

impl Session {
    pub(super) fn start(&mut self, run: Run) {
        let started = self.try_start(run);
        match started {
            Ok(running) => {
                self.runs.insert(run, running);
                self.answers.note_started(self.kept.is_offered_with(&self.sockets));
            }
            Err(err) => {
                let end = program::End { status: format!("{err:#}"), ..Default::default() };
                let ended = program::News::Ended(end);
                let _ = self.inputs.send(Input::Run(run, ended));
            }
        }
    }

    pub(super) fn try_start(&mut self, run: Run) -> anyhow::Result<Running> {
        let artifact = self.artifact.as_ref().context("nothing has been built")?;
        self.started = Some(artifact.identity);
        self.last_start = Some(Instant::now());
        self.last_run.began = Some(SystemTime::now());
        self.last_run.changed.clear();
        let environment = &self.plan.environment;
        let mut variables = environment.of(&self.plan.recipe.program, artifact);
        let files = EnvFiles::read(&self.plan.settings.env_files)?;
        self.secrets.extend(&files.secrets);
        variables.extend(files.variables);
        if let Some((variable, spec)) = &self.port {
            let port = listen::port(&spec.address).unwrap_or_default();
            variables.insert(variable.clone(), port.to_string().into());
        }
        if environment.has_runner() {
            // Its process may be another one than the program's, which then would take the sockets for
            // somebody else's.
            variables.insert(exec_shim::PID.into(), "".into());
        }
        let (program, mut arguments) = environment.command(artifact);
        arguments.extend(self.plan.settings.args.iter().map(OsString::from));
        // Not under the feet of a program that accepts from them.
        if self.runs.is_empty() {
            set_blocking(&self.sockets).context("cannot prepare the sockets")?;
        }
        let inputs = self.inputs.clone();
        let start = Start {
            program: &program,
            arguments: &arguments,
            variables,
            sockets: &self.sockets,
            kept: &self.kept,
            has_keyboard: self.shares_keyboard(),
            settled: if self.plan.settings.overlap { OVERLAPPED } else { SETTLED },
            number: run.0,
        };
        start
            .run(&self.launcher, &self.screen, move |news| drop(inputs.send(Input::Run(run, news))))
    }

    /// Whether the program has the terminal's keyboard, and with it our process group.
    fn shares_keyboard(&self) -> bool {
        !self.plan.settings.keys && rustix::termios::isatty(std::io::stdin())
    }

    pub(super) fn stop(&mut self, run: Run) {
        // Ctrl-C has reached it already, and a second signal would hurry it.
        let is_asked = self.is_interrupted && self.shares_keyboard();
        let Some(running) = self.runs.get_mut(&run) else { return };
        running.asked = Some(Instant::now());
        if !is_asked {
            running.signal(Signal::TERM);
        }
        let (inputs, timeout) = (self.inputs.clone(), self.plan.settings.stop_timeout);
        tokio::task::spawn_local(async move {
            tokio::time::sleep(timeout).await;
            let _ = inputs.send(Input::Policy(Event::StopTimeout(run)));
        });
    }

    pub(super) fn kill(&self, run: Run) {
        let Some(running) = self.runs.get(&run) else { return };
        running.signal(Signal::KILL);
        let after = running.asked.map(|asked| asked.elapsed()).unwrap_or_default();
        self.screen.report(&Report::Killed { pid: running.pid(), after });
    }

    pub(super) fn tell_if_serving(&mut self, ready: Run) {
        let is_current = match self.state.program {
            Program::Serving(run) => run == ready,
            Program::Retiring { new, .. } => new == ready,
            _ => false,
        };
        let Some(running) = self.runs.get(&ready).filter(|_| is_current) else { return };
        self.screen.report(&Report::Serving {
            url: self.url(),
            pid: running.pid(),
            build: self.swap.build.take(),
            swap: self.swap.since.elapsed(),
        });
        if self.plan.settings.open && !self.is_opened {
            self.open_browser();
        }
        self.is_opened = true;
    }

    pub(super) fn tell_of_crash(&mut self) -> bool {
        let LastWords { end, after } = self.last_words.take().unwrap_or_default();
        let End { status, stderr, is_daemon } = end;
        let (serving, answering) = (!self.state.program.is_absent(), self.can_answer());
        let hint = match is_daemon {
            true => Some(DAEMON.to_owned()),
            false => self.hints.about_crash(&stderr, self.port.is_some()),
        };
        let why = hint.as_ref().map(|hint| format!("\n{hint}\n")).unwrap_or_default();
        self.reason = shortened(format!(
            "cargo devserver: the program has ended: {}\n\n{}{why}",
            escaped(&status),
            escaped_lines(&stderr)
        ));
        let detached = is_daemon;
        self.screen.report(&Report::Crashed {
            status,
            after,
            stderr,
            detached,
            hint,
            serving,
            answering,
        });
        self.crashed(after)
    }

    /// Whether there is a socket on which requests can be answered.
    pub(super) fn can_answer(&self) -> bool {
        self.sockets.iter().any(|(spec, _, _)| matches!(spec.scheme, Scheme::Http | Scheme::Unix))
    }

    pub(super) fn url(&self) -> String {
        if let Some((_, spec)) = &self.port {
            return sockets::url(spec, &spec.address);
        }
        let mut all: Vec<_> = self.sockets.iter().map(|(spec, addr, _)| (spec, addr)).collect();
        all.sort_by_key(|(spec, _)| !matches!(spec.scheme, Scheme::Http | Scheme::Https));
        all.first().map(|(spec, address)| sockets::url(spec, address)).unwrap_or_default()
    }
}
