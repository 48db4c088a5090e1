//! Calls on API keys.

use memo_domain::{ApiKey, ApiKeyId, ApiKeyNote, UnitOfWork};

use super::{
    Script,
    pair::{Kind, Pair},
    texts::{some_device, some_time},
};
use crate::samples::{api_key, api_key_id};

impl Script<'_> {
    /// One of a few: most of them exist.
    pub(super) fn some_key(&mut self) -> ApiKeyId {
        api_key_id(4_000_000 + u32::try_from(self.chance.below(8)).expect("a small number"))
    }

    /// Inserts, updates, uses or removes an API key.
    pub(super) async fn write_api_key(&mut self, pair: &mut Pair) -> Result<(), Kind> {
        let (id, user) = (self.some_key(), self.some_holder(pair).await);
        let stored = pair.reference().api_keys().lookup(id).await.expect("keys are read");
        let (chance, log) = (&mut self.chance, &mut self.log);
        let note = chance.maybe(50, some_device).flatten();
        let note = note.map(|text| ApiKeyNote::new(text.replace('\0', "")).expect("a valid note"));
        let (expires_at, at) = (chance.maybe(50, some_time), some_time(chance));
        let key = ApiKey { id, note, expires_at, created_at: some_time(chance), ..api_key(0, user) };
        match (chance.below(6), stored) {
            (0, _) => {
                let what = format!("remove {id:?}");
                pair.ask(log, what, async |uow| uow.api_keys().remove(id).await).await.map(drop)
            }
            (1 | 2, _) => {
                let what = format!("use {id:?} at {at}");
                pair.ask(log, what, async |uow| uow.api_keys().touch(id, at).await).await.map(drop)
            }
            (_, Some(ApiKey { user_id, .. })) => {
                let key = ApiKey { user_id, ..key };
                pair.ask(log, format!("update {key:?}"), async |uow| uow.api_keys().update(&key).await).await
            }
            (_, None) => {
                let insert = async |uow: &mut dyn UnitOfWork| {
                    uow.api_keys().insert(&key).await?;
                    uow.api_keys().update(&key).await
                };
                pair.ask(log, format!("insert and update {key:?}"), insert).await
            }
        }
    }
}
