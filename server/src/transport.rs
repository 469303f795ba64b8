//! Sockets in, requests out; replies and pushes back.
//!
//! ```text
//!   accept ─► [TLS] ─► http ──┬─ GET /healthz, the page, /log/ for auditors, /witness/ for other logs
//!                             ├─ /v1/anonymous ─► anonymous ─┐
//!                             └─ /v1/device ────► device ────┴─► engine
//!                                                   └─ both speak through a `Line`
//! ```
//! Called by the program, by tests and by the load program. One task a
//! connection. Translates and bounds; never decides what is allowed.

mod anonymous;
mod audit;
mod caller;
mod cosign;
mod crowd;
mod device;
mod http;
mod line;
mod origin;
pub mod page;
mod sent;
mod sessions;
mod socket;
mod tls;
mod unfinished;

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::{debug, info, warn};
use waxseal_wire::frame::Door;
use waxseal_wire::id::Millis;

use self::caller::Callers;
use self::crowd::{Crowd, Place, Turned};
use self::sent::Sending;
use self::sessions::Sessions;
use self::socket::Socket;
pub use self::tls::{Tls, TlsError};
use self::unfinished::Room;
use crate::engine::Engine;
use crate::limits::Rate;
use crate::witness::{self, Peer};

/// How long connections may take to finish when the server stops.
const STOP_WITHIN: Duration = Duration::from_secs(8);
/// How often old things are dropped.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);

/// How often a store that took nothing is tried again.
const TRIAL_EVERY: Duration = Duration::from_secs(2);

/// How connections are treated.
#[derive(Clone)]
pub struct Settings {
    /// Connections at once; more are closed at once.
    pub connections: usize,
    /// Connections at once of one address (IPv4), or one network (IPv6, /64); `None` for any number.
    pub connections_per_address: Option<usize>,
    /// Requests of one connection; a large frame counts for several.
    pub rate: Rate,
    /// Accounts that one network address looks up by name, or for KeyPackages.
    pub lookups: Rate,
    /// People whom one network address asks into groups; a new account counts for ten.
    pub foundings: Rate,
    /// A proxy says in `X-Forwarded-For` for whom it calls; one on this machine always may.
    pub behind_proxy: bool,
    /// A silent peer is pinged after one beat, and cut after three; one that does not read is cut after one or two.
    pub beat: Duration,
    /// How long a TLS handshake may take, and how long the head of a request.
    pub greet_within: Duration,
    /// Bytes of frames that are not whole yet, of all connections of one door together, besides 64 KiB of each.
    pub unfinished: usize,
    /// How long a device may take to prove itself.
    pub prove_within: Duration,
    /// Serve the page: the client for browsers.
    pub page: bool,
    /// TLS, where this server does it.
    pub tls: Option<Arc<Tls>>,
    /// Who cosigns our log, and whose logs are cosigned here.
    pub witnesses: Vec<Peer>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_address: None,
            rate: Rate { burst: 400, per_second: 100 },
            lookups: Rate { burst: 2_000, per_second: 10 },
            foundings: Rate { burst: 1_000, per_second: 5 },
            behind_proxy: false,
            beat: Duration::from_secs(30),
            greet_within: Duration::from_secs(10),
            unfinished: 256 << 20,
            prove_within: Duration::from_secs(10),
            page: true,
            tls: None,
            witnesses: Vec::new(),
        }
    }
}

/// What every connection of one server shares.
struct Hall {
    engine: Engine,
    settings: Settings,
    sessions: Sessions,
    callers: Callers,
    rooms: [Room; 2],
    sending: Sending,
    door: witness::Door,
    opened: Instant,
}

impl Hall {
    /// For frames that are not whole yet: a flood at one door leaves the other its own.
    fn room(&self, door: Door) -> Room {
        let [anonymous, device] = &self.rooms;
        match door {
            Door::Anonymous => anonymous.clone(),
            Door::Device => device.clone(),
        }
    }

