use std::sync::Arc;

use memo_domain::{Access, Conflict, PasswordHash, Share, Store, Version};

use crate::{
    samples::{EARLIEST, LATEST, at, digest_of, memo, memo_id, share, share_id},
    steps::{add_memos, add_user, assert_conflict, committed, concurrently, dropped, read, try_write, write},
};

/// The shares of the memo with this number.
async fn list(store: &dyn Store, access: Access, n: u32) -> Vec<Share> {
    read(store, access, async |uow| uow.shares().list(memo_id(n)).await).await
}

async fn find(store: &dyn Store, share: &Share) -> Option<Share> {
    read(store, Access::Read, async |uow| uow.shares().find_by_digest(&share.digest).await).await
}

async fn insert(store: &dyn Store, shares: &[Share]) {
    write(store, async |uow| {
        for share in shares {
            uow.shares().insert(share).await?;
        }
        Ok(())
    })
    .await;
}

/// Inserts two memos of one user.
async fn add_two_memos(store: &dyn Store) {
    let owner = add_user(store, 0).await;
    add_memos(store, &[memo(0, owner), memo(1, owner)]).await;
}

fn newest_first(mut shares: Vec<Share>) -> Vec<Share> {
    shares.sort_by_key(|share| std::cmp::Reverse(share.id));
    shares
}

pub(crate) async fn a_share_reads_back_equal(store: Arc<dyn Store>) {
    add_two_memos(&*store).await;
    let full = Share {
        password_hash: Some(PasswordHash::new("$argon2id$v=19$".to_owned() + &"+/".repeat(100))),
        expires_at: Some(LATEST),
        created_at: EARLIEST,
        reads: i64::MAX.unsigned_abs(),
        ..share(1, memo_id(0))
    };
    let shares = [share(0, memo_id(0)), full, Share { expires_at: Some(EARLIEST), ..share(2, memo_id(0)) }];
    insert(&*store, &shares).await;
    for one in &shares {
        assert_eq!(find(&*store, one).await.as_ref(), Some(one));
    }
    assert_eq!(find(&*store, &share(9, memo_id(0))).await, None);
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        assert_eq!(list(&*store, access, 0).await, newest_first(shares.to_vec()), "{access:?}");
    }
}

pub(crate) async fn an_insert_with_a_taken_share_id_or_digest_conflicts(store: Arc<dyn Store>) {
    add_two_memos(&*store).await;
    let first = share(0, memo_id(0));
    insert(&*store, std::slice::from_ref(&first)).await;
    for taken in [
        Share { digest: digest_of(77), ..share(0, memo_id(1)) },
        Share { digest: first.digest, ..share(1, memo_id(1)) },
    ] {
        assert_conflict(try_write(&*store, async |uow| uow.shares().insert(&taken).await).await, Conflict::Id);
    }
    assert_eq!((find(&*store, &first).await, list(&*store, Access::Read, 1).await), (Some(first), vec![]));
}

pub(crate) async fn a_share_needs_its_memo(store: Arc<dyn Store>) {
    add_two_memos(&*store).await;
    let orphan = share(0, memo_id(9));
    assert_conflict(try_write(&*store, async |uow| uow.shares().insert(&orphan).await).await, Conflict::Parent);
    assert_eq!(find(&*store, &orphan).await, None);
}

pub(crate) async fn shares_are_listed_newest_first(store: Arc<dyn Store>) {
    add_two_memos(&*store).await;
    // The order is by id: the times are in another order.
    let shares: Vec<_> = (0..40)
        .map(|n| Share { created_at: at(i64::from(n * 7 % 11)), ..share(n, memo_id(u32::from(n % 3 == 0))) })
        .collect();
    insert(&*store, &shares).await;
    for n in [0, 1] {
        let expected = shares.iter().filter(|share| share.memo_id == memo_id(n)).cloned().collect();
        assert_eq!(list(&*store, Access::Read, n).await, newest_first(expected));
    }
    assert_eq!(list(&*store, Access::Read, 9).await, []);
}

