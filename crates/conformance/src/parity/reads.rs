use memo_domain::{
    Email, Limit, MemoFilter, MemoSort, Page, PageRequest, PageStart, SecretDigest, SortDirection, SortField,
    StoreError, UnitOfWork, User, UserId, Version,
};

use super::{
    Script,
    pair::Pair,
    start_at,
    texts::{some_email, some_filter, some_sort, some_tag, some_time},
};
use crate::samples::{digest, digest_of, memo_id, session_id, user_id};

/// A user with the text of their email: emails compare equal ignoring case.
type UserWithEmail = Option<(User, String)>;

pub(super) fn with_email(found: Result<Option<User>, StoreError>) -> Result<UserWithEmail, StoreError> {
    Ok(found?.map(|user| {
        let address = user.email.as_str().to_owned();
        (user, address)
    }))
}

impl Script<'_> {
    /// Makes one read. Errors are compared like values, but do not change the script.
    pub(super) async fn read(&mut self, pair: &mut Pair) {
        let Self { chance, known, log, .. } = self;
        match chance.below(28) {
            0 => {
                let id = chance.recent(&known.users).filter(|_| chance.percent(95)).unwrap_or(user_id(1_000_000));
                let what = format!("look up {id:?}");
                let _ = pair.ask(log, what, async |uow| with_email(uow.users().lookup(id).await)).await;
            }
            1 => {
                let address = some_email(chance);
                self.find_by_email(pair, &address).await;
            }
            2 => {
                let id = chance.recent(&known.sessions).unwrap_or(session_id(1_000_000));
                let what = format!("look up {id:?}");
                let _ = pair.ask(log, what, async |uow| uow.sessions().lookup(id).await).await;
            }
            3 => {
                let digest = chance.recent(&known.digests).unwrap_or(digest(0));
                self.find_token(pair, digest).await;
            }
            4 => {
                let id = chance.recent(&known.memos).unwrap_or(memo_id(1_000_000));
                let other = chance.recent(&known.memos).filter(|other| *other != id);
                let what = format!("look up {id:?}, and with it {other:?}");
                let lookup = async |uow: &mut dyn UnitOfWork| {
                    let ids: Vec<_> = [id].into_iter().chain(other).collect();
                    let mut both = uow.memos().lookup_all(&ids).await?;
                    both.sort_by_key(|view| view.memo.id);
                    Ok((uow.memos().lookup(id).await?, both))
                };
                let _ = pair.ask(log, what, lookup).await;
            }
            5 => self.read_feed(pair).await,
            6 => self.read_pages(pair).await,
            7 => self.read_tags(pair).await,
            8..13 => self.list_and_count(pair).await,
            13 => self.read_likes(pair).await,
            14 => self.read_backlinks(pair).await,
            27 => self.read_webhooks(pair).await,
            _ => self.read_of_account(pair).await,
        }
    }

    async fn find_by_email(&mut self, pair: &mut Pair, address: &Email) {
        let what = format!("find the user with {}", address.as_str());
        let _ = pair.ask(&mut self.log, what, async |uow| with_email(uow.users().find_by_email(address).await)).await;
    }

    async fn find_token(&mut self, pair: &mut Pair, digest: SecretDigest) {
        let what = format!("look up the token {:?}", &digest.as_bytes()[5..9]);
        let _ = pair.ask(&mut self.log, what, async |uow| uow.refresh_tokens().lookup(&digest).await).await;
    }

    async fn read_feed(&mut self, pair: &mut Pair) {
        let owner = self.some_user();
        let last = pair
            .ask(&mut self.log, format!("last change of {owner:?}"), async |uow| uow.changes().last_seq(owner).await);
        let last = usize::try_from(last.await.unwrap_or(0)).expect("few changes");
        let what = format!("stamp of {owner:?}");
        let _ = pair.ask(&mut self.log, what, async |uow| uow.changes().lookup_stamp(owner).await).await;
        let since = self.chance.below(last + 2) as u64;
        let limit = self.some_limit();
        let what = format!("{} changes of {owner:?} after {since}", limit.get());
        let _ = pair.ask(&mut self.log, what, async |uow| uow.changes().list(owner, since, limit).await).await;
    }

    /// Reads the tags of a user, and the memos that have one of them.
    async fn read_tags(&mut self, pair: &mut Pair) {
        let owner = self.some_user();
        self.count_tags(pair, owner).await;
        let tag = some_tag(&mut self.chance);
        let what = format!("find the memos of {owner:?} by {tag:?}");
        let find = async |uow: &mut dyn UnitOfWork| uow.memos().find_by_tag(owner, &tag, None, 1_000).await;
        let _ = pair.ask(&mut self.log, what, find).await;
        let time = some_time(&mut self.chance);
        let what = format!("the memos trashed before {time}");
        let _ = pair.ask(&mut self.log, what, async |uow| uow.memos().list_trashed(time, 1_000).await).await;
        let what = format!("find {tag:?} of {owner:?}");
        let _ = pair.ask(&mut self.log, what, async |uow| uow.memos().find_tag(owner, &tag).await).await;
    }

    /// Reads the likes, shares and revisions of a memo, and the likes of a user.
    async fn read_likes(&mut self, pair: &mut Pair) {
        let memo = self.chance.recent(&self.known.memos).unwrap_or(memo_id(1_000_000));
        let (user, request) = (self.some_user(), PageRequest { limit: self.some_limit(), start: PageStart::Offset(0) });
        let by_memo = PageRequest { limit: request.limit, start: PageStart::Offset(0) };
        let what = format!("the likes of {memo:?} and of {user:?}");
        let read = async |uow: &mut dyn UnitOfWork| {
            let mut by_user = uow.likes().find_by_user(user, 1_000).await?;
            by_user.sort();
            let mut liked = uow.likes().find_liked(user, &[memo]).await?;
            liked.extend(by_user);
            let listed = uow.likes().list_by_user(user, &by_memo).await?;
            let shares = uow.shares().list(memo).await?;
            let mut found = uow.shares().find_by_memos(&[memo]).await?;
            found.sort_by_key(|share| std::cmp::Reverse(share.id));
            let digest = shares.first().map_or(digest_of(5_000), |share| share.digest);
            let share = uow.shares().find_by_digest(&digest).await?;
            let (first, last) = (Version::new(u32::MAX), Version::new(2));
            let revisions = uow.revisions().list_down_to(memo, first, last, 3).await?;
            let heads = uow.revisions().list(memo, &PageRequest::default()).await?;
            let likers = uow.likes().list(memo, &request).await?;
            Ok((likers, (liked, listed), (shares, found), share, (revisions, heads)))
        };
        let _ = pair.ask(&mut self.log, what, read).await;
    }

    async fn count_tags(&mut self, pair: &mut Pair, owner: UserId) {
        let what = format!("the tags of {owner:?}");
        let read = async |uow: &mut dyn UnitOfWork| {
            let tags = uow.memos().list_tags(owner, None, 1_000).await?;
            let some: Vec<_> = tags.iter().rev().take(3).map(|count| count.tag.clone()).collect();
            Ok((tags, uow.memos().count_tags(owner).await?, uow.memos().has_tags(owner, &some).await?))
        };
        let _ = pair.ask(&mut self.log, what, read).await;
    }

    /// Reads a page from anywhere, and the count of the list.
    async fn list_and_count(&mut self, pair: &mut Pair) {
        let filter = self.some_filter(pair).await;
        let (sort, limit) = (some_sort(&mut self.chance), self.some_limit());
        let cursors: Vec<_> =
            self.known.cursors.iter().filter(|(list, _)| *list == (sort.field, filter.search.is_some())).collect();
        let start = match self.chance.below(3) {
            0 if !cursors.is_empty() => PageStart::After(self.chance.one_of(&cursors).1.clone()),
            1 => PageStart::Offset(self.chance.below(30) as u64),
            _ => PageStart::Offset(0),
        };
        let request = PageRequest { limit, start };
        let what = format!("list {filter:?} by {sort:?}, {request:?}");
        let page = pair.ask(&mut self.log, what, async |uow| uow.memos().list(&filter, sort, &request).await).await;
        if let Ok(Page { next: Some(cursor), .. }) = page {
            self.known.cursors.push(((sort.field, filter.search.is_some()), cursor));
            if self.known.cursors.len() > 30 {
                self.known.cursors.remove(0);
            }
        }
        let _ = pair.ask(&mut self.log, "count them", async |uow| uow.memos().count(&filter).await).await;
    }

    /// Reads all pages of a list.
    async fn read_pages(&mut self, pair: &mut Pair) {
        let filter = self.some_filter(pair).await;
        let sort = some_sort(&mut self.chance);
        let limit = Limit::new(3 + self.chance.below(20) as u64).expect("a valid limit");
        self.read_all_pages(pair, &filter, sort, limit).await;
    }

    async fn read_all_pages(&mut self, pair: &mut Pair, filter: &MemoFilter, sort: MemoSort, limit: Limit) {
        let mut next = None;
        loop {
            let request = PageRequest { limit, start: start_at(next) };
            let what = format!("page of {filter:?} by {sort:?}, {request:?}");
            let page = pair.ask(&mut self.log, what, async |uow| uow.memos().list(filter, sort, &request).await).await;
            next = page.ok().and_then(|page| page.next);
            if next.is_none() {
                return;
            }
        }
    }

    pub(super) async fn read_everything(&mut self, pair: &mut Pair) {
        let limit = Limit::new(Limit::MAX as u64).expect("a valid limit");
        let sort = MemoSort { field: SortField::Title, direction: SortDirection::Ascending };
        for owner in self.known.users.clone() {
            let what = format!("look up {owner:?}");
            let _ = pair.ask(&mut self.log, what, async |uow| with_email(uow.users().lookup(owner).await)).await;
            self.count_tags(pair, owner).await;
            for trashed in [false, true] {
                let filter = MemoFilter { trashed, ..MemoFilter::of(owner) };
                self.read_all_pages(pair, &filter, sort, limit).await;
            }
            let mut since = 0;
            loop {
                let what = format!("changes of {owner:?} after {since}");
                let list =
                    pair.ask(&mut self.log, what, async |uow| uow.changes().list(owner, since, limit).await).await;
                let Some(seq) = list.ok().and_then(|list| Some(list.last()?.seq)) else { break };
                since = seq;
            }
            self.read_account(pair, owner).await;
        }
        self.read_of_everybody(pair).await;
        for digest in self.known.one_time.clone() {
            self.find_one_time_token(pair, digest).await;
        }
        for id in self.known.sessions.clone() {
            let _ =
                pair.ask(&mut self.log, format!("look up {id:?}"), async |uow| uow.sessions().lookup(id).await).await;
        }
        for digest in self.known.digests.clone() {
            self.find_token(pair, digest).await;
        }
    }

    pub(super) fn some_user(&mut self) -> UserId {
        // The first users own most of the memos.
        if self.chance.percent(70) {
            self.known.users[self.chance.below(3)]
        } else {
            self.chance.one_of(&self.known.users)
        }
    }

    async fn some_filter(&mut self, pair: &mut Pair) -> MemoFilter {
        let mut texts = [String::new(), String::new()];
        if let Some(id) = self.chance.recent(&self.known.memos) {
            let view = pair.reference().memos().lookup(id).await.expect("memos are read");
            if let Some(state) = view.map(|view| view.memo.state) {
                texts = [state.title.into_string(), state.content.into_string()];
            }
        }
        let viewer = self.some_user();
        some_filter(&mut self.chance, viewer, pair.may_search.then_some(&texts))
    }

    pub(super) fn some_limit(&mut self) -> Limit {
        Limit::new(self.chance.one_of(&[1, 2, 5, 20, 100])).expect("a valid limit")
    }
}
