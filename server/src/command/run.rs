//! `waxseald run`: serves until it is told to stop.
//!
//! ```text
//!   judge the choices ─► claim the folder ─► open the store ─► listen ─► serve … stop ─► close
//! ```

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};
use waxseal_server::admin::{self, Admin};
use waxseal_server::clock;
use waxseal_server::config::Config;
use waxseal_server::engine::Engine;
use waxseal_server::metrics::Numbers;
use waxseal_server::transport::{self, Tls, page};

use super::folder::Claimed;
use super::{Failure, folder, log, tell};

/// Serves until SIGTERM or SIGINT.
pub(super) fn run(config: Config) -> Result<(), Failure> {
    config.judge()?;
    log::start(&config.log)?;
    let mut settings = config.settings()?;
    settings.connections = settings.connections.min(few_files(config.limits.connections));
    let claimed = folder::claim(&config.folder)?;
    let token = claimed.token()?;
    let numbers = Numbers::install().map_err(|error| Failure::Refused(error.to_string()))?;
    let engine = open(&claimed, &config)?;
    Runtime::new()?.block_on(async {
        // Signals first: from here on, a stop is a clean stop.
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let public = listen(config.listen, "--listen").await?;
        let private = listen(config.admin, "--admin").await?;
        claimed.announce(private.local_addr()?)?;
        greet(&config, public.local_addr()?, private.local_addr()?);
        let renewals = settings.tls.clone().map(|tls| tokio::spawn(renew(tls)));
        let admin = tokio::spawn(admin::serve(Admin { engine: engine.clone(), numbers, token }, private));
        transport::serve(engine, public, settings, async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            info!("stopping");
            admin.abort();
        })
        .await;
        if let Some(renewals) = renewals {
            renewals.abort();
        }
        Ok(())
    })
}

/// Opens the store in a claimed folder, does one thing, and closes it: for verbs without a running server.
pub(super) fn alone<T>(
    claimed: &Claimed,
    config: &Config,
    work: impl AsyncFnOnce(&Engine) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let engine = open(claimed, config)?;
    let done = Runtime::new()?.block_on(work(&engine));
    engine.close();
    done
}

fn open(claimed: &Claimed, config: &Config) -> Result<Engine, Failure> {
    Engine::open(claimed.path(), config.policy(), clock::system).map_err(|error| Failure::Open(claimed.path().to_owned(), error))
}

async fn listen(address: SocketAddr, flag: &'static str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| Failure::Listen(address, error, flag))
}

/// What a person should see and do next.
fn greet(config: &Config, public: SocketAddr, private: SocketAddr) {
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let page = match config.page && page::is_built() {
        true => format!("In a browser:               {scheme}://{public}/\n"),
        false => String::new(),
    };
    let words = format!(
        "waxseald {version} listens on {scheme}://{public} and keeps its data in {folder}\n\
         {page}\
         Next, in another terminal:  waxseal --server {scheme}://{public} register alice\n\
         Stop with Ctrl-C. Metrics and admin: http://{private}\n",
        version = env!("CARGO_PKG_VERSION"),
        folder = config.folder.display(),
    );
    // Whether anybody reads this does not matter to those who are served.
    tell(&words).ok();
    info!("serving");
}

/// Each connection is a file to the system, which may allow fewer than the configuration does: then that many are
/// let in, and whoever comes next is turned away in order. Without files left, nothing else would work either.
fn few_files(connections: usize) -> usize {
    /// For the store, the listeners and what an operator asks.
    const OTHERS: usize = 64;
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let allowed = line.and_then(|line| line.split_whitespace().next()).and_then(|soft| soft.parse::<usize>().ok());
    match allowed.map(|allowed| allowed.saturating_sub(OTHERS).max(1)) {
        Some(room) if room < connections => {
            warn!(
                room,
                connections,
                "the system allows fewer open files than connections are configured; raise it (`ulimit -n`, or LimitNOFILE= in systemd)"
            );
            room
        }
        _ => connections,
    }
}

/// Reads the certificate again on SIGHUP.
async fn renew(tls: Arc<Tls>) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else {
        return warn!("SIGHUP cannot be heard: restart after a renewal of the certificate");
    };
    while hangup.recv().await.is_some() {
        match tls.reload() {
            Ok(()) => info!("the certificate was read again"),
            Err(error) => warn!(%error, "the certificate was not taken; the old one stays"),
        }
    }
}
