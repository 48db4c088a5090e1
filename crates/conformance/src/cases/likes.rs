use std::sync::Arc;

use memo_domain::{
    Access, Conflict, Content, Like, Liker, Limit, Memo, MemoFilter, MemoId, MemoScope, MemoSort, Page, PageRequest,
    PageStart, SearchQuery, SortDirection, SortField, Store, StoreError, UserId, Version, Visibility,
};

use crate::{
    samples::{at, content, display_name, memo, memo_id, tags, title, user, user_id},
    steps::{
        BY_CHANGE, add_memos, add_user, add_users, assert_conflict, assert_pages, committed, concurrently, count,
        cursor_in, dropped, ids, list, page, read, try_write, write,
    },
};

fn like(memo: MemoId, user: UserId) -> Like {
    Like { memo_id: memo, user_id: user, at: at(5) }
}

async fn add(store: &dyn Store, memo: MemoId, user: UserId) -> bool {
    write(store, async |uow| uow.likes().insert(&like(memo, user)).await).await
}

async fn remove(store: &dyn Store, memo: MemoId, user: UserId) -> bool {
    write(store, async |uow| uow.likes().remove(memo, user).await).await
}

/// The number of likes in the views of a memo: by its id, with others, and in a list.
async fn likes(store: &dyn Store, memo: &Memo) -> u64 {
    let mut counts = read(store, Access::Read, async |uow| {
        let one = uow.memos().lookup(memo.id).await?.expect("the memo exists");
        let all = uow.memos().lookup_all(&[memo.id]).await?;
        assert!(!one.liked, "a store knows no reader");
        Ok(vec![one.like_count, all[0].like_count])
    })
    .await;
    let filter = MemoFilter { trashed: memo.is_trashed(), ..MemoFilter::of(memo.owner_id) };
    for sort in [BY_CHANGE, MemoSort::ALL[6]] {
        let page = page(store, &filter, sort, 100, PageStart::Offset(0)).await;
        counts.extend(page.items.iter().filter(|view| view.memo.id == memo.id).map(|view| view.like_count));
    }
    assert_eq!(counts.len(), 4);
    assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?}");
    counts[0]
}

async fn likers(store: &dyn Store, access: Access, memo: MemoId) -> Vec<Liker> {
    let request = PageRequest { limit: Limit::new(100).expect("a limit"), start: PageStart::Offset(0) };
    read(store, access, async |uow| uow.likes().list(memo, &request).await).await.items
}

/// Two users and a memo of the first one.
async fn two_users_and_a_memo(store: &dyn Store) -> (UserId, UserId, Memo) {
    let (owner, other) = (add_user(store, 0).await, add_user(store, 1).await);
    let memo = memo(0, owner);
    add_memos(store, std::slice::from_ref(&memo)).await;
    (owner, other, memo)
}

pub(crate) async fn a_memo_is_liked_once(store: Arc<dyn Store>) {
    let (owner, other, liked) = two_users_and_a_memo(&*store).await;
    assert_eq!((likes(&*store, &liked).await, remove(&*store, liked.id, other).await), (0, false));
    assert!(add(&*store, liked.id, other).await);
    let later = Like { at: at(9), ..like(liked.id, other) };
    assert!(!write(&*store, async |uow| uow.likes().insert(&later).await).await);
    let expected = Liker { user_id: other, display_name: user(1).display_name, liked_at: at(5) };
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        assert_eq!(likers(&*store, access, liked.id).await, std::slice::from_ref(&expected), "{access:?}");
    }
    assert!(add(&*store, liked.id, owner).await, "the owner may like it, too");
    assert_eq!(likes(&*store, &liked).await, 2);
    assert!(dropped(&*store, async |uow| uow.likes().remove(liked.id, other).await).await);
    assert_eq!(likes(&*store, &liked).await, 2);
    assert!(remove(&*store, liked.id, other).await);
    assert!(!remove(&*store, liked.id, other).await);
    assert_eq!(likes(&*store, &liked).await, 1);
    // In one unit of work.
    let both = write(&*store, async |uow| {
        let added = uow.likes().insert(&like(liked.id, other)).await?;
        let again = uow.likes().insert(&like(liked.id, other)).await?;
        Ok((added, again, uow.likes().remove(liked.id, other).await?))
    });
    assert_eq!((both.await, likes(&*store, &liked).await), ((true, false, true), 1));
}

