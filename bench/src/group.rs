//! What the client's MLS part costs, in small groups and large ones.
//!
//! ```text
//!   populated:  founder, then again and again: two join, the second commits with a path
//!               last, four measured ones join: two on the disk, two in memory
//!   fresh:      one founder adds everybody in batches; nobody else has committed
//! ```
//! In a populated group every node of the tree has a key, as where people have
//! talked for a while; in a fresh one a path must be sealed to every member.

use std::time::{Duration, Instant};

use waxseal_core::group::{Change, OfferedKeyPackage, PendingCommit};
use waxseal_wire::limits;

use crate::device::{Crowd, Device};
use crate::failure::Failure;
use crate::meter::{self, cpu_of, median};
use crate::page::{Section, Verdict, number};
use crate::person::random_bytes;

/// Bytes of a padded text message.
const PLAIN: usize = 256;
/// So long nothing is done before a message, as where people type.
const PAUSE: Duration = Duration::from_millis(3);
/// The measured ones, who join last.
const MEASURED: usize = 4;

/// What was seen in one group.
#[derive(Default)]
struct Seen {
    members: usize,
    /// Microseconds of CPU, with the store on the disk and in memory.
    seal: [f64; 2],
    open: [f64; 2],
    /// The same, with the store in memory, each after a pause.
    paused: [f64; 2],
    /// Of the two above together, the share that the kernel spent (files, syncs).
    kernel: f64,
    /// Milliseconds to wait for one seal.
    seal_wait: f64,
    /// Milliseconds of CPU.
    join: f64,
    join_wait: f64,
    commit: f64,
    merge: f64,
    follow: f64,
    commit_wait: f64,
    /// Bytes.
    welcome: usize,
    tree: usize,
    commit_size: usize,
    /// Of adding everybody in batches, in seconds of CPU and in all.
    adding: Option<(f64, f64, usize)>,
}

/// Measures all sizes.
pub(crate) fn measure(quick: bool) -> Result<Vec<Section>, Failure> {
    let (sizes, messages): (&[usize], usize) = if quick { (&[2, 16], 20) } else { (&[2, 128, 1_000], 500) };
    let mut populated = Vec::new();
    let mut fresh = Vec::new();
    for size in sizes {
        populated.push(in_populated(*size, messages)?);
        if *size > 2 {
            fresh.push(in_fresh(*size)?);
        }
    }
    Ok(vec![messages_section(&populated, messages), handshakes_section(&populated, &fresh)])
}

fn messages_section(seen: &[Seen], messages: usize) -> Section {
    let row = |seen: &Seen| {
        vec![
            seen.members.to_string(),
            number(seen.seal[1]),
            number(seen.open[1]),
            number(seen.paused[0]),
            number(seen.paused[1]),
            number(seen.seal[0]),
            number(seen.open[0]),
            format!("{:.0} %", seen.kernel * 100.0),
            number(seen.seal_wait),
        ]
    };
    let worst = |pick: fn(&Seen) -> f64| seen.iter().map(pick).fold(0.0, f64::max);
    let verdict = |what, measured| Verdict { what, limit: 100.0, measured, unit: "µs", peers: "openmls alone: 56 µs in memory" };
    Section {
        title: "Seal and open",
        text: format!(
            "The group part of the client: {messages} messages of {PLAIN} bytes, each in a transaction of its own with its ratchet step. In \
             memory: MLS, CBOR and SQLite, without disk or page encryption. On the disk: the same with SQLCipher and an fsync for each. \
             Mean processor time, one after the other; after a pause of {} ms, in memory: the median. The rest of the client (chat, outbox, views) is under \"Real clients\".",
            PAUSE.as_millis()
        ),
        head: vec![
            "members",
            "seal, in memory, µs CPU",
            "open, in memory, µs CPU",
            "seal after a pause",
            "open after a pause",
            "seal, on the disk, µs CPU",
            "open, on the disk, µs CPU",
            "of that in the kernel",
            "wait for one durable seal, median ms",
        ],
        rows: seen.iter().map(row).collect(),
        verdicts: vec![
            verdict("the group's part of sealing alone, worst size up to 1,000", worst(|seen| seen.seal[1])),
            verdict("the group's part of opening alone, the same", worst(|seen| seen.open[1])),
        ],
    }
}

