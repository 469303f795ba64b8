//! What a contact's new device looks like at a terminal, and words that wait until it was looked at.

mod cast;

use cast::Town;

#[test]
fn a_new_device_is_told_with_its_name_and_day_and_words_wait_for_a_look() {
    let town = Town::new();
    let (alice, bob) = (town.registered("alice"), town.registered("bob"));
    alice.done(&["send", "bob", "hello"]);
    bob.until(&["requests"], "alice: hello");
    bob.done(&["requests", "accept", "alice"]);
    bob.done(&["send", "alice", "hello yourself"]);
    alice.until(&["read", "bob"], "hello yourself");
    assert!(alice.done(&["settings"]).contains("require-verification  off"));
    assert!(alice.done(&["settings", "--require-verification", "on"]).contains("require-verification  on"));
    alice.done(&["send", "bob", "what is known is right"]);

    let tablet = town.person("tablet");
    let code = bob.link_code();
    tablet.done(&["link", &code.code, "--device-name", "Tablet"]);
    code.finished();
    // The old device brings the new one into its chats, and hears what it is called; `devices` itself asks nobody.
    cast::until("the old device hears what the new one is called", || {
        bob.done(&["read", "alice"]);
        // A device says what it is called once it is in the chats: it has to be running for that.
        tablet.run(&["read", "alice"]);
        bob.done(&["devices"]).contains("Tablet")
    });
    alice.until(&["read", "bob", "--limit", "50"], "bob added a device, on ");
    let complained = alice.refused(3, &["send", "bob", "for bob alone"]);
    assert!(complained.contains("waxseal verify bob --go-on"), "{complained}");
    bob.done(&["send", "alice", "I have a tablet now"]);
    alice.until(&["read", "bob", "--limit", "50"], "bob added a device, “Tablet”, on ");
    assert!(alice.done(&["read", "bob", "--limit", "50", "--json"]).contains(r#""devices":[{"name":"Tablet","at_ms":"#));
    assert!(!bob.done(&["read", "alice", "--limit", "50"]).contains("for bob alone"));

    assert!(alice.done(&["verify", "bob", "--go-on"]).contains("Words that waited"));
    bob.until(&["read", "alice", "--limit", "50"], "for bob alone");
    alice.done(&["send", "bob", "and this at once"]);
    assert!(alice.refused(1, &["verify", "bob", "--new-identity"]).contains("so already"));
    assert!(alice.refused(1, &["verify", "nobody", "--go-on"]).contains("nobody"));
}
