//! Real terminals talk over a real server.

mod cast;

use cast::Town;

#[test]
fn two_people_register_find_each_other_and_talk() {
    let town = Town::new();
    let (alice, bob) = (town.registered("alice"), town.registered("bob"));
    assert!(alice.done(&["whoami"]).starts_with("alice on http://127.0.0.1:"));
    alice.done(&["send", "bob", "Hello,", "Bob!"]);
    let read = bob.until(&["read"], "alice: Hello, Bob!");
    assert!(read.starts_with("alice ("), "{read}");
    assert!(bob.refused(1, &["send", "alice", "hi"]).contains("accept it first"));
    bob.done(&["requests", "accept", "alice"]);
    bob.done(&["send", "alice", "Hi Alice"]);
    alice.until(&["read", "bob"], "bob: Hi Alice");
    // The same digits on both sides.
    let digits = |text: String| text.lines().skip(1).take(3).map(str::to_owned).collect::<Vec<_>>();
    let (hers, his) = (digits(alice.done(&["verify", "bob"])), digits(bob.done(&["verify", "alice", "--mark"])));
    assert_eq!(hers, his);
    assert_eq!(hers.concat().chars().filter(char::is_ascii_digit).count(), 60);
    assert!(bob.done(&["verify", "alice"]).contains("verified"));
}

