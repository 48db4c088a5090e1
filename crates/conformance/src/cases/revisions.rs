use std::sync::Arc;

use memo_domain::{
    Access, ChangeOrigin, Conflict, Page, PageRequest, Revision, RevisionHead, Store, TextDelta, Version,
};

use crate::{
    samples::{AWKWARD, EARLIEST, LATEST, api_key_id, memo, memo_id, revision, session_id},
    steps::{add_memos, add_user, assert_conflict, assert_pages, dropped, read, try_write, write},
};

async fn add_two_memos(store: &dyn Store) {
    let owner = add_user(store, 0).await;
    add_memos(store, &[memo(0, owner), memo(1, owner)]).await;
}

async fn insert(store: &dyn Store, revisions: &[Revision]) {
    write(store, async |uow| {
        for revision in revisions {
            uow.revisions().insert(revision).await?;
        }
        Ok(())
    })
    .await;
}

async fn all(store: &dyn Store, access: Access, n: u32) -> Vec<Revision> {
    let (first, last) = (Version::new(u32::MAX), Version::new(0));
    read(store, access, async |uow| uow.revisions().list_down_to(memo_id(n), first, last, 1_000).await).await
}

async fn page(store: &dyn Store, n: u32, request: PageRequest<Version>) -> Page<RevisionHead, Version> {
    read(store, Access::Read, async |uow| uow.revisions().list(memo_id(n), &request).await).await
}

fn versions(revisions: &[Revision]) -> Vec<u32> {
    revisions.iter().map(|revision| revision.head.version.get()).collect()
}

pub(crate) async fn a_revision_reads_back_equal(store: Arc<dyn Store>) {
    add_two_memos(&*store).await;
    let (plain, other) = (revision(1, memo_id(0)), revision(2, memo_id(0)));
    let delta = TextDelta { prefix: 400_000, suffix: u32::MAX, middle: AWKWARD.concat() };
    let session = ChangeOrigin::Session(session_id(1));
    let head = RevisionHead { at: EARLIEST, replaced_at: LATEST, replaced_through: session, ..other.head.clone() };
    let full = Revision { head, delta };
    let last = revision(u32::MAX - 1, memo_id(0));
    let key = ChangeOrigin::ApiKey(api_key_id(1));
    let delta = TextDelta { middle: "\u{ac00}".repeat(100_000), ..last.delta.clone() };
    let long = Revision { head: RevisionHead { replaced_through: key, ..last.head.clone() }, delta };
    let newest_first = [long, full, plain];
    insert(&*store, &newest_first).await;
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        assert_eq!(all(&*store, access, 0).await, newest_first, "{access:?}");
    }
    let heads: Vec<_> = newest_first.iter().map(|revision| revision.head.clone()).collect();
    assert_eq!(page(&*store, 0, PageRequest::default()).await, Page { items: heads, next: None });
}

pub(crate) async fn a_memo_has_one_revision_of_a_version(store: Arc<dyn Store>) {
    add_two_memos(&*store).await;
    let first = revision(1, memo_id(0));
    insert(&*store, &[first.clone(), revision(1, memo_id(1))]).await;
    let taken = Revision { delta: TextDelta { prefix: 9, ..first.delta.clone() }, ..first.clone() };
    assert_conflict(try_write(&*store, async |uow| uow.revisions().insert(&taken).await).await, Conflict::Id);
    assert_eq!(all(&*store, Access::Read, 0).await, [first]);
}

pub(crate) async fn a_revision_needs_its_memo(store: Arc<dyn Store>) {
    add_two_memos(&*store).await;
    let orphan = revision(1, memo_id(9));
    assert_conflict(try_write(&*store, async |uow| uow.revisions().insert(&orphan).await).await, Conflict::Parent);
    assert_eq!(all(&*store, Access::Read, 9).await, []);
}

pub(crate) async fn revisions_are_listed_newest_first(store: Arc<dyn Store>) {
    add_two_memos(&*store).await;
    // The tenth comes after the second, and the thousandth after the 999th.
    let numbers = [2, 1_000, 10, 999, 1, 70_000];
    let revisions: Vec<_> = numbers.iter().map(|n| revision(*n, memo_id(0))).collect();
    insert(&*store, &revisions).await;
    insert(&*store, &[revision(5, memo_id(1))]).await;
    let mut expected: Vec<_> = revisions.into_iter().map(|revision| revision.head).collect();
    expected.sort_by_key(|head| std::cmp::Reverse(head.version));
    assert_pages(&expected, |head| head.version, async |request| page(&*store, 0, request).await).await;
    assert_pages(&[], |head: &RevisionHead| head.version, async |request| page(&*store, 9, request).await).await;
}