    /// Milliseconds since this server opened: for rates, never for what is stored.
    fn now(&self) -> Millis {
        Millis(u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

/// Tells every connection that the server stops.
#[derive(Clone)]
struct Bell(watch::Receiver<bool>);

impl Bell {
    async fn rung(&mut self) {
        // A bell without a ringer is as good as rung.
        self.0.wait_for(|rung| *rung).await.ok();
    }
}

/// Answers on `listener` until `stop` is ready; then finishes what was asked, says goodbye, and closes the store.
pub async fn serve(engine: Engine, listener: TcpListener, settings: Settings, stop: impl Future<Output = ()>) {
    let crowd = Crowd::new(settings.connections, settings.connections_per_address);
    let (ringer, bell) = watch::channel(false);
    let bell = Bell(bell);
    let callers = Callers::new(settings.lookups, settings.foundings);
    let rooms = [(); 2].map(|()| Room::new(settings.unfinished));
    let (door, gathering) = (witness::Door::new(&settings.witnesses), witness::start(&engine, &settings.witnesses));
    let hall = Arc::new(Hall {
        engine,
        settings,
        sessions: Sessions::default(),
        callers,
        rooms,
        sending: Sending::new(),
        door,
        opened: Instant::now(),
    });
    let mut sweep = tokio::time::interval(SWEEP_EVERY);
    let mut trial = tokio::time::interval(TRIAL_EVERY);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            _ = sweep.tick() => {
                let engine = hall.engine.clone();
                tokio::spawn(async move { engine.sweep().await });
            }
            _ = trial.tick() => if hall.engine.health().is_err() {
                let engine = hall.engine.clone();
                tokio::spawn(async move { engine.try_store().await });
            },
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => match crowd.enter(from.ip()) {
                    Ok(place) => drop(tokio::spawn(welcome((stream, from.ip()), Arc::clone(&hall), place, bell.clone()))),
                    Err(turned) => turn_away(turned),
                },
                Err(error) => {
                    // Out of file descriptors, most often: waiting helps, and accepting again at once does not.
                    warn!(kind = %error.kind(), "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
    drop((listener, gathering));
    ringer.send_replace(true);
    if tokio::time::timeout(STOP_WITHIN, crowd.left()).await.is_err() {
        warn!("some connections did not finish in time and were cut");
    }
    let engine = hall.engine.clone();
    drop(hall);
    tokio::task::spawn_blocking(|| engine.close()).await.ok();
    info!("stopped");
}

fn turn_away(turned: Turned) {
    crate::metrics::closed(match turned {
        Turned::NoRoom => "no_room",
        Turned::TooMany => "too_many_of_one_address",
    });
    debug!("a connection was closed: as many are open as the configuration allows");
}

async fn welcome((stream, peer): (TcpStream, IpAddr), hall: Arc<Hall>, place: Place, mut bell: Bell) {
    // Small frames should not wait for each other.
    stream.set_nodelay(true).ok();
    let socket = match &hall.settings.tls {
        None => Socket::plain(stream),
        Some(tls) => {
            let handshake = tokio::time::timeout(hall.settings.greet_within, tls.acceptor().accept(stream));
            let done = tokio::select! {
                done = handshake => done,
                () = bell.rung() => return,
            };
            match done {
                Ok(Ok(stream)) => Socket::tls(stream),
                _ => return crate::metrics::closed("no_tls"),
            }
        }
    };
    http::converse((socket, peer), hall, place, bell).await;
}

/// A server inside this process: for tests, the simulation and the load program.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    /// Starts on loopback, on a port that is free.
    pub async fn start(engine: Engine, settings: Settings) -> io::Result<Self> {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (stop, bell) = watch::channel(false);
        let mut bell = Bell(bell);
        let task = tokio::spawn(serve(engine, listener, settings, async move { bell.rung().await }));
        Ok(Self { address, stop, task })
    }

    /// Stops it as SIGTERM would, and waits for that.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        self.task.await.ok();
    }
}
