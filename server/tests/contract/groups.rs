//! Blind delivery.

use waxseal_server::limits::Rate;
use waxseal_server::policy::Policy;
use waxseal_server::store::Store;
use waxseal_wire::id::{Epoch, Millis, Position};
use waxseal_wire::key::{DeliveryKey, PostKey};
use waxseal_wire::reply::{Refusal, Reply};
use waxseal_wire::request::{AnonymousRequest, DeviceRequest, RosterChange, Welcomed};
use waxseal_wire::seal::{Kind, roster_hash};

use crate::town::{Town, refused};

pub(crate) fn a_message_reaches_everybody_but_its_sender<S: Store>(store: S) {
    let mut town = Town::new(store);
    let [mut a, mut b, mut c] = town.settle_all(["alice", "bob", "carol"]);
    let circle = town.found(&mut [&mut a, &mut b, &mut c]);
    let submit = town.message(&circle, &b, circle.aliases[1], b"hello");
    let outcome = town.ask(AnonymousRequest::SubmitMessage(Box::new(submit)));
    assert_eq!(outcome.reply, Some(Reply::Accepted(Position(2))));
    let (mut woken, mut expected) = (outcome.wakes, vec![a.proven.unwrap().mailbox(), c.proven.unwrap().mailbox()]);
    woken.sort();
    expected.sort();
    assert_eq!(woken, expected);
    let got = town.opened(&a);
    assert_eq!(got.len(), 1);
    assert_eq!((got[0].group, got[0].epoch, got[0].position, got[0].kind), (circle.group, Epoch(1), Position(2), Kind::Message));
    assert_eq!((got[0].from, got[0].roster_hash, got[0].envelope.as_slice()), (circle.aliases[1], None, &b"hello"[..]));
    assert_eq!(town.order(&b), [(Kind::Welcome, 1, 0), (Kind::Message, 1, 1)]);
    assert_eq!(town.order(&c), [(Kind::Welcome, 1, 0), (Kind::Message, 1, 1), (Kind::Message, 1, 2)]);
}

pub(crate) fn a_group_is_founded_once<S: Store>(store: S) {
    let mut town = Town::new(store);
    let [mut a, mut b] = town.settle_all(["alice", "bob"]);
    let circle = town.circle(&mut [&mut a, &mut b]);
    let found = town.founding(&circle, &[&a, &b]);
    let ask = |town: &mut Town<S>, found: &_| town.answer(AnonymousRequest::Found(Box::new(Clone::clone(found))));
    let mut wrong = found.clone();
    wrong.lent.post_key = PostKey::new([1; 32]);
    assert_eq!(ask(&mut town, &wrong), refused(Refusal::NotAllowed));
    let mut twice = found.clone();
    twice.roster.push(twice.roster[0].clone());
    assert_eq!(ask(&mut town, &twice), refused(Refusal::Malformed));
    let mut strange = found.clone();
    strange.welcomes[0].alias = town.new_alias(&mut a);
    assert_eq!(ask(&mut town, &strange), refused(Refusal::Malformed));
    let mut unregistered = found.clone();
    let nowhere = town.new_alias(&mut b);
    unregistered.roster.push(b.in_roster(nowhere));
    assert_eq!(ask(&mut town, &unregistered), refused(Refusal::Unknown));
    // None of these left anything behind.
    assert_eq!(ask(&mut town, &found), Reply::Accepted(Position(1)));
    assert_eq!(ask(&mut town, &found), Reply::Accepted(Position(1)));
    assert_eq!(town.order(&b).len(), 2);
    let again = town.founding(&circle, &[&a, &b]);
    assert_eq!(ask(&mut town, &again), refused(Refusal::Taken));
    let welcome = &town.opened(&b)[0];
    assert_eq!(welcome.roster_hash, Some(roster_hash(&circle.aliases)));
}

