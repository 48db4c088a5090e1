//! Every use case that writes.

use std::{pin::Pin, time::Duration};

use memo_application::{
    BatchOperation, Credential, Device, Error, MemberChange, MemoChange, Precondition, Principal, ProfileChange,
};
use memo_domain::{Email, Locale, Password, Scopes, Title};

use crate::world::{CODE, LEEWAY, PASSWORD, World, sign_up, state, tag};

type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;

pub struct UseCase {
    pub name: &'static str,
    /// How long after the world was made.
    pub later: Duration,
    /// Whether it begins anew where it lost a race.
    pub repeats: bool,
    pub run: for<'a> fn(&'a World) -> Running<'a>,
}

pub const SOON: Duration = Duration::from_secs(1);

const fn repeated(name: &'static str, run: for<'a> fn(&'a World) -> Running<'a>) -> UseCase {
    UseCase { name, later: SOON, repeats: true, run }
}

const fn once(name: &'static str, later: Duration, run: for<'a> fn(&'a World) -> Running<'a>) -> UseCase {
    UseCase { name, later, repeats: false, run }
}

fn device() -> Device {
    Device { name: Some("다른 기기".into()), ..Device::default() }
}

pub const ALL: [UseCase; 33] = [
    once("sign-up", SOON, |world| {
        Box::pin(async { world.accounts.sign_up(sign_up("bob"), &device()).await.map(drop) })
    }),
    repeated("profile change", |world| {
        Box::pin(async {
            let change = ProfileChange { locale: Some(Locale::En), ..ProfileChange::default() };
            world.accounts.change_profile(world.claimant, change, &device()).await.map(drop)
        })
    }),
    once("sign-in", SOON, |world| {
        Box::pin(async {
            let device = device();
            let signed_in = world.sign_in.by_password("alice@example.com", PASSWORD, Scopes::all(), &device);
            signed_in.await.map(drop)
        })
    }),
    repeated("refresh", |world| {
        Box::pin(async { world.sign_in.refresh(&world.grant.refresh_token, None, &device()).await.map(drop) })
    }),
    repeated("refresh by a used token, in time", |world| {
        Box::pin(async { world.sign_in.refresh(&world.used, None, &device()).await.map(drop) })
    }),
    UseCase {
        later: LEEWAY,
        ..repeated("refresh by a used token, too late", |world| {
            Box::pin(async { world.sign_in.refresh(&world.used, None, &device()).await.map(drop) })
        })
    },
    repeated("revocation by refresh token", |world| {
        Box::pin(async { world.sign_in.revoke(Some(&world.grant.refresh_token), "", &device()).await })
    }),
    repeated("revocation by access token", |world| {
        Box::pin(async { world.sign_in.revoke(None, &world.grant.access_token, &device()).await })
    }),
    repeated("creation", |world| {
        Box::pin(async { world.memos.create(world.alice, state("새 메모")).await.map(drop) })
    }),
    repeated("change", |world| {
        Box::pin(async {
            let change = MemoChange { pinned: Some(true), ..MemoChange::default() };
            world.memos.change(world.alice, world.memo, change, &Precondition::None).await.map(drop)
        })
    }),
    repeated("replacement", |world| {
        Box::pin(async {
            world.memos.replace(world.alice, world.memo, state("다른 글"), &Precondition::None).await.map(drop)
        })
    }),
    repeated("move to the trash", |world| {
        Box::pin(async { world.memos.trash(world.alice, world.memo, &Precondition::None).await })
    }),
    repeated("restoration", |world| {
        Box::pin(async { world.memos.restore(world.alice, world.trashed).await.map(drop) })
    }),
    repeated("removal", |world| {
        Box::pin(async { world.memos.remove(world.alice, world.memo, &Precondition::None).await })
    }),
    repeated("removal from the trash", |world| {
        Box::pin(async { world.memos.remove(world.alice, world.trashed, &Precondition::None).await })
    }),
    repeated("batch", |world| {
        Box::pin(async {
            let title = Some(Title::new("바뀐 제목").expect("a title"));
            let operations = [
                BatchOperation::Create(state("하나")),
                BatchOperation::Update {
                    id: world.memo,
                    if_version: None,
                    change: MemoChange { title, ..MemoChange::default() },
                },
                BatchOperation::Create(state("둘")),
                BatchOperation::Delete(world.memo),
            ];
            world.memos.batch(world.alice, &operations).await.map(drop)
        })
    }),
    repeated("renaming of a tag", |world| {
        Box::pin(async { world.memos.rename_tag(world.alice, &tag("WORK"), &tag("일")).await.map(drop) })
    }),
    repeated("renaming of a tag to one that is there", |world| {
        Box::pin(async { world.memos.rename_tag(world.alice, &tag("work"), &tag("회의")).await.map(drop) })
    }),
    repeated("another spelling of a tag", |world| {
        Box::pin(async { world.memos.rename_tag(world.alice, &tag("work"), &tag("Work")).await.map(drop) })
    }),
    repeated("removal of a tag", |world| Box::pin(async { world.memos.remove_tag(world.alice, &tag("work")).await })),
    repeated("change of the address", |world| {
        Box::pin(async {
            let email = Some(Email::new("a.lee@example.com").expect("an address"));
            let current_password = Some(PASSWORD.to_owned());
            let change = ProfileChange { email, current_password, ..ProfileChange::default() };
            world.accounts.change_profile(world.claimant, change, &device()).await.map(drop)
        })
    }),
    repeated("change of the password", |world| {
        Box::pin(async {
            let new = Password::new("another horse battery").expect("a password");
            world.accounts.change_password(world.claimant, Some(PASSWORD), &new, &device()).await
        })
    }),
    repeated("proof of the address", |world| {
        Box::pin(async { world.accounts.verify_email(&world.verification, &device()).await })
    }),
    once("link to prove the address once more", SOON, |world| {
        Box::pin(async { world.accounts.resend_verification(world.alice).await })
    }),
    repeated("withdrawal", |world| {
        Box::pin(async { world.accounts.withdraw(world.claimant, Some(PASSWORD), &device()).await })
    }),
    once("sign-in by a cookie", SOON, |world| {
        Box::pin(async {
            let device = device();
            let signed_in = world.sign_in.cookie_by_password("alice@example.com", PASSWORD, None, &device);
            signed_in.await.map(drop)
        })
    }),
    repeated("end of a sign-in", |world| {
        Box::pin(async { world.sign_in.end_session(world.alice, world.session(), &device()).await })
    }),
    repeated("end of all sign-ins", |world| {
        Box::pin(async {
            let credential = Credential::AccessToken { session_id: world.session() };
            let caller = Principal { user_id: world.alice, scopes: Scopes::all(), credential };
            world.sign_in.end_all(&caller, false, &device()).await
        })
    }),
    once("begin of a second factor", SOON, |world| {
        Box::pin(async { world.second_factors.begin(world.alice).await.map(drop) })
    }),
    once("confirmation of a second factor", SOON, |world| {
        Box::pin(async { world.second_factors.confirm(world.carol, CODE, &device()).await.map(drop) })
    }),
    repeated("shutting out", |world| {
        Box::pin(async {
            let change = MemberChange { role: None, disabled: Some(true) };
            world.administration.change(world.dave, world.alice, change, &device()).await.map(drop)
        })
    }),
    once("sweep of leftovers", Duration::from_hours(500 * 24), |world| {
        Box::pin(async { world.leftovers.sweep().await.map(drop) })
    }),
    once("sweep of old changes", Duration::from_hours(181 * 24), |world| {
        Box::pin(async { world.changes.sweep().await.map(drop) })
    }),
];
