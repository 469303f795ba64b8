//! One verb's visit to the client: open the profile, ask, wait, leave.
//!
//! Called by the verbs. Turns "it will happen some time" into "it happened",
//! or says why not within the person's patience.

use std::collections::VecDeque;
use std::io::IsTerminal;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_tungstenite::Connector;
use waxseal_core::client::{Client, ClientError};
use waxseal_core::output::{Problem, Work};
use waxseal_core::view::{ChatId, ChatSummary, Me};
use waxseal_core::{Command, Event, Input};
use waxseal_wire::frame::Door;
use waxseal_wire::id::AccountId;
use waxseal_wire::name::AccountName;

use crate::address::Address;
use crate::arguments::Place;
use crate::clock::Moment;
use crate::engine::{Ask, Engine, Notice};
use crate::exit::Failure;
use crate::network::{self, DoorError, Network, Shut};
use crate::profile::{self, Need, Profile, ProfileError};
use crate::target::{self, Target};
use crate::wording;

/// A server that refused so often in a row is not coming back within a verb's patience.
const REFUSALS: u32 = 4;

/// How often something that is waited for is looked at, where no event tells.
const MOMENT: Duration = Duration::from_millis(150);

/// The same, where it is about to come true.
const SOON: Duration = Duration::from_millis(10);

enum Step {
    Event(Event),
    Nothing,
    Enough,
}

/// Whether to talk to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Keep both doors open.
    Online,
    /// Look only at what is on this device.
    Offline,
}

/// An open profile and a running client.
pub(crate) struct Visit {
    pub(crate) engine: Engine,
    pub(crate) notices: mpsc::UnboundedReceiver<Notice>,
    tell: mpsc::UnboundedSender<Notice>,
    network: Option<Network>,
    /// The server that this visit talks to.
    pub(crate) server: Address,
    pub(crate) profile: Profile,
    connector: Connector,
    reach: Reach,
    /// Who was asked for; that others are unknown is no concern of this visit.
    named: Vec<AccountName>,
    early: VecDeque<Event>,
    /// The chat that is waited for; what fails elsewhere is no concern of this visit.
    pub(crate) about: Option<ChatId>,
    /// Events that passed while something else was waited for; kept only where asked.
    passed: Option<Vec<Event>>,
    patience: Duration,
    since: Moment,
    refused: u32,
    unreached: Option<DoorError>,
    /// Something that was asked is durable: what fails from here on does not undo it.
    kept: bool,
}

impl Visit {
    /// Opens the profile and starts the client; asks for a passphrase where one is needed.
    pub(crate) fn open(place: &Place, need: Need, reach: Reach) -> Result<Self, Failure> {
        let mut visit = Self::prepare(place, need)?;
        if reach == Reach::Online {
            visit.connect();
        }
        Ok(visit)
    }

    /// The same, with both doors still shut: for what must be done before the server hears anything.
    pub(crate) fn prepare(place: &Place, need: Need) -> Result<Self, Failure> {
        let mut profile = Profile::open(place, need)?;
        let server = profile.server(place)?;
        // Before anybody is asked for a passphrase: a certificate that does not read is said at once.
        connector(place, &profile, &server)?;
        let client = profile.client(place)?;
        Self::around(place, profile, client, server, Reach::Offline)
    }

    /// The same around a client that was opened already.
    pub(crate) fn around(place: &Place, profile: Profile, client: Client, server: Address, reach: Reach) -> Result<Self, Failure> {
        let (tell, notices) = mpsc::unbounded_channel();
        let engine = Engine::start(client, tell.clone())?;
        let connector = connector(place, &profile, &server)?;
        let mut visit = Self {
            engine,
            notices,
            network: None,
            server,
            profile,
            connector,
            tell,
            reach: Reach::Offline,
            named: Vec::new(),
            early: VecDeque::new(),
            about: None,
            passed: None,
            patience: Duration::from_secs(place.timeout),
            since: Moment::now(),
            refused: 0,
            unreached: None,
            kept: false,
        };
        if reach == Reach::Online {
            visit.connect();
        }
        Ok(visit)
    }