pub(crate) fn a_repeated_submit_is_accepted_once<S: Store>(store: S) {
    let mut town = Town::new(store);
    let [mut a, mut b] = town.settle_all(["alice", "bob"]);
    let circle = town.found(&mut [&mut a, &mut b]);
    let submit = town.message(&circle, &a, circle.aliases[0], b"once");
    let ask = |town: &mut Town<S>| town.ask(AnonymousRequest::SubmitMessage(Box::new(submit.clone())));
    assert_eq!(ask(&mut town).reply, Some(Reply::Accepted(Position(2))));
    let commit = town.commit(&circle, &b, circle.aliases[1]);
    assert_eq!(town.submit(&commit), Reply::Accepted(Position(3)));
    // Even now that the epoch has moved: it was accepted, and that stays so.
    let again = ask(&mut town);
    assert_eq!((again.reply, again.wakes), (Some(Reply::Accepted(Position(2))), vec![]));
    assert_eq!(town.submit(&commit), Reply::Accepted(Position(3)));
    assert_eq!(town.order(&b), [(Kind::Welcome, 1, 0), (Kind::Message, 1, 1), (Kind::Message, 1, 2), (Kind::Commit, 1, 3)]);
}

pub(crate) fn an_idempotency_key_stands_for_one_thing<S: Store>(store: S) {
    let mut town = Town::new(store);
    let [mut a, mut b] = town.settle_all(["alice", "bob"]);
    let circle = town.found(&mut [&mut a, &mut b]);
    let submit = town.message(&circle, &a, circle.aliases[0], b"this");
    assert_eq!(town.answer(AnonymousRequest::SubmitMessage(Box::new(submit.clone()))), Reply::Accepted(Position(2)));
    let mut other = submit.clone();
    other.envelope = b"that".to_vec();
    assert_eq!(town.answer(AnonymousRequest::SubmitMessage(Box::new(other))), refused(Refusal::ReusedKey));
    let mut commit = town.commit(&circle, &a, circle.aliases[0]);
    commit.lent.idempotency_key = submit.lent.idempotency_key;
    assert_eq!(town.submit(&commit), refused(Refusal::ReusedKey));
    // A refused request uses up no key.
    let mut ahead = town.message(&circle, &a, circle.aliases[0], b"later");
    ahead.lent.epoch = Epoch(9);
    assert_eq!(town.answer(AnonymousRequest::SubmitMessage(Box::new(ahead.clone()))), refused(Refusal::NotAllowed));
    ahead.lent.epoch = circle.epoch;
    assert_eq!(town.answer(AnonymousRequest::SubmitMessage(Box::new(ahead))), Reply::Accepted(Position(3)));
}

pub(crate) fn a_stale_commit_is_refused_and_changes_nothing<S: Store>(store: S) {
    let mut town = Town::new(store);
    let [mut a, mut b] = town.settle_all(["alice", "bob"]);
    let circle = town.found(&mut [&mut a, &mut b]);
    let (first, mut second) = (town.commit(&circle, &a, circle.aliases[0]), town.commit(&circle, &b, circle.aliases[1]));
    second.roster = RosterChange::Edit { add: vec![], remove: vec![circle.aliases[0]] };
    assert_eq!(town.submit(&first), Reply::Accepted(Position(2)));
    let (at_a, at_b) = (town.read(&a), town.read(&b));
    let stale = refused(Refusal::StaleEpoch { current: Epoch(2) });
    assert_eq!(town.submit(&second), stale);
    assert_eq!(town.say(&circle, &b, circle.aliases[1], b"late"), stale);
    assert_eq!((town.read(&a), town.read(&b)), (at_a, at_b));
    assert_eq!(town.say(&circle.after(&first), &a, circle.aliases[0], b"still in"), Reply::Accepted(Position(3)));
}

pub(crate) fn of_racing_commits_one_wins<S: Store>(store: S) {
    let mut town = Town::new(store);
    let mut devices = town.settle_all(["alice", "bob", "carol", "dave"]);
    let circle = town.found(&mut devices.each_mut());
    let commits: Vec<_> = (0..4).map(|i| town.commit(&circle, &devices[i], circle.aliases[i])).collect();
    town.roles.store().begin().unwrap();
    let replies: Vec<_> = commits.iter().map(|commit| town.submit(commit)).collect();
    town.roles.store().persist().unwrap();
    assert_eq!(replies[0], Reply::Accepted(Position(2)));
    assert!(replies[1..].iter().all(|reply| *reply == refused(Refusal::StaleEpoch { current: Epoch(2) })));
    for device in &devices {
        let commits = town.order(device).into_iter().filter(|(kind, ..)| *kind == Kind::Commit).count();
        assert_eq!(commits, 1, "the committer gets its own too, and nobody gets a second one");
    }
}

