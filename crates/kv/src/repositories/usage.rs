use async_trait::async_trait;
use memo_domain::{Day, StoreError, Usage, UsageKey, UsageRange, UsageRepository, UserId};

use crate::{
    Direction,
    keys::key,
    records::{Entity, PRIMARY, USAGE_BY_DAY, after_user},
    repositories::users::exists,
    store::Unit,
    transaction::range,
};

#[async_trait]
impl UsageRepository for Unit {
    async fn add(&mut self, usage: &[Usage]) -> Result<(), StoreError> {
        let usage = usage.to_vec();
        self.write(move |tx| {
            for new in usage {
                if !exists(tx, new.key.user_id)? {
                    continue;
                }
                let Some(old) = tx.get::<Usage>(&new.key())? else {
                    tx.insert(&new)?;
                    continue;
                };
                let mut sum = old.clone();
                sum.counters.add(&new.counters);
                tx.replace(&old, &sum)?;
            }
            Ok(())
        })
        .await
    }

    async fn list(
        &mut self,
        user: UserId,
        days: UsageRange,
        after: Option<&UsageKey>,
        limit: u32,
    ) -> Result<Vec<Usage>, StoreError> {
        let after = after.filter(|key| key.day >= days.from).map(after_user);
        self.read(move |tx| {
            let keys = range::<Usage>(PRIMARY, &key![user]);
            let keys = match after {
                Some(after) => keys.after(&after, Direction::Ascending),
                None => keys.from(&key![days.from], Direction::Ascending),
            };
            let is_within = |usage: &Result<Usage, _>| usage.as_ref().map_or(true, |usage| usage.key.day <= days.to);
            let usage = tx.scan::<Usage>(PRIMARY, &keys, Direction::Ascending);
            usage.take_while(is_within).take(limit as usize).collect()
        })
        .await
    }

    async fn remove_before(&mut self, day: Day, most: u32) -> Result<u64, StoreError> {
        self.write(move |tx| tx.remove_below::<Usage>(USAGE_BY_DAY, &key![day], most)).await
    }
}