fn handshakes_section(populated: &[Seen], fresh: &[Seen]) -> Section {
    let row = |kind: &str, seen: &Seen| {
        let adding = seen.adding.map_or_else(
            || "–".to_owned(),
            |(cpu, wall, batches)| format!("{} s CPU, {} s in all, {batches} Commits", number(cpu), number(wall)),
        );
        vec![
            format!("{} {kind}", seen.members),
            number(seen.commit),
            number(seen.merge),
            number(seen.follow),
            kib(seen.commit_size),
            number(seen.join),
            number(seen.join_wait),
            kib(seen.welcome),
            kib(seen.tree),
            adding,
        ]
    };
    let rows = populated.iter().map(|seen| row("populated", seen)).chain(fresh.iter().map(|seen| row("fresh", seen)));
    let mut verdicts = Vec::new();
    if let Some(large) = populated.iter().find(|seen| seen.members == 1_000) {
        let seconds = (large.commit + large.merge) / 1000.0;
        verdicts.push(Verdict {
            what: "Commit in a populated group of 1,000, with its merge",
            limit: 0.2,
            measured: seconds,
            unit: "s",
            peers: "openmls X-Wing 0.17 s",
        });
        verdicts.push(Verdict {
            what: "join of 1,000",
            limit: 0.5,
            measured: large.join / 1000.0,
            unit: "s",
            peers: "openmls X-Wing 0.13 s",
        });
    }
    Section {
        title: "Commits and joins",
        text: "X25519 + ML-KEM-768, stores on the disk, the transaction and its fsync included; milliseconds of CPU, median of five Commits \
               with a path (two devices in turn), one join. The tree travels once, sealed, beside the Welcomes. In a populated group every \
               node of the tree has a key; in a fresh one only one device has ever committed, so a path is sealed to each member by itself. \
               Adding: one device adds everybody, 128 at a time."
            .into(),
        head: vec![
            "group",
            "Commit with path",
            "its merge",
            "opened and accepted by another",
            "Commit",
            "join",
            "join, waited",
            "Welcome",
            "tree",
            "adding all the others",
        ],
        rows: rows.collect(),
        verdicts,
    }
}

fn kib(bytes: usize) -> String {
    format!("{} KiB", number(bytes as f64 / 1024.0))
}

/// Everybody there has committed, or their neighbour has.
fn in_populated(size: usize, messages: usize) -> Result<Seen, Failure> {
    let folder = tempfile::tempdir().map_err(|error| Failure::Disk("a folder", error))?;
    if size <= MEASURED {
        let mut pairs = Vec::new();
        for on_disk in [true, false] {
            let (mut founder, joiner) = (device(&folder, "a", on_disk)?, device(&folder, "b", on_disk)?);
            founder.found()?;
            let (pair, seen) = join_last(founder, vec![joiner])?;
            pairs.push((pair, seen));
        }
        let (memory, disk) = (pairs.pop(), pairs.pop());
        let (Some((memory, _)), Some((disk, mut seen))) = (memory, disk) else { return Err(Failure::Unexpected("no pairs")) };
        let mut devices = disk.into_iter().chain(memory).collect::<Vec<_>>();
        return talk_and_commit(&mut devices, messages, &mut seen).map(|()| seen);
    }
    let mut founder = Device::in_memory()?;
    founder.found()?;
    let mut crowd = Crowd::new()?;
    let mut left = size.saturating_sub(MEASURED + 1);
    while left > 0 {
        let mut second = Device::in_memory()?;
        let mut add = vec![second.offer()?];
        if left > 1 {
            add.insert(0, crowd.offer()?);
        }
        left -= add.len();
        let pending = add_all(&mut founder, add)?;
        let (welcome, tree) = welcome(&pending)?;
        second.join(welcome, tree)?;
        founder.follow(&with_path(&mut second)?.commit)?;
    }
    with_path(&mut founder)?;
    founder.merge()?;
    let joiners = vec![device(&folder, "a", true)?, device(&folder, "b", true)?, Device::in_memory()?, Device::in_memory()?];
    let (mut devices, mut seen) = join_last(founder, joiners)?;
    // The founder is not measured here.
    devices.remove(0);
    // Each of the measured ones gives its own part of the tree keys.
    for one in 0..devices.len() {
        commit_round(&mut devices, one)?;
    }
    talk_and_commit(&mut devices, messages, &mut seen)?;
    Ok(seen)
}

