use async_trait::async_trait;
use sha2::{Digest, Sha256};

use crate::{Memo, MemoId, MemoLink, MemoView, Page, PageRequest, StoreError, UserId};

/// The length of a target in bytes.
const LENGTH: usize = 16;

/// Where a link leads to, as stores compare it: a memo by its id, or the memos of a user with a title.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkTarget([u8; LENGTH]);

impl LinkTarget {
    /// The target of a link in a memo of this user: a title is that of a memo of the same owner.
    #[must_use]
    pub fn of(owner: UserId, link: &MemoLink) -> Self {
        let mut hash = Sha256::new();
        match link {
            MemoLink::Id(id) => hash.update(id.as_uuid().as_bytes()),
            MemoLink::Title(title) => {
                hash.update(owner.as_uuid().as_bytes());
                hash.update(title);
            }
        }
        let mut target = [0; LENGTH];
        target.copy_from_slice(&hash.finalize()[..LENGTH]);
        Self(target)
    }

    /// The targets that lead to a memo: its id, and its present title.
    #[must_use]
    pub fn all_to(memo: &Memo) -> Vec<Self> {
        let links = [Some(MemoLink::Id(memo.id)), MemoLink::to_title(memo.state.title.as_str())];
        links.iter().flatten().map(|link| Self::of(memo.owner_id, link)).collect()
    }

    /// Wraps the bytes from a store.
    #[must_use]
    pub const fn new(bytes: [u8; LENGTH]) -> Self {
        Self(bytes)
    }

    /// The bytes, for stores.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }
}

/// Stores which memos link where.
///
/// # Contract
/// * `a_link_needs_its_memo`: [`insert_all`](Self::insert_all) MUST fail with [`Conflict::Parent`](crate::Conflict::Parent) if
///   a memo does not exist.
/// * `backlinks_are_the_visible_memos_that_link_to_a_memo`: [`list_backlinks`](Self::list_backlinks) MUST return each memo once
///   that has a link to one of [`LinkTarget::all_to`] the memo, is not in the trash, is [visible](Memo::is_visible_to) to the
///   viewer, and is not the memo itself; newest id first.
/// * `backlinks_are_listed_in_pages`: pages MUST NOT skip or repeat one of them, and [`Page::next`] MUST be `None` exactly on
///   the last.
/// * `links_are_removed_with_their_memo`: [`remove_all`](Self::remove_all), or the removal of the memo, MUST remove its links.
#[async_trait]
pub trait LinkRepository: Send {
    /// Adds links of memos. None of them is there already.
    async fn insert_all(&mut self, links: &[(MemoId, LinkTarget)]) -> Result<(), StoreError>;

    /// Removes the links of a memo.
    async fn remove_all(&mut self, memo: MemoId) -> Result<(), StoreError>;

    /// Returns a page of the memos that link to a memo.
    async fn list_backlinks(
        &mut self,
        memo: &Memo,
        viewer: UserId,
        page: &PageRequest<MemoId>,
    ) -> Result<Page<MemoView, MemoId>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Content, MemoState, Timestamp, Title, Uuid};

    #[test]
    fn title_leads_to_a_memo_of_the_same_owner_whatever_its_case() {
        let (alice, bob) = (UserId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(2)));
        let state = MemoState::new(Title::new(" Straße ").expect("a title"), Content::default());
        let memo = Memo::create(MemoId::new(Uuid::from_u128(1)), alice, state, Timestamp::from_micros(0));
        let targets = LinkTarget::all_to(&memo);
        let title = MemoLink::to_title("STRASSE").expect("a title");
        assert_eq!(targets, [LinkTarget::of(bob, &MemoLink::Id(memo.id)), LinkTarget::of(alice, &title)]);
        assert!(!targets.contains(&LinkTarget::of(bob, &title)));
    }
}
