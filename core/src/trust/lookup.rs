//! Fetching chains that are wanted, and names that a person asks for.
//!
//! Called by `turn` at the end of each turn, in batches. What the server says
//! is verified in `account::learn` before it is kept.

use waxseal_wire::chain::Chain;
use waxseal_wire::frame::Door;
use waxseal_wire::id::AccountId;
use waxseal_wire::limits;
use waxseal_wire::name::AccountName;
use waxseal_wire::reply::{AccountFound, Reply};
use waxseal_wire::request::AccountRef;

use super::account::{self, LearnError};
use super::directory::Word;
use crate::account::me;
use crate::inbox;
use crate::outbox::Intent;
use crate::output::Problem;
use crate::session::Purpose;
use crate::store::StoreError;
use crate::turn::Turn;

/// So often a chain is asked for, and proven, before what it does not list counts as not listed: the log may be a moment behind.
const CHAIN_TRIES: u32 = 5;

/// What an answer said of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Learned {
    /// All that was asked for.
    All,
    /// Nothing, or nothing new where something new is needed.
    Nothing,
    /// It contradicts itself or what we knew.
    Forked,
}

impl Turn<'_> {
    /// Asks for the chains that are wanted, one batch at a time.
    pub(crate) fn fetch_accounts(&mut self) -> Result<(), StoreError> {
        let waits = self.session.fetch_at.is_some_and(|at| at > self.now);
        if waits || !self.session.anonymous || self.session.is_asked(|purpose| matches!(purpose, Purpose::Accounts(_))) {
            return Ok(());
        }
        let wanted = {
            let mut rows = self.tx.prepare_cached("SELECT account FROM account WHERE wanted > 0 LIMIT ?1")?;
            rows.query_map([limits::LOOKUP], |row| row.get::<_, [u8; 32]>(0).map(AccountId))?.collect::<Result<Vec<_>, _>>()?
        };
        if wanted.is_empty() {
            return Ok(());
        }
        let mut asked = Vec::with_capacity(wanted.len());
        for account in wanted {
            // That nobody has an id cannot be proven; that nobody has a name can.
            let name = account::known_name(self.tx, &account)?.and_then(|name| AccountName::parse(&name).ok());
            asked.push((account, name.map_or(AccountRef::Id(account), AccountRef::Name)));
        }
        let request = self.lookup_of(asked.iter().map(|(_, who)| who.clone()).collect(), false)?;
        self.send(Door::Anonymous, request, Purpose::Accounts(asked));
        Ok(())
    }

    /// The chains came. What was parked for them is tried again.
    pub(crate) fn accounts_found(&mut self, asked: &[(AccountId, AccountRef)], reply: Reply) -> Result<(), StoreError> {
        let who: Vec<_> = asked.iter().map(|(_, who)| who.clone()).collect();
        let words = match reply {
            Reply::Accounts(accounts) => self.prove_answer(&who, accounts)?,
            // An answer that does not fit is no answer.
            _ => None,
        };
        let Some(words) = words else {
            // Nothing was said that holds, so nobody is a ghost by it: what waits goes on waiting.
            self.ask_chains_later();
            return Ok(());
        };
        let (mut settled, mut is_open) = (Vec::new(), false);
        // What did not fit into the answer stays wanted, and is asked for next.
        for ((account, who), word) in asked.iter().zip(&words) {
            let learned = self.chain_came(account, word)?;
            // Of a name the log says all there is to say, if not yet.
            if matches!((who, word), (AccountRef::Name(_), Word::NotYet)) {
                is_open = true;
                account::want(self.tx, account)?;
                continue;
            }
            if learned != Learned::All && *word != Word::Nobody && self.is_chain_asked_again(account) {
                account::want(self.tx, account)?;
                self.session.fetch_at = Some(self.later(1_000, 3_000));
                continue;
            }
            if learned == Learned::Forked && me::account(self.tx)?.is_some_and(|own| own == *account) {
                self.fail(None, Problem::Forked);
            }
            self.session.chains_denied.remove(account);
            self.tx.prepare_cached("UPDATE account SET wanted = 0 WHERE account = ?1")?.execute([account.as_bytes()])?;
            settled.push(account);
        }
        if is_open {
            self.ask_chains_later();
        } else {
            self.session.chains_unproven = 0;
        }
        for account in settled {
            self.unpark_for(account)?;
            self.account_changed(account)?;
        }
        Ok(())
    }

    /// Less and less often, while the server proves nothing: some minutes apart after an hour.
    fn ask_chains_later(&mut self) {
        let pause = 1_000 << self.session.chains_unproven.min(8);
        self.session.chains_unproven += 1;
        self.session.fetch_at = Some(self.later(pause, 3 * pause));
    }

    /// Keeps what an answer says of an account.
    fn chain_came(&mut self, account: &AccountId, word: &Word) -> Result<Learned, StoreError> {
        let Word::Account(found) = word else { return Ok(Learned::Nothing) };
        // It was asked for by its name: the log says that another account has that.
        if Chain::verify(&found.chain).is_ok_and(|chain| chain.account() != *account) {
            self.identity_changed(account)?;
        }
        let before = account::chain(self.tx, account)?.map(|chain| chain.records().len());
        match account::learn(self.tx, account, &found.chain, &found.name, self.now) {
            Ok(()) => {}
            Err(LearnError::Store(error)) => return Err(error),
            // A chain that contradicts itself or what we knew: the leaf stays unproven.
            Err(LearnError::Chain(_)) => return Ok(Learned::Forked),
        }
        let after = account::chain(self.tx, account)?.map(|chain| chain.records().len());
        // Something waits to be proven by it, and is not, unless there is more of it than that.
        let same = after == before && inbox::is_awaited(self.tx, account)?;
        Ok(if same { Learned::Nothing } else { Learned::All })
    }

    /// One word of the server makes nobody a ghost whom others know as one of them: a chain is asked for some times.
    fn is_chain_asked_again(&mut self, account: &AccountId) -> bool {
        let denied = self.session.chains_denied.entry(*account).or_default();
        *denied += 1;
        *denied < CHAIN_TRIES
    }

    /// Asks for a name on a person's behalf: now, or when the server is there.
    pub(crate) fn look_up(&mut self, name: &AccountName) -> Result<(), StoreError> {
        self.post(None, None, &Intent::LookUp(name.as_str().to_owned())).map(drop)
    }

    /// Takes one account of an answer to a look-up by name.
    pub(crate) fn learn_found(&mut self, name: &AccountName, found: &AccountFound) -> Result<Option<AccountId>, StoreError> {
        let Ok(chain) = Chain::verify(&found.chain) else { return Ok(None) };
        if found.name != name.as_str() {
            return Ok(None);
        }
        // A name that suddenly means somebody else is not taken over silently.
        if let Some(known) = account::by_name(self.tx, name.as_str())?
            && known != chain.account()
        {
            self.identity_changed(&known)?;
            self.fail(None, Problem::IdentityChanged);
            return Ok(None);
        }
        match account::learn(self.tx, &chain.account(), &found.chain, &found.name, self.now) {
            // An account that we know by another name does not get a second one.
            Ok(()) => Ok((account::by_name(self.tx, name.as_str())? == Some(chain.account())).then(|| chain.account())),
            Err(LearnError::Store(error)) => Err(error),
            Err(LearnError::Chain(_)) => Ok(None),
        }
    }
}
