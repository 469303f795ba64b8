//! What an honest log looks like: the real server, its kills and its restore, and an auditor that is killed.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::liar::{Liar, Shows};
use super::log::Log;
use super::person::Person;
use super::program::{Auditor, Server, waxseald};

#[test]
fn the_real_server_is_followed_through_more_epochs_and_a_restore() {
    let around = tempfile::tempdir().unwrap();
    let (folder, copy) = (around.path().join("data"), around.path().join("copy.waxseal"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = Server::start(&folder);
    let auditor = Auditor::of(&server.url());
    let said = auditor.holds();
    assert!(said.contains("pinned waxseal/"), "{said}");
    for name in ["alice", "bob", "carol"] {
        runtime.block_on(Person::arrive(&server.address, name));
    }
    let said = auditor.holds();
    assert!(!said.contains("pinned") && said.contains("3 of them new"), "{said}");
    assert!(auditor.holds().contains("0 of them new"));
    let backup = Command::new(waxseald()).args(["backup"]).arg(&copy).arg("--folder").arg(&folder).status().unwrap();
    assert!(backup.success());
    runtime.block_on(Person::arrive(&server.address, "late"));
    auditor.holds();
    let address = server.address.clone();
    drop(server);

    // Nobody answers: that is no lie.
    let run = auditor.once();
    assert_eq!((run.code, run.err.contains("nothing can be said now")), (2, true), "{run:?}");

    let restore = Command::new(waxseald()).args(["restore", "--force"]).arg(&copy).arg("--folder").arg(&folder).output().unwrap();
    assert!(restore.status.success(), "{restore:?}");
    let server = Server::start_at(&folder, &address);
    let run = auditor.once();
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.err.contains("ANOTHER LOG: waxseal/") && run.err.contains("TAKEN BACK"), "{run:?}");
    runtime.block_on(Person::arrive(&server.address, "later"));
    assert!(auditor.holds().contains("new; root"));
}

#[test]
fn an_auditor_that_is_killed_goes_on_from_where_it_was() {
    let log = Log::new(1, 300);
    let liar = Liar::new(Shows { pause: Duration::from_millis(4), ..Shows::of(&log, &log.head(5)) });
    let auditor = Auditor::of(&liar.url);
    let (mut kills, mut furthest) = (0, 0);
    loop {
        liar.asked();
        let mut child = auditor.following(&["--once"]).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(500 + 37 * kills));
        let done = child.try_wait().unwrap();
        child.kill().ok();
        child.wait().unwrap();
        let steps: Vec<u64> =
            liar.asked().iter().filter_map(|path| path.strip_prefix("/log/step/")?.split('?').next()?.parse().ok()).collect();
        if let Some(first) = steps.first() {
            // It lost less than it keeps at once, and asks for nothing that it has kept.
            assert!(*first + 64 > furthest && *first <= furthest + 1, "{first} after {furthest}");
        }
        furthest = furthest.max(steps.last().copied().unwrap_or(0));
        if done.is_some() {
            break;
        }
        kills += 1;
        assert!(kills < 100);
    }
    assert!(kills > 1, "nobody was killed");
    assert_eq!(furthest, 300);
    assert!(auditor.holds().contains("good: 300 epochs"));
}

#[test]
fn full_and_partial_tiles_lead_to_the_same_tree() {
    let mut log = Log::new(1, 255);
    let liar = Liar::honest(&log, 5);
    let auditor = Auditor::of(&liar.url);
    auditor.holds();
    for minutes in 6..9 {
        log.grow(minutes);
        liar.show(Shows::of(&log, &log.head(minutes)));
        assert!(auditor.holds().contains("1 of them new"));
    }
    assert!(Auditor::of(&liar.url).holds().contains("good: 258 epochs, 258 of them new"));
    // The same tree, signed again later.
    liar.show(Shows::of(&log, &log.head(60)));
    assert!(auditor.holds().contains("0 of them new"));
}

#[test]
fn a_head_of_tomorrow_or_of_last_week_is_no_lie() {
    let log = Log::new(1, 3);
    let liar = Liar::new(Shows::of(&log, &log.head(600 + 25 * 60)));
    let auditor = Auditor::of(&liar.url);
    let run = auditor.once();
    assert_eq!((run.code, run.err.contains("clocks")), (2, true), "{run:?}");
    let old = Log::begun(1, 3, super::log::now() - 7 * 24 * 60 * super::log::MINUTE);
    liar.show(Shows::of(&old, &old.head(1)));
    let run = auditor.once();
    assert_eq!((run.code, run.err.contains("OLD")), (0, true), "{run:?}");
}

#[test]
fn states_of_other_servers_and_other_keys_are_refused() {
    let log = Log::new(1, 3);
    let (liar, other) = (Liar::honest(&log, 5), Liar::honest(&log, 5));
    let auditor = Auditor::of(&liar.url);
    let key = hex::encode(log.keys().to_bytes());
    assert_eq!(auditor.once_with(&["--log-key", &key]).code, 0);
    assert_eq!(auditor.once_with(&["--log-key", &hex::encode(Log::new(2, 1).keys().to_bytes())]).code, 3);
    assert_eq!(auditor.run(&["follow", &other.url, "--state", "state", "--once"]).code, 3);
    // Whoever says the keys is not shown others.
    let demanding = Auditor::of(&liar.url);
    assert_eq!(demanding.once_with(&["--log-key", &hex::encode(Log::new(2, 1).keys().to_bytes())]).code, 1);
    for words in [&["follow"][..], &["follow", "chat.example"], &["follow", "http://chat.example", "--once"], &["check", "nothing"]]
    {
        assert_eq!(auditor.run(words).code, 3, "{words:?}");
    }
    assert_eq!(auditor.run(&["--help"]).code, 0);
}

#[test]
fn a_server_with_a_certificate_is_audited_by_tls_alone() {
    let around = tempfile::tempdir().unwrap();
    let at = |name: &str| around.path().join(name).to_str().unwrap().to_owned();
    let certify = |name: &str| {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(at(name), made.cert.pem()).unwrap();
        std::fs::write(at("key.pem"), made.signing_key.serialize_pem()).unwrap();
    };
    certify("another.pem");
    certify("chain.pem");
    let config = format!("[tls]\ncertificate = {:?}\nkey = {:?}\n", at("chain.pem"), at("key.pem"));
    std::fs::write(at("waxseald.toml"), config).unwrap();
    let server = Server::start(&around.path().join("data"));
    let port = server.address.rsplit_once(':').unwrap().1;
    let auditor = Auditor::of(&format!("https://localhost:{port}"));
    for words in [&[][..], &["--ca", &at("another.pem")]] {
        let run = auditor.once_with(words);
        assert_eq!((run.code, run.err.contains("certificate is not trusted")), (2, true), "{run:?}");
    }
    assert_eq!(auditor.once_with(&["--ca", &at("key.pem")]).code, 3, "no certificate in it");
    let run = auditor.once_with(&["--ca", &at("chain.pem")]);
    assert_eq!((run.code, run.out.contains("good: ")), (0, true), "{run:?}");
    assert_eq!(Auditor::of(&format!("http://localhost:{port}")).once().code, 2);
}
