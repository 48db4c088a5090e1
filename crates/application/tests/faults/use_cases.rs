//! Every use case that opens a transaction to write.

use std::{pin::Pin, time::Duration};

use memo_application::{
    Answer, Answering, ApiKeyChange, BatchOperation, Credential, Device, Error, ExportContents, ImportedLike,
    ImportedMemo, ImportedSettings, NewShare, Once, Precondition, Principal, ProfileChange, SocialError, UserChange,
};
use memo_domain::{
    Conflict, Content, DisplayName, Email, IdempotentRequest, Locale, MemoChange, MemoId, MemoView, Password, Role,
    Scope, Scopes, StoreError, Tags, TimeZone, Title, UserId, Version,
};

use crate::{
    more_use_cases::MORE,
    ports::CODE,
    world::{ACME, CREATED, LEEWAY, PASSWORD, World, new_key, revision, sign_up, state, tag},
};

/// The idempotency key of the one request that has one.
pub const KEY: &str = "key";

type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;

#[derive(Clone, Copy)]
pub struct UseCase {
    pub name: &'static str,
    /// How long after the world was created it runs.
    pub later: Duration,
    /// Whether it changes something.
    pub writes: bool,
    /// The conflict after which it is retried, too.
    retried_conflict: Option<Conflict>,
    /// Whether it hides errors of the store, as a redirect to an error page does.
    hides_errors: bool,
    pub run: for<'a> fn(&'a World) -> Running<'a>,
}

impl UseCase {
    pub fn is_retried_after(&self, error: &StoreError) -> bool {
        match error {
            StoreError::Conflict { what } => self.retried_conflict == Some(*what),
            error => error.is_lost_race(),
        }
    }

    pub fn reports_stale(&self, result: &Result<(), Error>) -> bool {
        match result {
            Err(Error::Store(StoreError::Stale)) => true,
            Err(_) => self.hides_errors,
            Ok(()) => false,
        }
    }
}

pub const SOON: Duration = Duration::from_secs(1);

