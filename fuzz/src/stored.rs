//! A client whose stored state was damaged, by a fault or by whoever had its key: no panic, whatever it then says.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rusqlite::types::Value;
use waxseal_core::{Client, Command, Input};
use waxseal_wire::frame::{Door, Told};
use waxseal_wire::id::{Millis, RequestId, Seq};
use waxseal_wire::reply::{KeysLeft, Push, Reply, Session};

use crate::mutate::{Tape, mutate};
use crate::rows::Rows;
use crate::scene;

/// Which values are changed, and how, is the input.
pub fn stored(bytes: &[u8]) {
    let mut tape = Tape::new(bytes);
    scene::with(true, |scene| {
        let Some(rows) = scene.clients.get(tape.below(2)) else { return };
        let mut rows = rows.clone();
        for _ in 0..=tape.below(4) {
            damage(&mut rows, &mut tape);
        }
        let Some(Ok(mut client)) = rows.to_store().map(Client::open) else { return };
        look(&client);
        use_it(&mut client, scene.now);
        look(&client);
    });
}

fn damage(rows: &mut Rows, tape: &mut Tape) -> Option<()> {
    let filled: Vec<_> = rows.0.iter_mut().filter(|table| !table.rows.is_empty()).collect();
    let at = tape.below(filled.len());
    let table = filled.into_iter().nth(at)?;
    let at = tape.below(table.rows.len());
    if tape.below(16) == 0 {
        table.rows.remove(at);
        return None;
    }
    let row = table.rows.get_mut(at)?;
    let at = tape.below(row.len());
    let value = row.get_mut(at)?;
    match value {
        Value::Integer(number) => *number = [0, 1, -1, i64::MIN, i64::MAX, number.wrapping_add(1)][tape.below(6) % 6],
        Value::Blob(bytes) => mutate(bytes, &[0xff; 32], |end| tape.below(end)),
        Value::Text(text) => {
            let mut bytes = std::mem::take(text).into_bytes();
            mutate(&mut bytes, &[0x80; 32], |end| tape.below(end));
            *text = String::from_utf8_lossy(&bytes).into_owned();
        }
        Value::Null => *value = Value::Integer(1),
        Value::Real(_) => {}
    }
    Some(())
}

/// Everything that a screen asks.
fn look(client: &Client) {
    drop((client.me(), client.devices(), client.drafts(), client.blocked(), client.health(), client.connection()));
    drop(client.search(None, "was here", 10));
    for chat in client.chats().unwrap_or_default() {
        drop((client.members(chat.chat), client.unread(chat.chat), client.messages(chat.chat, None, 100)));
        if let Some(peer) = chat.peer {
            drop(client.safety_number(peer));
        }
    }
}

/// A day of it, offline and on.
fn use_it(client: &mut Client, now: Millis) {
    let rng = &mut ChaCha20Rng::seed_from_u64(5);
    let chats: Vec<_> = client.chats().unwrap_or_default().iter().map(|chat| chat.chat).collect();
    let session = Session { head: Seq(0), lost: false, keys_left: KeysLeft::default(), chain_index: 0, floor: Seq(0), sessions: 0 };
    let mut inputs = vec![Input::Tick, Input::Connected(Door::Anonymous), Input::Connected(Door::Device)];
    inputs.push(Input::Told(Door::Device, Told::Push(Push::Challenge([1; 32]))));
    inputs.extend((1..6).map(|id| Input::Told(Door::Device, Told::Reply(RequestId(id), Reply::Session(session)))));
    for chat in chats {
        inputs.push(Input::Command(Command::Send { chat, text: "after it".into(), reply_to: None }));
        inputs.push(Input::Command(Command::Refresh(chat)));
    }
    for (at, input) in inputs.into_iter().enumerate() {
        drop(client.handle(Millis(now.0 + 1_000 * at as u64), rng, input));
        while client.poll().is_some() {}
    }
    drop(client.handle(Millis(now.0 + 86_400_000), rng, Input::Tick));
}
