use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use memo_conformance::pause;
use memo_domain::{Access, MemoFilter, MemoSort, PageRequest, Store};

use crate::{add_memo, add_user, support::Fresh, user};

/// With a reader active at every moment, SQLite alone would never restart its write-ahead log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_write_ahead_log_stays_bounded_while_readers_are_active() {
    let fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    let stop = Arc::new(AtomicBool::new(false));
    // Twice the number of connections, so that no connection is ever idle.
    let readers: Vec<_> = [Access::Read, Access::Snapshot]
        .repeat(4)
        .into_iter()
        .map(|access| tokio::spawn(read_until(Arc::clone(&fresh.store) as Arc<dyn Store>, access, Arc::clone(&stop))))
        .collect();

    let log = fresh.folder.path().join("memo.db-wal");
    let mut longest = 0;
    // More than the bound, unless commits copy the log: 400 of them made one of 33 MB while readers held it back.
    for n in 0..1_000 {
        add_memo(&*fresh.store, n).await;
        longest = longest.max(fs::metadata(&log).expect("there is a log").len());
    }
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.await.expect("the reader ends") > 0, "it read");
    }
    // A log of 32 MiB is copied by the next commit itself, which waits for readers, though not long for those that get no time.
    assert!(longest < 60 << 20, "{longest} bytes");

    fresh.store.close().await;
    assert!(!log.exists(), "closing the store removes the log");
}

/// Nor if there is always a writer: all of the log is never copied at the same moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_write_ahead_log_stays_bounded_while_writers_are_active() {
    let fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let store = Arc::clone(&fresh.store);
            tokio::spawn(async move {
                // Together more than the bound, unless the log is restarted: 800 memos made one of 42 MB.
                for n in 0..200 {
                    add_memo(&*store, 200 * writer + n).await;
                }
            })
        })
        .collect();
    let log = fresh.folder.path().join("memo.db-wal");
    let mut longest = 0;
    while writers.iter().any(|writer| !writer.is_finished()) {
        longest = longest.max(fs::metadata(&log).expect("there is a log").len());
        pause(Duration::from_millis(1)).await;
    }
    for writer in writers {
        writer.await.expect("the writer ends");
    }
    // As above, the thread may get no time on a busy machine.
    assert!((4 << 20..60 << 20).contains(&longest), "{longest} bytes");
}

async fn read_until(store: Arc<dyn Store>, access: Access, stop: Arc<AtomicBool>) -> usize {
    let mut reads = 0;
    while !stop.load(Ordering::Relaxed) {
        let mut uow = store.begin(access).await.expect("a unit of work begins");
        for _ in 0..3 {
            let filter = MemoFilter { archived: Some(false), ..MemoFilter::of(user(0).id) };
            let page = uow.memos().list(&filter, MemoSort::default(), &PageRequest::default()).await;
            reads += page.expect("memos are listed").items.len();
        }
    }
    reads
}
