use std::sync::Arc;

use memo_domain::{Access, LinkTarget, Memo, MemoId, MemoLink, Page, PageRequest, Store, UserId, Visibility};

use crate::{
    samples::{at, memo, memo_id, title},
    steps::{add_memos, add_user, assert_conflict, assert_pages, read, try_write, write},
};

/// A link to the title of a memo, in a memo of this owner.
fn to_title(memo: &Memo, owner: UserId) -> LinkTarget {
    LinkTarget::of(owner, &MemoLink::to_title(memo.state.title.as_str()).expect("a title"))
}

fn to_id(memo: &Memo) -> LinkTarget {
    LinkTarget::of(memo.owner_id, &MemoLink::Id(memo.id))
}

async fn add(store: &dyn Store, links: &[(MemoId, LinkTarget)]) {
    write(store, async |uow| uow.links().insert_all(links).await).await;
}

async fn page(store: &dyn Store, memo: &Memo, viewer: UserId, request: PageRequest<MemoId>) -> Page<MemoId, MemoId> {
    let page = read(store, Access::Read, async |uow| uow.links().list_backlinks(memo, viewer, &request).await).await;
    Page { items: page.items.iter().map(|view| view.memo.id).collect(), next: page.next }
}

async fn backlinks(store: &dyn Store, memo: &Memo, viewer: UserId) -> Vec<MemoId> {
    page(store, memo, viewer, PageRequest::default()).await.items
}

fn newest_first(memos: &[&Memo]) -> Vec<MemoId> {
    let mut ids: Vec<_> = memos.iter().map(|memo| memo.id).collect();
    ids.sort_unstable_by(|a, b| b.cmp(a));
    ids
}

pub(crate) async fn a_link_needs_its_memo(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let target = to_id(&memo(0, owner));
    let result = try_write(&*store, async |uow| uow.links().insert_all(&[(memo_id(1), target)]).await).await;
    assert_conflict(result, memo_domain::Conflict::Parent);
}

pub(crate) async fn backlinks_are_the_visible_memos_that_link_to_a_memo(store: Arc<dyn Store>) {
    let (alice, bob) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let mut memos: Vec<_> = (0..9).map(|n| memo(n, if n < 6 { alice } else { bob })).collect();
    memos[0].state.title = title(" Straße ");
    memos[4].deleted_at = Some(at(1));
    memos[5].state.archived = true;
    for n in [0, 2, 4, 7] {
        memos[n].state.visibility = Visibility::Public;
    }
    add_memos(&*store, &memos).await;
    let [target, private, public, both, trashed, archived, of_bob, shown, same_title] = &memos[..] else { panic!() };
    let mut links = vec![(target.id, to_id(target)), (same_title.id, to_title(target, bob))];
    links.extend([private, public, both, trashed, archived].map(|memo| (memo.id, to_title(target, alice))));
    links.extend([both, of_bob, shown].map(|memo| (memo.id, to_id(target))));
    links.push((private.id, to_id(public)));
    add(&*store, &links).await;

    let of_alice = newest_first(&[private, public, both, archived, shown]);
    assert_eq!(backlinks(&*store, target, alice).await, of_alice);
    assert_eq!(backlinks(&*store, target, bob).await, newest_first(&[public, of_bob, shown]));
    assert_eq!(backlinks(&*store, public, alice).await, [private.id]);
    assert_eq!(backlinks(&*store, private, alice).await, []);
    // A memo has the links to the title that it is given with.
    let mut renamed = target.clone();
    renamed.state.title = title("other");
    assert_eq!(backlinks(&*store, &renamed, bob).await, newest_first(&[of_bob, shown]));
}

pub(crate) async fn backlinks_are_listed_in_pages(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let mut memos: Vec<_> = (0..16).map(|n| memo(n, owner)).collect();
    // Some between the others are in the trash: a page must not end early because of them.
    for trashed in memos.iter_mut().skip(3).step_by(4) {
        trashed.deleted_at = Some(at(1));
    }
    add_memos(&*store, &memos).await;
    let target = &memos[0];
    let links: Vec<_> = memos[1..].iter().map(|memo| (memo.id, to_id(target))).collect();
    add(&*store, &links).await;
    let expected = newest_first(&memos[1..].iter().filter(|memo| !memo.is_trashed()).collect::<Vec<_>>());
    assert_pages(&expected, |id| *id, async |request| page(&*store, target, owner, request).await).await;
}

pub(crate) async fn links_are_removed_with_their_memo(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let memos: Vec<_> = (0..4).map(|n| memo(n, owner)).collect();
    add_memos(&*store, &memos).await;
    let target = &memos[0];
    add(&*store, &[1, 2, 3].map(|n: usize| (memos[n].id, to_id(target)))).await;
    write(&*store, async |uow| uow.links().remove_all(memos[1].id).await).await;
    assert_eq!(backlinks(&*store, target, owner).await, newest_first(&[&memos[2], &memos[3]]));
    write(&*store, async |uow| uow.memos().remove(memos[2].id, memos[2].version).await).await;
    // The id may be used again, without the links of its predecessor.
    add_memos(&*store, &memos[2..3]).await;
    assert_eq!(backlinks(&*store, target, owner).await, [memos[3].id]);
}
