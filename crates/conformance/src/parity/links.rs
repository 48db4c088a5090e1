use memo_domain::{LinkTarget, MemoLink, PageRequest, PageStart};

use super::{
    Script,
    pair::{Kind, Pair},
    texts::some_title,
};
use crate::samples::memo_id;

impl Script<'_> {
    /// Replaces the links of a memo, which may be gone.
    pub(super) async fn link_memo(&mut self, pair: &mut Pair) -> Result<(), Kind> {
        let Some(id) = self.chance.recent(&self.known.memos) else { return Ok(()) };
        let view = pair.reference().memos().lookup(id).await.expect("memos are read");
        let owner = view.map_or_else(|| self.some_user(), |view| view.memo.owner_id);
        let mut targets = Vec::new();
        for _ in 0..self.chance.below(5) {
            let link = match self.chance.recent(&self.known.memos) {
                Some(id) if self.chance.percent(50) => Some(MemoLink::Id(id)),
                _ => MemoLink::to_title(some_title(&mut self.chance).as_str()),
            };
            targets.extend(link.map(|link| (id, LinkTarget::of(owner, &link))));
        }
        targets.sort_unstable();
        targets.dedup();
        let remove = format!("remove the links of {id:?}");
        pair.ask(&mut self.log, remove, async |uow| uow.links().remove_all(id).await).await?;
        let add = format!("add {} links of {id:?}", targets.len());
        pair.ask(&mut self.log, add, async |uow| uow.links().insert_all(&targets).await).await
    }

    pub(super) async fn read_backlinks(&mut self, pair: &mut Pair) {
        let id = self.chance.recent(&self.known.memos).unwrap_or(memo_id(1_000_000));
        let Some(view) = pair.reference().memos().lookup(id).await.expect("memos are read") else { return };
        let viewer = self.some_user();
        let start = match self.chance.recent(&self.known.memos) {
            Some(id) if self.chance.percent(30) => PageStart::After(id),
            _ => PageStart::Offset(self.chance.below(3) as u64),
        };
        let request = PageRequest { limit: self.some_limit(), start };
        let what = format!("backlinks of {id:?} for {viewer:?}, {request:?}");
        let memo = view.memo;
        let list =
            async |uow: &mut dyn memo_domain::UnitOfWork| uow.links().list_backlinks(&memo, viewer, &request).await;
        let _ = pair.ask(&mut self.log, what, list).await;
    }
}
