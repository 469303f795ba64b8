//! A real terminal: the full-screen client as a person finds it, keys in, a picture out.

mod cast;

use cast::Town;
use cast::terminal::Terminal;

#[test]
fn a_newcomer_gets_from_nothing_to_a_conversation_without_leaving_the_screen() {
    let town = Town::new();
    let _bob = town.registered("bob");
    let waxseal = town.waxseal("newcomer", &["--server", "http://127.0.0.1:9"]);
    let mut terminal = Terminal::open(80, 24, &waxseal);
    terminal.sees("A passphrase guards your messages here");
    terminal.types("correct horse\n");
    terminal.types("correct horse\n");
    terminal.sees("Choose a name");
    terminal.sees("○ offline · again in");
    // The address was wrong, which is said before anything is claimed; the keyboard goes where it can be mended.
    terminal.types("alice\n");
    terminal.sees("The server is not reached");
    for _ in 0.."http://127.0.0.1:9".len() {
        terminal.keys(&["BSpace"]);
    }
    terminal.types(&town.address());
    terminal.types("\n");
    terminal.sees("You are alice");
    terminal.types("n");
    terminal.sees("whom to write to");
    terminal.types("bob\n");
    terminal.sees("being set up");
    terminal.types("Hello, Bob!\n");
    terminal.sees("Hello, Bob! ✓");
    terminal.types("and anoth");
    terminal.keys(&["C-q"]);
    terminal.ends();
    // Locked now; what was being written is there again.
    let waxseal = town.waxseal("newcomer", &[]);
    let mut terminal = Terminal::open(80, 24, &waxseal);
    terminal.sees("Waxseal is locked");
    terminal.types("incorrect horse\n");
    terminal.sees("That is not the passphrase");
    terminal.types("correct horse\n");
    terminal.sees("draft: and anoth");
    terminal.keys(&["Enter"]);
    terminal.sees("› and anoth");
    terminal.types("er thing\n");
    terminal.sees("and another thing ✓");
}

#[test]
fn the_screen_survives_what_happens_to_terminals_and_servers() {
    let mut town = Town::new();
    let (alice, bob) = (town.registered("alice"), town.registered("bob"));
    alice.done(&["send", "bob", "first"]);
    bob.until(&["read", "alice"], "first");
    bob.done(&["requests", "accept", "alice"]);
    let mut terminal = Terminal::open(80, 24, "bash --norc -i");
    terminal.types(&format!("PS1='shell> '; {} --key-file {}\n", town.waxseal("alice", &[]), town.key("alice")));
    terminal.sees("● connected");
    terminal.keys(&["Enter"]);
    terminal.types("half a sent");
    // Another size after another, while somebody writes: nothing is lost, nothing is left over.
    for columns in [40, 79, 41, 120, 50, 200, 64, 63, 100, 80] {
        terminal.resize(columns, 12 + columns / 8);
    }
    terminal.resize(40, 12);
    terminal.sees("half a sent");
    terminal.resize(30, 8);
    terminal.sees("needs 40 × 10");
    terminal.resize(80, 24);
    terminal.sees("half a sent");
    // To the shell and back.
    terminal.keys(&["C-z"]);
    terminal.sees("shell> ");
    terminal.types("echo in the sh''ell; fg\n");
    terminal.sees("half a sent");
    terminal.sees("● connected");
    // The server goes and comes.
    town.server.stop();
    terminal.sees("○ offline · again in");
    terminal.types("ence\n");
    terminal.sees("half a sentence …");
    terminal.sees("1 waiting");
    terminal.keys(&["C-q"]);
    terminal.sees("One thing waits for the server");
    terminal.types("n");
    town.server.start_again();
    terminal.keys(&["C-l"]);
    terminal.sees("● connected");
    terminal.sees("half a sentence ✓");
    // The terminal is closed under it: it ends by itself, and lets go of the profile.
    drop(terminal);
    alice.at_last(&["read", "bob"], "half a sentence");
}

#[test]
fn a_plain_terminal_is_told_of_the_plain_way() {
    let town = Town::new();
    let (_alice, bob) = (town.registered("alice"), town.registered("bob"));
    let mut terminal = Terminal::open(80, 24, "bash --norc -i");
    let waxseal = format!("{} --key-file {}", town.waxseal("alice", &[]), town.key("alice"));
    terminal.types(&format!("TERM=dumb {waxseal}\n"));
    terminal.sees("waxseal talk NAME");
    terminal.types(&format!("clear; TERM=dumb {waxseal} talk bob\n"));
    terminal.sees("This is bob");
    terminal.types("Hello, Bob!\n");
    bob.until(&["read", "alice"], "Hello, Bob!");
    bob.done(&["requests", "accept", "alice"]);
    bob.done(&["send", "alice", "Hello\u{1b}[2J, Alice!"]);
    terminal.sees("bob: Hello␛[2J, Alice!");
    terminal.types("/members\n");
    terminal.sees("you, bob");
    terminal.types("/quit\n");
    terminal.sees("bash-");
    terminal.types("echo the sh''ell\n");
    terminal.sees("the shell");
}

#[test]
fn what_cannot_be_taken_back_is_asked_first() {
    let town = Town::new();
    let (alice, _bob) = (town.registered("alice"), town.registered("bob"));
    alice.done(&["group", "create", "Book club", "bob"]);
    alice.done(&["send", "bob", "hello"]);
    let mut terminal = Terminal::open(80, 24, "bash --norc -i");
    let waxseal = format!("{} --key-file {}", town.waxseal("alice", &[]), town.key("alice"));
    terminal.types(&format!("clear; {waxseal} group remove '#Book club' bob\n"));
    terminal.sees("Remove bob from #Book club? [y/N]");
    terminal.types("\n");
    terminal.sees("nothing was changed");
    assert!(alice.done(&["group", "members", "#Book club"]).contains("bob"));
    terminal.types(&format!("clear; {waxseal} forget bob\n"));
    terminal.sees("It cannot be brought back. [y/N]");
    terminal.types("y\n");
    terminal.sees("Deleted from this device");
    terminal.types(&format!("clear; {waxseal} close-account alice\n"));
    terminal.sees("There is no way back. [y/N]");
    terminal.types("y\n");
    terminal.sees("is deleted, here and on the server");
    assert!(alice.refused(4, &["whoami"]).contains("register"));
}