/// One device has committed, and it only added.
fn in_fresh(size: usize) -> Result<Seen, Failure> {
    let folder = tempfile::tempdir().map_err(|error| Failure::Disk("a folder", error))?;
    let mut founder = device(&folder, "a", true)?;
    founder.found()?;
    let mut crowd = Crowd::new()?;
    let mut offers: Vec<OfferedKeyPackage> = Vec::new();
    for _ in 0..size.saturating_sub(2) {
        offers.push(crowd.offer()?);
    }
    let mut last = device(&folder, "b", true)?;
    offers.push(last.offer()?);
    let (began, mut cpu, mut batches) = (Instant::now(), Duration::ZERO, 0);
    let mut pending = None;
    for batch in offers.chunks(limits::ADDS) {
        let (made, took) = cpu_of(|| add_all(&mut founder, batch.to_vec()))?;
        cpu += took;
        batches += 1;
        pending = Some(made);
    }
    let wall = began.elapsed();
    let pending = pending.ok_or(Failure::Unexpected("a group of nobody"))?;
    let mut seen = Seen { adding: Some((cpu.as_secs_f64(), wall.as_secs_f64(), batches)), ..Seen::default() };
    measured_join(&mut last, &pending, &mut seen)?;
    let (commit, took) = cpu_of(|| with_path(&mut last))?;
    seen.commit = millis(took);
    seen.commit_size = commit.commit.len();
    seen.merge = millis(cpu_of(|| last.merge())?.1);
    seen.follow = millis(cpu_of(|| founder.follow(&commit.commit))?.1);
    Ok(seen)
}

fn device(folder: &tempfile::TempDir, name: &str, on_disk: bool) -> Result<Device, Failure> {
    if on_disk { Device::on_disk(folder.path(), name) } else { Device::in_memory() }
}

fn add_all(by: &mut Device, add: Vec<OfferedKeyPackage>) -> Result<PendingCommit, Failure> {
    let pending = by.commit(Change { add, ..Change::default() })?;
    by.merge()?;
    Ok(pending)
}

fn with_path(by: &mut Device) -> Result<PendingCommit, Failure> {
    by.commit(Change { with_path: true, ..Change::default() })
}

/// The Welcome of the last one added, and the tree.
fn welcome(pending: &PendingCommit) -> Result<(&[u8], &[u8]), Failure> {
    let welcome = pending.welcomes.last().ok_or(Failure::Unexpected("no Welcome"))?;
    let tree = pending.tree.as_ref().ok_or(Failure::Unexpected("no tree"))?;
    Ok((&welcome.welcome, &tree.bytes))
}

fn measured_join(joiner: &mut Device, pending: &PendingCommit, seen: &mut Seen) -> Result<(), Failure> {
    let (welcome, tree) = welcome(pending)?;
    (seen.welcome, seen.tree) = (welcome.len(), tree.len());
    let began = Instant::now();
    seen.join = millis(cpu_of(|| joiner.join(welcome, tree))?.1);
    seen.join_wait = began.elapsed().as_secs_f64() * 1000.0;
    seen.members = joiner.members();
    Ok(())
}

/// The measured ones join by one Commit; the first of them is counted. The founder comes first.
fn join_last(mut founder: Device, joiners: Vec<Device>) -> Result<(Vec<Device>, Seen), Failure> {
    let mut joiners = joiners;
    let add = joiners.iter_mut().map(Device::offer).collect::<Result<Vec<_>, _>>()?;
    let pending = add_all(&mut founder, add)?;
    let mut seen = Seen::default();
    let (_, tree) = welcome(&pending)?;
    for (place, joiner) in joiners.iter_mut().enumerate() {
        let one = pending.welcomes.get(place).ok_or(Failure::Unexpected("no Welcome"))?;
        let began = Instant::now();
        let cpu = millis(cpu_of(|| joiner.join(&one.welcome, tree))?.1);
        if place == 0 {
            let wait = began.elapsed().as_secs_f64() * 1000.0;
            seen = Seen { join: cpu, join_wait: wait, welcome: one.welcome.len(), tree: tree.len(), ..Seen::default() };
            seen.members = joiner.members();
        }
    }
    let mut devices = vec![founder];
    devices.append(&mut joiners);
    Ok((devices, seen))
}