pub(crate) async fn shares_of_many_memos_are_found(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let memos: Vec<_> = (0..100).map(|n| memo(n, owner)).collect();
    add_memos(&*store, &memos).await;
    let shares: Vec<_> = (0..60).map(|n| share(n, memo_id(n % 40))).collect();
    insert(&*store, &shares).await;
    let all: Vec<_> = memos.iter().map(|memo| memo.id).collect();
    for some in [&all[..], &all[5..25], &[memo_id(3)], &[memo_id(50), memo_id(999)], &[]] {
        for access in [Access::Read, Access::Write] {
            let found = read(&*store, access, async |uow| uow.shares().find_by_memos(some).await).await;
            let expected = shares.iter().filter(|share| some.contains(&share.memo_id)).cloned().collect();
            assert_eq!(newest_first(found), newest_first(expected), "{access:?}");
        }
    }
}

pub(crate) async fn a_share_is_removed_once(store: Arc<dyn Store>) {
    add_two_memos(&*store).await;
    let shares = [share(0, memo_id(0)), share(1, memo_id(0)), share(2, memo_id(1))];
    insert(&*store, &shares).await;
    let remove = async |memo, id| write(&*store, async |uow| uow.shares().remove(memo, id).await).await;
    assert!(!remove(memo_id(1), share_id(0)).await, "a share of another memo");
    assert!(!remove(memo_id(0), share_id(9)).await);
    assert!(dropped(&*store, async |uow| uow.shares().remove(memo_id(0), share_id(0)).await).await);
    assert!(remove(memo_id(0), share_id(0)).await);
    assert!(!remove(memo_id(0), share_id(0)).await);
    assert_eq!(
        (find(&*store, &shares[0]).await, list(&*store, Access::Read, 0).await),
        (None, vec![shares[1].clone()])
    );
    // Its shares go with a memo, and its digest is free.
    write(&*store, async |uow| uow.memos().remove(memo_id(0), Version::FIRST).await).await;
    assert_eq!((find(&*store, &shares[1]).await, list(&*store, Access::Read, 0).await), (None, vec![]));
    insert(&*store, &[Share { memo_id: memo_id(1), ..shares[1].clone() }]).await;
    assert_eq!(list(&*store, Access::Read, 1).await.len(), 2);
}

pub(crate) async fn reads_of_shares_are_added(store: Arc<dyn Store>) {
    add_two_memos(&*store).await;
    insert(&*store, &[share(0, memo_id(0)), share(1, memo_id(0))]).await;
    let reads = async || {
        let shares = list(&*store, Access::Read, 0).await;
        [0, 1].map(|n| shares.iter().find(|share| share.id == share_id(n)).map(|share| share.reads))
    };
    let added = [(share_id(0), 3), (share_id(9), 5), (share_id(1), 1), (share_id(0), 1)];
    write(&*store, async |uow| uow.shares().add_reads(&added).await).await;
    write(&*store, async |uow| uow.shares().add_reads(&[]).await).await;
    assert_eq!(reads().await, [Some(4), Some(1)]);
    let nodes = concurrently(&store, 8, |store, n| async move {
        let mut uow = store.begin(Access::Write).await?;
        let mut both = [(share_id(0), 1), (share_id(1), 1)];
        both.rotate_left(n as usize % 2);
        uow.shares().add_reads(&both).await?;
        committed(uow, ()).await
    });
    nodes.await.into_iter().for_each(|added| added.expect("it succeeds eventually"));
    assert_eq!(reads().await, [Some(12), Some(9)]);
}

pub(crate) async fn expired_shares_are_removed(store: Arc<dyn Store>) {
    add_two_memos(&*store).await;
    let shares: Vec<_> =
        (0..6).map(|n| Share { expires_at: (n < 5).then_some(at(i64::from(n))), ..share(n, memo_id(n % 2)) }).collect();
    insert(&*store, &shares).await;
    let remove = async |time, most| {
        let removed = write(&*store, async |uow| uow.shares().remove_expired(time, most).await).await;
        let left = [list(&*store, Access::Read, 0).await, list(&*store, Access::Read, 1).await].concat();
        (removed, left.len())
    };
    assert_eq!(remove(at(0), 100).await, (0, 6), "a share that expires at exactly that time stays");
    assert_eq!((remove(at(3), 2).await, remove(at(3), 2).await), ((2, 4), (1, 3)));
    assert_eq!(remove(LATEST, 100).await, (2, 1), "one that does not expire stays");
    assert_eq!(find(&*store, &shares[5]).await.as_ref(), Some(&shares[5]));
}
