//! Deleted texts do not stay in the file.

use std::fs;

use memo_domain::{Access, Content, Memo, MemoState, Store, Title, Version};

use crate::{NOW, add_user, memo, support::Fresh, user};

/// The memo `n`, with a text that occurs nowhere else.
fn marked(n: u128, mark: &str) -> Memo {
    let Memo { id, owner_id, .. } = memo(n);
    let (title, content) = (Title::new(mark).expect("a title"), Content::new(mark.repeat(700)).expect("content"));
    Memo::create(id, owner_id, MemoState::new(title, content), NOW)
}

#[tokio::test]
async fn a_deleted_or_replaced_text_is_gone_from_the_file() {
    let fresh = Fresh::new().await;
    for n in 0..2 {
        add_user(&*fresh.store, n).await;
    }
    let mut uow = fresh.store.begin(Access::Write).await.expect("it begins");
    for (n, mark) in (0..).zip(["-kept-", "-deleted-", "-replaced-"].into_iter().cycle().take(60)) {
        uow.memos().insert(&marked(n, mark), &marked(n, mark).search_text()).await.expect("inserted");
    }
    uow.commit().await.expect("committed");
    let mut uow = fresh.store.begin(Access::Write).await.expect("it begins");
    for n in (1..60).step_by(3) {
        let removed = marked(n, "-deleted-");
        uow.memos().remove(removed.id, Version::FIRST).await.expect("removed");
        let mut replaced = marked(n + 1, "-replaced-");
        replaced.rewrite(marked(n + 1, "-new-").state, NOW);
        uow.memos().update(&replaced, Version::FIRST, Some(&replaced.search_text())).await.expect("updated");
    }
    uow.users().remove(user(1).id, Version::FIRST).await.expect("removed");
    uow.commit().await.expect("committed");
    // Writes the log into the file, and removes it.
    fresh.store.close().await;
    assert!(!fresh.folder.path().join("memo.db-wal").exists());
    let file = fs::read(fresh.folder.path().join("memo.db")).expect("the file");
    let contains = |text: &str| file.windows(text.len()).any(|window| window == text.as_bytes());
    for (text, expected) in [
        ("-kept-", true),
        ("-new-", true),
        ("user0@example.com", true),
        ("-deleted-", false),
        ("-replaced-", false),
        ("user1@example.com", false),
    ] {
        assert_eq!(contains(text), expected, "{text}");
    }
}
