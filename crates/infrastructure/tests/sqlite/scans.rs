//! Lists that a scan in their order would find too late.

use memo_domain::{
    Access, Content, Limit, Memo, MemoCursor, MemoFilter, MemoId, MemoSort, MemoState, MemoView, Page, PageRequest,
    PageStart, SearchQuery, Store, StoreError, Tag, Tags, Timestamp, Title,
};
use memo_infrastructure::SeaOrmStore;
use uuid::Uuid;

use crate::{NOW, add_user, support::Fresh, user};

/// A scan of all of them takes longer than it may.
const MEMOS: u32 = 12_000;
/// Those that match are the oldest, and more than are sorted at once.
const MATCHING: u32 = 310;

fn old(n: u32) -> Memo {
    let (title, tag) = if n < MATCHING { ("abc", "old") } else { ("ab bc", "new") };
    let tags = Tags::new([Tag::new(tag).expect("a valid tag")]).expect("few tags");
    let state = MemoState { tags, ..MemoState::new(Title::new(title).expect("a valid title"), Content::default()) };
    let at = Timestamp::from_micros(NOW.as_micros() + i64::from(n));
    Memo::create(MemoId::new(Uuid::from_u128(u128::from(n) + 1)), user(0).id, state, at)
}

async fn page(
    store: &SeaOrmStore,
    access: Access,
    filter: &MemoFilter,
    start: PageStart<MemoCursor>,
) -> Page<MemoView, MemoCursor> {
    let mut unit = store.begin(access).await.expect("a unit of work begins");
    let request = PageRequest { limit: Limit::new(20).expect("a limit"), start };
    let page: Result<_, StoreError> = unit.memos().list(filter, MemoSort::default(), &request).await;
    page.expect("a page")
}

#[tokio::test]
async fn pages_of_few_old_memos_among_many_are_complete() {
    let fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    let memos: Vec<_> = (0..MEMOS).map(|n| (old(n), old(n).search_text())).collect();
    for memos in memos.chunks(1_000) {
        let mut unit = fresh.store.begin(Access::Write).await.expect("a unit of work begins");
        let memos: Vec<_> = memos.iter().map(|(memo, text)| (memo, text)).collect();
        unit.memos().insert_all(&memos).await.expect("memos are added");
        unit.commit().await.expect("it commits");
    }
    let mine = MemoFilter { archived: Some(false), ..MemoFilter::of(user(0).id) };
    let by_tag = MemoFilter { tags: vec![Tag::new("old").expect("a valid tag")], ..mine.clone() };
    let by_search = MemoFilter { search: SearchQuery::parse("abc").expect("a valid query"), ..mine };
    for (what, filter) in [("a tag", by_tag), ("a search", by_search)] {
        for access in [Access::Read, Access::Snapshot, Access::Write] {
            let (mut found, mut start) = (Vec::new(), PageStart::Offset(0));
            loop {
                let page = page(&fresh.store, access, &filter, start).await;
                found.extend(page.items.iter().map(|view| view.memo.id.as_uuid().as_u128()));
                let Some(next) = page.next else { break };
                start = PageStart::After(next);
            }
            let expected: Vec<_> = (1..=u128::from(MATCHING)).rev().collect();
            assert_eq!(found, expected, "{what}, {access:?}");
        }
    }
}