#[test]
fn a_display_name_stands_beside_the_name_and_devices_know_each_others() {
    let town = Town::new();
    let (alice, bob) = (town.registered("alice"), town.registered("bob"));
    assert_eq!(bob.done(&["profile"]), "You are bob, without a display name.\n");
    assert_eq!(bob.done(&["profile", "--name", "Bob Builder"]), "You are bob “Bob Builder”.\n");
    assert!(bob.done(&["whoami"]).starts_with("bob “Bob Builder” on "));
    assert!(bob.done(&["whoami", "--json"]).contains(r#""display_name":"Bob Builder""#));
    assert!(bob.refused(1, &["profile", "--name", "two\nlines"]).contains("one line"));
    bob.done(&["send", "alice", "hello"]);
    alice.until(&["requests"], "bob “Bob Builder”: hello");
    alice.done(&["requests", "accept", "bob"]);
    assert!(alice.done(&["chats"]).contains("bob “Bob Builder”"));
    assert!(alice.done(&["read", "bob", "--json"]).contains(r#""from_display_name":"Bob Builder""#));
    alice.done(&["group", "create", "Club", "bob"]);
    assert!(alice.done(&["group", "members", "#Club"]).contains("  bob “Bob Builder”\n"));
    // Alice has not answered: Bob is told nothing of her before she does, and something after.
    alice.done(&["profile", "--name", "Alice Example"]);
    assert!(!bob.done(&["chats"]).contains("Alice"));
    alice.done(&["send", "bob", "hello yourself"]);
    bob.until(&["chats"], "alice\n");
    bob.until(&["read", "alice"], "hello yourself");
    assert!(bob.done(&["chats"]).contains("alice “Alice Example”"));
    // A second device: each learns what the other is called.
    let tablet = town.person("tablet");
    let code = bob.link_code();
    tablet.done(&["link", &code.code, "--device-name", "tablet of bob"]);
    code.finished();
    let both = [&bob, &tablet];
    let untold = || both.iter().any(|device| device.done(&["devices"]).contains("name not told"));
    let told = (0..100).any(|_| {
        both.iter().for_each(|device| drop(device.done(&["read"])));
        !untold()
    });
    assert!(told && bob.done(&["devices"]).contains("tablet of bob"), "{}", tablet.done(&["devices"]));
    assert!(tablet.done(&["whoami"]).starts_with("bob “Bob Builder” on "));
}

#[test]
fn a_receipt_tells_how_far_a_message_came() {
    let town = Town::new();
    let (alice, bob) = (town.registered("alice"), town.registered("bob"));
    bob.done(&["send", "alice", "are you there?"]);
    alice.until(&["read", "bob"], "are you there?");
    alice.done(&["requests", "accept", "bob"]);
    let mut listening = bob.listen();
    listening.hear("ready", |_| true);
    let mut reading = alice.listen();
    // Alice's client marks as read what it prints, and says so a moment later.
    reading.hear("message", |event| event["text"] == "are you there?");
    listening.hear("changed", |event| event["text"] == "are you there?" && event["state"] == "read");
}

#[test]
fn a_bot_needs_nothing_but_lines_of_json() {
    let town = Town::new();
    let (alice, bot) = (town.registered("alice"), town.registered("echo-bot"));
    let mut bot = bot.listen();
    bot.hear("ready", |event| event["name"] == "echo-bot");
    alice.done(&["send", "echo-bot", "say \u{1b}[2J it"]);
    let asked = bot.hear("request", |_| true);
    assert_eq!(asked["title"], "alice");
    bot.order(r#"{"id":"a","accept":{"chat":"alice"}}"#);
    let said = bot.hear("message", |event| event["kind"] == "text");
    assert_eq!(said["text"], "say \u{1b}[2J it", "the text is exact");
    bot.hear("done", |event| event["id"] == "a");
    bot.order(&format!(r#"{{"id":2,"send":{{"to":"alice","text":"it","reply_to":{}}}}}"#, said["message"]));
    let done = bot.hear("done", |event| event["id"] == 2);
    bot.hear("changed", |event| event["message"] == done["message"] && event["state"] == "sent");
    alice.until(&["read", "echo-bot"], "echo-bot (to you: “say ␛[2J it”): it");
    bot.order(r#"{"id":3,"send":{"to":"nobody-here","text":"hm"}}"#);
    assert!(bot.hear("error", |event| event["id"] == 3)["error"].as_str().is_some_and(|error| error.contains("nobody")));
    bot.order("not json");
    bot.hear("error", |event| event["id"].is_null());
    // Another process of the same profile is told to wait its turn.
    let second = town.person("echo-bot").refused(4, &["whoami"]);
    assert!(second.contains("in use"), "{second}");
}

#[test]
fn a_group_is_made_renamed_and_left() {
    let town = Town::new();
    let (alice, bob, carol) = (town.registered("alice"), town.registered("bob"), town.registered("carol"));
    alice.done(&["group", "create", "Book club", "bob", "carol"]);
    alice.done(&["send", "#Book club", "Chapter 4 is up"]);
    for person in [&bob, &carol] {
        person.until(&["read", "#Book club"], "alice: Chapter 4 is up");
        person.done(&["requests", "accept", "#Book club"]);
    }
    assert!(bob.refused(1, &["group", "rename", "#Book club", "Mine"]).contains("admin"));
    alice.done(&["group", "rename", "#Book club", "Films"]);
    carol.done(&["send", "#Films", "Popcorn!"]);
    bob.until(&["read", "#Films"], "carol: Popcorn!");
    carol.done(&["group", "leave", "#Films"]);
    // The next member who is online completes it.
    alice.until(&["read", "#Films", "--limit", "50"], "carol left");
    let mut staying = alice.listen();
    staying.hear("ready", |_| true);
    staying.order(r#"{"chats":{}}"#);
    staying.hear("chat", |event| event["title"] == "Films" && event["members"] == 2);
    drop(staying);
    let members = alice.done(&["group", "members", "#Films"]);
    assert!(members.contains("bob") && !members.contains("carol"), "{members}");
    assert!(alice.refused(1, &["group", "leave", "#Films"]).contains("admin"), "the last admin stays");
    // Whoever deletes their account has left, and is not in the list of members for ever.
    bob.done(&["close-account", "bob", "--yes"]);
    let mut staying = alice.listen();
    staying.hear("ready", |_| true);
    staying.hear("chat", |event| event["title"] == "Films" && event["members"] == 1);
    drop(staying);
    assert!(alice.done(&["read", "#Films", "--limit", "50"]).contains("bob left"));
}

#[test]
fn what_is_written_offline_waits_and_goes_later() {
    let mut town = Town::new();
    let (alice, bob, dora) = (town.registered("alice"), town.registered("bob"), town.registered("dora"));
    alice.done(&["send", "bob", "one"]);
    town.server.stop();
    assert!(alice.refused(3, &["send", "bob", "two"]).contains("waits in the outbox"));
    alice.done(&["send", "bob", "three", "--queue", "--timeout", "2"]);
    // To a name that nobody here knows: there is a chat at once, and the words wait in it.
    assert!(alice.refused(3, &["send", "carol", "hi, Carol", "--timeout", "2"]).contains("waits in the outbox"));
    alice.done(&["send", "carol", "are you new?", "--queue", "--timeout", "2"]);
    assert!(alice.done(&["chats"]).contains("carol  (being set up)"));
    alice.done(&["send", "nobody-at-all", "hello?", "--queue", "--timeout", "2"]);
    // A bot's words wait too; it hears where they went, and that nobody was there and what can be done.
    let (mut bot, mut other) = (bob.listen(), dora.listen());
    bot.order(r#"{"id":1,"send":{"to":"nobody-else","text":"anybody?"}}"#);
    let lost = bot.hear("done", |event| event["id"] == 1);
    other.order(r#"{"id":1,"send":{"to":"alice","text":"dora here"}}"#);
    let begun = other.hear("done", |event| event["id"] == 1);
    town.server.start_again();
    let error = bot.hear("error", |event| event["name"] == "nobody-else");
    assert_eq!((error["code"].as_str(), &error["chat"]), (Some("no_such_account"), &lost["chat"]), "{error}");
    assert!(error["error"].as_str().is_some_and(|error| error.contains("is kept") && error.contains("right name")), "{error}");
    bot.hear("changed", |event| event["message"] == lost["message"] && event["state"] == "failed");
    let moved = other.hear("moved", |event| event["from"] == begun["chat"]);
    other.hear("changed", |event| {
        event["message"] == begun["message"] && event["chat"] == moved["chat"] && event["state"] == "sent"
    });
    drop((bot, other));
    let carol = town.registered("carol");
    alice.done(&["send", "bob", "four"]);
    alice.until(&["read", "carol", "--json"], r#""state":"sent""#);
    let read = carol.until(&["read", "alice", "--peek"], "are you new?");
    assert!(read.contains("hi, Carol"), "{read}");
    // Nobody's: said where it was written, and kept.
    alice.until(&["search", "hello", "--json"], r#""state":"failed""#);
    let read = bob.until(&["read", "alice", "--peek"], "four");
    let order: Vec<_> = ["one", "two", "three", "four"].map(|word| read.find(word)).to_vec();
    assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{read}");
}

#[test]
fn a_second_device_joins_by_a_code_and_takes_part() {
    let town = Town::new();
    let (alice, bob) = (town.registered("alice"), town.registered("bob"));
    alice.done(&["send", "bob", "from the laptop"]);
    bob.until(&["read", "alice"], "from the laptop");
    bob.done(&["requests", "accept", "alice"]);
    let tablet = town.person("tablet");
    let code = alice.link_code();
    tablet.done(&["link", &code.code]);
    code.finished();
    bob.done(&["send", "alice", "to every device"]);
    tablet.until(&["read", "bob"], "bob: to every device");
    alice.until(&["read", "bob"], "bob: to every device");
    tablet.done(&["send", "bob", "from the tablet"]);
    bob.until(&["read", "alice"], "alice: from the tablet");
    assert_eq!(alice.done(&["devices"]).lines().count(), 2);
}

#[test]
fn every_refusal_has_its_exit_code() {
    let town = Town::new();
    let alice = town.registered("alice");
    assert!(alice.refused(2, &["send", "Alice B", "hi"]).contains("not a name"));
    assert!(alice.refused(1, &["send", "nobody", "hi"]).contains("nobody on this server"));
    assert!(alice.refused(1, &["register", "alice2"]).contains("already"));
    assert!(town.person("second").refused(1, &["register", "alice"]).contains("choose another"));
    assert!(town.person("empty").refused(4, &["whoami"]).contains("register"));
    assert!(alice.with_server("http://chat.example.org").refused(2, &["read"]).contains("https"));
    assert!(town.person("a/b").refused(2, &["whoami"]).contains("profile"));
}

#[test]
fn own_messages_are_exported_as_json() {
    let town = Town::new();
    let (alice, _bob) = (town.registered("alice"), town.registered("bob"));
    for n in 0..3 {
        alice.done(&["send", "bob", &format!("message {n}")]);
    }
    let exported = alice.done(&["export", "--chat", "bob"]);
    let texts: Vec<_> = exported
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|message| message["kind"] == "text")
        .map(|message| message["text"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(texts, ["message 0", "message 1", "message 2"]);
}

#[test]
fn what_was_mistyped_is_repeated_without_its_escape_sequences() {
    let town = Town::new();
    let alice = town.person("alice");
    for words in [["sh\u{1b}[2Jout", "x"], ["read", "--l\u{202e}imit"]] {
        let said = alice.refused(2, &words);
        assert!(said.contains("error: un") && !said.contains(['\u{1b}', '\u{202e}']), "{said:?}");
    }
}