    /// Talks to this server from now on, and no longer to the one before.
    pub(crate) fn move_to(&mut self, place: &Place, server: Address) -> Result<(), Failure> {
        self.connector = connector(place, &self.profile, &server)?;
        if self.network.take().is_some() {
            for door in [Door::Anonymous, Door::Device] {
                let _ = self.engine.desk.asks().send(Ask::Input(Input::Disconnected(door)));
            }
        }
        self.server = server;
        self.connect();
        Ok(())
    }

    /// Tries to connect now, where that has to wait.
    pub(crate) fn hurry(&self) {
        if let Some(network) = &self.network {
            network.hurry();
        }
    }

    /// Begins to keep both doors open.
    pub(crate) fn connect(&mut self) {
        let (server, connector) = (self.server.clone(), self.connector.clone());
        self.network = Some(Network::start(server, connector, self.engine.desk.asks(), self.tell.clone()));
        self.reach = Reach::Online;
    }

    /// The same, for a profile that has an account.
    pub(crate) async fn of_account(place: &Place, reach: Reach) -> Result<(Self, Me), Failure> {
        let visit = Self::open(place, Need::Existing, reach)?;
        match visit.read(Client::me).await? {
            Some(me) => Ok((visit, me)),
            None => Err(visit.empty().into()),
        }
    }

    fn empty(&self) -> ProfileError {
        let name = self.profile.name().to_owned();
        let said = profile::said(&name);
        ProfileError::Empty(name, said)
    }

    /// Makes a wish durable. What the client refuses at once is an error.
    pub(crate) async fn command(&mut self, command: Command) -> Result<(), Failure> {
        self.since = Moment::now();
        match &command {
            Command::OpenDirect(name) | Command::LookUp(name) => self.named.push(name.clone()),
            Command::CreateGroup { members, .. } | Command::AddMembers(_, members) => self.named.extend(members.iter().cloned()),
            _ => {}
        }
        let events = self.engine.desk.command(command).await.ok_or(Failure::Stopped)??;
        let problem = events.iter().find_map(|event| match event {
            Event::Failed { problem, .. } => Some(*problem),
            _ => None,
        });
        self.early.extend(events);
        self.kept |= problem.is_none();
        match problem {
            Some(Problem::NotRegistered) => Err(self.empty().into()),
            Some(problem) => Err(problem.into()),
            None => Ok(()),
        }
    }

