//! What waits for its time, seen at one look.
//!
//! Called by `turn` at the end of each turn, so that a turn in which nothing is
//! due asks the store once. Rows only; what is done then is the business of
//! `heal`, `chat::receipts`, `account::link`, `outbox` and `trust`.

use waxseal_wire::id::Millis;

use crate::session::Session;
use crate::store::{StoreError, Tx};

/// See the module.
pub(crate) struct Agenda {
    receipts: Option<Millis>,
    heal: Option<Millis>,
    update: Option<Millis>,
    link: Option<Millis>,
    /// The next entry that waits for time, and not for an answer.
    outbox: Option<Millis>,
    /// Addresses that the server should forget.
    has_dead_aliases: bool,
    /// Accounts whose chains are not here.
    wants_accounts: bool,
}

impl Agenda {
    pub(crate) fn read(tx: &Tx<'_>, now: Millis) -> Result<Self, StoreError> {
        let mut all = tx.prepare_cached(
            "SELECT (SELECT min(due) FROM due_receipt),
                    (SELECT min(heal_at) FROM chat_group WHERE heal_at IS NOT NULL AND state = 2),
                    (SELECT min(update_at) FROM chat_group WHERE state IN (1, 3)),
                    (SELECT due FROM link),
                    (SELECT min(due) FROM outbox WHERE due > ?1 AND stage <> 5),
                    EXISTS (SELECT 1 FROM dead_alias),
                    EXISTS (SELECT 1 FROM account WHERE wanted > 0)",
        )?;
        let agenda = all.query_row([now.0.cast_signed()], |row| {
            let at = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(|at| Millis(at.cast_unsigned())));
            Ok(Self {
                receipts: at(0)?,
                heal: at(1)?,
                update: at(2)?,
                link: at(3)?,
                outbox: at(4)?,
                has_dead_aliases: row.get(5)?,
                wants_accounts: row.get(6)?,
            })
        })?;
        Ok(agenda)
    }

    /// Without both doors no call for help leaves, and none is answered: the tries are kept for later.
    fn heal(&self, session: &Session) -> Option<Millis> {
        self.heal.filter(|_| session.can_heal())
    }

    /// Whether there is something to do now that does not wait for a door to open.
    pub(crate) fn is_due(&self, now: Millis, session: &Session) -> bool {
        let by_now = |at: Option<Millis>| at.is_some_and(|at| at <= now);
        by_now(self.receipts)
            || by_now(self.heal(session))
            || by_now(self.update)
            || by_now(session.fetch_at)
            || (session.anonymous && (by_now(self.link) || self.wants_accounts))
            || (session.proven && self.has_dead_aliases)
    }

    /// When there will be something to do, if nothing happens before.
    pub(crate) fn next(&self, session: &Session) -> Option<Millis> {
        let outbox = self.outbox.filter(|_| session.anonymous);
        let link = self.link.filter(|_| session.anonymous);
        [self.receipts, self.heal(session), self.update, link, outbox, session.fetch_at].into_iter().flatten().min()
    }
}