/// Two on the disk, then two in memory: messages in one epoch, then Commits.
fn talk_and_commit(devices: &mut [Device], messages: usize, seen: &mut Seen) -> Result<(), Failure> {
    if let [a, b, c, d] = devices {
        let kernel = meter::thread_split()?;
        let (disk, waits) = talk(a, b, messages)?;
        let after = meter::thread_split()?;
        let (user, system) = (after.0.saturating_sub(kernel.0), after.1.saturating_sub(kernel.1));
        seen.kernel = system.as_secs_f64() / (user + system).as_secs_f64().max(f64::MIN_POSITIVE);
        seen.seal_wait = median(&waits);
        let (memory, _) = talk(c, d, messages)?;
        seen.paused = talk_slowly(c, d, messages.min(100))?;
        (seen.seal, seen.open) = ([disk[0], memory[0]], [disk[1], memory[1]]);
    }
    let (mut commits, mut merges, mut follows, mut waits) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..5 {
        let (pair, _) = devices.split_at_mut(2);
        let [one, other] = pair else { return Err(Failure::Unexpected("a pair of one")) };
        let (by, to) = if round % 2 == 0 { (one, other) } else { (other, one) };
        let began = Instant::now();
        let (pending, commit) = cpu_of(|| with_path(by))?;
        let ((), merge) = cpu_of(|| by.merge())?;
        waits.push(began.elapsed().as_secs_f64() * 1000.0);
        let ((), follow) = cpu_of(|| to.follow(&pending.commit))?;
        seen.commit_size = pending.commit.len();
        commits.push(millis(commit));
        merges.push(millis(merge));
        follows.push(millis(follow));
    }
    (seen.commit, seen.merge, seen.follow) = (median(&commits), median(&merges), median(&follows));
    seen.commit_wait = median(&waits);
    Ok(())
}

/// Mean CPU of seal and of open in microseconds, and the wait for each seal in milliseconds.
fn talk(from: &mut Device, to: &mut Device, messages: usize) -> Result<([f64; 2], Vec<f64>), Failure> {
    let plain = random_bytes(PLAIN);
    let mut waits = Vec::new();
    // The first ones fill caches.
    for _ in 0..5 {
        let envelope = from.seal(&plain)?;
        to.open(&envelope)?;
    }
    let (envelopes, sealing) = cpu_of(|| {
        let mut envelopes = Vec::with_capacity(messages);
        for _ in 0..messages {
            let began = Instant::now();
            envelopes.push(from.seal(&plain)?);
            waits.push(began.elapsed().as_secs_f64() * 1000.0);
        }
        Ok::<_, Failure>(envelopes)
    })?;
    let ((), opening) = cpu_of(|| envelopes.iter().try_for_each(|envelope| to.open(envelope)))?;
    let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / messages as f64;
    Ok(([each(sealing), each(opening)], waits))
}

/// Median CPU of seal and of open in microseconds, where other work has had the processor's caches since.
fn talk_slowly(from: &mut Device, to: &mut Device, messages: usize) -> Result<[f64; 2], Failure> {
    let plain = random_bytes(PLAIN);
    let (mut seals, mut opens) = (Vec::new(), Vec::new());
    for _ in 0..messages {
        std::thread::sleep(PAUSE);
        let (envelope, sealing) = cpu_of(|| from.seal(&plain))?;
        seals.push(sealing.as_secs_f64() * 1e6);
        std::thread::sleep(PAUSE);
        let ((), opening) = cpu_of(|| to.open(&envelope))?;
        opens.push(opening.as_secs_f64() * 1e6);
    }
    Ok([median(&seals), median(&opens)])
}

/// One commits with a path, all others follow.
fn commit_round(devices: &mut [Device], by: usize) -> Result<(), Failure> {
    let committer = devices.get_mut(by).ok_or(Failure::Unexpected("nobody to commit"))?;
    let pending = with_path(committer)?;
    committer.merge()?;
    for (place, device) in devices.iter_mut().enumerate() {
        if place != by {
            device.follow(&pending.commit)?;
        }
    }
    Ok(())
}

fn millis(cpu: Duration) -> f64 {
    cpu.as_secs_f64() * 1000.0
}
