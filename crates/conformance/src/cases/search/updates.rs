//! Search results follow changes of the memos.

use std::sync::Arc;

use memo_domain::{
    Access, Conflict, Memo, MemoFilter, MemoSort, PageStart, SearchQuery, SearchText, SortDirection, SortField,
    SortPosition, Store, UnitOfWork, Version,
};
use tokio::task::JoinSet;

use super::{Fixture, text_memo};
use crate::{
    samples::{at, content, tag, tags, title},
    steps::{BY_CHANGE, add_user, assert_conflict, begin, commit, count, let_others_run, page, retry, try_write},
};

/// Queries that distinguish the memos below.
const QUERIES: [&str; 9] =
    ["사과", "배나무", "banana", "\"사과 나무\"", "-사과", "나무 -배", "strasse", "cherry", "과"];

impl Fixture {
    /// Writes in one unit of work. Afterwards the store must have exactly these memos.
    async fn write(&mut self, memos: Vec<Memo>, write: impl AsyncFnOnce(&mut dyn UnitOfWork)) {
        let mut uow = begin(&*self.store, Access::Write).await;
        write(&mut *uow).await;
        commit(uow).await;
        self.memos = memos;
        self.check_all().await;
    }

    /// Updates one memo in the store and in the expectation.
    async fn change(&mut self, index: usize, change: impl FnOnce(&mut Memo)) {
        let mut memos = self.memos.clone();
        let from = memos[index].version;
        change(&mut memos[index]);
        memos[index].version = from.next();
        let memo = memos[index].clone();
        self.write(memos, async |uow| {
            uow.memos().update(&memo, from, Some(&memo.search_text())).await.expect("the memo is changed");
        })
        .await;
    }

    async fn check_all(&self) {
        for text in QUERIES {
            self.check(text).await;
            let trash = MemoFilter { trashed: true, ..self.filter(text) };
            self.check_filter(&trash, BY_CHANGE).await;
        }
    }
}

pub(crate) async fn a_search_follows_changes(store: Arc<dyn Store>) {
    let texts = [("사과 나무", "apple"), ("배나무", "banana 사과"), ("Hauptstraße", "cherry"), ("사과나무", "배 나무")];
    let mut fixture = Fixture::with_texts(store, texts).await;
    fixture.check_all().await;

    fixture.change(0, |memo| memo.state.title = title("배나무 and more")).await;
    fixture.change(0, |memo| memo.state.content = content("사과, 사과 나무")).await;
    fixture.change(0, |memo| memo.state.content = content("")).await;
    fixture.change(1, |memo| memo.state.tags = tags(["사과", "cherry"])).await;
    fixture.change(2, |memo| memo.state.title = title("Hauptstrasse")).await;
    fixture.change(2, |memo| memo.state.title = title("\u{1109}\u{1161}과")).await;
    fixture.change(3, |memo| memo.state.title = title("배 나무")).await;
    fixture.change(3, |memo| memo.deleted_at = Some(at(5))).await;
    fixture.change(3, |memo| memo.state.content = content("cherry in the trash")).await;
    fixture.change(3, |memo| memo.deleted_at = None).await;

    // Two memos exchange their texts, and one is updated twice.
    let mut memos = fixture.memos.clone();
    let states = [memos[0].state.clone(), memos[1].state.clone()];
    let [first, second] = &mut memos[..2] else { unreachable!("there are more") };
    (first.state, second.state) = (states[1].clone(), states[0].clone());
    for memo in [first, second] {
        memo.version = memo.version.next();
    }
    let mut twice = memos[2].clone();
    let from = twice.version;
    twice.version = from.next();
    twice.state.content = content("사과 for a moment");
    let mut last = Memo { version: twice.version.next(), ..twice.clone() };
    last.state.content = content("cherry, banana");
    memos[2] = last.clone();
    let (one, other) = (memos[0].clone(), memos[1].clone());
    let old_versions = [fixture.memos[0].version, fixture.memos[1].version];
    let write = async |uow: &mut dyn UnitOfWork| {
        uow.memos().update(&one, old_versions[0], Some(&one.search_text())).await.expect("the memo is changed");
        uow.memos().update(&other, old_versions[1], Some(&other.search_text())).await.expect("the memo is changed");
        uow.memos().update(&twice, from, Some(&twice.search_text())).await.expect("the memo is changed");
        uow.memos().update(&last, twice.version, Some(&last.search_text())).await.expect("the memo is changed");
    };
    fixture.write(memos, write).await;

    // One memo is removed, and a new one with its id inherits nothing. Another is inserted and removed at once.
    let removed = fixture.memos.remove(1);
    let memos = fixture.memos.clone();
    fixture
        .write(memos, async |uow| uow.memos().remove(removed.id, removed.version).await.expect("it is removed"))
        .await;
    let mut memos = fixture.memos.clone();
    let successor = Memo { id: removed.id, ..text_memo(0, fixture.viewer, ("successor", "strasse")) };
    memos.push(successor.clone());
    let never = text_memo(50, fixture.viewer, ("사과 banana cherry", "배나무"));
    let write = async |uow: &mut dyn UnitOfWork| {
        uow.memos().insert(&never, &never.search_text()).await.expect("the memo is added");
        uow.memos().insert(&successor, &successor.search_text()).await.expect("the memo is added");
        uow.memos().remove(never.id, never.version).await.expect("the memo is removed");
    };
    fixture.write(memos, write).await;
}

