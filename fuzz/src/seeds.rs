//! Good bytes of every kind, to be made bad.
//!
//! Called by `tests/stable.rs`, and by the example `seeds`, which writes them
//! where cargo-fuzz looks for its corpora.

use std::fs;
use std::path::{Path, PathBuf};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use waxseal_core::group::Policy;
use waxseal_core::store::key::{StoreKey, Unlock};
use waxseal_wire::id::{AccountId, AliasId, Epoch, GroupId, Position};
use waxseal_wire::seal::{Delivered, Kind};

use crate::{directory, mls, scene, typed};

/// The seeds of one target: bytes that really occurred, or of the same form.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "config" => vec![
            waxseal_server::config::TEMPLATE.replace('#', "").into_bytes(),
            b"listen = \"[::1]:1\"\n[limits]\nconnections = 9".to_vec(),
            witnesses().into_bytes(),
        ],
        "address" => {
            ["https://chat.example.org", "http://127.0.0.1:8710/", "http://[::1]:9", "ws://localhost", "wss://a_b.c:65535"]
                .map(Into::into)
                .to_vec()
        }
        "header" => vec![header()],
        "link_code" => vec![link_code(b"a name"), link_code(b"anna")],
        "welcome" => mls::with(|stage| vec![stage.welcome.clone(), stage.commit.clone()]),
        "tree" => mls::with(|stage| vec![stage.tree.clone()]),
        "envelope" => {
            mls::with(|stage| [vec![stage.message.clone(), stage.commit.clone(), stage.welcome.clone()], snapshots()].concat())
        }
        "directory" => directory::seeds(),
        "roles" => asked(),
        "stored" => tapes(8, 24),
        "two_devices" => tapes(24, 160),
        "told" | "delivered" => [general(), scene::with(true, |scene| scene.told.clone())].concat(),
        "request_anonymous" | "request_device" => [general(), scene::with(true, |scene| scene.asked.clone())].concat(),
        _ => general(),
    }
}

/// Inputs for what is decided byte by byte: any bytes will do.
fn tapes(count: u64, length: usize) -> Vec<Vec<u8>> {
    let tape = |seed| {
        let mut bytes = vec![0; length];
        ChaCha20Rng::seed_from_u64(seed).fill_bytes(&mut bytes);
        bytes
    };
    (0..count).map(tape).collect()
}

/// What two people asked of their server, the small ones, two by two.
fn asked() -> Vec<Vec<u8>> {
    let framed = |frame: &Vec<u8>| Some([u16::try_from(frame.len()).ok()?.to_be_bytes().as_slice(), frame].concat());
    let frames: Vec<_> = scene::with(true, |scene| scene.asked.iter().filter_map(framed).collect());
    frames.chunks(2).map(|two| two.concat()).collect()
}

/// A line as another operator prints it.
fn witnesses() -> String {
    let witness = waxseal_transparency::WitnessSecret::of_key("waxseal-witness", [7; 32]).expect("a name");
    let log = waxseal_transparency::publish::Secrets::new([1; 32], [2; 32]).keys();
    let line = waxseal_server::witness::written("https://chat.example", &log, &witness.witness());
    format!("witnesses = [\"{line}\"]")
}

fn header() -> Vec<u8> {
    let folder = typed::folder();
    let path = folder.join("good-header");
    let _ = fs::remove_file(&path);
    let rng = &mut ChaCha20Rng::seed_from_u64(2);
    let made = StoreKey::create(&path, Unlock::KeyFile(&folder.join("key")), waxseal_core::store::key::Cost::CHEAP, rng);
    made.map(|_| fs::read(&path).unwrap_or_default()).unwrap_or_default()
}

fn link_code(name: &[u8]) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let mut whole = [[7; 48].as_slice(), name].concat();
    let check = Sha256::digest(&whole);
    whole.extend(check.iter().take(2));
    hex::encode(whole).as_bytes().chunks(5).collect::<Vec<_>>().join(&b'-')
}

/// Every hex file below a folder; the last line of each is the bytes.
pub fn hex_files(folder: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let read =
        |path: &PathBuf| fs::read_to_string(path).ok().and_then(|text| hex::decode(text.lines().last().unwrap_or_default()).ok());
    paths.iter().flat_map(|path| if path.is_dir() { hex_files(path) } else { read(path).into_iter().collect() }).collect()
}

fn snapshots() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    [hex_files(&root.join("wire/tests/snapshots")), hex_files(&root.join("core/tests/content"))].concat()
}

fn general() -> Vec<Vec<u8>> {
    let mut seeds = snapshots();
    assert!(seeds.len() > 40, "the snapshots are the seeds");
    let delivered = Delivered {
        group: GroupId([1; 16]),
        epoch: Epoch(2),
        position: Position(3),
        kind: Kind::Commit,
        from: AliasId([4; 16]),
        roster_hash: Some([5; 32]),
        envelope: vec![6; 40],
    };
    seeds.push(delivered.to_padded_bytes());
    seeds.push([[0, 0, 0, 2].as_slice(), &[7; 160], &[0; 92]].concat());
    let device = [b"\x0a\x10".as_slice(), &[1; 16], b"\x12\x20", &[2; 32], b"\x1a\x20", &[3; 32], b"\x20\x09"].concat();
    seeds.push([b"\x1a".as_slice(), &[device.len() as u8], &device, b"\x22\x20", &[4; 32], b"\x2a\x10", &[5; 16]].concat());
    seeds.push(mls::with(|stage| stage.offer.clone()));
    let policy = Policy::new([1; 16], 2, "Book club".to_owned(), [AccountId([3; 32])].into(), false);
    seeds.push(policy.to_bytes().expect("a policy"));
    seeds.extend(["alice", "zoë-2", "мария", "a\u{202e}b"].map(|name| name.as_bytes().to_vec()));
    seeds
}
