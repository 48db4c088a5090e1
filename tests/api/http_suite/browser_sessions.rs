//! The suite of browser sessions for the adapter that keeps them in the store, over every store. The Redis adapter
//! passes the same suite in `crates/redis`.

use std::{sync::Arc, time::Duration};

use memo_application::{Background, LiveSessions, Timer, Transactions, Work};
use memo_domain::Store;
use memo_system::{SystemClock, SystemSecrets, UuidV7Generator};

macro_rules! tests_over {
    ($($store:ident: $fresh:path;)*) => {$(
        mod $store {
            use std::sync::Arc;

            use memo_application::StoredBrowserSessions;
            use memo_conformance::TestStore;
            use memo_domain::BrowserSessions;

            async fn fresh() -> Option<(Box<dyn TestStore>, Arc<dyn BrowserSessions>)> {
                let store = $fresh().await?;
                let sessions = StoredBrowserSessions::new(super::transactions(store.store()));
                Some((store, Arc::new(sessions)))
            }

            memo_conformance::browser_sessions_tests!(fresh);
        }
    )*};
}

tests_over! {
    memory: crate::http_suite::InMemory::fresh;
    sqlite: memo_test_databases::sqlite;
    postgres: memo_test_databases::kept::postgres;
    mysql: memo_test_databases::kept::mysql;
}

fn transactions(store: Arc<dyn Store>) -> Transactions {
    let runtime = Arc::new(Runtime);
    Transactions::new(
        store,
        Arc::new(SystemClock),
        Arc::new(UuidV7Generator::default()),
        Arc::new(SystemSecrets),
        runtime.clone(),
        runtime,
        Arc::new(LiveSessions::new()),
    )
}

struct Runtime;

impl Timer for Runtime {
    fn sleep(&self, duration: Duration) -> Work {
        Box::pin(memo_conformance::pause(duration))
    }
}

impl Background for Runtime {
    fn run(&self, work: Work) {
        tokio::spawn(work);
    }
}
