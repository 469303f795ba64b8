//! Two operators witness each other, and a person asks for it: real servers, a real terminal.

mod cast;

use cast::Town;

const KEY: &str = "witness.example/nobody+";

#[test]
fn a_person_asks_for_a_witness_and_nobody_new_is_believed_without() {
    let mut town = Town::new();
    let other = Town::configured(tempfile::tempdir().unwrap(), &format!("witnesses = [{:?}]\n", town.server.witness_line()));
    town.server.configure(&format!("witnesses = [{:?}]\n", other.server.witness_line()));
    let key = other.server.witness_line().split(' ').nth(1).unwrap().to_owned();
    let (alice, bob) = (town.registered("alice"), town.registered("bob"));
    let shown = alice.done(&["witnesses"]);
    assert!(shown.starts_with("No witness is asked for"), "{shown}");
    assert!(shown.contains(&key), "the server says whom it uses: {shown}");

    let complained = alice.refused(1, &["witnesses", "add", KEY]);
    assert!(complained.contains("verifier key"), "{complained}");
    assert!(alice.refused(1, &["witnesses", "need", "1"]).contains("at least as many"));
    assert!(alice.done(&["witnesses", "add", &key]).starts_with("One witness is asked for"));
    let vouched = alice.until(&["witnesses"], "1 of them vouch for the directory");
    assert!(vouched.contains("  signed "), "{vouched}");
    assert!(!vouched.contains("also witnessed"), "it is the one that was chosen: {vouched}");
    alice.done(&["send", "bob", "hello"]);
    bob.until(&["requests"], "alice: hello");

    // Somebody who is no witness of this server's: nobody new is believed, and nothing is lost.
    let stranger = Town::new();
    let its_key = stranger.server.witness_line().split(' ').nth(1).unwrap().to_owned();
    alice.done(&["witnesses", "add", &its_key]);
    assert!(alice.done(&["witnesses", "need", "2"]).starts_with("2 of 2 witnesses"));
    let carol = town.registered("carol");
    let complained = alice.refused(1, &["--timeout", "60", "send", "carol", "and you?"]);
    assert!(complained.contains("1 of 2 witnesses") && complained.contains("waxseal witnesses"), "{complained}");
    let shown = alice.run(&["--timeout", "3", "witnesses"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("1 of them vouch: too few"), "{shown}");
    assert!(shown.contains("has not signed anything that fits"), "{shown}");
    assert!(carol.done(&["requests"]).lines().all(|line| !line.contains("alice")));
    // Whom she knows she talks to as ever.
    alice.done(&["send", "bob", "still here"]);
    bob.until(&["requests"], "still here");

    let name = its_key.split('+').next().unwrap();
    alice.refused(1, &["witnesses", "remove", "somebody"]);
    assert!(alice.done(&["witnesses", "remove", name]).starts_with("One witness"));
    alice.done(&["send", "carol", "and you?"]);
    carol.until(&["requests"], "alice: and you?");
    assert!(alice.done(&["witnesses", "need", "0"]).starts_with("No witness is asked for"));
}
