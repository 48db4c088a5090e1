//! What an import restores beside memos: the likes that the user gave, and settings of the account.

use std::collections::HashMap;

use memo_domain::{
    ChangeKind, Conflict, DisplayName, Like, Locale, Memo, MemoId, MemoView, NewChange, TimeZone, Timestamp,
    UnitOfWork, User, UserId,
};

use super::{Transfer, import::derived_id};
use crate::{
    Error,
    accounts::present,
    memos::{owner_gone, visible},
};

/// A like that is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportedLike {
    /// The id that the memo had.
    pub memo_id: MemoId,
    /// Since when the user likes it.
    pub at: Timestamp,
}

/// Settings that are imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedSettings {
    /// The name that other users see.
    pub display_name: DisplayName,
    /// The language of mail and pages.
    pub locale: Locale,
    /// The time zone of times in mail.
    pub time_zone: TimeZone,
}

/// What the import did with a like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LikeOutcome {
    /// Added it.
    Added,
    /// The user likes the memo already.
    Unchanged,
    /// Skipped it: there is no such memo that the user may read.
    Skipped,
}

impl Transfer {
    /// The maximum number of likes that are imported at once: each changes a memo and a feed.
    pub const MAX_LIKES: usize = 50;

    /// Imports up to [`MAX_LIKES`](Self::MAX_LIKES) likes in one transaction.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if the user is gone.
    pub async fn import_likes(&self, user: UserId, likes: &[ImportedLike]) -> Result<Vec<LikeOutcome>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(user);
        let imported = transactions.write(async |tx| {
            tx.retry_on(Conflict::Id);
            let now = tx.now();
            let mut outcomes = Vec::with_capacity(likes.len());
            for (like, memo) in likes.iter().zip(find_memos(&mut **tx, user, likes).await?) {
                let Some(memo) = memo else {
                    outcomes.push(LikeOutcome::Skipped);
                    continue;
                };
                let like = Like { memo_id: memo.id, user_id: user, at: like.at.min(now) };
                let is_new = tx.likes().insert(&like).await?;
                if is_new {
                    tx.append_change(memo.owner_id, NewChange::of(&memo, ChangeKind::Liked, now));
                }
                outcomes.push(if is_new { LikeOutcome::Added } else { LikeOutcome::Unchanged });
            }
            Ok(outcomes)
        });
        imported.await.map_err(owner_gone)
    }

    /// Returns what [`import_likes`](Self::import_likes) would do with these likes, and changes nothing.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn preview_likes(&self, user: UserId, likes: &[ImportedLike]) -> Result<Vec<LikeOutcome>, Error> {
        let transactions = self.ports.transactions.on_behalf_of(user);
        let previewed = transactions.read(async |unit| {
            let memos = find_memos(unit, user, likes).await?;
            let ids: Vec<_> = memos.iter().flatten().map(|memo| memo.id).collect();
            let known = unit.likes().find_liked(user, &ids).await?;
            let outcome = |memo: &Option<Memo>| match memo {
                None => LikeOutcome::Skipped,
                Some(memo) if known.contains(&memo.id) => LikeOutcome::Unchanged,
                Some(_) => LikeOutcome::Added,
            };
            Ok(memos.iter().map(outcome).collect())
        });
        previewed.await
    }

    /// Replaces the settings of a user. Returns whether they changed; in a dry run, whether they would.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if the user is gone.
    pub async fn import_settings(
        &self,
        user: UserId,
        settings: &ImportedSettings,
        is_dry: bool,
    ) -> Result<bool, Error> {
        let transactions = self.ports.transactions.on_behalf_of(user);
        let imported = transactions.write(async |tx| {
            let before = present(tx.users().lookup(user).await?)?;
            let ImportedSettings { display_name, locale, time_zone } = settings.clone();
            let mut after = User { display_name, locale, time_zone, ..before.clone() };
            let is_changed = after != before;
            if is_changed && !is_dry {
                after.touch(tx.now());
                tx.users().update(&after, before.version).await?;
            }
            Ok(is_changed)
        });
        imported.await
    }
}

/// Looks up the memos of likes, those that the user may read. An own memo may have got another id when it was imported.
async fn find_memos(
    unit: &mut dyn UnitOfWork,
    user: UserId,
    likes: &[ImportedLike],
) -> Result<Vec<Option<Memo>>, Error> {
    let ids: Vec<_> = likes.iter().flat_map(|like| [like.memo_id, derived_id(like.memo_id, user)]).collect();
    let views = unit.memos().lookup_all(&ids).await?;
    let found: HashMap<MemoId, MemoView> = views.into_iter().map(|view| (view.memo.id, view)).collect();
    let memo = |like: &ImportedLike| {
        let derived = found.get(&derived_id(like.memo_id, user)).filter(|view| view.memo.owner_id == user);
        let view = derived.or_else(|| found.get(&like.memo_id)).cloned();
        visible(view, user).ok().map(|view| view.memo)
    };
    Ok(likes.iter().map(memo).collect())
}
