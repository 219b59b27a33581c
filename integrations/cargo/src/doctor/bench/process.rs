//! One child process, timed.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

use crate::children::launcher::Launcher;
use crate::children::role::Role;

/// A process to start.
#[derive(Clone, Debug)]
pub(in crate::doctor) struct Step {
    pub(in crate::doctor) program: OsString,
    pub(in crate::doctor) arguments: Vec<OsString>,
    /// Whether it gets these variables only, or those of this process, too.
    pub(in crate::doctor) only: bool,
    pub(in crate::doctor) variables: Vec<(OsString, OsString)>,
    pub(in crate::doctor) folder: PathBuf,
}

/// How it has ended.
#[derive(Debug)]
pub(in crate::doctor) struct Ended {
    pub(in crate::doctor) time: Duration,
    pub(in crate::doctor) is_good: bool,
    /// The end of its stderr.
    pub(in crate::doctor) stderr: String,
}

/// So many bytes of its stderr are kept.
const KEPT: usize = 4096;

impl Step {
    /// Runs it to its end.
    ///
    /// # Errors
    ///
    /// When it cannot be started, or takes longer than `limit`.
    pub(in crate::doctor) async fn run(
        &self,
        launcher: &Launcher,
        limit: Duration,
    ) -> anyhow::Result<Ended> {
        let mut prepared = launcher.prepare(&self.program, Role::Build)?;
        let command = &mut prepared.command;
        if self.only {
            command.env_clear();
        }
        command.args(&self.arguments).envs(self.variables.iter().cloned());
        command.current_dir(&self.folder).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let since = Instant::now();
        let mut child =
            prepared.spawn().with_context(|| format!("cannot start {}", self.name()))?;
        let (control, stderr) = (child.control(), child.take_stderr());
        let both = async { tokio::join!(child.wait(), end_of(stderr)) };
        tokio::pin!(both);
        let Ok((status, stderr)) = timeout(limit, &mut both).await else {
            control.kill();
            let _ = timeout(limit, both).await;
            bail!("{} takes longer than {} s", self.name(), limit.as_secs());
        };
        let status = status.with_context(|| format!("cannot wait for {}", self.name()))?;
        Ok(Ended { time: since.elapsed(), is_good: status.success(), stderr })
    }

    /// Runs it, and returns how long it took.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), and when it fails.
    pub(in crate::doctor) async fn time(
        &self,
        launcher: &Launcher,
        limit: Duration,
    ) -> anyhow::Result<Duration> {
        let ended = self.run(launcher, limit).await?;
        if !ended.is_good {
            let last = last_line(&ended.stderr).unwrap_or("without a word");
            bail!("{} fails: {last}", self.name());
        }
        Ok(ended.time)
    }

    fn name(&self) -> String {
        let path = PathBuf::from(&self.program);
        path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
    }
}

/// The last line in which something stands.
pub(in crate::doctor) fn last_line(text: &str) -> Option<&str> {
    text.lines().map(str::trim).rfind(|line| !line.is_empty())
}

/// The last bytes of a stream.
async fn end_of(stream: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let (mut kept, mut buffer) = (Vec::new(), [0; KEPT]);
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        kept.extend_from_slice(&buffer[..length]);
        kept.drain(..kept.len().saturating_sub(KEPT));
    }
    String::from_utf8_lossy(&kept).into_owned()
}
