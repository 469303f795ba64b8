//! SECURITY.md, "listens on the network": that somebody uses this server, padded sizes and times; no words, no titles,
//! no names but in a look-up, and nothing that ties a device to a group or to another person.
//!
//! Real `waxseal` and real `waxseald` talk over real TLS, through a proxy that the clients were told to trust. So this
//! is more than a listener on the network has: it is what a proxy that ends TLS in front of a server sees.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where it is wrong, with the reason"
)]

#[path = "../cast/mod.rs"]
mod cast;
mod frames;
mod proxy;
mod scan;

use cast::Town;
use frames::{Spoken, fragmented, masked};
use proxy::{Authority, Proxy, Recorded};
use scan::{Leak, Secrets, counts, leaks};
use waxseal_wire::frame::{Door, decode_request, encode_push, encode_reply, encode_request};
use waxseal_wire::id::{AccountId, AliasId, BlobId, GroupId, RequestId, Seq};
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::{BlobPart, MailboxEntry, Push, Reply};
use waxseal_wire::request::{AccountRef, AnonymousRequest, DeviceRequest, FetchBlob, Lookup, Request};

const NAMES: [&str; 4] = ["alice-arbuthnot", "robert-blackwood", "carol-castellane", "dorothea-duval"];
const DEVICES: [&str; 5] =
    ["alices violet laptop", "roberts iron telephone", "carols kitchen tablet", "dorotheas lute", "roberts other slate"];
/// What they want to be called.
const DISPLAYS: [&str; 4] = ["Alice A. of Lamp Street", "Bob Blackwood Esq.", "Aunt Carol", "Madame Duval"];
const TITLES: [&str; 2] = ["The Lamplighters Guild", "The Snuffed Candle Society"];
const TEXTS: [&str; 7] = [
    "does the heron fly at dusk",
    "the heron flies at dawn",
    "bring a lantern to the weir",
    "the weir is under water",
    "only the first lantern burns",
    "my slate writes as well",
    "everybody is here at last",
];
const REACTION: &str = "🏮🪿🏮";

fn town() -> (Town, Proxy) {
    let folder = tempfile::tempdir().unwrap();
    let (servers, own) = (Authority::found(folder.path(), "servers"), Authority::found(folder.path(), "own"));
    let config = format!("[tls]\ncertificate = {:?}\nkey = {:?}\n", servers.chain.to_str().unwrap(), servers.key.to_str().unwrap());
    let town = Town::configured(folder, &config);
    let proxy = Proxy::new(&town.server.address, &servers, own);
    (town, proxy)
}

