use std::sync::Arc;

use memo_domain::{Access, Change, ChangeKind, Conflict, Limit, NewChange, Stamp, Store, Timestamp, UserId, Version};

use crate::{
    samples::{EARLIEST, LATEST, at, full_memo, memo, memo_id, user, user_id},
    steps::{add_memos, add_user, append, assert_conflict, begin, commit, feed, find_memo, last_change},
};

/// A change at a time of its own, of a memo that need not exist.
fn change(n: u32) -> NewChange {
    let (_, kind) = ChangeKind::NAMES[n as usize % ChangeKind::NAMES.len()];
    NewChange { kind, memo_id: memo_id(n), version: Version::new(n + 1), at: at(i64::from(n)) }
}

/// Changes with their sequence numbers.
fn numbered(from: u64, changes: impl IntoIterator<Item = NewChange>) -> Vec<Change> {
    (from..).zip(changes).map(|(seq, change)| Change::new(seq, change)).collect()
}

/// One page of the feed.
async fn page(store: &dyn Store, owner: UserId, since: u64, limit: u64) -> Vec<Change> {
    let limit = Limit::new(limit).expect("a valid limit");
    begin(store, Access::Read).await.changes().list(owner, since, limit).await.expect("changes are read")
}

async fn remove_before(store: &dyn Store, micros: i64, most: u32) -> u64 {
    let mut uow = begin(store, Access::Write).await;
    let removed = uow.changes().remove_before(at(micros), most).await.expect("changes are removed");
    commit(uow).await;
    removed
}

pub(crate) async fn a_change_reads_back_equal(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let mut changes: Vec<_> = (0..10).map(change).collect();
    changes.extend([
        NewChange { version: Version::new(u32::MAX), at: EARLIEST, ..change(3) },
        NewChange { version: Version::FIRST, at: LATEST, ..change(3) },
        NewChange { at: Timestamp::from_micros(-1), ..change(4) },
        // The same change twice, and several changes of one memo.
        change(5),
        change(5),
    ]);
    append(&*store, owner, &changes).await;
    let expected = numbered(1, changes);
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        let mut uow = begin(&*store, access).await;
        let listed = uow.changes().list(owner, 0, Limit::default()).await.expect("changes are read");
        assert_eq!(listed, expected, "{access:?}");
        assert_eq!(uow.changes().last_seq(owner).await.expect("changes are read"), 15, "{access:?}");
    }
}

