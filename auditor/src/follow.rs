//! Round after round: what is said, signed and kept of each, and who is called where the log lied.
//!
//! Called by `main`. After a lie nothing is verified or signed until a person removes the state. Trouble is no lie: it
//! is said, and the next round tries again.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, watch};
use waxseal_transparency::{FRESH, SignedHead, WitnessSecret};
use waxseal_wire::id::Millis;

use crate::arguments::Follow;
use crate::caught::Caught;
use crate::fetch::Fetcher;
use crate::paper::{say, warn};
use crate::round::{Audit, Failed, goes_on};
use crate::serve::{self, Door, Settled};
use crate::source::Source;
use crate::state::{State, StateError, Told};
use crate::{End, Stop, clock, kept, witness};

/// Between two rounds at least, however many ask for one.
const BREATH: Duration = Duration::from_secs(1);
/// Heads that wait to be judged; more of them say nothing more.
const BROUGHT: usize = 8;

/// Follows a log until a round came to its end (`--once`), or for ever.
pub(crate) async fn follow(asked: Follow) -> Result<End, Stop> {
    if asked.server.is_open() && !asked.insecure_http {
        return Err(Stop::Open);
    }
    let file = asked.state.clone().unwrap_or_else(|| PathBuf::from(format!("{}.audit", asked.server.file_name())));
    let held = kept::hold(&file).map_err(|error| StateError::Io(error, file.clone()))?;
    let _held = held.ok_or_else(|| StateError::Busy(file.clone()))?;
    let state = State::load(&file)?;
    let server = asked.server.to_string();
    if let Some(state) = &state {
        if state.server != server {
            return Err(Stop::OtherServer(state.server.clone()));
        }
        if asked.log_key.is_some_and(|key| key != state.pinned && key != state.log) {
            return Err(Stop::OtherLog);
        }
    }
    let source = Source::new(Fetcher::new(asked.server.clone(), asked.ca.as_deref())?);
    let key = asked.key.as_deref().map(witness::load).transpose()?.map(Arc::new);
    let (shows, shown) = watch::channel(None);
    let (brought, brings) = mpsc::channel(BROUGHT);
    let hurry = Arc::<Notify>::default();
    if let Some(address) = asked.listen {
        let listener = TcpListener::bind(address).await.map_err(Stop::Listen)?;
        if let Ok(address) = listener.local_addr() {
            say(format_args!("listening on http://{address}"));
        }
        tokio::spawn(serve::serve(listener, Door { shown, key: key.clone(), hurry: Arc::clone(&hurry), brought }));
    }
    let audit = Audit { source, server, file, state, demanded: asked.log_key };
    Follower { audit, key, shows, brings, hurry, asked, called: false }.run().await
}

struct Follower {
    audit: Audit,
    key: Option<Arc<WitnessSecret>>,
    shows: watch::Sender<Option<Settled>>,
    brings: mpsc::Receiver<SignedHead>,
    /// Somebody brought a newer head than was verified.
    hurry: Arc<Notify>,
    asked: Follow,
    /// Whether somebody was called about the lie.
    called: bool,
}

impl Follower {
    async fn run(mut self) -> Result<End, Stop> {
        loop {
            let end = self.once().await?;
            if self.asked.once {
                return Ok(end);
            }
            let mut pause = pin!(tokio::time::sleep(self.asked.every));
            // Whoever hurries us does not keep us running: between two rounds is time for heads that were brought.
            let mut breath = pin!(tokio::time::sleep(BREATH));
            let mut hurried = false;
            loop {
                tokio::select! {
                    () = &mut pause => break,
                    () = &mut breath, if hurried => break,
                    () = self.hurry.notified(), if !hurried => hurried = true,
                    Some(head) = self.brings.recv() => self.brought(&head)?,
                }
            }
        }
    }

    /// Judges a head that somebody brought: the log has signed it, and may show it to others alone.
    fn brought(&mut self, head: &SignedHead) -> Result<(), Stop> {
        let Some(state) = self.audit.state.as_ref().filter(|state| state.lie.is_none()) else { return Ok(()) };
        // The log may have become another one since it was brought.
        if head.verify(&state.log).is_ok()
            && let Err(Failed::Lie(caught)) = goes_on(state, head)
        {
            let told = self.keep(&caught)?;
            self.shout(&told);
        }
        Ok(())
    }