pub(crate) async fn revisions_are_read_down_to_a_version(store: Arc<dyn Store>) {
    add_two_memos(&*store).await;
    let revisions: Vec<_> = [1, 3, 4, 7, 300].iter().map(|n| revision(*n, memo_id(0))).collect();
    insert(&*store, &revisions).await;
    insert(&*store, &[revision(4, memo_id(1))]).await;
    let read = async |before, last, limit| {
        let (before, last) = (Version::new(before), Version::new(last));
        let found = read(&*store, Access::Snapshot, async |uow| {
            uow.revisions().list_down_to(memo_id(0), before, last, limit).await
        });
        versions(&found.await)
    };
    assert_eq!(read(u32::MAX, 0, 100).await, [300, 7, 4, 3, 1]);
    assert_eq!(read(300, 3, 100).await, [7, 4, 3]);
    assert_eq!(read(300, 3, 2).await, [7, 4]);
    assert_eq!(read(4, 2, 100).await, [3]);
    assert_eq!(read(3, 3, 100).await, [0; 0]);
}

pub(crate) async fn oldest_revisions_are_removed(store: Arc<dyn Store>) {
    add_two_memos(&*store).await;
    let revisions: Vec<_> = [1, 3, 4, 7, 300].iter().map(|n| revision(*n, memo_id(0))).collect();
    insert(&*store, &revisions).await;
    insert(&*store, &[revision(4, memo_id(1))]).await;
    let remove = async |kept| {
        let removed = write(&*store, async |uow| uow.revisions().remove_all_but(memo_id(0), kept).await).await;
        (removed, versions(&all(&*store, Access::Read, 0).await))
    };
    assert_eq!(remove(5).await, (0, vec![300, 7, 4, 3, 1]));
    assert_eq!(dropped(&*store, async |uow| uow.revisions().remove_all_but(memo_id(0), 1).await).await, 4);
    assert_eq!(remove(3).await, (2, vec![300, 7, 4]));
    assert_eq!(remove(0).await, (3, vec![]));
    assert_eq!(remove(0).await, (0, vec![]));
    assert_eq!(versions(&all(&*store, Access::Read, 1).await), [4]);
}

pub(crate) async fn oldest_revisions_are_removed_by_size(store: Arc<dyn Store>) {
    add_two_memos(&*store).await;
    let sized = |(version, middle): (u32, &str)| {
        let plain = revision(version, memo_id(0));
        Revision { delta: TextDelta { middle: middle.to_owned(), ..plain.delta }, ..plain }
    };
    // 3, 6, 0, 4 and 1 bytes: the length is not counted in characters.
    let revisions = [(300, "abc"), (7, "\u{ac00}\u{ac00}"), (4, ""), (3, "abcd"), (1, "a")].map(sized);
    insert(&*store, &revisions).await;
    insert(&*store, &[revision(4, memo_id(1))]).await;
    let remove = async |bytes| {
        let removed = write(&*store, async |uow| uow.revisions().remove_over(memo_id(0), bytes).await).await;
        (removed, versions(&all(&*store, Access::Read, 0).await))
    };
    assert_eq!(remove(14).await, (0, vec![300, 7, 4, 3, 1]));
    assert_eq!(dropped(&*store, async |uow| uow.revisions().remove_over(memo_id(0), 0).await).await, 5);
    assert_eq!(remove(13).await, (1, vec![300, 7, 4, 3]));
    // The short one after the one that is too long is older, and goes, too.
    assert_eq!(remove(8).await, (3, vec![300]));
    assert_eq!(remove(3).await, (0, vec![300]));
    assert_eq!(remove(2).await, (1, vec![]));
    assert_eq!(remove(0).await, (0, vec![]));
    assert_eq!(versions(&all(&*store, Access::Read, 1).await), [4]);
}

pub(crate) async fn revisions_are_removed_with_their_memo(store: Arc<dyn Store>) {
    add_two_memos(&*store).await;
    insert(&*store, &[revision(1, memo_id(0)), revision(2, memo_id(0)), revision(1, memo_id(1))]).await;
    write(&*store, async |uow| uow.memos().remove(memo_id(0), Version::FIRST).await).await;
    assert_eq!(all(&*store, Access::Read, 0).await, []);
    assert_eq!(versions(&all(&*store, Access::Read, 1).await), [1]);
}