pub(crate) async fn a_like_needs_its_memo_and_its_user(store: Arc<dyn Store>) {
    let (owner, _, liked) = two_users_and_a_memo(&*store).await;
    for (memo, user) in [(memo_id(9), owner), (liked.id, user_id(9))] {
        let added = try_write(&*store, async |uow| uow.likes().insert(&like(memo, user)).await).await;
        assert_conflict(added, Conflict::Parent);
    }
    assert_eq!(likes(&*store, &liked).await, 0);
}

pub(crate) async fn likes_are_counted(store: Arc<dyn Store>) {
    let (owner, other, mut liked) = two_users_and_a_memo(&*store).await;
    let unliked = memo(1, owner);
    add_memos(&*store, std::slice::from_ref(&unliked)).await;
    add(&*store, liked.id, other).await;
    // Whatever is written of a memo was read with another number of likes, perhaps.
    for n in 2..5 {
        let from = liked.version;
        liked.version = Version::new(n);
        liked.state.content = content(&"text ".repeat(n as usize));
        liked.deleted_at = (n == 4).then_some(at(9));
        let text = (n == 2).then(|| liked.search_text());
        write(&*store, async |uow| uow.memos().update(&liked, from, text.as_ref()).await).await;
        assert_eq!((likes(&*store, &liked).await, likes(&*store, &unliked).await), (1, 0), "version {n}");
    }
}

pub(crate) async fn likes_of_many_users_at_once_are_all_counted(store: Arc<dyn Store>) {
    const USERS: u32 = 100;
    let users: Vec<_> = (0..USERS).map(user).collect();
    add_users(&*store, &users).await;
    let liked = memo(0, users[0].id);
    add_memos(&*store, std::slice::from_ref(&liked)).await;
    let id = liked.id;
    let change = async |is_liked: bool| {
        let changed = concurrently(&store, USERS + 10, move |store, n| async move {
            // Looks the memo up first, as a use case does. Some users do it twice.
            let mut uow = store.begin(Access::Write).await?;
            uow.memos().lookup(id).await?;
            let user = user_id(n % USERS);
            let repository = uow.likes();
            let changed =
                if is_liked { repository.insert(&like(id, user)).await } else { repository.remove(id, user).await };
            match changed {
                Err(StoreError::Conflict { what: Conflict::Id }) => Err(StoreError::Stale),
                changed => committed(uow, changed?).await,
            }
        });
        let changed: Vec<_> =
            changed.await.into_iter().map(|changed| changed.expect("it succeeds eventually")).collect();
        changed.iter().filter(|changed| **changed).count()
    };
    assert_eq!((change(true).await, likes(&*store, &liked).await), (100, 100));
    assert_eq!(likers(&*store, Access::Read, id).await.len(), 100);
    assert_eq!((change(false).await, likes(&*store, &liked).await), (100, 0));
}

pub(crate) async fn likes_go_with_their_memo_and_their_user(store: Arc<dyn Store>) {
    add_users(&*store, &[user(0), user(1), user(2)]).await;
    let [owner, removed, other] = [0, 1, 2].map(user_id);
    let memos = [memo(0, owner), memo(1, removed), memo(2, owner)];
    add_memos(&*store, &memos).await;
    for memo in &memos {
        for user in [owner, removed, other] {
            assert!(add(&*store, memo.id, user).await);
        }
    }
    write(&*store, async |uow| uow.memos().remove(memos[0].id, Version::FIRST).await).await;
    assert_eq!(likers(&*store, Access::Read, memos[0].id).await, []);
    write(&*store, async |uow| uow.users().remove(removed, Version::FIRST).await).await;
    assert_eq!(likers(&*store, Access::Read, memos[1].id).await, []);
    let left: Vec<_> =
        likers(&*store, Access::Read, memos[2].id).await.into_iter().map(|liker| liker.user_id).collect();
    let mut expected = vec![owner, other];
    expected.sort();
    assert_eq!((left, likes(&*store, &memos[2]).await), (expected, 2));
    for user in [owner, other] {
        let found = read(&*store, Access::Read, async |uow| uow.likes().find_by_user(user, 9).await).await;
        assert_eq!(found, [memos[2].id]);
    }
    // A new memo with the id of a removed one has no likes.
    add_memos(&*store, std::slice::from_ref(&memos[0])).await;
    assert_eq!(likes(&*store, &memos[0]).await, 0);
}

