//! The program itself: its verbs, its words, its exit codes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use waxseal_wire::frame::Door;
use waxseal_wire::id::{Position, Seq};
use waxseal_wire::reply::{Refusal, Reply};

use super::person::{Connection, Group, Person, found, look_up, take};
use super::program::{Program, admin, folder, http, verb, waxseald};
use super::story::two;

fn words(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn help_teaches() {
    let (_around, folder) = folder();
    let help = waxseald(&folder).arg("--help").env("COLUMNS", "100").output().unwrap();
    insta::assert_snapshot!("help", words(&help.stdout));
    assert_eq!(words(&verb(&folder, &["--version"]).stdout), format!("waxseald {}\n", env!("CARGO_PKG_VERSION")));
    assert!(words(&verb(&folder, &["completions", "bash"]).stdout).contains("_waxseald()"));
    assert!(words(&verb(&folder, &["man"]).stdout).contains(".TH waxseald 1"));
    assert_eq!(verb(&folder, &["bakcup"]).status.code(), Some(2));
}

#[test]
fn init_writes_a_configuration_that_works_and_never_over_another() {
    let (around, folder) = folder();
    assert_eq!(verb(&folder, &["init"]).status.code(), Some(0));
    assert_eq!(verb(&folder, &["init"]).status.code(), Some(4));
    let file = around.path().join("waxseald.toml");
    assert!(fs::read_to_string(&file).unwrap().contains("behind_proxy"));
    let program = Program::start(&folder, &["--config", file.to_str().unwrap()]);
    assert_eq!(program.stop(), Some(0));
    fs::write(&file, "listen = \"here\"").unwrap();
    let refused = verb(&folder, &["run"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(words(&refused.stderr).contains("waxseald.toml"));
}

#[test]
fn plain_http_where_others_could_listen_is_refused_with_a_way_out() {
    let (_around, folder) = folder();
    let refused = verb(&folder, &["run", "--listen", "0.0.0.0:0"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(words(&refused.stderr).contains("behind_proxy = true"));
    assert!(!folder.exists());
}

#[test]
fn it_is_ready_soon_and_stops_when_told_with_code_0() {
    let (_around, folder) = folder();
    // The best of a few: other tests keep the machine busy.
    let ready_in = (0..5).map(|_| {
        let program = Program::start(&folder, &[]);
        let ready_in = program.ready_in;
        assert_eq!(program.stop(), Some(0));
        ready_in
    });
    let best = ready_in.min().unwrap();
    println!("ready after {best:?}");
    assert!(best <= Duration::from_millis(200), "ready after {best:?}");
    let program = Program::start(&folder, &[]);
    program.signal("INT");
    assert_eq!(program.wait(), Some(0));
}

#[test]
fn two_servers_never_share_a_folder() {
    let (_around, folder) = folder();
    let program = Program::start(&folder, &[]);
    let second = verb(&folder, &["run", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(4));
    assert!(words(&second.stderr).contains("in use by another waxseald"));
    assert_eq!(program.stop(), Some(0));
}

#[test]
fn metrics_and_admin_are_behind_the_token_and_not_on_the_public_listener() {
    let (_around, folder) = folder();
    let program = Program::start(&folder, &[]);
    let (address, token) = admin(&folder);
    assert_eq!(http(&address, "GET /metrics HTTP/1.1").0, 401);
    assert_eq!(http(&address, "POST /admin/invite HTTP/1.1").0, 401);
    assert_eq!(http(&address, "GET /metrics HTTP/1.1\r\nAuthorization: Bearer 00").0, 401);
    assert_eq!(http(&program.address, "GET /healthz HTTP/1.1").0, 200);
    let bearer = format!("\r\nAuthorization: Bearer {token}");
    assert_eq!(http(&program.address, &format!("GET /metrics HTTP/1.1{bearer}")).0, 404);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let open = runtime.block_on(async {
        let mut open = Connection::open(&program.address, Door::Anonymous).await;
        open.ask(look_up(&Person::new("nobody").name)).await;
        open
    });
    let (status, numbers) = http(&address, &format!("GET /metrics HTTP/1.1{bearer}"));
    assert_eq!(status, 200);
    assert!(numbers.contains("waxseal_connections{door=\"anonymous\"} 1"), "{numbers}");
    assert!(numbers.contains("waxseal_requests_total{kind=\"lookup\",outcome=\"done\"} 1"), "{numbers}");
    assert!(numbers.contains("waxseal_store_batch_seconds_count"), "{numbers}");
    assert!(!numbers.contains("nobody"));
    drop(open);
    for name in ["admin.token", "admin.address", "waxseald.lock"] {
        assert_eq!(fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_code_lets_as_many_register_as_it_says_whether_the_server_runs_or_not() {
    let (_around, folder) = folder();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let offline = words(&verb(&folder, &["invite"]).stdout).trim().to_owned();
    let program = Program::start(&folder, &["--registration", "invite"]);
    let online = words(&verb(&folder, &["invite", "--uses", "2", "--days", "1"]).stdout).trim().to_owned();
    let register = |name: &str, code: &str| runtime.block_on(Person::new(name).register(&program.address, code));
    assert_eq!(register("alice", ""), Reply::Refused(Refusal::NotAllowed));
    assert_eq!(register("alice", &offline), Reply::Done);
    assert_eq!(register("bob", &offline), Reply::Refused(Refusal::NotAllowed));
    assert_eq!(register("bob", &online), Reply::Done);
    assert_eq!(register("carol", &online), Reply::Done);
    assert_eq!(register("dave", &online), Reply::Refused(Refusal::NotAllowed));
}

#[test]
fn subject_prints_the_same_whether_the_server_runs_or_not() {
    let (_around, folder) = folder();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let program = Program::start(&folder, &[]);
    runtime.block_on(two(&program.address));
    let running = verb(&folder, &["subject", "bob", "--json"]);
    assert_eq!(verb(&folder, &["subject", "nobody"]).status.code(), Some(3));
    assert_eq!(verb(&folder, &["subject", "Bob"]).status.code(), Some(2));
    assert_eq!(program.stop(), Some(0));
    let stopped = verb(&folder, &["subject", "bob", "--json"]);
    let held: serde_json::Value = serde_json::from_slice(&running.stdout).unwrap();
    assert_eq!(held["name"], "bob");
    assert_eq!(held["devices"].as_array().unwrap().len(), 1);
    assert_eq!(held, serde_json::from_slice::<serde_json::Value>(&stopped.stdout).unwrap());
    let page = words(&verb(&folder, &["subject", "bob"]).stdout);
    assert!(page.contains("name: bob") && page.contains("There is nothing more."), "{page}");
    assert_eq!(verb(&folder, &["subject", "nobody"]).status.code(), Some(3));
}

#[test]
fn a_backup_of_a_running_server_brings_everything_back() {
    let (around, folder) = folder();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let copy = around.path().join("copy.waxseal");
    let copy_name = copy.to_str().unwrap();
    let program = Program::start(&folder, &[]);
    let (alice, bob, group) = runtime.block_on(two(&program.address));
    let backup = verb(&folder, &["backup", copy_name]);
    assert_eq!(backup.status.code(), Some(0), "{}", words(&backup.stderr));
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(verb(&folder, &["backup", copy_name]).status.code(), Some(4));
    // What comes after the copy is not in it.
    runtime.block_on(Person::arrive(&program.address, "late"));
    assert_eq!(verb(&folder, &["restore", copy_name]).status.code(), Some(4));
    assert_eq!(program.stop(), Some(0));
    assert_eq!(verb(&folder, &["restore", copy_name]).status.code(), Some(4));

    let restored = verb(&folder, &["restore", copy_name, "--force"]);
    assert_eq!(restored.status.code(), Some(0), "{}", words(&restored.stderr));
    assert!(words(&restored.stdout).contains("What was there is kept in"));
    let program = Program::start(&folder, &[]);
    runtime.block_on(async {
        let mut anonymous = Connection::open(&program.address, Door::Anonymous).await;
        let late = Person::new("late");
        assert!(found(anonymous.ask(look_up(&late.name)).await).chain.is_empty());
        assert_eq!(anonymous.ask(group.message(&alice, b"again")).await, Reply::Accepted(Position(2)));
        let (mut device, session) = bob.connect(&program.address).await;
        assert_eq!(session.head, Seq(3));
        assert_eq!(device.ask(take(Seq(2))).await, Reply::Done);
        assert_eq!(bob.open(&device.entries().await[0]).envelope, b"again");
    });
    assert_eq!(program.stop(), Some(0));
}

#[test]
fn a_damaged_backup_is_refused_and_changes_nothing() {
    let (around, folder) = folder();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let copy = around.path().join("copy.waxseal");
    let program = Program::start(&folder, &[]);
    runtime.block_on(Person::arrive(&program.address, "alice"));
    assert_eq!(program.stop(), Some(0));
    assert_eq!(verb(&folder, &["backup", copy.to_str().unwrap()]).status.code(), Some(0));
    let mut bytes = fs::read(&copy).unwrap();
    for byte in bytes.iter_mut().skip(4096).step_by(97) {
        *byte ^= 0x55;
    }
    fs::write(&copy, bytes).unwrap();
    let refused = verb(&folder, &["restore", copy.to_str().unwrap(), "--force"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(words(&refused.stderr).contains("nothing was changed"));
    assert_eq!(verb(&folder, &["subject", "alice"]).status.code(), Some(0));
    assert_eq!(fs::read_dir(around.path()).unwrap().count(), 3);
}

#[test]
fn the_log_and_the_terminal_name_nobody() {
    let (_around, folder) = folder();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let log = folder.with_extension("log");
    let mut command = waxseald(&folder);
    command.args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--log", "trace", "--log-format", "json"]);
    let mut child = command.stdout(std::process::Stdio::piped()).stderr(fs::File::create(&log).unwrap()).spawn().unwrap();
    let mut greeting = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.as_mut().unwrap()), &mut greeting).unwrap();
    let address = greeting.split("://").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let alice = runtime.block_on(async {
        let (alice, bob, group) = two(&address).await;
        let mut anonymous = Connection::open(&address, Door::Anonymous).await;
        anonymous.ask(group.message(&alice, b"a word that stays between us")).await;
        anonymous.ask(Group::new().message(&bob, b"into a group that is not")).await;
        alice
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let lines = fs::read_to_string(&log).unwrap();
    assert!(lines.lines().count() >= 1);
    for line in lines.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
    for secret in ["alice", "bob", "between us", &hex::encode(alice.account.0), &hex::encode(alice.alias.0), "127.0.0.1:"] {
        assert!(!lines.contains(secret), "{secret} is in the log:\n{lines}");
    }
}