    async fn once(&mut self) -> Result<End, Stop> {
        if let Some(told) = self.audit.state.as_ref().and_then(|state| state.lie.clone()) {
            self.shout(&told);
            return Ok(End::Lied);
        }
        let now = clock::now();
        match self.audit.round(now).await {
            Ok(epochs) => self.settled(epochs, now).map(|()| End::Holds),
            Err(Failed::Trouble(trouble)) => {
                warn(format_args!("nothing can be said now: {trouble}"));
                let settled = self.audit.state.as_ref().and_then(|state| state.settled.as_ref());
                if settled.is_some_and(|settled| is_old(settled.head.head.at, now)) {
                    warn("SILENT: for more than a day nothing could be verified");
                }
                Ok(End::Unknown)
            }
            Err(Failed::State(error)) => Err(error.into()),
            Err(Failed::Lie(caught)) => {
                let told = self.keep(&caught)?;
                self.shout(&told);
                Ok(End::Lied)
            }
        }
    }

    /// Cosigns what the state holds as verified, keeps that, and only then says it.
    fn settled(&mut self, epochs: u64, now: Millis) -> Result<(), Stop> {
        let Some(state) = &mut self.audit.state else { return Ok(()) };
        let Some(settled) = &mut state.settled else { return Ok(()) };
        if let Some(key) = &self.key {
            let witness = key.witness();
            let (log, head) = (state.log.id(), settled.head.head);
            if !settled.head.cosignatures.iter().any(|one| witness.verify(&log, &head, one).is_ok()) {
                settled.head.cosignatures.push(key.cosign(&log, &head, now));
                state.save(&self.audit.file)?;
            }
        }
        let Some(settled) = &state.settled else { return Ok(()) };
        let head = settled.head.head;
        self.shows.send_replace(Some(Settled { log: state.log, head: settled.head.clone() }));
        let (size, root, at) = (head.size, hex::encode(head.root), clock::written(head.at));
        say(format_args!("good: {size} epochs, {epochs} of them new; root {root}, signed {at}"));
        if is_old(head.at, now) {
            warn("OLD: the newest tree head is older than a day; clients no longer believe it");
        }
        Ok(())
    }

    /// Evidence first, then the state that names it.
    fn keep(&mut self, caught: &Caught) -> Result<Told, Stop> {
        self.shows.send_replace(None);
        let folder = self.asked.evidence.as_deref().or(self.audit.file.parent()).unwrap_or(Path::new("."));
        let name = self.asked.server.file_name();
        let ending = if caught.convicts { "waxseal" } else { "testimony" };
        let evidence = folder.join(format!("{name}-epoch-{}.{ending}", caught.epoch));
        kept::put(&evidence, &caught.file).map_err(|error| StateError::Io(error, evidence.clone()))?;
        let told = Told { sentence: caught.sentence.clone(), evidence };
        if let Some(state) = &mut self.audit.state {
            state.lie = Some(told.clone());
            state.save(&self.audit.file)?;
        }
        Ok(told)
    }

    fn shout(&mut self, told: &Told) {
        warn(format_args!("LIE: {}", told.sentence));
        warn(format_args!("  evidence: {} (waxseal-auditor check says what it proves)", told.evidence.display()));
        warn(format_args!("  nothing more is verified or signed until somebody removes {}", self.audit.file.display()));
        if let Some(command) = self.asked.on_failure.as_ref().filter(|_| !self.called) {
            self.called = true;
            match call(command, told) {
                // As a service this goes on shouting meanwhile; alone it waits, or the call might end with it.
                Ok(mut child) if self.asked.once => drop(child.wait()),
                Ok(mut child) => drop(std::thread::spawn(move || child.wait())),
                Err(error) => warn(format_args!("  --on-failure could not be run: {error}")),
            }
        }
    }
}

/// Clients do not believe such a head any more.
fn is_old(at: Millis, now: Millis) -> bool {
    at.0.saturating_add(u64::try_from(FRESH.as_millis()).unwrap_or(u64::MAX)) < now.0
}

fn call(command: &str, told: &Told) -> std::io::Result<Child> {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).env("WAXSEAL_SENTENCE", &told.sentence).env("WAXSEAL_EVIDENCE", &told.evidence);
    shell.spawn()
}
