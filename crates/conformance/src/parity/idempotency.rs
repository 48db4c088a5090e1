//! Calls on responses to requests with a key.

use memo_domain::{IdempotentResponse, SecretDigest, UnitOfWork};

use super::{
    Script,
    pair::{Kind, Pair},
    texts::{some_device, some_time},
};
use crate::samples::{digest_of, idempotent_response};

impl Script<'_> {
    fn some_request(&mut self) -> u32 {
        4_000_000 + u32::try_from(self.chance.below(20)).expect("a small number")
    }

    /// Inserts a response, or removes one that has expired.
    pub(super) async fn write_response(&mut self, pair: &mut Pair) -> Result<(), Kind> {
        let (number, user, time) = (self.some_request(), self.some_user(), some_time(&mut self.chance));
        let id = digest_of(number);
        if self.chance.percent(30) {
            let what = format!("remove the response {number} from before {time}");
            let removed = pair.ask(&mut self.log, what, async |uow| uow.idempotency().remove_expired(&id, time).await);
            return removed.await.map(drop);
        }
        let location = some_device(&mut self.chance);
        let body = location.clone().unwrap_or_default().into_bytes();
        let new = IdempotentResponse { location, body, created_at: time, ..idempotent_response(number, user) };
        let what = format!("add the response {number} of {user:?}");
        pair.ask(&mut self.log, what, async |uow| uow.idempotency().insert(&new).await).await
    }

    pub(super) async fn read_response(&mut self, pair: &mut Pair) {
        let number = self.some_request();
        let id: SecretDigest = digest_of(number);
        let read = async |uow: &mut dyn UnitOfWork| uow.idempotency().lookup(&id).await;
        let _ = pair.ask(&mut self.log, format!("look up the response {number}"), read).await;
    }
}
