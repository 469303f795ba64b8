//! Tables, as a list of steps from the empty database to the newest.
//!
//! Called by `store` when it opens. A step that was released is never edited:
//! a change is a new step at the end. `user_version` counts the steps done.
//! Two lists, so that they can grow apart: `GROUP` (what the MLS library and
//! `group` keep) and `CLIENT` (all else); `user_version` = GROUP × 1000 + CLIENT.

use rusqlite::Connection;

use super::error::StoreError;

/// Steps of the tables of `group`.
const GROUP: &[&str] = &[
    // Every row of `mls_group` belongs to one group and is wiped with it. `mls_item` holds what
    // stands outside groups (KeyPackages); rows written while a group is at work carry its id.
    "CREATE TABLE mls_group (
        group_id BLOB NOT NULL,
        kind INTEGER NOT NULL,
        key BLOB NOT NULL,
        value BLOB NOT NULL
    );
    CREATE UNIQUE INDEX mls_group_key ON mls_group (group_id, kind, key);
    CREATE TABLE mls_item (
        kind INTEGER NOT NULL,
        key BLOB NOT NULL,
        group_id BLOB,
        value BLOB NOT NULL
    );
    CREATE UNIQUE INDEX mls_item_key ON mls_item (kind, key);
    CREATE INDEX mls_item_group ON mls_item (group_id) WHERE group_id IS NOT NULL;
    CREATE TABLE alias (
        alias BLOB PRIMARY KEY NOT NULL,
        seal_secret BLOB NOT NULL,
        post_key BLOB NOT NULL,
        state INTEGER NOT NULL,
        group_id BLOB,
        key_package BLOB
    );
    CREATE INDEX alias_group ON alias (group_id) WHERE group_id IS NOT NULL;",
    // When a KeyPackage was taken back, and when the server forgot its alias.
    "ALTER TABLE alias ADD COLUMN retired INTEGER;
    ALTER TABLE alias ADD COLUMN dropped INTEGER;",
];