pub(crate) fn a_message_of_an_epoch_stands_before_its_commit_in_every_mailbox<S: Store>(store: S) {
    let mut town = Town::new(store);
    let mut devices = town.settle_all(["alice", "bob", "carol"]);
    let mut circle = town.found(&mut devices.each_mut());
    for round in 0..12 {
        let (speaker, committer) = (round % 3, (round / 3) % 3);
        town.say(&circle, &devices[speaker], circle.aliases[speaker], b"words");
        let commit = town.commit(&circle, &devices[committer], circle.aliases[committer]);
        assert!(matches!(town.submit(&commit), Reply::Accepted(_)));
        circle = circle.after(&commit);
    }
    for device in &devices {
        let mut epoch = 1;
        for (kind, of, _) in town.order(device) {
            assert_eq!(of, epoch, "nothing of another epoch stands between two Commits");
            epoch += u64::from(kind == Kind::Commit);
        }
        assert_eq!(epoch, 13);
    }
}

pub(crate) fn positions_have_no_gaps<S: Store>(store: S) {
    let mut town = Town::new(store);
    let mut devices = town.settle_all(["alice", "bob", "carol"]);
    let mut circle = town.found(&mut devices.each_mut());
    let mut given = vec![1];
    for round in 0..20 {
        let who = round % 3;
        if round % 5 == 4 {
            let commit = town.commit(&circle, &devices[who], circle.aliases[who]);
            let Reply::Accepted(position) = town.submit(&commit) else { panic!() };
            given.push(position.0);
            circle = circle.after(&commit);
        } else {
            // Refused ones use up no position.
            let mut wrong = town.message(&circle, &devices[who], circle.aliases[who], b"x");
            wrong.lent.delivery_key = DeliveryKey::new([9; 32]);
            assert_eq!(town.answer(AnonymousRequest::SubmitMessage(Box::new(wrong))), refused(Refusal::NotAllowed));
            let Reply::Accepted(position) = town.say(&circle, &devices[who], circle.aliases[who], b"x") else { panic!() };
            given.push(position.0);
        }
    }
    assert_eq!(given, (1..=21).collect::<Vec<_>>());
    for device in &devices {
        let seqs: Vec<_> = town.read(device).iter().map(|entry| entry.seq.0).collect();
        assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
        assert!(town.order(device).windows(2).all(|pair| pair[0].2 < pair[1].2));
    }
}

pub(crate) fn who_lends_a_wrong_key_is_refused<S: Store>(store: S) {
    let mut town = Town::new(store);
    let [mut a, mut b] = town.settle_all(["alice", "bob"]);
    let circle = town.found(&mut [&mut a, &mut b]);
    let good = town.message(&circle, &a, circle.aliases[0], b"hm");
    let not_allowed = refused(Refusal::NotAllowed);
    let mut ask = |change: &dyn Fn(&mut waxseal_wire::request::Lent)| {
        let mut submit = good.clone();
        change(&mut submit.lent);
        town.answer(AnonymousRequest::SubmitMessage(Box::new(submit)))
    };
    assert_eq!(ask(&|lent| lent.delivery_key = DeliveryKey::new([1; 32])), not_allowed);
    assert_eq!(ask(&|lent| lent.post_key = PostKey::new([1; 32])), not_allowed);
    assert_eq!(ask(&|lent| lent.from = circle.aliases[1]), not_allowed);
    assert_eq!(ask(&|lent| lent.from.0[0] ^= 1), not_allowed);
    assert_eq!(ask(&|lent| lent.epoch = Epoch(2)), not_allowed);
    assert_eq!(ask(&|lent| lent.epoch = Epoch(u64::MAX)), not_allowed);
    assert_eq!(ask(&|lent| lent.epoch = Epoch(0)), refused(Refusal::StaleEpoch { current: Epoch(1) }));
    assert_eq!(ask(&|lent| lent.group.0[0] ^= 1), refused(Refusal::Unknown));
    assert_eq!(ask(&|_| {}), Reply::Accepted(Position(2)));
}

