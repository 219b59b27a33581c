//! The program: from its start until it serves, and from the request to stop until its end.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use listenfd_core::Address;
use listenfd_systemfd::{Options, Scheme, Sockets, Spec};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::children::launcher::Launcher;
use crate::children::role::Role;
use crate::doctor::bench::Bench;
use crate::doctor::bench::process::last_line;
use crate::page::guard::Guard;
use crate::page::live::Live;
use crate::page::state::PageState;
use crate::project::dependencies::Adapters;
use crate::project::env_files::EnvFiles;
use crate::run::executable::Executable;
use crate::run::fd_store::ProgramStore;
use crate::run::program::{Event, ProgramRun, Start};
use crate::run::ready::Readiness;
use crate::settings::listen::{Listen, port};
use crate::web::accept::Answers;
use crate::web::held_sockets::{free_port, set_blocking};
use crate::web::recipient::Shared;

/// One run of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::doctor) struct Run {
    /// From its start until it says that it is ready, or answers.
    pub(in crate::doctor) start: Duration,
    /// From the request to stop until its end.
    pub(in crate::doctor) stop: Duration,
}

/// How long its start may take.
const MAX_START: Duration = Duration::from_secs(20);
/// The pause between two attempts to reach a program that opens its own port.
const PAUSE: Duration = Duration::from_millis(5);

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Runs the program as `cargo devserver` does, on other ports, until it serves. Then it is stopped.
///
/// # Errors
///
/// When it cannot be started, ends by itself, or does not serve in time.
pub(in crate::doctor) async fn run(bench: &Bench, number: u32) -> anyhow::Result<Run> {
    let settings = &bench.plan.settings;
    let Opened { sockets, target, port } = open(bench)?;
    let mut variables = variables(bench)?;
    variables.extend(port);
    let executable = Executable::of(&bench.artifact.executable);
    let (program, mut arguments) = bench.plan.program_env.command(executable.path());
    arguments.extend(settings.args.iter().map(OsString::from));
    set_blocking(&sockets).context("cannot prepare the sockets")?;
    let (store, readiness) = (store(bench)?, readiness(bench));
    // Others are taken for ready after a time, which is no measure.
    let tells = readiness == Readiness::Says;
    if !tells && target.is_none() {
        bail!("the program has no HTTP socket, and does not say READY=1");
    }
    let start = Start {
        program: &program,
        arguments: &arguments,
        executable,
        variables,
        sockets: &sockets,
        fd_store: &store,
        ahead: None,
        role: Role::Program,
        readiness,
        has_log: true,
        number,
    };
    let asked = target.map(ask);
    let (sender, mut events) = mpsc::unbounded_channel();
    let since = Instant::now();
    let running =
        start.run(&bench.launcher, &bench.screen, move |event| drop(sender.send(event)))?;
    let limit = bench.limit(MAX_START)?;
    let ready = timeout(limit, ready(&mut events, asked, tells)).await;
    let start = since.elapsed();
    let stopped = stop(&running, &mut events, bench).await;
    match ready {
        Ok(Ok(())) => Ok(Run { start, stop: stopped? }),
        Ok(Err(err)) => Err(err),
        Err(_) => bail!("the program does not serve within {} s", limit.as_secs()),
    }
}

/// What the program gets.
struct Opened {
    sockets: Sockets,
    /// Where a request reaches it.
    target: Option<SocketAddr>,
    /// The variable with its port, if it opens that itself.
    port: Option<(String, OsString)>,
}

/// Opens the sockets of the settings at other addresses.
fn open(bench: &Bench) -> anyhow::Result<Opened> {
    match &bench.plan.settings.listen {
        Listen::Hold(specs) => {
            let specs: Vec<_> = specs.iter().map(|spec| elsewhere(spec, bench)).collect();
            let sockets = Sockets::open(&specs, &Options::default())?;
            let target = sockets.iter().find_map(|(spec, address, _)| {
                address.as_inet().filter(|_| spec.scheme == Scheme::Http)
            });
            Ok(Opened { sockets, target, port: None })
        }
        Listen::PortEnv { variable, spec } => {
            let spec = free_port(&elsewhere(spec, bench), true, &bench.screen)?;
            let port = port(&spec.address).unwrap_or_default();
            let sockets = Sockets::open(&[], &Options::default())?;
            let target = Some((Ipv4Addr::LOCALHOST, port).into());
            Ok(Opened { sockets, target, port: Some((variable.clone(), port.to_string().into())) })
        }
    }
}

