//! Edits of a long memo, for tests of how many bytes a store keeps of them.

use memo_domain::{ChangeOrigin, Content, MemoState, Revision, Store};

use crate::{
    samples::{at, memo},
    steps::{add_memos, add_user, write},
};

/// Adds a memo of 50 kB, and replaces a word of it a hundred times, each with a revision of the text before.
///
/// # Panics
/// If the store fails.
pub async fn edit_a_word_a_hundred_times(store: &dyn Store) {
    let owner = add_user(store, 0).await;
    let words: Vec<_> = (0..6_000).map(|n| format!("word{n:04}")).collect();
    let content = |words: &[String]| Content::new(words.join(" ")).expect("a content");
    let first = memo(0, owner);
    let mut memo = first.clone();
    memo.state = MemoState { content: content(&words), ..first.state };
    assert!(memo.state.content.as_str().len() > 50_000);
    add_memos(store, &[memo.clone()]).await;
    for n in 0..100 {
        let mut edited = words.clone();
        edited[(n * 59) % 6_000] = format!("바뀐 단어 {n}");
        let next = MemoState { content: content(&edited), ..memo.state.clone() };
        let revision = Revision::of(&memo, &next, at(0), ChangeOrigin::Server).expect("another text");
        let from = memo.version;
        memo.rewrite(next, at(0));
        write(store, async |uow| {
            uow.revisions().insert(&revision).await?;
            uow.memos().update(&memo, from, Some(&memo.search_text())).await
        })
        .await;
    }
}