pub(crate) fn a_removed_member_can_neither_post_nor_read<S: Store>(store: S) {
    let mut town = Town::new(store);
    let [mut a, mut b, mut c] = town.settle_all(["alice", "bob", "carol"]);
    let circle = town.found(&mut [&mut a, &mut b, &mut c]);
    let mut commit = town.commit(&circle, &a, circle.aliases[0]);
    commit.roster = RosterChange::Edit { add: vec![], remove: vec![circle.aliases[2]] };
    assert_eq!(town.submit(&commit), Reply::Accepted(Position(2)));
    let after = circle.after(&commit);
    assert_eq!(town.say(&after, &a, circle.aliases[0], b"without carol"), Reply::Accepted(Position(3)));
    // The last that carol gets is the Commit that removes her.
    assert_eq!(town.order(&c).last(), Some(&(Kind::Commit, 1, 2)));
    assert_eq!(town.say(&circle, &c, circle.aliases[2], b"me"), refused(Refusal::StaleEpoch { current: Epoch(2) }));
    let mut guess = circle.clone();
    guess.epoch = Epoch(2);
    assert_eq!(town.say(&guess, &c, circle.aliases[2], b"me"), refused(Refusal::NotAllowed));
    // Not even with the new key, which she cannot have: she is not in the roster.
    assert_eq!(town.say(&after, &c, circle.aliases[2], b"me"), refused(Refusal::NotAllowed));
}

pub(crate) fn an_added_member_gets_a_welcome_after_the_commit<S: Store>(store: S) {
    let mut town = Town::new(store);
    let [mut a, mut b, mut c] = town.settle_all(["alice", "bob", "carol"]);
    let circle = town.found(&mut [&mut a, &mut b]);
    let (alias_c, again_b) = (town.alias(&mut c), town.alias(&mut b));
    let mut commit = town.commit(&circle, &a, circle.aliases[0]);
    // Carol comes, and bob is removed and added again under another alias.
    commit.roster = RosterChange::Edit { add: vec![c.in_roster(alias_c), b.in_roster(again_b)], remove: vec![circle.aliases[1]] };
    commit.welcomes = [alias_c, again_b].map(|alias| Welcomed { alias, welcome: b"come in".to_vec() }).to_vec();
    assert_eq!(town.submit(&commit), Reply::Accepted(Position(2)));
    assert_eq!(town.order(&c), [(Kind::Welcome, 2, 2)]);
    assert_eq!(town.order(&b)[2..], [(Kind::Commit, 1, 2), (Kind::Welcome, 2, 2)]);
    assert_eq!(town.order(&a), [(Kind::Commit, 1, 2)]);
    let hash = Some(roster_hash(&[circle.aliases[0], alias_c, again_b]));
    assert_eq!((town.opened(&a)[0].roster_hash, town.opened(&c)[0].roster_hash), (hash, hash));
    let after = circle.after(&commit);
    assert_eq!(town.say(&after, &c, alias_c, b"thank you"), Reply::Accepted(Position(3)));
    assert_eq!(town.order(&b).last(), Some(&(Kind::Message, 2, 3)));
}

