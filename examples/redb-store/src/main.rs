//! The memo server over redb.

use std::{process::ExitCode, sync::Arc};

use memo_kv::KvStore;
use redb_store::RedbEngine;

fn main() -> ExitCode {
    memo_server::cli::run_with(|settings| async move {
        let engine = RedbEngine::open(&settings.data_dir.join("memo.redb"))?;
        Ok(Arc::new(KvStore::new(engine)))
    })
}