/// Steps of all other tables of the client.
const CLIENT: &[&str] = &[
    "CREATE TABLE me (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        account BLOB NOT NULL,
        name TEXT NOT NULL,
        device BLOB NOT NULL,
        device_key BLOB NOT NULL,
        device_name TEXT NOT NULL,
        device_salt BLOB NOT NULL,
        recovery_key BLOB,
        registered INTEGER NOT NULL DEFAULT 0,
        invite TEXT NOT NULL DEFAULT '',
        register_key BLOB NOT NULL,
        cursor INTEGER NOT NULL DEFAULT 0,
        delivered_receipts INTEGER NOT NULL DEFAULT 1,
        read_receipts INTEGER NOT NULL DEFAULT 1,
        opened INTEGER NOT NULL DEFAULT 0,
        undecryptable INTEGER NOT NULL DEFAULT 0,
        readded INTEGER NOT NULL DEFAULT 0,
        refounded INTEGER NOT NULL DEFAULT 0
    );
    -- What a new device waits for, or what an old one offers; at most one at a time.
    CREATE TABLE link (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        offers INTEGER NOT NULL,
        secret BLOB NOT NULL,
        account BLOB NOT NULL,
        parcel BLOB,
        expires INTEGER NOT NULL,
        due INTEGER NOT NULL
    );
    -- A record of our own chain that the server has not confirmed.
    CREATE TABLE next_record (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        body BLOB NOT NULL,
        signer BLOB NOT NULL,
        signature BLOB NOT NULL,
        device_name TEXT NOT NULL
    );
    CREATE TABLE account (
        account BLOB PRIMARY KEY NOT NULL,
        name TEXT NOT NULL DEFAULT '',
        chain BLOB,
        checked INTEGER NOT NULL DEFAULT 0,
        wanted INTEGER NOT NULL DEFAULT 0,
        verified INTEGER NOT NULL DEFAULT 0,
        blocked INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX account_name ON account (name);
    CREATE INDEX account_wanted ON account (wanted) WHERE wanted > 0;
    CREATE TABLE chat (
        chat BLOB PRIMARY KEY NOT NULL,
        grp BLOB,
        generation INTEGER NOT NULL DEFAULT 0,
        direct INTEGER NOT NULL,
        peer BLOB,
        title TEXT NOT NULL,
        state INTEGER NOT NULL,
        active INTEGER NOT NULL,
        read_upto INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE member (
        chat BLOB NOT NULL,
        account BLOB NOT NULL,
        admin INTEGER NOT NULL,
        devices INTEGER NOT NULL
    );
    CREATE UNIQUE INDEX member_key ON member (chat, account);
    CREATE TABLE chat_group (
        grp BLOB PRIMARY KEY NOT NULL,
        chat BLOB NOT NULL,
        generation INTEGER NOT NULL,
        state INTEGER NOT NULL,
        position INTEGER NOT NULL,
        ahead BLOB NOT NULL DEFAULT x'',
        epoch INTEGER NOT NULL,
        update_at INTEGER NOT NULL,
        sent INTEGER NOT NULL DEFAULT 0,
        culprit BLOB,
        heal_at INTEGER,
        heal_tries INTEGER NOT NULL DEFAULT 0,
        last_resort INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX chat_group_chat ON chat_group (chat);
    CREATE TABLE message (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        chat BLOB NOT NULL,
        generation INTEGER NOT NULL,
        grp BLOB NOT NULL,
        position INTEGER NOT NULL,
        message_id BLOB,
        sender BLOB,
        at INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        text TEXT NOT NULL,
        reply_to BLOB,
        edited INTEGER NOT NULL DEFAULT 0,
        state INTEGER NOT NULL
    );
    CREATE INDEX message_order ON message (chat, generation, grp, position, id);
    CREATE INDEX message_name ON message (message_id) WHERE message_id IS NOT NULL;
    CREATE TABLE reaction (
        target BLOB NOT NULL,
        account BLOB NOT NULL,
        message_id BLOB NOT NULL,
        emoji TEXT NOT NULL
    );
    CREATE UNIQUE INDEX reaction_key ON reaction (target, account);
    CREATE TABLE receipt (
        message_id BLOB NOT NULL,
        account BLOB NOT NULL,
        status INTEGER NOT NULL
    );
    CREATE UNIQUE INDEX receipt_key ON receipt (message_id, account);
    CREATE TABLE due_receipt (
        chat BLOB NOT NULL,
        message_id BLOB NOT NULL,
        status INTEGER NOT NULL,
        due INTEGER NOT NULL
    );
    CREATE UNIQUE INDEX due_receipt_key ON due_receipt (message_id);
    CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        chat BLOB,
        message INTEGER,
        intent BLOB NOT NULL,
        stage INTEGER NOT NULL DEFAULT 0,
        epoch INTEGER NOT NULL DEFAULT 0,
        request BLOB,
        keys BLOB,
        carries BLOB NOT NULL DEFAULT x'',
        grp BLOB,
        blob BLOB,
        blob_id BLOB,
        blob_put INTEGER NOT NULL DEFAULT 0,
        due INTEGER NOT NULL DEFAULT 0,
        tries INTEGER NOT NULL DEFAULT 0,
        founds INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX outbox_chat ON outbox (chat, id);
    CREATE INDEX outbox_message ON outbox (message) WHERE message IS NOT NULL;
    CREATE INDEX outbox_group ON outbox (grp) WHERE grp IS NOT NULL;
    CREATE TABLE parked (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        grp BLOB NOT NULL,
        epoch INTEGER NOT NULL,
        position INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        from_alias BLOB NOT NULL,
        roster_hash BLOB,
        envelope BLOB NOT NULL,
        account BLOB
    );
    CREATE INDEX parked_group ON parked (grp, id);
    CREATE TABLE joining (
        grp BLOB PRIMARY KEY NOT NULL,
        welcome BLOB NOT NULL,
        blob BLOB NOT NULL,
        total INTEGER NOT NULL,
        tree BLOB NOT NULL,
        position INTEGER NOT NULL,
        last_resort INTEGER NOT NULL,
        again INTEGER NOT NULL,
        hash BLOB NOT NULL
    );
    -- Whose chains the first parked of a group waits for.
    CREATE TABLE waiting (grp BLOB NOT NULL, account BLOB NOT NULL);
    CREATE UNIQUE INDEX waiting_key ON waiting (grp, account);
    -- When a device was last added to a group: an older call for help is answered.
    CREATE TABLE added (grp BLOB NOT NULL, device BLOB NOT NULL, epoch INTEGER NOT NULL);
    CREATE UNIQUE INDEX added_key ON added (grp, device);
    -- Addresses that the server should forget.
    CREATE TABLE dead_alias (alias BLOB PRIMARY KEY NOT NULL);
    -- Aliases that the server has registered for us and no group uses yet.
    CREATE TABLE spare_alias (alias BLOB PRIMARY KEY NOT NULL);
    CREATE TABLE used_welcome (hash BLOB PRIMARY KEY NOT NULL);",
    // The recovery key's private half is kept nowhere: see docs/decisions/0024. `claims`: this device
    // made the account, and did not join it. `asked`: the claim has left this device at least once.
    "ALTER TABLE me ADD COLUMN claims INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE me ADD COLUMN asked INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE me ADD COLUMN next_name TEXT;
    ALTER TABLE me ADD COLUMN next_invite TEXT;
    UPDATE me SET claims = recovery_key IS NOT NULL, asked = 1, recovery_key = NULL;
    ALTER TABLE me DROP COLUMN recovery_key;",
    // When all KeyPackages are made anew, and whether the server lost aliases of ours.
    "ALTER TABLE me ADD COLUMN keys_due INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE me ADD COLUMN went_back INTEGER NOT NULL DEFAULT 0;",
    // Every page that a message touches is encrypted, authenticated and synced. So: what is short-lived
    // has no indexes; what every turn asks stands before what is large; what waits for time is found at once.
    "DROP INDEX outbox_chat;
    DROP INDEX outbox_message;
    DROP INDEX outbox_group;
    ALTER TABLE outbox RENAME TO outbox_before;
    CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        chat BLOB,
        stage INTEGER NOT NULL DEFAULT 0,
        founds INTEGER NOT NULL DEFAULT 0,
        due INTEGER NOT NULL DEFAULT 0,
        message INTEGER,
        grp BLOB,
        epoch INTEGER NOT NULL DEFAULT 0,
        tries INTEGER NOT NULL DEFAULT 0,
        blob_id BLOB,
        blob_put INTEGER NOT NULL DEFAULT 0,
        carries BLOB NOT NULL DEFAULT x'',
        intent BLOB NOT NULL,
        keys BLOB,
        request BLOB,
        blob BLOB
    );
    INSERT INTO outbox (id, chat, stage, founds, due, message, grp, epoch, tries, blob_id, blob_put, carries, intent, keys, request, blob)
        SELECT id, chat, stage, founds, due, message, grp, epoch, tries, blob_id, blob_put, carries, intent, keys, request, blob
        FROM outbox_before ORDER BY id;
    DROP TABLE outbox_before;
    ALTER TABLE due_receipt RENAME TO due_receipt_before;
    CREATE TABLE due_receipt (
        message_id BLOB PRIMARY KEY NOT NULL,
        chat BLOB NOT NULL,
        status INTEGER NOT NULL,
        due INTEGER NOT NULL
    ) WITHOUT ROWID;
    INSERT INTO due_receipt (message_id, chat, status, due) SELECT message_id, chat, status, due FROM due_receipt_before;
    DROP TABLE due_receipt_before;
    CREATE INDEX chat_group_update ON chat_group (update_at) WHERE state IN (1, 3);
    CREATE INDEX chat_group_heal ON chat_group (heal_at) WHERE heal_at IS NOT NULL AND state = 2;",
    // What was written and not sent; and a way to count what was not read without reading all that was.
    "CREATE TABLE draft (chat BLOB PRIMARY KEY NOT NULL, text TEXT NOT NULL, reply_to INTEGER);
    CREATE INDEX message_unread ON message (chat, id) WHERE state = 0 AND kind IN (0, 2);",
    // The server dropped something unread: how far these groups had come then.
    "CREATE TABLE doubted (grp BLOB PRIMARY KEY NOT NULL, position INTEGER NOT NULL);",
    // Accounts whose leaves, in a group that we joined, are not proven yet.
    "CREATE TABLE unproven (grp BLOB NOT NULL, account BLOB NOT NULL, PRIMARY KEY (grp, account)) WITHOUT ROWID;",
    // What people want to be called, since when, and in which chats we have told what we do. `own_device`: what our
    // other devices are called, where they told, and which of our choices they were told last.
    "ALTER TABLE me ADD COLUMN display TEXT NOT NULL DEFAULT '';
    ALTER TABLE me ADD COLUMN display_set INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE account ADD COLUMN display TEXT NOT NULL DEFAULT '';
    ALTER TABLE account ADD COLUMN display_set INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE chat ADD COLUMN told_profile INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE own_device (device BLOB PRIMARY KEY NOT NULL, name TEXT, told INTEGER);",
    // The latest time that was seen, to notice a clock that goes back.
    "ALTER TABLE me ADD COLUMN clock INTEGER NOT NULL DEFAULT 0;",
    // Whom a founding anew has not brought along yet, and how often a KeyPackage was missing; whether a chat's seats are known.
    "CREATE TABLE left_out (chat BLOB NOT NULL, account BLOB NOT NULL, tried INTEGER NOT NULL DEFAULT 0);
    CREATE UNIQUE INDEX left_out_key ON left_out (chat, account);
    ALTER TABLE chat ADD COLUMN seats_known INTEGER NOT NULL DEFAULT 0;",
    // How many sessions this device has begun, to notice that it is an older copy of itself; the last of them that the
    // server has said to keep, to notice that the server is an older copy of itself.
    "ALTER TABLE me ADD COLUMN sessions INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE me ADD COLUMN sessions_kept INTEGER NOT NULL DEFAULT 0;",
    // The highest number in a group under which something of others came: what comes beyond it is new, though words of ours
    // stand there by the server's answer.
    "ALTER TABLE chat_group ADD COLUMN heard INTEGER NOT NULL DEFAULT 0;
    UPDATE chat_group SET heard = position;",
    // Whether those in a chat that we are out of were asked if we are in: the server had dropped something unread.
    "ALTER TABLE chat ADD COLUMN asked INTEGER NOT NULL DEFAULT 0;",
    // The directory's log that is believed, the newest tree head of it that was seen, the newest version of our own name
    // there that we know of, and when that was; logs that it went on from; heads that others have seen and that are not held
    // against ours yet, and when each chat was told ours; and what shows that a server lied.
    "CREATE TABLE directory (
        id INTEGER PRIMARY KEY CHECK (id = 1), keys BLOB NOT NULL, head BLOB,
        watched INTEGER NOT NULL DEFAULT 0, checked INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE past_log (log BLOB PRIMARY KEY NOT NULL);
    CREATE TABLE heard_head (
        account BLOB PRIMARY KEY NOT NULL, chat BLOB NOT NULL, log BLOB NOT NULL, head BLOB NOT NULL,
        tries INTEGER NOT NULL DEFAULT 0);
    ALTER TABLE chat ADD COLUMN told_head INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE evidence (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, what TEXT NOT NULL, bytes BLOB NOT NULL);",
    // When a log that ours went on from said that it ends: what it signs later is another history. And how often the server put
    // us off about a head.
    "ALTER TABLE past_log ADD COLUMN ended INTEGER NOT NULL DEFAULT 9223372036854775807;
    ALTER TABLE heard_head ADD COLUMN waits INTEGER NOT NULL DEFAULT 0;",
    // Witnesses whom the person asks for, when each of them last vouched for our head, how many must, and whom the server names.
    "CREATE TABLE witness (vkey TEXT UNIQUE NOT NULL, at INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE witnesses (id INTEGER PRIMARY KEY CHECK (id = 1), need INTEGER NOT NULL, listed TEXT NOT NULL DEFAULT '');",
    // What became of people's devices and is not told yet; in whom something changed that the person has not looked at, and whether
    // words wait for that; whose name is somebody else's now; what people's devices are called, and a hash of what a chat knows of ours.
    "CREATE TABLE changed_device (account BLOB NOT NULL, device BLOB NOT NULL, at INTEGER NOT NULL, added INTEGER NOT NULL);
    CREATE TABLE device_name (
        device BLOB PRIMARY KEY NOT NULL, account BLOB NOT NULL, name TEXT NOT NULL, salt BLOB NOT NULL, proven INTEGER NOT NULL);
    ALTER TABLE account ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX account_changed ON account (changed) WHERE changed > 0;
    ALTER TABLE account ADD COLUMN renamed INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE me ADD COLUMN require_verification INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE own_device ADD COLUMN salt BLOB;
    ALTER TABLE chat ADD COLUMN told_devices INTEGER NOT NULL DEFAULT 0;",
];

const LISTS: u32 = 1_000;

/// Brings the database to the newest schema, in one transaction.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = count(GROUP) * LISTS + count(CLIENT);
    let (group, client) = (found / LISTS, found % LISTS);
    if group > count(GROUP) || client > count(CLIENT) {
        return Err(StoreError::Newer { found, known });
    }
    // What is new already is not written: on a full disk, too, people can read what they have.
    if found == known {
        return Ok(());
    }
    let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    for step in GROUP.iter().skip(group as usize).chain(CLIENT.iter().skip(client as usize)) {
        tx.execute_batch(step)?;
    }
    tx.pragma_update(None, "user_version", known)?;
    tx.commit()?;
    Ok(())
}