pub(crate) async fn liked_memos_are_found(store: Arc<dyn Store>) {
    let (owner, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let memos: Vec<_> = (0..120).map(|n| memo(n, if n % 2 == 0 { owner } else { other })).collect();
    add_memos(&*store, &memos).await;
    write(&*store, async |uow| {
        for memo in memos.iter().filter(|memo| memo.id != memos[3].id).step_by(3) {
            uow.likes().insert(&like(memo.id, owner)).await?;
        }
        uow.likes().insert(&like(memos[3].id, other)).await
    })
    .await;
    let mut expected: Vec<_> = ids(memos.iter().filter(|memo| memo.id != memos[3].id).step_by(3));
    expected.sort();
    for some in ids(&memos).chunks(100).chain([&[memo_id(999)][..], &[]]) {
        let mut found = read(&*store, Access::Read, async |uow| uow.likes().find_liked(owner, some).await).await;
        found.sort();
        let expected: Vec<_> = expected.iter().filter(|id| some.contains(id)).copied().collect();
        assert_eq!(found, expected);
    }
    let find =
        async |limit| read(&*store, Access::Write, async |uow| uow.likes().find_by_user(owner, limit).await).await;
    let mut all = find(1_000).await;
    all.sort();
    assert_eq!(all, expected);
    assert_eq!((find(7).await.len(), find(0).await.len()), (7, 0));
}

pub(crate) async fn likes_of_a_user_are_listed_by_memo(store: Arc<dyn Store>) {
    let (owner, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let memos: Vec<_> = (0..20).map(|n| memo(n, if n % 2 == 0 { owner } else { other })).collect();
    add_memos(&*store, &memos).await;
    let liked =
        (0..).zip(&memos).filter(|(n, _)| n % 3 != 1).map(|(n, memo)| Like { at: at(100 - n), ..like(memo.id, owner) });
    let mut expected: Vec<_> = liked.collect();
    write(&*store, async |uow| {
        for like in &expected {
            uow.likes().insert(like).await?;
        }
        uow.likes().insert(&like(memos[1].id, other)).await
    })
    .await;
    expected.sort_by_key(|like| like.memo_id);
    for access in [Access::Read, Access::Write] {
        let ask =
            async |request| read(&*store, access, async |uow| uow.likes().list_by_user(owner, &request).await).await;
        assert_pages(&expected, |like| like.memo_id, ask).await;
    }
}

pub(crate) async fn users_who_like_a_memo_are_listed_by_id(store: Arc<dyn Store>) {
    let users: Vec<_> = (0..30).map(user).collect();
    add_users(&*store, &users).await;
    let (liked, other) = (memo(0, users[0].id), memo(1, users[1].id));
    add_memos(&*store, &[liked.clone(), other.clone()]).await;
    for (n, user) in (0..).zip(&users).filter(|(n, _)| n % 4 != 3) {
        write(&*store, async |uow| {
            let like = Like { at: at(100 - n), ..like(liked.id, user.id) };
            uow.likes().insert(&like).await
        })
        .await;
    }
    add(&*store, other.id, users[3].id).await;
    let mut renamed = users[4].clone();
    renamed.display_name = display_name("새 이름");
    renamed.touch(at(1));
    write(&*store, async |uow| uow.users().update(&renamed, Version::FIRST).await).await;

    let mut expected: Vec<_> = (0..)
        .zip(&users)
        .filter(|(n, _)| n % 4 != 3)
        .map(|(n, user)| Liker { user_id: user.id, display_name: user.display_name.clone(), liked_at: at(100 - n) })
        .collect();
    expected[3].display_name = renamed.display_name;
    assert_eq!(expected[3].user_id, renamed.id);
    expected.sort_by_key(|liker| liker.user_id);
    let ask = async |request: PageRequest<UserId>| {
        read(&*store, Access::Read, async |uow| uow.likes().list(liked.id, &request).await).await
    };
    assert_pages(&expected, |liker| liker.user_id, ask).await;
    assert_eq!(ask(PageRequest::default()).await.items.len(), 20);

    // Pages by cursor are stable under likes between two pages.
    let limit = Limit::new(5).expect("a limit");
    let (mut paged, mut start) = (Vec::new(), PageStart::Offset(0));
    for n in (3..30).step_by(4) {
        let Page { items, next } = ask(PageRequest { limit, start }).await;
        paged.extend(items);
        let Some(next) = next else { break };
        start = PageStart::After(next);
        add(&*store, liked.id, user_id(n)).await;
    }
    assert!(paged.is_sorted_by_key(|liker| liker.user_id));
    paged.retain(|liker| expected.contains(liker));
    assert_eq!(paged, expected);
}

pub(crate) async fn the_liked_scope_has_the_visible_memos_that_the_viewer_likes(store: Arc<dyn Store>) {
    let (viewer, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    // Every combination of what decides, twice.
    let memos: Vec<_> = (0..64_u32)
        .map(|n| {
            let mut memo = memo(n, if n % 2 == 0 { viewer } else { other });
            memo.state.visibility = if n / 2 % 2 == 0 { Visibility::Public } else { Visibility::Private };
            memo.deleted_at = (n / 4 % 2 == 0).then_some(at(9));
            memo.state.archived = n / 8 % 2 == 0;
            memo.state.tags = tags((n % 3 == 0).then_some("work"));
            if n % 9 >= 4 {
                memo.state.title = title(if n % 2 == 0 { "주간 회의" } else { "회의" });
            }
            memo.state.content = Content::new(if n % 5 == 0 { "주간회의록" } else { "text" }).expect("a content");
            memo.updated_at = at(i64::from(n * 7 % 11));
            memo
        })
        .collect();
    add_memos(&*store, &memos).await;
    let is_liked = |memo: &&Memo| memos.iter().position(|one| one.id == memo.id).expect("a memo") / 16 % 2 == 0;
    write(&*store, async |uow| {
        for memo in memos.iter().filter(is_liked) {
            uow.likes().insert(&like(memo.id, viewer)).await?;
        }
        // The likes of others are not the viewer's.
        for memo in &memos {
            uow.likes().insert(&like(memo.id, other)).await?;
        }
        Ok(())
    })
    .await;
    let all = MemoFilter { scope: MemoScope::Liked, ..MemoFilter::of(viewer) };
    let search = |text| SearchQuery::parse(text).expect("a short query");
    for filter in [
        all.clone(),
        MemoFilter { trashed: true, ..all.clone() },
        MemoFilter { archived: Some(false), ..all.clone() },
        MemoFilter { visibility: Some(Visibility::Private), ..all.clone() },
        MemoFilter { tags: tags(["WORK"]).iter().cloned().collect(), ..all.clone() },
        MemoFilter { updated_after: Some(at(3)), ..all.clone() },
        MemoFilter { search: search("회의"), ..all.clone() },
        MemoFilter { search: search("주간 회의"), ..all.clone() },
        MemoFilter { search: search("회 -x"), ..all.clone() },
    ] {
        let expected: Vec<_> = memos.iter().filter(is_liked).filter(|memo| filter.matches(memo)).cloned().collect();
        assert!(!expected.is_empty(), "{filter:?}");
        assert_eq!(count(&*store, &filter).await, expected.len() as u64, "{filter:?}");
        for sort in MemoSort::ALL {
            let mut expected = expected.clone();
            expected.sort_by_key(|memo| cursor_in(&filter, memo, sort));
            if sort.direction == SortDirection::Descending {
                expected.reverse();
            }
            assert_eq!(ids(&list(&*store, &filter, sort).await), ids(&expected), "{filter:?} {sort:?}");
            if sort == BY_CHANGE || sort.field == SortField::Relevance {
                let ask = async |request: PageRequest<_>| {
                    let page =
                        read(&*store, Access::Read, async |uow| uow.memos().list(&filter, sort, &request).await).await;
                    Page { items: page.items.into_iter().map(|view| view.memo).collect(), next: page.next }
                };
                assert_pages(&expected, |memo| cursor_in(&filter, memo, sort), ask).await;
            }
        }
    }
}
