//! The runs of the program: started, stopped, told of.

use anyhow::Context;
use listenfd_systemfd::Scheme;
use rustix::process::Signal;

use super::{Input, Session};
use crate::answer::set_blocking;
use crate::policy::program::Program;
use crate::policy::{Event, Run};
use crate::report::Report;
use crate::running::{self, Running, Start};
use crate::sockets;

impl Session {
    pub(super) fn start(&mut self, run: Run) {
        let started = self.try_start(run);
        match started {
            Ok(running) => drop(self.runs.insert(run, running)),
            Err(err) => {
                let ended = running::News::Ended(format!("{err:#}"), String::new());
                let _ = self.inputs.send(Input::Run(run, ended));
            }
        }
    }

    pub(super) fn try_start(&mut self, run: Run) -> anyhow::Result<Running> {
        let artifact = self.artifact.as_ref().context("nothing has been built")?;
        self.started = Some(artifact.identity);
        let mut variables = self.plan.environment.of(&self.plan.recipe.program, artifact);
        variables.extend(crate::program_env::from_files(&self.plan.settings)?);
        if let Some((variable, spec)) = &self.port {
            let port = sockets::port(&spec.address).unwrap_or_default();
            variables.insert(variable.clone(), port.to_string().into());
        }
        set_blocking(&self.sockets).context("cannot prepare the sockets")?;
        let inputs = self.inputs.clone();
        let start = Start {
            executable: &artifact.executable,
            arguments: self.plan.settings.args.as_deref().unwrap_or_default(),
            variables,
            sockets: &self.sockets,
            has_keyboard: self.keyboard.is_some(),
            number: run.0,
        };
        start
            .run(&self.launcher, &self.screen, move |news| drop(inputs.send(Input::Run(run, news))))
    }

    pub(super) fn stop(&self, run: Run) {
        let Some(running) = self.runs.get(&run) else { return };
        running.group.signal(Signal::TERM);
        let (inputs, timeout) = (self.inputs.clone(), self.plan.stop_timeout);
        tokio::task::spawn_local(async move {
            tokio::time::sleep(timeout).await;
            let _ = inputs.send(Input::Policy(Event::StopTimeout(run)));
        });
    }

    pub(super) fn kill(&self, run: Run) {
        let Some(running) = self.runs.get(&run) else { return };
        running.group.signal(Signal::KILL);
        let (pid, timeout) = (running.group.pid(), self.plan.stop_timeout);
        self.screen.report(&Report::Killed { pid, timeout });
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
            pid: running.group.pid(),
            build: self.swap.build.take(),
            swap: self.swap.since.elapsed(),
        });
        if self.plan.settings.open == Some(true) && !self.is_opened {
            self.open_browser();
        }
        self.is_opened = true;
    }

    pub(super) fn tell_of_crash(&mut self, run: Run) {
        let after = self.runs.get(&run).map(|running| running.since.elapsed()).unwrap_or_default();
        let (status, stderr) = self.last_words.take().unwrap_or_default();
        let serving = !self.state.program.is_absent();
        let hint = self.hints.about_crash(&stderr, self.port.is_some());
        self.reason = format!("cargo devserver: the program has ended: {status}\n\n{stderr}");
        if let Some(hint) = &hint {
            self.reason.push_str(&format!("\n{hint}\n"));
        }
        self.screen.report(&Report::Crashed { status, after, stderr, hint, serving });
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