pub(crate) async fn a_search_compares_the_stored_text(store: Arc<dyn Store>) {
    let owner = add_user(&*store, 0).await;
    let text = |heading: &str, text: &str| SearchText::of(&title(heading), &content(text));
    let found = async |query: &str| {
        let filter = MemoFilter { search: SearchQuery::parse(query).expect("a query"), ..MemoFilter::of(owner) };
        let sort = MemoSort::new(SortField::Relevance, SortDirection::Descending);
        let page = page(&*store, &filter, sort, 1, PageStart::Offset(0)).await;
        (page.items.iter().map(|view| view.memo.id).collect::<Vec<_>>(), page.next.map(|next| next.position))
    };
    // Two memos, so that there is a next page, whose cursor has the score of the first.
    let mut memos = [text_memo(0, owner, ("제목", "본문")), text_memo(1, owner, ("제목", "본문"))];
    for memo in &memos {
        let insert =
            async |uow: &mut dyn UnitOfWork| uow.memos().insert(memo, &text("저장된 꼴", "stored")).await.map(drop);
        try_write(&*store, insert).await.expect("the memo is added");
    }
    let position = |score| Some(SortPosition::Relevance { score, updated_at: memos[1].updated_at });
    assert_eq!(found("저장된").await, (vec![memos[1].id], position(1)));
    assert_eq!(found("stored").await, (vec![memos[1].id], position(0)));
    assert_eq!(found("제목").await.0, []);

    // An update without a text keeps the stored one.
    memos[1].version = memos[1].version.next();
    let from = Version::FIRST;
    let kept = async |uow: &mut dyn UnitOfWork| uow.memos().update(&memos[1], from, None).await;
    try_write(&*store, kept).await.expect("the memo is changed");
    assert_eq!(found("저장된").await.0, [memos[1].id]);
    let changed = Memo { version: memos[1].version.next(), ..memos[1].clone() };
    let new = text("새로 쓴", "what lies behind the bound is not stored");
    let replaced = async |uow: &mut dyn UnitOfWork| uow.memos().update(&changed, memos[1].version, Some(&new)).await;
    try_write(&*store, replaced).await.expect("the memo is changed");
    assert_eq!(found("저장된").await.0, [memos[0].id]);
    assert_eq!(found("쓴").await.0, [memos[1].id]);
}

pub(crate) async fn a_search_ignores_rolled_back_changes(store: Arc<dyn Store>) {
    let texts = [("사과 나무", "apple"), ("배나무", "banana"), ("사과", "cherry")];
    let fixture = Fixture::with_texts(store, texts).await;
    let new = text_memo(50, fixture.viewer, ("사과 banana", "cherry"));
    let mut changed = fixture.memos[0].clone();
    changed.version = changed.version.next();
    changed.state.content = content("banana 배나무");
    for fails in [false, true] {
        let mut uow = begin(&*fixture.store, Access::Write).await;
        uow.memos().insert(&new, &new.search_text()).await.expect("the memo is added");
        uow.memos()
            .update(&changed, fixture.memos[0].version, Some(&changed.search_text()))
            .await
            .expect("the memo is changed");
        let removed = &fixture.memos[1];
        uow.memos().remove(removed.id, removed.version).await.expect("the memo is removed");
        if fails {
            assert_conflict(uow.memos().insert(&fixture.memos[2], &fixture.memos[2].search_text()).await, Conflict::Id);
        } else {
            fixture.check_all().await;
        }
        drop(uow);
        fixture.check_all().await;
    }
}

pub(crate) async fn concurrent_writes_are_found_immediately(store: Arc<dyn Store>) {
    const WRITERS: u32 = 8;
    const ROUNDS: u32 = 6;
    let owner = add_user(&*store, 0).await;
    let mut tasks = JoinSet::new();
    for writer in 0..WRITERS {
        let fixture = Fixture { store: Arc::clone(&store), viewer: owner, memos: Vec::new() };
        tasks.spawn(async move {
            for round in 0..ROUNDS {
                let own = format!("글쓴이{writer} 차례{round}");
                let mut memo = text_memo(writer * ROUNDS + round, owner, (&own, "모두의 낱말"));
                memo.state.tags = tags([own.as_str()]);
                let insert = async || {
                    let mut uow = fixture.store.begin(Access::Write).await?;
                    uow.memos().insert(&memo, &memo.search_text()).await?;
                    let_others_run().await;
                    uow.commit().await
                };
                retry(insert).await.expect("a writer succeeds eventually");
                let filter = fixture.filter(&format!("\"{own}\" 낱말"));
                assert_eq!(count(&*fixture.store, &filter).await, 1, "{own} is found immediately");
                let tagged = MemoFilter { tags: vec![tag(&own)], ..fixture.filter("모두") };
                assert_eq!(count(&*fixture.store, &tagged).await, 1);
                let mine = fixture.filter(&format!("글쓴이{writer}"));
                assert_eq!(count(&*fixture.store, &mine).await, u64::from(round) + 1);
            }
        });
    }
    tasks.join_all().await;
    let fixture = Fixture { store, viewer: owner, memos: Vec::new() };
    let all = count(&*fixture.store, &fixture.filter("낱말")).await;
    assert_eq!(all, u64::from(WRITERS * ROUNDS));
}
