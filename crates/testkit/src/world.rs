//! What a [`TestApp`](crate::TestApp) has around it: clock, ids, mail, providers, settings.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, atomic::AtomicU32},
};

use memo_conformance::TestStore;
use memo_domain::{IdGenerator, SecretGenerator, Store, Timestamp};
use memo_memory::{
    CapturedMail, CapturedNotifications, CapturedWebhooks, FixedClock, MemoryModel, MemoryProvider, MemoryStore,
    SequentialIds, SequentialSecrets,
};
use memo_server::{CacheSettings, Settings};
use tempfile::TempDir;

use crate::START;

/// What the nodes of a server share beside the store.
#[derive(Clone)]
pub struct World {
    pub clock: Arc<FixedClock>,
    pub ids: Arc<dyn IdGenerator>,
    pub secrets: Arc<dyn SecretGenerator>,
    pub mail: Arc<CapturedMail>,
    pub messages: Arc<CapturedNotifications>,
    pub acme: Arc<MemoryProvider>,
    pub other: Arc<MemoryProvider>,
    pub model: Arc<MemoryModel>,
    pub webhooks: Arc<CapturedWebhooks>,
    pub sign_ups: Arc<AtomicU32>,
}

impl World {
    pub fn new() -> Self {
        Self {
            clock: Arc::new(FixedClock::at(Timestamp::parse(START).expect("a valid time"))),
            ids: Arc::new(SequentialIds::new()),
            secrets: Arc::new(SequentialSecrets::new()),
            mail: Arc::new(CapturedMail::new()),
            messages: Arc::new(CapturedNotifications::new()),
            acme: Arc::new(MemoryProvider::new("acme")),
            other: Arc::new(MemoryProvider::new("other")),
            model: Arc::new(MemoryModel::new()),
            webhooks: Arc::new(CapturedWebhooks::new()),
            sign_ups: Arc::default(),
        }
    }
}

/// The settings that all nodes of a server have.
#[derive(Clone)]
pub struct SharedSettings {
    pub cache: CacheSettings,
    pub signing_key_file: PathBuf,
    pub pepper_file: PathBuf,
}

/// A store in memory.
pub struct InMemory(pub Arc<MemoryStore>);

impl TestStore for InMemory {
    fn store(&self) -> Arc<dyn Store> {
        self.0.clone()
    }
}

/// The settings of a server with this folder for its data.
pub fn settings(data: &TempDir) -> Settings {
    let data = data.path().to_str().expect("a UTF-8 path");
    let variables = [
        ("MEMO_ENV", "test"),
        // An empty folder: the working directory may have one with the settings of another program.
        ("MEMO_CONFIG_DIR", data),
        ("MEMO__DATA_DIR", data),
        ("MEMO__SERVER__LISTEN", "127.0.0.1:0"),
        // Without the port, so that responses are the same in each run.
        ("MEMO__SERVER__PUBLIC_URL", "http://memo.test"),
        ("MEMO__SERVER__METRICS_LISTEN", "off"),
        ("MEMO__SERVER__WORKERS", "1"),
        ("MEMO__SERVER__SHUTDOWN_GRACE", "0s"),
        ("MEMO__DATABASE__URL", "memory:"),
        ("MEMO__AUTH__BCRYPT_COST", "4"),
        ("MEMO__RATE_LIMIT__ENABLED", "false"),
    ];
    let variables: HashMap<_, _> = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Settings::of_variables(&variables).unwrap_or_else(|error| panic!("{error}"))
}
