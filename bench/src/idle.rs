//! What a connection costs in memory while nothing happens.

use std::path::Path;
use std::time::Duration;

use waxseal_wire::frame::Door;

use crate::door::Open;
use crate::failure::Failure;
use crate::page::{Section, Verdict, number};
use crate::person::Person;
use crate::program::{Memory, Program};

/// The first ones pay for what all share.
const WARM: usize = 20;
/// Whatever was under way is over then.
const REST: Duration = Duration::from_millis(500);

/// Opens many connections of both kinds and compares.
pub(crate) async fn measure(waxseald: &Path, quick: bool) -> Result<Section, Failure> {
    let each = if quick { 20 } else { 500 };
    let folder = tempfile::tempdir().map_err(|error| Failure::Disk("a folder", error))?;
    // Registering leaves caches behind; a server that starts anew has none.
    let first = Program::start(waxseald, folder.path())?;
    let people = Person::arrive_all(&first.address, "idle", each + WARM).await?;
    drop(first);
    let program = Program::start(waxseald, folder.path())?;
    let start = program.memory()?;
    let (warm, people) = people.split_at(WARM.min(people.len()));
    let mut doors = Vec::new();
    for person in warm {
        doors.push(person.listen(&program.address).await?);
        doors.push(Open::new(&program.address, Door::Anonymous).await?);
    }
    let nobody = rest(&program).await?;
    for _ in 0..each {
        doors.push(Open::new(&program.address, Door::Anonymous).await?);
    }
    let anonymous = rest(&program).await?;
    for person in people {
        doors.push(person.listen(&program.address).await?);
    }
    let proven = rest(&program).await?;
    let row = |what: &str, from: Memory, to: Memory, connections: usize| {
        let per = |from: u64, to: u64| to.saturating_sub(from) as f64 / connections as f64;
        vec![what.into(), connections.to_string(), number(per(from.rss, to.rss)), number(per(from.pss, to.pss))]
    };
    let whole = proven.pss.saturating_sub(nobody.pss) as f64 / (2 * each) as f64;
    Ok(Section {
        title: "Memory of idle connections",
        text: format!(
            "Of the server process, from `smaps_rollup`, after {WARM} connections of each kind that are not counted. A proven device \
             has shown who it is and waits for its mailbox. Without TLS; the kernel's socket buffers are not in it. The server holds \
             {} MiB PSS when it has just started, {} MiB with all of them.",
            number(start.pss as f64 / 1024.0),
            number(proven.pss as f64 / 1024.0)
        ),
        head: vec!["connections", "number", "KiB RSS each", "KiB PSS each"],
        rows: vec![
            row("anonymous", nobody, anonymous, each),
            row("proven devices", anonymous, proven, each),
            row("both together", nobody, proven, 2 * each),
        ],
        verdicts: vec![Verdict {
            what: "server memory per idle connection",
            limit: 10.0,
            measured: whole,
            unit: "KiB",
            peers: "NATS 11, ejabberd 32, Prosody 44, WhatsApp 2012 ~24",
        }],
    })
}

async fn rest(program: &Program) -> Result<Memory, Failure> {
    tokio::time::sleep(REST).await;
    program.memory()
}