/// The variables of the program, as `cargo devserver` sets them.
fn variables(bench: &Bench) -> anyhow::Result<BTreeMap<String, OsString>> {
    let Bench { plan, artifact, .. } = bench;
    let mut variables = plan.program_env.of(&plan.recipe.program, artifact);
    variables.extend(EnvFiles::read(&plan.settings.env_files).variables()?.clone());
    if plan.program_env.has_runner()
        && let Some((name, value)) = Launcher::BELOW_RUNNER
    {
        variables.insert(name.into(), value.into());
    }
    Ok(variables)
}

/// The socket with another address.
fn elsewhere(spec: &Spec, bench: &Bench) -> Spec {
    let mut spec = spec.clone();
    spec.address = match spec.address {
        Address::Unix(path) => {
            let name = path.file_name().unwrap_or_default();
            Address::Unix(bench.launcher.folder().unwrap_or_default().join(name))
        }
        Address::Abstract(mut name) => {
            name.extend(format!("-doctor-{}", std::process::id()).bytes());
            Address::Abstract(name)
        }
        Address::Inet(addr) if addr.is_ipv6() => Address::Inet((Ipv6Addr::LOCALHOST, 0).into()),
        _ => Address::Inet((Ipv4Addr::LOCALHOST, 0).into()),
    };
    spec
}

/// A store that keeps nothing.
fn store(bench: &Bench) -> anyhow::Result<ProgramStore> {
    let live = Live::new(PageState::default());
    let hold = bench.plan.settings.hold;
    let shared = Shared::new(live, Guard::new(&[]), None, hold, false);
    let folder = bench.launcher.folder().context("cannot make a temporary folder")?;
    ProgramStore::open(&folder, false, Answers::new(shared).fresh(), bench.screen.clone())
}

fn readiness(bench: &Bench) -> Readiness {
    let adapters = Adapters::of(&bench.plan.packages, &bench.plan.rules.root);
    if adapters.is_any() { Readiness::Says } else { Readiness::Accepts }
}

/// A request, which ends with the first byte of its answer, or without one if the program accepts it and
/// closes the connection.
async fn ask(addr: SocketAddr) -> std::io::Result<()> {
    loop {
        let asked = async {
            let mut stream = TcpStream::connect(addr).await?;
            stream.write_all(GET).await?;
            stream.read(&mut [0; 1]).await
        };
        match asked.await {
            Ok(_) => return Ok(()),
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// Waits until the program answers or, if it `tells`, says that it is ready.
async fn ready(
    events: &mut mpsc::UnboundedReceiver<Event>,
    asked: Option<impl Future<Output = std::io::Result<()>>>,
    tells: bool,
) -> anyhow::Result<()> {
    let answers = async {
        match asked {
            Some(asked) => asked.await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(answers);
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(Event::Ready) if tells => return Ok(()),
                Some(Event::Ended(end)) => {
                    let last = last_line(&end.stderr);
                    let said = last.map(|last| format!(": {last}")).unwrap_or_default();
                    bail!("the program has ended by itself ({}){said}", end.status);
                }
                Some(_) => {}
                None => bail!("the program has ended by itself"),
            },
            answered = &mut answers => {
                answered?;
                return Ok(());
            }
        }
    }
}

/// Asks the program to stop, and waits for its end. Kills it where it takes too long.
async fn stop(
    running: &ProgramRun,
    events: &mut mpsc::UnboundedReceiver<Event>,
    bench: &Bench,
) -> anyhow::Result<Duration> {
    let since = Instant::now();
    running.stop();
    let end = async {
        while let Some(event) = events.recv().await {
            if matches!(event, Event::Ended(_)) {
                break;
            }
        }
    };
    tokio::pin!(end);
    if timeout(bench.plan.settings.stop_timeout, &mut end).await.is_err() {
        running.kill();
        timeout(MAX_START, end)
            .await
            .context("the program does not end, although it was killed")?;
    }
    Ok(since.elapsed())
}