/// All that two people and a few more do in a day.
fn play(town: &Town, proxy: &Proxy) {
    let somebody = |profile: &str, name: &str| town.person(profile).with_server(&proxy.port_of(name)).who_trusts(proxy.ca());
    let people = NAMES.map(|name| somebody(name, name));
    for (person, (name, device)) in people.iter().zip(NAMES.iter().zip(DEVICES)) {
        person.done(&["register", name, "--device-name", device]);
    }
    for (person, display) in people.iter().zip(DISPLAYS) {
        person.done(&["profile", "--name", display]);
    }
    let [alice, bob, carol, dora] = &people;
    let [alices, bobs, carols, doras] = NAMES;

    // Two people: a request, its answer, receipts and a reaction.
    alice.done(&["send", bobs, TEXTS[0]]);
    bob.until(&["read", alices], TEXTS[0]);
    assert!(bob.done(&["requests"]).contains(DISPLAYS[0]), "it went over the wire");
    bob.done(&["requests", "accept", alices]);
    bob.done(&["send", alices, TEXTS[1]]);
    let mut sending = bob.listen();
    sending.hear("ready", |_| true);
    let mut reading = alice.listen();
    let came = reading.hear("message", |event| event["text"] == TEXTS[1]);
    reading.order(&format!(r#"{{"id":1,"react":{{"message":{},"emoji":"{REACTION}"}}}}"#, came["message"]));
    reading.hear("done", |event| event["id"] == 1);
    let is_answered = |event: &serde_json::Value| event["state"] == "read" && event["reactions"][0]["emoji"] == REACTION;
    sending.hear("changed", |event| event["text"] == TEXTS[1] && is_answered(event));
    drop((reading, sending));

    // A group: made, written to, renamed, grown.
    let (first, second) = (format!("#{}", TITLES[0]), format!("#{}", TITLES[1]));
    alice.done(&["group", "create", TITLES[0], bobs, carols]);
    alice.done(&["send", &first, TEXTS[2]]);
    for person in [bob, carol] {
        person.until(&["read", &first], TEXTS[2]);
    }
    carol.done(&["requests", "accept", &first]);
    carol.done(&["send", &first, TEXTS[3]]);
    alice.done(&["group", "rename", &first, TITLES[1]]);
    alice.done(&["group", "add", &second, doras]);
    alice.done(&["send", &second, TEXTS[4]]);
    dora.until(&["read", &second], TEXTS[4]);
    dora.done(&["requests", "accept", &second]);

    // A second device, which takes part.
    let slate = somebody("slate", bobs);
    let code = bob.link_code();
    slate.done(&["link", &code.code, "--device-name", DEVICES[4]]);
    code.finished();
    alice.done(&["send", &second, TEXTS[6]]);
    slate.until(&["read", &second], TEXTS[6]);
    slate.done(&["send", &second, TEXTS[5]]);
    for person in [alice, carol, dora] {
        person.until(&["read", &second], TEXTS[5]);
    }
}

fn secrets() -> Secrets {
    let words = TEXTS.iter().chain(&TITLES).chain(&DEVICES).chain(&DISPLAYS).chain([&REACTION]);
    Secrets { words: words.map(|word| (*word).to_owned()).collect(), names: NAMES.map(str::to_owned).to_vec() }
}

fn scan(tape: &[Recorded]) -> Vec<Leak> {
    let lines: Vec<_> = tape.iter().filter_map(Spoken::of).collect();
    leaks(&lines, &secrets())
}

#[test]
fn the_network_sees_no_words_no_names_of_others_and_no_group_on_a_devices_line() {
    let (town, proxy) = town();
    play(&town, &proxy);
    let tape = proxy.tape();
    let lines: Vec<_> = tape.iter().filter_map(Spoken::of).collect();
    let counts = counts(&lines);
    eprintln!(
        "{} lines, {} bytes; {counts:?}",
        lines.len(),
        tape.iter().map(|line| line.up.len() + line.down.len()).sum::<usize>()
    );
    for (kind, least) in [
        ("register", 4),
        ("lookup", 4),
        ("found", 2),
        ("message", 7),
        ("commit", 3),
        ("blob", 1),
        ("keys", 5),
        ("record", 1),
        ("entries", 8),
    ] {
        assert!(counts.get(kind).is_some_and(|count| *count >= least), "{kind}: {counts:?}");
    }
    assert_eq!(leaks(&lines, &secrets()), []);
    drop(lines);
    leaks_are_found(&proxy, &tape);
}

/// The counter-proof: what must not stand on a line is found on it, however it is wrapped.
fn leaks_are_found(proxy: &Proxy, tape: &[Recorded]) {
    let at =
        |door| tape.iter().position(|line| Spoken::of(line).is_some_and(|line| line.door == door && line.who == NAMES[0])).unwrap();
    let (anonymous, device) = (at(Door::Anonymous), at(Door::Device));
    let frame = |request: AnonymousRequest| encode_request(RequestId(77), &Request::Anonymous(request));
    let looks_for =
        |name: &str| Lookup { who: vec![AccountRef::Name(AccountName::parse(name).unwrap())], key_packages: false, seen: None };
    let entry =
        |alias, sealed: &[u8]| encode_push(&Push::Entries(vec![MailboxEntry { seq: Seq(9), alias, sealed: sealed.to_vec() }]));
    let (group, alias, account) = others(tape);
    let up: [(usize, Vec<u8>, &str); 7] = [
        (anonymous, DISPLAYS[1].into(), "the words"),
        (anonymous, TEXTS[3].into(), "the words"),
        (anonymous, hex::encode(TITLES[1]).into(), "the words"),
        (anonymous, "cm9iZXJ0cyBvdGhlciBzbGF0Z".into(), "the words"),
        (anonymous, frame(AnonymousRequest::FetchBlob(FetchBlob { blob: BlobId(account.0), offset: 0 })), "an account"),
        (device, frame(AnonymousRequest::Lookup(looks_for(NAMES[1]))), "not in the contract"),
        (device, encode_request(RequestId(7), &Request::Device(DeviceRequest::DropAlias(vec![alias]))), "an alias of another"),
    ];
    for (place, payload, why) in up {
        let mut tape = tape.to_vec();
        tape[place].up.extend(masked(&payload));
        assert!(scan(&tape).iter().any(|leak| leak.0.contains(why)), "{why} was not found");
    }
    let own = AliasId([7; 16]);
    let down: [(usize, Vec<u8>, &str); 4] = [
        (anonymous, encode_reply(RequestId(3), &Reply::BlobPart(BlobPart { total: 99, bytes: TEXTS[0].into() })), "the words"),
        (device, entry(own, &group.0), "a group's id"),
        (device, entry(own, &account.0), "another account"),
        (device, entry(own, NAMES[0].as_bytes()), "the name"),
    ];
    for (place, payload, why) in down {
        let mut tape = tape.to_vec();
        tape[place].down.extend(fragmented(&payload));
        assert!(scan(&tape).iter().any(|leak| leak.0.contains(why)), "{why} was not found");
    }
    // And over real sockets: somebody says a friend's name aloud.
    let head = "GET /v1/device HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let aloud = frame(AnonymousRequest::Lookup(looks_for(NAMES[2])));
    proxy.say_raw(NAMES[0], &[head.as_bytes(), &masked(&aloud)].concat());
    assert_ne!(scan(&proxy.tape()), []);
}

/// A group, an alias and an account that Alice's device door must not name.
fn others(tape: &[Recorded]) -> (GroupId, AliasId, AccountId) {
    let (mut group, mut alias, mut account) = (None, None, None);
    for line in tape.iter().filter_map(Spoken::of).filter(|line| line.who == NAMES[1]) {
        for bytes in &line.up {
            match decode_request(line.door, bytes).map(|(_, request)| request) {
                Ok(Request::Anonymous(AnonymousRequest::SubmitMessage(submit))) => group = Some(submit.lent.group),
                Ok(Request::Device(DeviceRequest::PublishKeys(publish))) => alias = Some(publish.key_packages[0].alias),
                Ok(Request::Device(DeviceRequest::Authenticate(proof))) => account = Some(proof.account),
                _ => {}
            }
        }
    }
    (group.unwrap(), alias.unwrap(), account.unwrap())
}

#[test]
fn a_private_authority_is_trusted_where_it_was_named_and_nowhere_else() {
    let (town, proxy) = town();
    let address = proxy.port_of("alice");
    let alice = town.person("alice").with_server(&address);
    // Nobody named it.
    assert!(alice.refused(3, &["register", "alice", "--timeout", "3"]).contains("certificate is not trusted"));
    // Another authority was named: the server's own, not the proxy's.
    let alice = alice.who_trusts(&proxy.ca().with_file_name("servers-ca.pem"));
    assert!(alice.refused(3, &["register", "alice", "--timeout", "3"]).contains("certificate is not trusted"));
    let alice = alice.who_trusts(proxy.ca());
    alice.done(&["register", "alice"]);
    // It is remembered with the server.
    let later = town.person("alice").with_server(&address);
    assert!(later.done(&["whoami"]).starts_with("alice on https://"));
    later.done(&["read"]);
}
