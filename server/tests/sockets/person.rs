//! A person with one device who speaks the wire, and a group they write to.

use std::time::Duration;

use ed25519_dalek::SigningKey;
use futures_util::{SinkExt, StreamExt};
use rand_core::{OsRng, RngCore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use waxseal_wire::chain::{Chain, DeviceEntry, PublicKey, sign};
use waxseal_wire::frame::{Door, Told, decode_told, encode_request};
use waxseal_wire::id::{AccountId, AliasId, DeviceId, Epoch, GroupId, IdempotencyKey, Millis, RequestId, Seq};
use waxseal_wire::key::{DeliveryKey, PostKey, SealSecret};
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::{AccountFound, KeysLeft, MailboxEntry, Push, Refusal, Reply, Session};
use waxseal_wire::request::*;
use waxseal_wire::seal::Delivered;

/// Nothing on loopback takes this long unless it is broken.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// One WebSocket to the server.
pub(crate) struct Connection<S = TcpStream> {
    pub(crate) ws: WebSocketStream<S>,
    last: u64,
    pushed: Vec<Push>,
}

impl Connection {
    pub(crate) async fn open(address: &str, door: Door) -> Self {
        Self::try_open(address, door).await.unwrap()
    }

    pub(crate) async fn try_open(address: &str, door: Door) -> Option<Self> {
        let stream = TcpStream::connect(address).await.ok()?;
        Self::over(stream, &format!("ws://{address}"), door).await
    }
}

impl Connection {
    /// The anonymous door, by a proxy that says for whom it calls.
    pub(crate) async fn on_behalf_of(whom: &str, address: &str) -> Self {
        let mut request = format!("ws://{address}{}", Door::Anonymous.path()).into_client_request().unwrap();
        request.headers_mut().append("x-forwarded-for", whom.parse().unwrap());
        let stream = TcpStream::connect(address).await.unwrap();
        let (ws, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
        Self { ws, last: 0, pushed: Vec::new() }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(crate) async fn over(stream: S, url: &str, door: Door) -> Option<Self> {
        let (ws, _) = tokio_tungstenite::client_async(format!("{url}{}", door.path()), stream).await.ok()?;
        Some(Self { ws, last: 0, pushed: Vec::new() })
    }

    /// What comes next; `None` when the connection is over.
    pub(crate) async fn told(&mut self) -> Option<Told> {
        loop {
            match tokio::time::timeout(SOON, self.ws.next()).await.expect("the server says nothing")? {
                Ok(Message::Binary(bytes)) => return Some(decode_told(&bytes).unwrap()),
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                _ => return None,
            }
        }
    }

    /// The code of the close frame that comes next, whatever comes before it.
    pub(crate) async fn closed(&mut self) -> Option<CloseCode> {
        loop {
            match tokio::time::timeout(SOON, self.ws.next()).await.expect("the server does not close")? {
                Ok(Message::Close(frame)) => return frame.map(|frame| frame.code),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    pub(crate) async fn send(&mut self, request: &Request) -> Option<RequestId> {
        self.last += 1;
        let id = RequestId(self.last);
        self.ws.send(Message::binary(encode_request(id, request))).await.ok()?;
        Some(id)
    }

    /// Asks and waits for the answer; pushes on the way are kept. `None` when the connection is over.
    pub(crate) async fn try_ask(&mut self, request: &Request) -> Option<Reply> {
        let asked = self.send(request).await?;
        loop {
            match self.told().await? {
                Told::Reply(id, reply) if id == asked => return Some(reply),
                Told::Reply(..) => {}
                Told::Push(push) => self.pushed.push(push),
            }
        }
    }

    pub(crate) async fn ask(&mut self, request: impl Into<Asked>) -> Reply {
        self.try_ask(&request.into().0).await.expect("the connection is over")
    }

    /// The next push; `None` when the connection is over.
    pub(crate) async fn pushed(&mut self) -> Option<Push> {
        if !self.pushed.is_empty() {
            return Some(self.pushed.remove(0));
        }
        loop {
            if let Told::Push(push) = self.told().await? {
                return Some(push);
            }
        }
    }

    /// Whether nothing was pushed that nobody has taken.
    pub(crate) fn is_quiet(&self) -> bool {
        self.pushed.iter().all(|push| matches!(push, Push::Entries(none) if none.is_empty()))
    }

    pub(crate) async fn entries(&mut self) -> Vec<MailboxEntry> {
        match self.pushed().await {
            Some(Push::Entries(entries)) => entries,
            other => panic!("entries should come, not {other:?}"),
        }
    }
}

/// So that requests of either door can be asked plainly.
pub(crate) struct Asked(Request);

impl From<AnonymousRequest> for Asked {
    fn from(request: AnonymousRequest) -> Self {
        Self(Request::Anonymous(request))
    }
}

impl From<DeviceRequest> for Asked {
    fn from(request: DeviceRequest) -> Self {
        Self(Request::Device(request))
    }
}

/// A person, their device, and their one address.
pub(crate) struct Person {
    pub(crate) name: AccountName,
    pub(crate) account: AccountId,
    pub(crate) device: DeviceId,
    pub(crate) key: SigningKey,
    pub(crate) chain: Chain,
    pub(crate) alias: AliasId,
    pub(crate) seal_secret: SealSecret,
    pub(crate) post_key: PostKey,
}

impl Person {
    pub(crate) fn new(name: &str) -> Self {
        let rng = &mut OsRng;
        let (key, recovery) = (SigningKey::generate(rng), SigningKey::generate(rng));
        let device = DeviceId::random(rng);
        let entry = DeviceEntry { id: device, key: PublicKey::of(&key), name_hash: [1; 32], added: Millis(1) };
        let chain = Chain::create(entry, &key, PublicKey::of(&recovery), rng).unwrap();
        Self {
            name: AccountName::parse(name).unwrap(),
            account: chain.account(),
            device,
            key,
            chain,
            alias: AliasId::random(rng),
            seal_secret: SealSecret::random(rng),
            post_key: PostKey::random(rng),
        }
    }

    /// A person who is registered and has published one KeyPackage under their alias.
    pub(crate) async fn arrive(address: &str, name: &str) -> Self {
        let person = Self::new(name);
        assert_eq!(person.register(address, "").await, Reply::Done);
        let (mut device, _) = person.connect(address).await;
        assert_eq!(device.ask(person.publish()).await, Reply::KeysLeft(KeysLeft { one_time: 1, last_resort: false }));
        person.is_told(address).await;
        person
    }

    /// The directory says who registered a moment later.
    async fn is_told(&self, address: &str) {
        let mut anonymous = Connection::open(address, Door::Anonymous).await;
        let lookup = Lookup { who: vec![AccountRef::Name(self.name.clone())], key_packages: false, seen: None };
        while found(anonymous.ask(AnonymousRequest::Lookup(lookup.clone())).await).chain.is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn register(&self, address: &str, invite: &str) -> Reply {
        Connection::open(address, Door::Anonymous).await.ask(self.registration(invite)).await
    }

    pub(crate) fn registration(&self, invite: &str) -> AnonymousRequest {
        AnonymousRequest::Register(Box::new(Register {
            name: self.name.clone(),
            record: self.chain.records()[0].clone(),
            signature: sign(&self.key, &register_bytes(&self.account, &self.name)),
            invite: invite.to_owned(),
            idempotency_key: IdempotencyKey::random(&mut OsRng),
        }))
    }

    pub(crate) fn publish(&self) -> DeviceRequest {
        DeviceRequest::PublishKeys(PublishKeys {
            key_packages: vec![KeyPackageUpload { alias: self.alias, key_package: self.key_package(), last_resort: false }],
            ..PublishKeys::default()
        })
    }

    /// Opaque to the server, and so to this test.
    pub(crate) fn key_package(&self) -> Vec<u8> {
        format!("a KeyPackage of {}", self.name.as_str()).into_bytes()
    }

    pub(crate) async fn connect(&self, address: &str) -> (Connection, Session) {
        self.try_connect(address).await.expect("the device should be let in")
    }

    pub(crate) async fn try_connect(&self, address: &str) -> Option<(Connection, Session)> {
        let mut connection = Connection::try_open(address, Door::Device).await?;
        let Push::Challenge(nonce) = connection.pushed().await? else {
            panic!("a challenge should come first");
        };
        match connection.try_ask(&Request::Device(self.authenticate(&nonce))).await? {
            Reply::Session(session) => Some((connection, session)),
            // Come back later.
            Reply::Refused(Refusal::Internal) => None,
            other => panic!("a session should open, not {other:?}"),
        }
    }

    pub(crate) fn authenticate(&self, nonce: &[u8; 32]) -> DeviceRequest {
        DeviceRequest::Authenticate(Authenticate {
            account: self.account,
            device: self.device,
            signature: sign(&self.key, &authenticate_bytes(nonce, &self.account, &self.device)),
        })
    }

    pub(crate) fn roster_entry(&self) -> RosterEntry {
        let (seal_public, post_verifier) = (self.seal_secret.public(), self.post_key.verifier());
        Address { alias: self.alias, seal_public, post_verifier }.agree(&mut OsRng)
    }

    pub(crate) fn open(&self, entry: &MailboxEntry) -> Delivered {
        assert_eq!(entry.alias, self.alias);
        Delivered::open(&entry.sealed, &entry.alias, &self.seal_secret).unwrap()
    }
}

/// A group that its members write to with opaque bytes, in one epoch.
pub(crate) struct Group {
    id: GroupId,
    key: DeliveryKey,
}

impl Group {
    pub(crate) fn new() -> Self {
        Self { id: GroupId::random(&mut OsRng), key: DeliveryKey::random(&mut OsRng) }
    }

    fn lent(&self, by: &Person, idempotency_key: IdempotencyKey) -> Lent {
        Lent {
            group: self.id,
            epoch: Epoch(1),
            delivery_key: self.key.clone(),
            from: by.alias,
            post_key: by.post_key.clone(),
            idempotency_key,
        }
    }

    pub(crate) fn found(&self, by: &Person, others: &[&Person], first: &[u8]) -> AnonymousRequest {
        let welcome = |person: &&Person| Welcomed { alias: person.alias, welcome: b"a Welcome".to_vec() };
        AnonymousRequest::Found(Box::new(Found {
            lent: self.lent(by, IdempotencyKey::random(&mut OsRng)),
            roster: std::iter::once(by).chain(others.iter().copied()).map(Person::roster_entry).collect(),
            welcomes: others.iter().map(welcome).collect(),
            messages: vec![first.to_vec()],
        }))
    }

    /// A Commit that changes nobody, out of an epoch into the next.
    pub(crate) fn commit_again(&self, by: &Person, of: &Turn, bytes: &[u8], key: IdempotencyKey) -> AnonymousRequest {
        let lent = Lent { epoch: of.epoch, delivery_key: of.key.clone(), ..self.lent(by, key) };
        AnonymousRequest::SubmitCommit(Box::new(SubmitCommit {
            lent,
            next_delivery_key: of.next.clone(),
            commit: bytes.to_vec(),
            roster: RosterChange::Edit { add: Vec::new(), remove: Vec::new() },
            welcomes: Vec::new(),
        }))
    }

    /// The first epoch, and a key for the next.
    pub(crate) fn first_turn(&self) -> Turn {
        Turn { epoch: Epoch(1), key: self.key.clone(), next: DeliveryKey::random(&mut OsRng) }
    }

    pub(crate) fn message(&self, by: &Person, bytes: &[u8]) -> AnonymousRequest {
        self.message_again(by, bytes, IdempotencyKey::random(&mut OsRng))
    }

    pub(crate) fn message_again(&self, by: &Person, bytes: &[u8], key: IdempotencyKey) -> AnonymousRequest {
        AnonymousRequest::SubmitMessage(Box::new(SubmitMessage { lent: self.lent(by, key), envelope: bytes.to_vec() }))
    }
}

/// An epoch that a Commit leaves, and the key of the one that it begins.
pub(crate) struct Turn {
    epoch: Epoch,
    key: DeliveryKey,
    next: DeliveryKey,
}

impl Turn {
    pub(crate) fn following(self) -> Self {
        Self { epoch: self.epoch.next(), key: self.next, next: DeliveryKey::random(&mut OsRng) }
    }
}

pub(crate) fn look_up(who: &AccountName) -> AnonymousRequest {
    AnonymousRequest::Lookup(Lookup { who: vec![AccountRef::Name(who.clone())], key_packages: true, seen: None })
}

pub(crate) fn found(reply: Reply) -> AccountFound {
    match reply {
        Reply::Accounts(mut all) if all.found.len() == 1 => all.found.remove(0),
        other => panic!("one account should be found, not {other:?}"),
    }
}

pub(crate) fn take(after: Seq) -> DeviceRequest {
    DeviceRequest::Take(after)
}

pub(crate) fn random_bytes(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    OsRng.fill_bytes(&mut bytes);
    bytes
}