    /// Looks something up.
    pub(crate) async fn read<T, F>(&self, look: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(&Client) -> Result<T, ClientError> + Send + 'static,
    {
        Ok(self.engine.desk.read(look).await.ok_or(Failure::Stopped)??)
    }

    /// What happens in the next moment, while patience since the last command lasts.
    async fn step(&mut self) -> Result<Step, Failure> {
        self.step_within(MOMENT).await
    }

    async fn step_within(&mut self, moment: Duration) -> Result<Step, Failure> {
        if let Some(event) = self.early.pop_front() {
            return Ok(Step::Event(event));
        }
        let left = self.since.left(self.patience);
        if left.is_zero() || self.refused >= REFUSALS {
            return Ok(Step::Enough);
        }
        match tokio::time::timeout(left.min(moment), self.notices.recv()).await {
            Err(_) => Ok(Step::Nothing),
            Ok(None) => Err(Failure::Stopped),
            Ok(Some(Notice::Event(Event::SignedOut))) => Err(Failure::SignedOut),
            Ok(Some(Notice::Event(Event::Progress { work, done, total, .. }))) => {
                self.tell_progress(work, done, total);
                Ok(Step::Nothing)
            }
            // The verb still does its work, under new keys.
            // So it does where a key was left unused: what is sent goes to devices that are proven.
            Ok(Some(Notice::Event(Event::Failed {
                problem: problem @ (Problem::Copied | Problem::ForeignKeyPackage), ..
            }))) => {
                crate::paper::remark(problem.to_string());
                Ok(Step::Nothing)
            }
            Ok(Some(Notice::Event(event))) => {
                if let Event::ChatMoved { from, to } = event
                    && self.about == Some(from)
                {
                    self.about = Some(to);
                }
                Ok(Step::Event(event))
            }
            Ok(Some(Notice::Disk(error))) => Err(if self.kept { Failure::Kept(error) } else { error.into() }),
            Ok(Some(Notice::Door(door, state))) => {
                self.door(door, state);
                Ok(Step::Nothing)
            }
        }
    }

    /// Long work goes on: patience begins anew with each part of it, and a person is told.
    fn tell_progress(&mut self, work: Work, done: u64, total: u64) {
        self.since = Moment::now();
        if std::io::stderr().is_terminal() {
            crate::paper::remark(wording::progress(work, done, total));
        }
    }

    /// What an event says of the chat that this visit is about, where it says that something failed.
    fn failure(&self, event: &Event) -> Option<Failure> {
        match event {
            Event::Failed { chat, problem } if chat.is_none() || self.about.is_none() || *chat == self.about => {
                Some((*problem).into())
            }
            Event::NoSuchAccount(name) if self.named.contains(name) => Some(Failure::NoSuchAccount(name.clone())),
            _ => None,
        }
    }

    fn door(&mut self, door: Door, state: Result<(), Shut>) {
        match state {
            Ok(()) => {
                self.refused = 0;
                self.unreached = None;
            }
            Err(shut) => {
                self.unreached = Some(shut.why);
                if door == Door::Anonymous {
                    self.refused = self.refused.saturating_add(1);
                }
            }
        }
    }

    /// Waits until `is` is true of what the client holds; `false` when patience runs out first.
    pub(crate) async fn until<F>(&mut self, is: F) -> Result<bool, Failure>
    where
        F: Fn(&Client) -> Result<bool, ClientError> + Clone + Send + 'static,
    {
        loop {
            if self.read(is.clone()).await? {
                return Ok(true);
            }
            match self.step().await? {
                Step::Event(event) => match self.failure(&event) {
                    Some(failure) => return Err(failure),
                    None => self.pass(event),
                },
                Step::Nothing => {}
                Step::Enough => return Ok(false),
            }
        }
    }

    /// Waits for an event that `pick` takes; being offline is an error.
    pub(crate) async fn wait<T>(&mut self, mut pick: impl FnMut(&Event) -> Option<Result<T, Failure>>) -> Result<T, Failure> {
        loop {
            match self.step().await? {
                Step::Event(event) => {
                    if let Some(picked) = pick(&event) {
                        self.pass(event);
                        return picked;
                    }
                    if let Some(failure) = self.failure(&event) {
                        return Err(failure);
                    }
                    self.pass(event);
                }
                Step::Nothing => {}
                Step::Enough => return Err(self.offline()),
            }
        }
    }

    /// From here on, events that pass while something else is waited for are kept for [`Self::happening`].
    pub(crate) fn keep_passed(&mut self) {
        self.passed = Some(Vec::new());
    }

    fn pass(&mut self, event: Event) {
        if let Some(passed) = &mut self.passed {
            passed.push(event);
        }
    }

    /// What happens next, however long it takes; `None` for news of a door.
    pub(crate) async fn happening(&mut self) -> Result<Option<Event>, Failure> {
        if let Some(passed) = &mut self.passed {
            for event in passed.drain(..).rev() {
                self.early.push_front(event);
            }
        }
        if let Some(event) = self.early.pop_front() {
            return Ok(Some(event));
        }
        match self.notices.recv().await.ok_or(Failure::Stopped)? {
            Notice::Event(Event::SignedOut) => Err(Failure::SignedOut),
            Notice::Event(event) => Ok(Some(event)),
            Notice::Disk(error) => {
                crate::paper::remark(Failure::from(error).to_string());
                Ok(None)
            }
            Notice::Door(door, state) => {
                self.door(door, state);
                Ok(None)
            }
        }
    }

    /// The next event, however long it takes.
    pub(crate) async fn event(&mut self) -> Result<Event, Failure> {
        loop {
            if let Some(event) = self.happening().await? {
                return Ok(event);
            }
        }
    }

    /// Whose name this is; asks the server where it is not known.
    pub(crate) async fn account(&mut self, name: AccountName) -> Result<AccountId, Failure> {
        let known = name.clone();
        if let Some(account) = self.read(move |client| client.account_by_name(&known)).await? {
            return Ok(account);
        }
        // Nobody waits for an answer that a server gives some other day.
        self.since = Moment::now();
        if !self.until(|client| Ok(client.connection().sending)).await? {
            return Err(self.offline());
        }
        self.command(Command::LookUp(name)).await?;
        self.wait(|event| match event {
            Event::AccountKnown { account, .. } => Some(Ok(*account)),
            _ => None,
        })
        .await
    }

    /// Why the server is not reached, as far as is known.
    pub(crate) fn why_offline(&self) -> Option<DoorError> {
        self.unreached
    }

    /// Patience begins now.
    pub(crate) fn begin_waiting(&mut self) {
        self.since = Moment::now();
    }

    /// Says that the server was not reached.
    pub(crate) fn offline(&self) -> Failure {
        Failure::Offline(self.unreached.unwrap_or(DoorError::Silent).to_string())
    }

    /// Takes in all that waits on the server, or as much as patience lasts for; says where it is not all.
    pub(crate) async fn catch_up(&mut self) -> Result<(), Failure> {
        self.since = Moment::now();
        let patience = self.patience;
        self.patience = patience.min(Duration::from_secs(5));
        let receiving = self.until(|client| Ok(client.connection().receiving)).await;
        self.patience = patience;
        let receiving = match receiving {
            // What is on this device can be shown all the same; the server keeps the rest.
            Err(failure @ (Failure::Client(_) | Failure::Kept(_))) => {
                crate::paper::remark(failure.to_string());
                return Ok(());
            }
            receiving => receiving?,
        };
        if !receiving {
            let why = self.unreached.unwrap_or(DoorError::Silent);
            crate::paper::remark(format!("(not connected: {why}; this is what is on this device)"));
            return Ok(());
        }
        while !self.read(|client| Ok(client.connection().caught_up)).await? {
            // Whatever comes is in the store, where the verbs read it; what fails meanwhile was asked by nobody here.
            match self.step_within(SOON).await {
                // The server keeps what does not fit on this disk.
                Err(failure @ (Failure::Client(_) | Failure::Kept(_))) => {
                    crate::paper::remark(failure.to_string());
                    return Ok(());
                }
                Err(other) => return Err(other),
                Ok(Step::Event(event)) => self.pass(event),
                Ok(Step::Nothing) => {}
                Ok(Step::Enough) => {
                    crate::paper::remark("(the server was too slow to tell all; the rest comes next time)");
                    return Ok(());
                }
            }
        }
        // What this device owes the server, such as its first keys, has arrived.
        let _ = tokio::time::timeout(self.since.left(patience), self.engine.desk.answered()).await;
        Ok(())
    }

    /// All chats.
    pub(crate) async fn chats(&self) -> Result<Vec<ChatSummary>, Failure> {
        self.read(Client::chats).await
    }

    /// The chat that `target` names, among those that there are.
    pub(crate) async fn chat(&mut self, target: &str) -> Result<ChatSummary, Failure> {
        match self.find(target).await? {
            Target::Chat(chat) => Ok(*chat),
            Target::Person(_) => Err(Failure::NoSuchChat(target.to_owned())),
        }
    }

    /// The chat that `target` names; with a person it is opened where there is none.
    pub(crate) async fn open_chat(&mut self, target: &str) -> Result<ChatId, Failure> {
        match self.find(target).await? {
            Target::Chat(chat) => Ok(chat.chat),
            Target::Person(name) => self.open_direct(name).await,
        }
    }

    /// A group that is not here may wait on the server: it is looked for twice.
    async fn find(&mut self, target: &str) -> Result<Target, Failure> {
        match target::find(self.chats().await?, target) {
            Err(Failure::NoSuchChat(_)) if self.reach == Reach::Online => {
                self.catch_up().await?;
                target::find(self.chats().await?, target)
            }
            found => found,
        }
    }

    /// Connected, a name that is nobody's leaves nothing behind; without a server, what is written to it waits.
    async fn open_direct(&mut self, name: AccountName) -> Result<ChatId, Failure> {
        self.since = Moment::now();
        self.until(|client| Ok(client.connection().sending)).await?;
        self.command(Command::OpenDirect(name)).await?;
        self.wait(opened).await
    }
}

fn connector(place: &Place, profile: &Profile, server: &Address) -> Result<Connector, Failure> {
    network::connector(server.is_tls(), profile.certificates(place).as_deref()).map_err(|error| Failure::Usage(error.to_string()))
}

/// Picks the chat that was asked for.
pub(crate) fn opened(event: &Event) -> Option<Result<ChatId, Failure>> {
    match event {
        Event::ChatOpened(chat) => Some(Ok(*chat)),
        _ => None,
    }
}