fn count(steps: &[&str]) -> u32 {
    u32::try_from(steps.len()).unwrap_or(u32::MAX / LISTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database as the first release left it.
    fn first() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(GROUP[0]).unwrap();
        connection.execute_batch(CLIENT[0]).unwrap();
        connection.pragma_update(None, "user_version", LISTS + 1).unwrap();
        connection
    }

    #[test]
    fn what_waited_in_the_first_release_still_waits_after_all_steps() {
        let mut connection = first();
        connection
            .execute_batch(
                "INSERT INTO outbox (id, chat, message, intent, stage, epoch, request, keys, carries, grp, blob, blob_id, blob_put, due, tries, founds)
                 VALUES (7, x'01', 2, x'03', 4, 5, x'06', x'07', x'08', x'09', x'0a', x'0b', 12, 13, 14, 1);
                 INSERT INTO due_receipt (chat, message_id, status, due) VALUES (x'01', x'02', 2, 4);",
            )
            .unwrap();
        migrate(&mut connection).unwrap();
        let all =
            "SELECT hex(chat) || message || hex(intent) || stage || epoch || hex(request) || hex(keys) || hex(carries) || hex(grp)
                   || hex(blob) || hex(blob_id) || blob_put || due || tries || founds FROM outbox WHERE id = 7";
        let row: String = connection.query_row(all, [], |row| row.get(0)).unwrap();
        assert_eq!(row, "0120345060708090A0B1213141");
        let receipt = "SELECT hex(chat) || hex(message_id) || status || due FROM due_receipt";
        assert_eq!(connection.query_row(receipt, [], |row| row.get::<_, String>(0)).unwrap(), "010224");
        // Numbers of entries are never used twice.
        connection.execute_batch("INSERT INTO outbox (intent) VALUES (x'00')").unwrap();
        assert_eq!(connection.last_insert_rowid(), 8);
        migrate(&mut connection).unwrap();
    }
}