pub const fn writes(name: &'static str, run: for<'a> fn(&'a World) -> Running<'a>) -> UseCase {
    UseCase { name, later: SOON, writes: true, retried_conflict: None, hides_errors: false, run }
}

const fn writes_later(later: Duration, name: &'static str, run: for<'a> fn(&'a World) -> Running<'a>) -> UseCase {
    UseCase { later, ..writes(name, run) }
}

/// A use case that finds nothing to do.
pub const fn idle(name: &'static str, run: for<'a> fn(&'a World) -> Running<'a>) -> UseCase {
    UseCase { writes: false, ..writes(name, run) }
}

const fn retried_after(conflict: Conflict, use_case: UseCase) -> UseCase {
    UseCase { retried_conflict: Some(conflict), ..use_case }
}

const fn hides_errors(use_case: UseCase) -> UseCase {
    UseCase { hides_errors: true, ..use_case }
}

pub fn device() -> Device {
    Device { name: Some("다른 기기".into()), ..Device::default() }
}

/// A callback of the social provider; the browser is told of a failure by a redirect.
async fn call_back(world: &World, name: &str, link: Option<&Principal>) -> Result<(), Error> {
    match world.call_back(&world.person(name), link).await? {
        Ok(_) => Ok(()),
        Err(SocialError::ServerError) => Err(Error::Internal { source: "a fault of the server".into() }),
        Err(_) => Err(Error::StateInvalid),
    }
}

/// A memo as another server exported it.
pub fn imported() -> ImportedMemo {
    let id = MemoId::parse("0198c0de-7f00-7000-8000-00000000000a").expect("an id");
    ImportedMemo {
        id,
        state: state("가져온 메모"),
        reminded_at: None,
        created_at: CREATED,
        updated_at: CREATED,
        deleted_at: None,
        version: Version::new(7),
        revisions: vec![revision(id)],
    }
}

fn imported_settings() -> ImportedSettings {
    ImportedSettings {
        display_name: DisplayName::new("앨리스").expect("a name"),
        locale: Locale::Ko,
        time_zone: TimeZone::new("Asia/Seoul").expect("a time zone"),
    }
}

async fn disable(world: &World, id: UserId) -> Result<(), Error> {
    let change = UserChange { role: None, disabled: Some(true) };
    world.administration.change(world.dave, id, change, &device()).await.map(drop)
}

async fn end_all(world: &World, user_id: UserId) -> Result<(), Error> {
    let credential = Credential::AccessToken { session_id: world.session() };
    let caller = Principal { user_id, scopes: Scopes::all(), credential };
    world.sign_in.end_all(&caller, false, &device()).await
}

/// All of them.
pub fn all() -> impl Iterator<Item = &'static UseCase> {
    ALL.iter().chain(MORE)
}

const ALL: &[UseCase] = &[
    writes("sign-up", |world| Box::pin(async { world.accounts.sign_up(sign_up("bob"), &device()).await.map(drop) })),
    writes("profile change", |world| {
        Box::pin(async {
            let change = ProfileChange { locale: Some(Locale::En), ..ProfileChange::default() };
            world.accounts.change_profile(&world.principal, change, &device()).await.map(drop)
        })
    }),
    writes("sign-in for tokens", |world| {
        Box::pin(async {
            let device = device();
            let signed_in = world.sign_in.by_password("alice@example.com", PASSWORD, Scopes::all(), &device);
            signed_in.await.map(drop)
        })
    }),
    writes("refresh", |world| {
        Box::pin(async { world.sign_in.refresh(&world.grant.refresh_token, None, &device()).await.map(drop) })
    }),
    writes("refresh by a used token, in time", |world| {
        Box::pin(async { world.sign_in.refresh(&world.used, None, &device()).await.map(drop) })
    }),
    writes_later(LEEWAY, "refresh by a used token, too late", |world| {
        Box::pin(async { world.sign_in.refresh(&world.used, None, &device()).await.map(drop) })
    }),
    writes("revocation by refresh token", |world| {
        Box::pin(async { world.sign_in.revoke(Some(&world.grant.refresh_token), "", &device()).await })
    }),
    writes("revocation by access token", |world| {
        Box::pin(async { world.sign_in.revoke(None, &world.grant.access_token, &device()).await })
    }),
    writes("creation", |world| {
        Box::pin(async { world.memos.create(world.alice, state("새 메모"), None).await.map(drop) })
    }),
    writes("creation with an idempotency key", |world| {
        Box::pin(async {
            let answer = |view: MemoView| -> Answering<'_> {
                let (location, body) = (view.memo.id.to_string(), view.memo.state.title.as_str().into());
                Box::pin(async move { Ok(Answer { status: 201, location: Some(location), etag: None, body }) })
            };
            let once = Once::new(IdempotentRequest::new(world.alice, KEY, &[]), &answer);
            world.memos.create(world.alice, state("새 메모"), Some(&once)).await.map(drop)
        })
    }),
    writes("capture", |world| {
        let content = Content::new("새 메모\n").expect("a content");
        Box::pin(async { world.memos.capture(world.alice, content, Tags::default(), None).await.map(drop) })
    }),
    retried_after(
        Conflict::Id,
        writes("creation with a chosen id", |world| {
            let id = MemoId::parse("0198c0de-7f00-7000-8000-0000000000aa").expect("an id");
            Box::pin(async move { world.memos.create_with_id(world.alice, id, state("새 메모")).await.map(drop) })
        }),
    ),
    writes("change", |world| {
        Box::pin(async {
            let change = MemoChange { pinned: Some(true), ..MemoChange::default() };
            world.memos.change(world.alice, world.memo, change, &Precondition::None).await.map(drop)
        })
    }),
    writes("replacement", |world| {
        Box::pin(async {
            world.memos.replace(world.alice, world.memo, state("다른 글"), &Precondition::None).await.map(drop)
        })
    }),
    retried_after(
        Conflict::Id,
        writes("like", |world| Box::pin(async { world.likes.like(world.alice, world.memo).await })),
    ),
    idle("taking back of a like that is not there", |world| {
        Box::pin(async { world.likes.unlike(world.alice, world.memo).await })
    }),
    writes("share", |world| {
        Box::pin(async {
            world.shares.create(world.alice, world.memo, NewShare::default(), &device(), None).await.map(drop)
        })
    }),
    writes("move to the trash", |world| {
        Box::pin(async { world.memos.trash(world.alice, world.memo, &Precondition::None).await })
    }),
    writes("restoration", |world| Box::pin(async { world.memos.restore(world.alice, world.trashed).await.map(drop) })),
    writes("removal", |world| {
        Box::pin(async { world.memos.remove(world.alice, world.memo, &Precondition::None).await })
    }),
    writes("removal from the trash", |world| {
        Box::pin(async { world.memos.remove(world.alice, world.trashed, &Precondition::None).await })
    }),
    writes("batch", |world| {
        Box::pin(async {
            let title = Some(Title::new("바뀐 제목").expect("a title"));
            let operations = [
                BatchOperation::Create { id: None, state: state("하나") },
                BatchOperation::Update {
                    id: world.memo,
                    if_version: None,
                    change: MemoChange { title, ..MemoChange::default() },
                },
                BatchOperation::Create { id: None, state: state("둘") },
                BatchOperation::Delete(world.memo),
            ];
            world.memos.batch(world.alice, &operations, None).await.map(drop)
        })
    }),
    writes("renaming of a tag", |world| {
        Box::pin(async { world.memos.rename_tag(world.alice, &tag("WORK"), &tag("일")).await.map(drop) })
    }),
    writes("renaming of a tag to one that is there", |world| {
        Box::pin(async { world.memos.rename_tag(world.alice, &tag("work"), &tag("회의")).await.map(drop) })
    }),
    writes("another spelling of a tag", |world| {
        Box::pin(async { world.memos.rename_tag(world.alice, &tag("work"), &tag("Work")).await.map(drop) })
    }),
    writes("removal of a tag", |world| {
        Box::pin(async { world.memos.remove_tag(world.alice, &tag("work")).await.map(drop) })
    }),
    writes("change of the address", |world| {
        Box::pin(async {
            let email = Some(Email::new("a.lee@example.com").expect("an address"));
            let current_password = Some(PASSWORD.to_owned());
            let change = ProfileChange { email, current_password, ..ProfileChange::default() };
            world.accounts.change_profile(&world.principal, change, &device()).await.map(drop)
        })
    }),
    writes("change of the password", |world| {
        Box::pin(async {
            let new = Password::new("another horse battery").expect("a password");
            world.accounts.change_password(&world.principal, Some(PASSWORD), &new, true, &device()).await
        })
    }),
    writes("verification of the address", |world| {
        Box::pin(async { world.accounts.verify_email(&world.verification, None, &device()).await })
    }),
    writes_later(Duration::from_mins(2), "another link to verify the address", |world| {
        Box::pin(async { world.accounts.resend_verification(world.alice).await })
    }),
    writes("reset of the password", |world| {
        Box::pin(async {
            let new = Password::new("another horse battery").expect("a password");
            world.accounts.reset_password(&world.reset, &new, true, &device()).await
        })
    }),
    writes("removal of an exposed API key", |world| {
        Box::pin(async { world.api_keys.remove_exposed(&world.key_text, &device()).await })
    }),
    writes("withdrawal", |world| {
        Box::pin(async { world.accounts.withdraw(&world.principal, Some(PASSWORD), &device()).await })
    }),
    writes("sign-in for a cookie", |world| {
        Box::pin(async {
            let device = device();
            let signed_in = world.sign_in.cookie_by_password("alice@example.com", PASSWORD, None, &device);
            signed_in.await.map(drop)
        })
    }),
    writes("proof of a session", |world| {
        Box::pin(async { world.sign_in.prove(&world.principal, PASSWORD, &device()).await })
    }),
    writes("end of a session", |world| {
        Box::pin(async { world.sign_in.end_session(world.alice, world.session(), &device()).await })
    }),
    writes("end of all sessions", |world| Box::pin(end_all(world, world.alice))),
    writes("begin of a second factor", |world| {
        Box::pin(async { world.second_factors.begin(&world.of_grace).await.map(drop) })
    }),
    writes("confirmation of a second factor", |world| {
        Box::pin(async { world.second_factors.confirm(world.carol, CODE, &device()).await.map(drop) })
    }),
    writes("creation of an API key", |world| {
        Box::pin(async { world.api_keys.create(&world.principal, new_key(), &device(), None).await.map(drop) })
    }),
    writes("change of an API key", |world| {
        Box::pin(async {
            let change = ApiKeyChange { scopes: Some([Scope::MemosRead].into_iter().collect()), ..Default::default() };
            world.api_keys.change(&world.principal, world.api_key, change, &device()).await.map(drop)
        })
    }),
    writes("removal of an API key", |world| {
        Box::pin(async { world.api_keys.remove(world.alice, world.api_key, &device()).await })
    }),
    writes("disabling of a user", |world| Box::pin(disable(world, world.alice))),
    writes_later(Duration::from_hours(500 * 24), "removal of ended sessions and old events", |world| {
        Box::pin(async { world.retention.sweep().await.map(drop) })
    }),
    writes_later(Duration::from_hours(181 * 24), "removal of old changes", |world| {
        Box::pin(async { world.changes.sweep().await.map(drop) })
    }),
    retried_after(
        Conflict::Id,
        writes("schedule of the trash", |world| Box::pin(async { world.trash.schedule().await })),
    ),
    writes("promotion of a user", |world| {
        Box::pin(async {
            let change = UserChange { role: Some(Role::Admin), disabled: None };
            world.administration.change_by_operator(world.alice, change).await.map(drop)
        })
    }),
    writes("enabling of a user", |world| {
        Box::pin(async {
            let change = UserChange { role: None, disabled: Some(false) };
            world.administration.change(world.dave, world.frank, change, &device()).await.map(drop)
        })
    }),
    writes("second step for tokens", |world| {
        Box::pin(async { world.sign_in.by_code(&world.second_step, CODE, &device()).await.map(drop) })
    }),
    writes("second step by a wrong code", |world| {
        Box::pin(async { world.sign_in.by_code(&world.second_step, "000000", &device()).await.map(drop) })
    }),
    hides_errors(writes("social sign-in", |world| Box::pin(call_back(world, "grace", None)))),
    hides_errors(retried_after(
        Conflict::Id,
        writes("linking of an identity", |world| Box::pin(call_back(world, "alice", Some(&world.principal)))),
    )),
    writes("unlinking of an identity", |world| {
        Box::pin(async { world.social.unlink(world.carol, ACME, &device()).await })
    }),
    writes("export", |world| {
        Box::pin(async { world.transfer.export(&world.principal, &device(), ExportContents::All).await.map(drop) })
    }),
    retried_after(
        Conflict::Id,
        writes("import", |world| Box::pin(async { world.transfer.import(world.alice, &[imported()]).await.map(drop) })),
    ),
    retried_after(
        Conflict::Id,
        writes("import of likes", |world| {
            Box::pin(async {
                let like = ImportedLike { memo_id: world.memo, at: CREATED };
                world.transfer.import_likes(world.alice, &[like, like]).await.map(drop)
            })
        }),
    ),
    writes("import of settings", |world| {
        Box::pin(async { world.transfer.import_settings(world.alice, &imported_settings(), false).await.map(drop) })
    }),
    idle("dry run of an import of settings", |world| {
        Box::pin(async { world.transfer.import_settings(world.alice, &imported_settings(), true).await.map(drop) })
    }),
    idle("disabling of a disabled user", |world| Box::pin(disable(world, world.frank))),
    hides_errors(retried_after(
        Conflict::Id,
        idle("linking of a linked identity", |world| Box::pin(call_back(world, "grace", Some(&world.of_grace)))),
    )),
    idle("change of an API key to what it is", |world| {
        Box::pin(async {
            let change = ApiKeyChange::default();
            world.api_keys.change(&world.principal, world.api_key, change, &device()).await.map(drop)
        })
    }),
    idle("move of a trashed memo to the trash", |world| {
        Box::pin(async { world.memos.trash(world.alice, world.trashed, &Precondition::None).await })
    }),
    idle("restoration of a memo outside the trash", |world| {
        Box::pin(async { world.memos.restore(world.alice, world.memo).await.map(drop) })
    }),
    idle("batch of nothing", |world| Box::pin(async { world.memos.batch(world.alice, &[], None).await.map(drop) })),
    idle("renaming of a tag to itself", |world| {
        Box::pin(async { world.memos.rename_tag(world.alice, &tag("work"), &tag("work")).await.map(drop) })
    }),
    idle("end of all sessions of a user without one", |world| Box::pin(end_all(world, world.dave))),
    idle("removal of an absent second factor", |world| {
        Box::pin(async { world.second_factors.remove(&world.principal, Some(PASSWORD), &device()).await })
    }),
    retried_after(
        Conflict::Id,
        idle("import of nothing", |world| Box::pin(async { world.transfer.import(world.alice, &[]).await.map(drop) })),
    ),
];
