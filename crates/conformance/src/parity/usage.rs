//! Calls on usage.

use memo_domain::{Day, UnitOfWork, UsageRange};

use super::{
    Script,
    pair::{Kind, Pair},
};
use crate::samples::usage;

impl Script<'_> {
    fn some_days(&mut self) -> UsageRange {
        let [from, to] = [(); 2].map(|()| Day::from_number(self.some_day()));
        UsageRange { from, to }
    }

    fn some_day(&mut self) -> i64 {
        i64::try_from(self.chance.below(12)).expect("a small number") - 3
    }

    fn some_operation(&mut self) -> u32 {
        u32::try_from(self.chance.below(4)).expect("a small number")
    }

    /// Adds usage, or removes that of old days.
    pub(super) async fn write_usage(&mut self, pair: &mut Pair) -> Result<(), Kind> {
        if self.chance.percent(15) {
            let day = Day::from_number(self.some_day() - 3);
            let what = format!("remove usage before {day}");
            return pair
                .ask(&mut self.log, what, async |uow| uow.usage().remove_before(day, 10_000).await)
                .await
                .map(drop);
        }
        let mut new = Vec::new();
        for _ in 0..self.chance.below(6) {
            let (user, day, operation) = (self.some_user(), self.some_day(), self.some_operation());
            new.push(usage(user, day, operation, self.some_operation()));
        }
        let what = format!("add {} rows of usage", new.len());
        pair.ask(&mut self.log, what, async |uow| uow.usage().add(&new).await).await
    }

    pub(super) async fn read_usage(&mut self, pair: &mut Pair) {
        let (user, days) = (self.some_user(), self.some_days());
        let (after, limit) = (usage(user, self.some_day(), self.some_operation(), 0).key, self.some_limit());
        let after = Some(&after).filter(|_| self.chance.percent(50));
        if self.chance.percent(50) {
            let read = async |uow: &mut dyn UnitOfWork| uow.usage().list_all(days, after, limit.get().into()).await;
            let _ = pair.ask(&mut self.log, format!("usage of all in {days:?} after {after:?}"), read).await;
            return;
        }
        let read = async |uow: &mut dyn UnitOfWork| uow.usage().list(user, days, after, limit.get().into()).await;
        let _ = pair.ask(&mut self.log, format!("usage of {user:?} in {days:?} after {after:?}"), read).await;
    }
}