pub(crate) fn a_roster_change_that_does_not_fit_is_refused<S: Store>(store: S) {
    let mut town = Town::new(store);
    let [mut a, mut b, mut c] = town.settle_all(["alice", "bob", "carol"]);
    let circle = town.found(&mut [&mut a, &mut b]);
    let (there, nowhere) = (town.alias(&mut c), town.new_alias(&mut c));
    let edit = |add: &[_], remove: &[_]| RosterChange::Edit { add: add.to_vec(), remove: remove.to_vec() };
    let mut ask = |roster: RosterChange, welcomed: &[_]| {
        let mut commit = town.commit(&circle, &a, circle.aliases[0]);
        commit.roster = roster;
        commit.welcomes = welcomed.iter().map(|alias| Welcomed { alias: *alias, welcome: vec![1] }).collect();
        town.submit(&commit)
    };
    assert_eq!(ask(edit(&[], &[there]), &[]), refused(Refusal::Unknown));
    assert_eq!(ask(edit(&[c.in_roster(nowhere)], &[]), &[]), refused(Refusal::Unknown));
    assert_eq!(ask(RosterChange::Replace(vec![c.in_roster(nowhere)]), &[]), refused(Refusal::Unknown));
    assert_eq!(ask(edit(&[b.in_roster(circle.aliases[1])], &[]), &[]), refused(Refusal::Taken));
    assert_eq!(ask(edit(&[c.in_roster(there), c.in_roster(there)], &[]), &[]), refused(Refusal::Malformed));
    assert_eq!(ask(edit(&[], &circle.aliases), &[]), refused(Refusal::Malformed));
    assert_eq!(ask(edit(&[], &[]), &[there]), refused(Refusal::Malformed));
    assert_eq!(ask(edit(&[c.in_roster(there)], &[]), &[there, there]), refused(Refusal::Malformed));
    assert_eq!(ask(edit(&[c.in_roster(there)], &[]), &[there]), Reply::Accepted(Position(2)));
}

pub(crate) fn a_roster_can_be_replaced<S: Store>(store: S) {
    let mut town = Town::new(store);
    let [mut a, mut b, mut c] = town.settle_all(["alice", "bob", "carol"]);
    let circle = town.found(&mut [&mut a, &mut b]);
    let alias_c = town.alias(&mut c);
    let mut commit = town.commit(&circle, &b, circle.aliases[1]);
    commit.roster = RosterChange::Replace(vec![a.in_roster(circle.aliases[0]), c.in_roster(alias_c)]);
    assert_eq!(town.submit(&commit), Reply::Accepted(Position(2)));
    let after = circle.after(&commit);
    assert_eq!(town.say(&after, &b, circle.aliases[1], b"me?"), refused(Refusal::NotAllowed));
    assert_eq!(town.say(&after, &a, circle.aliases[0], b"you"), Reply::Accepted(Position(3)));
    assert_eq!(town.order(&c), [(Kind::Message, 2, 3)]);
}

pub(crate) fn an_alias_that_is_gone_is_left_out<S: Store>(store: S) {
    let mut town = Town::new(store);
    let [mut a, mut b, mut c] = town.settle_all(["alice", "bob", "carol"]);
    let circle = town.found(&mut [&mut a, &mut b, &mut c]);
    town.ask_as(&c, DeviceRequest::DropAlias(vec![circle.aliases[2], circle.aliases[0]]));
    assert_eq!(town.say(&circle, &b, circle.aliases[1], b"hello"), Reply::Accepted(Position(2)));
    assert_eq!((town.order(&a).len(), town.order(&c).len()), (1, 2), "carol's is gone; alice's was not carol's to drop");
}

pub(crate) fn a_group_that_hurries_is_slowed_and_told_how_long<S: Store>(store: S) {
    let mut town = Town::under(Policy { group: Rate { burst: 2, per_second: 1 }, ..Policy::unlimited() }, store);
    let [mut a, mut b] = town.settle_all(["alice", "bob"]);
    let circle = town.found(&mut [&mut a, &mut b]);
    let mut wrong = circle.clone();
    wrong.delivery_key = DeliveryKey::new([3; 32]);
    for _ in 0..5 {
        assert_eq!(town.say(&wrong, &a, circle.aliases[0], b"x"), refused(Refusal::NotAllowed), "a stranger uses up nothing");
    }
    assert_eq!(town.say(&circle, &a, circle.aliases[0], b"1"), Reply::Accepted(Position(2)));
    assert_eq!(town.say(&circle, &a, circle.aliases[0], b"2"), Reply::Accepted(Position(3)));
    assert_eq!(town.say(&circle, &a, circle.aliases[0], b"3"), refused(Refusal::TooFast { retry_after_ms: 1000 }));
    town.now = Millis(town.now.0 + 1000);
    assert_eq!(town.say(&circle, &a, circle.aliases[0], b"3"), Reply::Accepted(Position(4)));
}
