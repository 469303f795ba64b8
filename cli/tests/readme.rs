//! What the pages show is what the programs do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up should stop with the reason")]

mod cast;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use cast::Town;

/// What stands between two equal marks of a page.
fn marked<'a>(page: &'a str, mark: &str) -> &'a str {
    let mark = format!("<!-- {mark} -->");
    page.split(mark.as_str()).nth(1).unwrap_or_else(|| panic!("no {mark}")).trim()
}

/// What differs from run to run, left out: numbers and ids, the day, how far a receipt came meanwhile.
fn without_chance(text: &str) -> String {
    let word = |word: &str| {
        let id = word.strip_prefix("id:").unwrap_or(word).trim_end_matches('.');
        if id.len() == 8 && id.chars().all(|c| c.is_ascii_hexdigit()) {
            return word.replace(id, "0");
        }
        let mut short = String::new();
        for c in word.chars() {
            match c {
                '0'..='9' if short.ends_with('0') => {}
                '0'..='9' => short.push('0'),
                other => short.push(other),
            }
        }
        short
    };
    let line = |line: &str| {
        let words: Vec<_> = line.split(' ').map(word).collect();
        let line = words.join(" ").replace("[delivered]", "[sent]").replace("[read]", "[sent]");
        if line.starts_with("── ") { "── a day ──".to_owned() } else { line }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Runs one line of a shell where `waxseal` is a program, in a home of its own.
fn typed(town: &Town, line: &str) -> String {
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).env_clear().envs(town.environment()).stdin(Stdio::null());
    let output = shell.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{line}: {}\n{said}", output.status);
    said
}

#[test]
fn the_readme_shows_what_the_programs_print() {
    let page = include_str!("../../README.md");
    let shown = marked(page, "transcript").trim_start_matches("```console\n").trim_end_matches("```").trim();
    let town = Town::new();
    let mut printed = String::new();
    for line in shown.lines() {
        if let Some(typed_line) = line.strip_prefix("$ ") {
            printed += &format!("{line}\n");
            printed += &typed(&town, typed_line);
        } else if line.is_empty() {
            printed.push('\n');
        }
    }
    assert!(
        without_chance(shown) == without_chance(printed.trim()),
        "README.md is out of date. What the programs print now:\n\n{printed}\n(as compared: {})",
        without_chance(printed.trim())
    );
}

#[test]
fn the_bot_of_the_page_echoes() {
    let page = include_str!("../../docs/bots.md");
    let bot = marked(page, "bot").trim_start_matches("```python\n").trim_end_matches("```");
    assert!(bot.lines().count() <= 26, "a bot is short");
    let town = Town::new();
    let (alice, _bot) = (town.registered("alice"), town.registered("echo"));
    let mut python = Command::new("python3");
    python.arg("-").env_clear().envs(town.environment()).env("WAXSEAL_PROFILE", "echo").env("WAXSEAL_KEY_FILE", town.key("echo"));
    let running = python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut running = running.unwrap_or_else(|error| panic!("python3: {error}; `make ready` installs it"));
    running.stdin.take().unwrap().write_all(bot.as_bytes()).unwrap();
    let mut listening = alice.listen();
    listening.hear("ready", |_| true);
    listening.order(r#"{"id":1,"send":{"to":"echo","text":"Is anybody there?"}}"#);
    let said = listening.hear("done", |event| event["id"] == 1)["message"].clone();
    let back = listening.hear("message", |event| event["from"] == "echo" && event["own"] == false);
    assert_eq!((&back["text"], &back["reply_to"]), (&"Is anybody there?".into(), &said));
    // What alice's client printed it marked as read; the bot sees that, and says so with an emoji.
    listening.hear("changed", |event| event["message"] == back["message"] && event["reactions"][0]["emoji"] == "👀");
    // What is refused is said, with a word for programs.
    listening.order(r#"{"id":2,"send":{"to":"nobody-here","text":"hm"}}"#);
    let refused = listening.hear("error", |event| event["id"] == 2);
    assert_eq!((refused["code"].as_str(), refused["name"].as_str()), (Some("no_such_account"), Some("nobody-here")));
    running.kill().unwrap();
    running.wait().unwrap();
    let complaints: Vec<_> = BufReader::new(running.stdout.take().unwrap()).lines().map_while(Result::ok).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
}
