use memo_domain::{
    ChangeKind, Like, Memo, MemoId, NewChange, PasswordHash, RefreshToken, Role, Scopes, Session, SessionId, Share,
    TimeZone, User, UserId, Version,
};

use super::{
    Script,
    pair::{Kind, Pair},
    texts::{some_device, some_email, some_name, some_state, some_time, vary},
};
use crate::samples::{digest_of, email, memo_id, revision, session_id, share, share_id, user, user_id};

/// An error ends the unit of work.
type Done = Result<(), Kind>;

impl Script<'_> {
    /// Writes one thing.
    ///
    /// No write violates two rules at once: which of them a store reports is unspecified.
    pub(super) async fn write(&mut self, pair: &mut Pair) -> Done {
        match self.chance.below(79) {
            0 => self.add_user(pair).await,
            1 | 2 => self.change_user(pair).await,
            3 | 4 => self.add_session(pair).await,
            5 => self.change_session(pair).await,
            6 | 7 => self.add_token(pair).await,
            8..11 => self.claim(pair).await,
            11..19 => self.add_memo(pair).await,
            19..24 => self.change_memo(pair).await,
            24 | 25 => self.link_memo(pair).await,
            26 | 27 => self.remove_memo(pair).await,
            28 => self.forget_changes(pair).await,
            29..36 => self.append_changes(pair).await,
            36..40 => self.like(pair).await,
            40..43 => self.share(pair).await,
            43..46 => self.revise(pair).await,
            _ => self.write_of_account(pair).await,
        }
    }

    pub(super) fn next_number(&mut self) -> u32 {
        self.known.ids_given += 1;
        self.known.ids_given
    }

    pub(super) async fn add_user(&mut self, pair: &mut Pair) -> Done {
        let number = self.next_number();
        let taken = self.chance.recent(&self.known.users).filter(|_| self.chance.percent(10));
        let address = match taken {
            Some(_) => email(&format!("new{number}@example.com")),
            None => some_email(&mut self.chance),
        };
        let id = taken.unwrap_or_else(|| user_id(number));
        let new = User { id, email: address, display_name: some_name(&mut self.chance), ..user(number) };
        self.known.users.push(id);
        let what = format!("add {id:?}, {}", new.email.as_str());
        pair.ask(&mut self.log, what, async |uow| uow.users().insert(&new).await).await
    }

    async fn change_user(&mut self, pair: &mut Pair) -> Done {
        let id = self.some_user();
        let stored = pair.reference().users().lookup(id).await.expect("users are read");
        let number = self.next_number();
        let right = stored.is_some() && self.chance.percent(90);
        let mut new = stored.unwrap_or_else(|| User { id, ..user(number) });
        let from = if right { new.version } else { Version::new(new.version.get() + 7) };
        new.display_name = some_name(&mut self.chance);
        if right && self.chance.percent(20) {
            new.email = some_email(&mut self.chance);
        }
        new.time_zone = self.chance.one_of(&["UTC", "Asia/Seoul"].map(|name| TimeZone::new(name).expect("a zone")));
        new.email_verified = self.chance.percent(50);
        new.role = if self.chance.percent(20) { Role::Admin } else { Role::Member };
        new.password_hash = self.chance.maybe(80, |chance| PasswordHash::new(format!("$hash{}", chance.below(9))));
        new.disabled_at = self.chance.maybe(20, some_time);
        new.touch(some_time(&mut self.chance));
        let what = format!("change {id:?} from {from:?}, {}", new.email.as_str());
        pair.ask(&mut self.log, what, async |uow| uow.users().update(&new, from).await).await
    }

    async fn add_session(&mut self, pair: &mut Pair) -> Done {
        let (number, owner) = (self.next_number(), self.some_user());
        let is_there = pair.reference().users().lookup(owner).await.expect("users are read").is_some();
        let taken = self.chance.recent(&self.known.sessions).filter(|_| is_there && self.chance.percent(5));
        let cookie = if is_there { self.some_cookie() } else { None };
        let new = Session { cookie, ..self.some_session(taken.unwrap_or_else(|| session_id(number)), owner) };
        self.known.sessions.push(new.id);
        let what = format!("add {:?} of {owner:?}", new.id);
        pair.ask(&mut self.log, what, async |uow| uow.sessions().insert(&new).await).await
    }

    fn some_session(&mut self, id: SessionId, user_id: UserId) -> Session {
        let chance = &mut self.chance;
        Session {
            id,
            user_id,
            scopes: chance.one_of(&[Scopes::all(), Scopes::parse("memos:read").expect("a valid scope")]),
            cookie: None,
            provider: chance.maybe(20, |_| "provider".to_owned()),
            device: some_device(chance),
            ip: chance.maybe(50, |_| "2001:db8::1".to_owned()),
            created_at: some_time(chance),
            proved_at: chance.maybe(30, some_time),
            last_seen_at: some_time(chance),
            expires_at: some_time(chance),
            ended_at: chance.maybe(30, some_time),
        }
    }

    async fn change_session(&mut self, pair: &mut Pair) -> Done {
        let Some(id) = self.chance.recent(&self.known.sessions) else { return Ok(()) };
        let stored = pair.reference().sessions().lookup(id).await.expect("sessions are read");
        let owner = stored.as_ref().map_or_else(|| self.some_user(), |stored| stored.user_id);
        let mut new = self.some_session(id, owner);
        if let Some(stored) = stored {
            new.created_at = stored.created_at;
            new.cookie = if self.chance.percent(50) { stored.cookie } else { self.some_cookie() };
        }
        pair.ask(&mut self.log, format!("change {id:?}"), async |uow| uow.sessions().update(&new).await).await
    }

    async fn add_token(&mut self, pair: &mut Pair) -> Done {
        let number = self.next_number();
        let session_id = self.chance.recent(&self.known.sessions).unwrap_or(session_id(1_000_000));
        let is_there = pair.reference().sessions().lookup(session_id).await.expect("sessions are read").is_some();
        let taken = self.chance.recent(&self.known.digests).filter(|_| is_there && self.chance.percent(5));
        let chance = &mut self.chance;
        let new = RefreshToken {
            digest: taken.unwrap_or_else(|| digest_of(number)),
            session_id,
            issued_at: some_time(chance),
            expires_at: some_time(chance),
            used_at: chance.maybe(10, some_time),
        };
        self.known.digests.push(new.digest);
        let what = format!("add token {number} of {session_id:?}");
        pair.ask(&mut self.log, what, async |uow| uow.refresh_tokens().insert(&new).await).await
    }

    async fn claim(&mut self, pair: &mut Pair) -> Done {
        let digest = self.chance.recent(&self.known.digests).unwrap_or_else(|| digest_of(1_000_000));
        let at = some_time(&mut self.chance);
        let what = format!("claim the token {:?} at {at}", &digest.as_bytes()[5..9]);
        pair.ask(&mut self.log, what, async |uow| uow.refresh_tokens().claim(&digest, at).await).await.map(|_| ())
    }

    async fn add_memo(&mut self, pair: &mut Pair) -> Done {
        let (number, owner) = (self.next_number(), self.some_user());
        let is_there = pair.reference().users().lookup(owner).await.expect("users are read").is_some();
        let taken = self.chance.recent(&self.known.memos).filter(|_| is_there && self.chance.percent(4));
        let id = taken.unwrap_or_else(|| memo_id(number));
        let mut new = Memo::create(id, owner, some_state(&mut self.chance), some_time(&mut self.chance));
        new.updated_at = some_time(&mut self.chance);
        self.known.memos.push(id);
        pair.may_search = false;
        let what = format!("add {id:?} of {owner:?}: {:?}", brief(&new));
        let text = new.search_text();
        if taken.is_none() && self.chance.percent(30) {
            let id = memo_id(self.next_number());
            let other = Memo { id, state: some_state(&mut self.chance), ..new.clone() };
            self.known.memos.push(id);
            let (what, other_text) = (format!("{what}, with {id:?}: {:?}", brief(&other)), other.search_text());
            let both = [(&new, &text), (&other, &other_text)];
            return pair.ask(&mut self.log, what, async |uow| uow.memos().insert_all(&both).await).await;
        }
        pair.ask(&mut self.log, what, async |uow| uow.memos().insert(&new, &text).await.map(drop)).await
    }

    /// A memo and the expected version of a write to it: mostly the right one.
    async fn some_memo(&mut self, pair: &mut Pair) -> Option<(MemoId, Option<Memo>, Version)> {
        let id = self.chance.recent(&self.known.memos)?;
        let stored = pair.reference().memos().lookup(id).await.expect("memos are read").map(|view| view.memo);
        let right = stored.as_ref().map_or(Version::FIRST, |memo| memo.version);
        let from = if self.chance.percent(97) { right } else { Version::new(right.get() + 1) };
        Some((id, stored, from))
    }

    async fn change_memo(&mut self, pair: &mut Pair) -> Done {
        let Some((id, stored, from)) = self.some_memo(pair).await else { return Ok(()) };
        let owner = self.some_user();
        let state = some_state(&mut self.chance);
        let mut new = stored.unwrap_or_else(|| Memo::create(id, owner, state, some_time(&mut self.chance)));
        vary(&mut self.chance, &mut new);
        new.version = new.version.next();
        new.updated_at = some_time(&mut self.chance);
        if self.chance.percent(5) {
            // An update by another owner is stale, and the creation time never changes.
            (new.owner_id, new.created_at) = (owner, some_time(&mut self.chance));
        }
        pair.may_search = false;
        let what = format!("change {id:?} from {from:?}: {:?}", brief(&new));
        pair.ask(&mut self.log, what, async |uow| uow.memos().update(&new, from, Some(&new.search_text())).await).await
    }

    async fn remove_memo(&mut self, pair: &mut Pair) -> Done {
        let Some((id, _, from)) = self.some_memo(pair).await else { return Ok(()) };
        pair.may_search = false;
        let what = format!("remove {id:?} from {from:?}");
        pair.ask(&mut self.log, what, async |uow| uow.memos().remove(id, from).await).await
    }

    /// Likes a memo, or takes the like back.
    async fn like(&mut self, pair: &mut Pair) -> Done {
        let Some(memo_id) = self.chance.recent(&self.known.memos) else { return Ok(()) };
        let user_id = self.some_user();
        if self.chance.percent(30) {
            let what = format!("take back the like of {memo_id:?} by {user_id:?}");
            return pair
                .ask(&mut self.log, what, async |uow| uow.likes().remove(memo_id, user_id).await)
                .await
                .map(drop);
        }
        let like = Like { memo_id, user_id, at: some_time(&mut self.chance) };
        let what = format!("like {memo_id:?} by {user_id:?}");
        pair.ask(&mut self.log, what, async |uow| uow.likes().insert(&like).await).await.map(drop)
    }

    /// Shares a memo, counts reads of its shares, revokes one, or removes expired ones.
    async fn share(&mut self, pair: &mut Pair) -> Done {
        let Some(memo_id) = self.chance.recent(&self.known.memos) else { return Ok(()) };
        let number = self.next_number();
        let shares = pair.reference().shares().list(memo_id).await.expect("shares are read");
        let ids: Vec<_> = shares.iter().map(|share| share.id).collect();
        match (self.chance.below(5), self.chance.recent(&ids)) {
            (0, id) => {
                let id = id.unwrap_or(share_id(1_000_000));
                let what = format!("revoke {id:?}");
                pair.ask(&mut self.log, what, async |uow| uow.shares().remove(memo_id, id).await).await.map(drop)
            }
            (1, id) => {
                // Those of a share that is not there are ignored.
                let id = id.unwrap_or(share_id(1_000_000));
                let reads = [(id, 2), (ids.first().copied().unwrap_or(id), 1)];
                pair.ask(&mut self.log, "count reads", async |uow| uow.shares().add_reads(&reads).await).await
            }
            (2, _) => {
                let time = some_time(&mut self.chance);
                let what = format!("remove shares that expired before {time}");
                pair.ask(&mut self.log, what, async |uow| uow.shares().remove_expired(time, 1_000).await)
                    .await
                    .map(drop)
            }
            _ => {
                let expires_at = self.chance.maybe(50, some_time);
                let share = Share { expires_at, ..share(number, memo_id) };
                let what = format!("share {memo_id:?}, and count a read");
                pair.ask(&mut self.log, what, async |uow| {
                    uow.shares().insert(&share).await?;
                    uow.shares().add_reads(&[(share.id, 1)]).await
                })
                .await
            }
        }
    }

    /// Keeps a text of a memo, or removes old ones.
    async fn revise(&mut self, pair: &mut Pair) -> Done {
        let Some(memo_id) = self.chance.recent(&self.known.memos) else { return Ok(()) };
        if self.chance.percent(20) {
            let kept = u32::try_from(self.chance.below(4)).unwrap_or(0);
            let what = format!("keep {kept} revisions of {memo_id:?}");
            return pair
                .ask(&mut self.log, what, async |uow| uow.revisions().remove_all_but(memo_id, kept).await)
                .await
                .map(drop);
        }
        if self.chance.percent(20) {
            // Each sample has 15.
            let bytes = self.chance.below(60) as u64;
            let what = format!("keep {bytes} bytes of revisions of {memo_id:?}");
            return pair
                .ask(&mut self.log, what, async |uow| uow.revisions().remove_over(memo_id, bytes).await)
                .await
                .map(drop);
        }
        let number = if self.chance.percent(20) { 1 } else { self.next_number() };
        let revision = revision(number, memo_id);
        let what = format!("revision {number} of {memo_id:?}");
        pair.ask(&mut self.log, what, async |uow| uow.revisions().insert(&revision).await).await
    }

    async fn append_changes(&mut self, pair: &mut Pair) -> Done {
        let owner = self.some_user();
        let number = 1 + self.chance.below(4);
        let mut changes = Vec::new();
        for _ in 0..number {
            let memo_id = self.chance.recent(&self.known.memos).unwrap_or_else(|| memo_id(0));
            let (_, kind) = self.chance.one_of(&ChangeKind::NAMES);
            let version = Version::new(1 + u32::try_from(self.chance.below(9)).expect("a small number"));
            changes.push(NewChange { kind, memo_id, version, at: some_time(&mut self.chance) });
        }
        let what = format!("append {number} changes of {owner:?}");
        pair.ask(&mut self.log, what, async |uow| uow.changes().append(owner, &changes).await).await
    }

    /// Removes until nothing before the time is left: which changes are removed first is unspecified.
    async fn forget_changes(&mut self, pair: &mut Pair) -> Done {
        let time = some_time(&mut self.chance);
        let most = self.chance.one_of(&[2, 10, 100]);
        loop {
            let what = format!("remove {most} changes before {time}");
            let removed =
                pair.ask(&mut self.log, what, async |uow| uow.changes().remove_before(time, most).await).await?;
            if removed < u64::from(most) {
                return Ok(());
            }
        }
    }
}

/// The parts of a memo that help to understand a failure.
fn brief(memo: &Memo) -> (&str, String) {
    (memo.state.title.as_str(), memo.state.content.as_str().chars().take(60).collect())
}