pub(crate) async fn changes_are_numbered_from_one_without_a_gap(store: Arc<dyn Store>) {
    let (one, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    assert_eq!((last_change(&*store, one).await, feed(&*store, one).await), (0, vec![]));
    let mut appended = [(one, Vec::new()), (other, Vec::new())];
    let mut n = 0;
    // Alternately for both users, in units of work of various sizes. Appending nothing uses no number.
    for (user, size) in [(0, 1), (1, 3), (0, 2), (0, 0), (1, 1), (0, 120), (1, 0), (1, 2), (0, 1)] {
        let (owner, changes) = &mut appended[user];
        let new: Vec<_> = (n..n + size).map(change).collect();
        n += size;
        append(&*store, *owner, &new).await;
        changes.extend(new);
        assert_eq!(last_change(&*store, *owner).await, changes.len() as u64);
    }
    // Several times in one unit of work, which sees its own changes.
    let mut uow = begin(&*store, Access::Write).await;
    for user in [0, 1, 0] {
        let (owner, changes) = &mut appended[user];
        changes.extend([change(n), change(n + 1)]);
        uow.changes().append(*owner, &[change(n), change(n + 1)]).await.expect("changes are appended");
        n += 2;
        let seen = uow.changes().last_seq(*owner).await.expect("changes are read");
        assert_eq!(seen, changes.len() as u64, "a unit of work sees its own changes");
    }
    commit(uow).await;
    for (owner, changes) in appended {
        assert_eq!(feed(&*store, owner).await, numbered(1, changes));
    }
}

pub(crate) async fn a_feed_is_read_in_pages(store: Arc<dyn Store>) {
    let (owner, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let changes: Vec<_> = (0..12).map(change).collect();
    append(&*store, owner, &changes).await;
    append(&*store, other, &changes[3..7]).await;
    let all = numbered(1, changes);
    for since in 0..14_u8 {
        for limit in [1, 2, 5, 12, 100_u8] {
            let listed = page(&*store, owner, since.into(), limit.into()).await;
            let expected: Vec<_> = all.iter().skip(since.into()).take(limit.into()).copied().collect();
            assert_eq!(listed, expected, "{limit} after {since}");
        }
    }
    for since in [i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX] {
        assert_eq!(page(&*store, owner, since, 5).await, [], "after {since}");
    }
    let unknown = user_id(9);
    assert_eq!((last_change(&*store, unknown).await, page(&*store, unknown, 0, 5).await), (0, vec![]));
}

pub(crate) async fn a_change_that_was_rolled_back_leaves_no_gap(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let mut appended = Vec::new();
    for n in 0..6 {
        // The first round drops changes before any is committed.
        let mut uow = begin(&*store, Access::Write).await;
        let dropped_changes = [change(100), change(101), change(102)];
        uow.changes().append(owner, &dropped_changes[..=n as usize % 3]).await.expect("changes are appended");
        if n % 2 == 1 {
            let conflict = uow.memos().insert(&memo(0, user_id(9)), &memo(0, user_id(9)).search_text()).await;
            assert_conflict(conflict, Conflict::Parent);
        }
        drop(uow);
        assert_eq!(last_change(&*store, owner).await, appended.len() as u64, "dropped changes use no number");
        assert_eq!(feed(&*store, owner).await, numbered(1, appended.clone()));

        append(&*store, owner, &[change(n)]).await;
        appended.push(change(n));
        assert_eq!(feed(&*store, owner).await, numbered(1, appended.clone()));
    }
}

pub(crate) async fn a_change_needs_its_user(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let mut uow = begin(&*store, Access::Write).await;
    assert_conflict(uow.changes().append(user_id(9), &[change(0)]).await, Conflict::Parent);
    drop(uow);
    let mut uow = begin(&*store, Access::Write).await;
    uow.changes().append(owner, &[change(0)]).await.expect("changes are appended");
    assert_conflict(uow.changes().append(user_id(9), &[change(1), change(2)]).await, Conflict::Parent);
    drop(uow);
    for id in [owner, user_id(9)] {
        assert_eq!((last_change(&*store, id).await, feed(&*store, id).await), (0, vec![]));
    }
}

pub(crate) async fn an_empty_append_changes_nothing(store: Arc<dyn Store>) {
    let (owner, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    for user in [owner, other, user_id(9)] {
        append(&*store, user, &[]).await;
        assert_eq!((last_change(&*store, user).await, feed(&*store, user).await), (0, vec![]));
    }
    append(&*store, owner, &[change(0)]).await;
    append(&*store, owner, &[]).await;
    append(&*store, owner, &[change(1)]).await;
    assert_eq!(feed(&*store, owner).await, numbered(1, [change(0), change(1)]));
}

pub(crate) async fn changes_outlive_their_memo(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let memo = full_memo(0, owner);
    add_memos(&*store, std::slice::from_ref(&memo)).await;
    let created = NewChange::of(&memo, ChangeKind::Created, at(1));
    append(&*store, owner, &[created]).await;
    let mut uow = begin(&*store, Access::Write).await;
    uow.memos().remove(memo.id, memo.version).await.expect("the memo is removed");
    let deleted = NewChange::of(&memo, ChangeKind::Deleted, at(2));
    uow.changes().append(owner, &[deleted]).await.expect("changes are appended");
    commit(uow).await;
    assert_eq!(find_memo(&*store, memo.id).await, None);
    assert_eq!(feed(&*store, owner).await, numbered(1, [created, deleted]));
}

pub(crate) async fn old_changes_are_removed(store: Arc<dyn Store>) {
    let (one, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let changes: Vec<_> = (0..10).map(change).collect();
    append(&*store, one, &changes).await;
    append(&*store, other, &changes[..4]).await;
    assert_eq!(remove_before(&*store, 0, 100).await, 0, "a change at exactly that time stays");
    assert_eq!(remove_before(&*store, 3, 100).await, 6, "of all users");
    assert_eq!(remove_before(&*store, 3, 100).await, 0);
    let (ones, others) = (numbered(1, changes), numbered(1, (0..4).map(change)));
    assert_eq!(page(&*store, one, 0, 100).await, ones[3..]);
    assert_eq!(page(&*store, other, 0, 100).await, others[3..]);
    assert_eq!(page(&*store, one, 5, 2).await, ones[5..7]);

    // Removes at most `most` changes; fewer mean that none are left to remove.
    for (most, removed) in [(2, 2), (3, 3), (1, 1), (4, 2), (4, 0)] {
        assert_eq!(remove_before(&*store, 10, most).await, removed, "at most {most}");
    }
    for (owner, last) in [(one, 10), (other, 4)] {
        assert_eq!(page(&*store, owner, 0, 100).await, []);
        assert_eq!(last_change(&*store, owner).await, last, "the last number is still known");
        // Numbers are never reused.
        append(&*store, owner, &[change(20)]).await;
        assert_eq!(page(&*store, owner, 0, 100).await, numbered(last + 1, [change(20)]));
    }

    // A removal can be rolled back.
    let mut uow = begin(&*store, Access::Write).await;
    let removed = uow.changes().remove_before(at(21), 100).await.expect("changes are removed");
    let left = uow.changes().list(one, 0, Limit::default()).await.expect("changes are read");
    assert_eq!((removed, left), (2, vec![]));
    drop(uow);
    assert_eq!(page(&*store, one, 0, 100).await, numbered(11, [change(20)]));
}

pub(crate) async fn a_stamp_follows_the_feed_and_the_user(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let other = add_user(&*store, 1).await;
    let stamp = async |owner| {
        begin(&*store, Access::Read).await.changes().lookup_stamp(owner).await.expect("the stamp is read")
    };
    assert_eq!(stamp(user_id(9)).await, None, "an unknown user");
    let version = user(0).version;
    assert_eq!(stamp(owner).await, Some(Stamp { last_change: 0, user: version }));

    let mut uow = begin(&*store, Access::Write).await;
    uow.changes().append(owner, &[change(1), change(2)]).await.expect("changes are appended");
    uow.changes().append(other, &[change(3)]).await.expect("a change is appended");
    commit(uow).await;
    assert_eq!(stamp(owner).await, Some(Stamp { last_change: 2, user: version }));

    let mut uow = begin(&*store, Access::Write).await;
    let mut renamed = user(0);
    renamed.version = version.next();
    uow.users().update(&renamed, version).await.expect("the user is renamed");
    commit(uow).await;
    assert_eq!(stamp(owner).await, Some(Stamp { last_change: 2, user: version.next() }));
    assert_eq!(stamp(other).await, Some(Stamp { last_change: 1, user: version }));
}
