//! Where a connection comes from, as far as haste needs it: strangers must not flood.
//!
//! Looking somebody up and asking somebody in need no account, so they are
//! counted by network address. Called by `http` (of) and `anonymous` (take).
//! An address is kept in memory for as long as its bucket is not full; it is
//! never logged, never stored, and never handed to the rules.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};

use hyper::HeaderMap;
use waxseal_wire::id::Millis;
use waxseal_wire::reply::Refusal;
use waxseal_wire::request::{AccountRef, AnonymousRequest};

use super::origin::Origin;
use crate::limits::{Buckets, Rate};

/// New accounts are dearer than being asked into a group: a name is taken for ever.
const REGISTER: u32 = 10;

/// A network that one person has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Caller(Origin);

impl Caller {
    /// Of a connection. A program on this machine, or a proxy that was announced, says for whom it calls; where it
    /// does not, callers cannot be told apart, and there is none.
    pub(super) fn of(peer: IpAddr, behind_proxy: bool, headers: &HeaderMap) -> Option<Self> {
        let peer = peer.to_canonical();
        if !peer.is_loopback() && !behind_proxy {
            return Some(Self(Origin::of(peer)));
        }
        // The last one is the proxy's own word; what stands before it, anybody can write.
        let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?.rsplit(',').next()?.trim();
        let address = last.parse().or_else(|_| last.parse::<SocketAddr>().map(|address| address.ip()));
        address.ok().map(|address: IpAddr| Self(Origin::of(address)))
    }
}

/// The haste of every caller.
pub(super) struct Callers {
    lookups: Mutex<Buckets<Caller>>,
    foundings: Mutex<Buckets<Caller>>,
}

impl Callers {
    pub(super) fn new(lookups: Rate, foundings: Rate) -> Self {
        Self { lookups: Mutex::new(Buckets::new(lookups)), foundings: Mutex::new(Buckets::new(foundings)) }
    }

    /// Takes what a request costs, or refuses it as too fast.
    pub(super) fn take(&self, caller: Option<Caller>, now: Millis, request: &AnonymousRequest) -> Result<(), Refusal> {
        let Some(caller) = caller else { return Ok(()) };
        let (buckets, cost) = match request {
            // An id is told by friends and cannot be guessed: only who fishes for names or KeyPackages is slowed down.
            AnonymousRequest::Lookup(lookup) if lookup.key_packages => (&self.lookups, lookup.who.len()),
            AnonymousRequest::Lookup(lookup) => {
                (&self.lookups, lookup.who.iter().filter(|who| matches!(who, AccountRef::Name(_))).count())
            }
            AnonymousRequest::Relate(_) | AnonymousRequest::Witnessed => (&self.lookups, 1),
            AnonymousRequest::Found(found) => (&self.foundings, found.welcomes.len().max(1)),
            AnonymousRequest::SubmitCommit(submit) => (&self.foundings, submit.welcomes.len()),
            AnonymousRequest::Register(_) => (&self.foundings, REGISTER as usize),
            AnonymousRequest::SubmitMessage(_) | AnonymousRequest::PutBlob(_) | AnonymousRequest::FetchBlob(_) => return Ok(()),
        };
        if cost == 0 {
            return Ok(());
        }
        let mut buckets = buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.take(caller, now, u32::try_from(cost).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(peer: &str, behind_proxy: bool, forwarded: &[&str]) -> Option<Caller> {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        Caller::of(peer.parse().unwrap(), behind_proxy, &headers)
    }

    #[test]
    fn who_calls_from_elsewhere_is_who_they_are_whatever_they_say() {
        let there = of("192.0.2.7", false, &[]);
        assert!(there.is_some());
        assert_eq!(of("192.0.2.7", false, &["198.51.100.1"]), there);
        assert_eq!(of("::ffff:192.0.2.7", false, &[]), there);
        assert_ne!(of("192.0.2.8", false, &[]), there);
    }

    #[test]
    fn a_household_is_one_caller() {
        assert_eq!(of("2001:db8:1:2::1", false, &[]), of("2001:db8:1:2:ffff::9", false, &[]));
        assert_ne!(of("2001:db8:1:2::1", false, &[]), of("2001:db8:1:3::1", false, &[]));
    }

    #[test]
    fn a_proxy_says_for_whom_it_calls_and_its_last_word_counts() {
        let there = of("192.0.2.7", false, &[]);
        assert_eq!(of("127.0.0.1", false, &["192.0.2.7"]), there);
        assert_eq!(of("10.0.0.1", true, &["198.51.100.1, 192.0.2.7"]), there);
        assert_eq!(of("10.0.0.1", true, &["198.51.100.1", "192.0.2.7:4711"]), there);
        assert_eq!(of("10.0.0.1", true, &[]), None);
        assert_eq!(of("127.0.0.1", false, &["nobody"]), None);
    }
}
