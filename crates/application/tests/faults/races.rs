//! What changes between the preparation of a transaction and its commit: an account or a password that was checked, a text.

use std::{future::poll_fn, pin::pin, task::Poll};

use memo_application::{
    CallbackOutcome, Device, Error, Grant, Precondition, ProfileChange, SignedIn, SocialError, UnauthenticatedReason,
    UserChange,
};
use memo_domain::{
    Access, Content, Email, MemoChange, MemoFilter, Password, Scopes, Sealed, SearchQuery, SecondFactor, Session,
    Store, Title, UnitOfWork,
};
use tokio::{join, task::yield_now};

use crate::{
    ports::CODE,
    use_cases::SOON,
    world::{PASSWORD, World, new_key},
};

const EMAIL: &str = "alice@example.com";
const NEW: &str = "another horse battery";

async fn world() -> World {
    World::later(SOON).await
}

/// Runs `work` and makes `change` while the password is being checked.
async fn during_check<T>(world: &World, work: impl Future<Output = T>, change: impl Future<Output = ()>) -> T {
    let held = world.hasher.hold();
    let changing = async {
        change.await;
        held.send(()).expect("the password is being checked");
    };
    join!(work, changing).0
}

/// Signs in and makes `change` while the password is being checked.
async fn sign_in_during(world: &World, change: impl Future<Output = ()>) -> Result<SignedIn<Grant>, Error> {
    let device = Device::default();
    during_check(world, world.sign_in.by_password(EMAIL, PASSWORD, Scopes::all(), &device), change).await
}

async fn disable(world: &World) {
    let change = UserChange { role: None, disabled: Some(true) };
    world
        .administration
        .change(world.dave, world.alice, change, &Device::default())
        .await
        .expect("the account is disabled");
}

async fn change_password(world: &World) {
    let new = Password::new(NEW).expect("a password");
    let device = Device::default();
    let changed = world.accounts.change_password(&world.principal, Some(PASSWORD), &new, false, &device).await;
    changed.expect("the password is changed");
}

async fn live(world: &World) -> Vec<Session> {
    let now = memo_domain::Clock::now(&*world.clock);
    let mut unit = world.store.begin(Access::Read).await.expect("a unit of work");
    unit.sessions().list_live(world.alice, now).await.expect("the sessions are listed")
}

#[tokio::test]
async fn sign_in_fails_if_the_account_is_disabled_during_it() {
    let world = world().await;
    let signed_in = sign_in_during(&world, disable(&world)).await;
    assert!(matches!(signed_in, Err(Error::InvalidGrant)), "{signed_in:?}");
    assert!(live(&world).await.is_empty());
}

#[tokio::test]
async fn sign_in_fails_if_the_password_is_changed_during_it() {
    let world = world().await;
    let signed_in = sign_in_during(&world, change_password(&world)).await;
    assert!(matches!(signed_in, Err(Error::InvalidGrant)), "{signed_in:?}");
    let left: Vec<_> = live(&world).await.into_iter().map(|session| session.id).collect();
    assert_eq!(left, [world.session()]);
}

/// Runs `work` while another transaction holds the writer, makes its `change`, and commits it.
async fn during_write<T>(
    world: &World,
    work: impl Future<Output = T>,
    change: impl AsyncFnOnce(&mut dyn UnitOfWork),
) -> T {
    let mut unit = world.kept.begin(Access::Write).await.expect("a unit of work");
    unit.users().lookup(world.alice).await.expect("it holds the writer");
    let changing = async {
        for _ in 0..100 {
            yield_now().await;
        }
        change(&mut *unit).await;
        unit.commit().await.expect("it is committed");
    };
    join!(work, changing).0
}

#[tokio::test]
async fn sign_in_fails_if_a_second_factor_is_turned_on_during_it() {
    let world = world().await;
    let device = Device::default();
    let signing_in = world.sign_in.by_password(EMAIL, PASSWORD, Scopes::all(), &device);
    let turn_on = async |unit: &mut dyn UnitOfWork| {
        let now = memo_domain::Clock::now(&*world.clock);
        let factor = SecondFactor {
            user_id: world.alice,
            secret: Sealed::new(Vec::new()),
            created_at: now,
            confirmed_at: Some(now),
            last_step: 0,
        };
        unit.second_factors().upsert(&factor).await.expect("it is turned on");
    };
    let signed_in = during_write(&world, signing_in, turn_on).await;
    assert!(matches!(signed_in, Err(Error::InvalidGrant)), "{signed_in:?}");
}

#[tokio::test]
async fn social_sign_in_fails_if_the_account_is_unlinked_during_it() {
    let world = world().await;
    let person = world.person("frank");
    let linked = world.call_back(&person, Some(&world.principal)).await.expect("the provider answers");
    assert!(matches!(linked, Ok(CallbackOutcome::Linked)), "{linked:?}");
    let before = live(&world).await.len();
    let unlink = async |unit: &mut dyn UnitOfWork| {
        for identity in unit.identities().list_by_user(world.alice).await.expect("the identities are listed") {
            unit.identities().remove(world.alice, &identity.provider).await.expect("it is removed");
        }
    };
    let signed_in = during_write(&world, world.call_back(&person, None), unlink).await;
    assert!(matches!(signed_in, Ok(Err(SocialError::AccountDisabled))), "{signed_in:?}");
    assert_eq!(live(&world).await.len(), before);
}

#[tokio::test]
async fn session_that_has_ended_creates_no_key_and_is_not_recent() {
    let (world, device) = (world().await, Device::default());
    world.sign_in.end_session(world.alice, world.session(), &device).await.expect("it ends");
    let created = world.api_keys.create(&world.principal, new_key(), &device, None).await;
    assert!(matches!(created, Err(Error::Unauthenticated(UnauthenticatedReason::SessionEnded))), "{created:?}");
    let linked = world.call_back(&world.person("frank"), Some(&world.principal)).await;
    assert!(matches!(linked, Err(Error::ProofRequired)), "{linked:?}");
}

#[tokio::test]
async fn first_step_of_a_sign_in_fails_if_the_password_is_changed_during_it() {
    let world = world().await;
    let (principal, device) = (Some(&world.principal), Device::default());
    world.accounts.verify_email(&world.verification, principal, &device).await.expect("the address is verified");
    world.second_factors.begin(&world.principal).await.expect("enrolment begins");
    world.second_factors.confirm(world.alice, CODE, &Device::default()).await.expect("it is confirmed");
    let signed_in = sign_in_during(&world, change_password(&world)).await;
    assert!(matches!(signed_in, Err(Error::InvalidGrant)), "{signed_in:?}");
}

#[tokio::test]
async fn rehash_does_not_restore_a_changed_password() {
    let world = world().await;
    world.hasher.outdate();
    let signed_in = sign_in_during(&world, change_password(&world)).await;
    assert!(matches!(signed_in, Err(Error::InvalidGrant)), "{signed_in:?}");
    let signed_in = world.sign_in.by_password(EMAIL, NEW, Scopes::all(), &Device::default()).await;
    assert!(matches!(signed_in, Ok(SignedIn::Done(_))), "{signed_in:?}");
}

#[tokio::test]
async fn concurrent_sign_ins_that_rehash_both_succeed() {
    let world = world().await;
    world.hasher.outdate();
    let other = async {
        let signed_in = world.sign_in.by_password(EMAIL, PASSWORD, Scopes::all(), &Device::default()).await;
        assert!(matches!(signed_in, Ok(SignedIn::Done(_))), "{signed_in:?}");
    };
    let signed_in = Box::pin(sign_in_during(&world, other)).await;
    assert!(matches!(signed_in, Ok(SignedIn::Done(_))), "{signed_in:?}");
}

#[tokio::test]
async fn reauthentication_fails_if_the_password_is_changed_during_it() {
    let (device, old) = (Device::default(), Some(PASSWORD));
    let world = world().await;
    let email = Some(Email::new("mallory@example.com").expect("an address"));
    let change = ProfileChange { email, current_password: old.map(str::to_owned), ..ProfileChange::default() };
    let moved = world.accounts.change_profile(&world.principal, change, &device);
    let moved = during_check(&world, moved, change_password(&world)).await;
    assert!(matches!(moved, Err(Error::PasswordWrong)), "{moved:?}");

    let world = self::world().await;
    let removed = world.second_factors.remove(&world.principal, old, &device);
    let removed = during_check(&world, removed, change_password(&world)).await;
    assert!(matches!(removed, Err(Error::PasswordWrong)), "{removed:?}");

    let world = self::world().await;
    let left = world.accounts.withdraw(&world.principal, old, &device);
    let left = during_check(&world, left, change_password(&world)).await;
    assert!(matches!(left, Err(Error::PasswordWrong)), "{left:?}");
    world.accounts.profile(world.alice).await.expect("the account still exists");
}

#[tokio::test]
async fn confirming_a_second_factor_before_enrolment_counts_no_attempt() {
    let world = world().await;
    for _ in 0..20 {
        let refused = world.second_factors.confirm(world.alice, "000000", &Device::default()).await;
        assert!(matches!(refused, Err(Error::MfaNotBegun)), "{refused:?}");
    }
}

#[tokio::test]
async fn checkbox_is_set_in_the_version_that_was_read() {
    let world = world().await;
    let rewrite = |text| MemoChange { content: Some(Content::new(text).expect("a text")), ..MemoChange::default() };
    let change = async |text| {
        world
            .memos
            .change(world.alice, world.memo, rewrite(text), &Precondition::None)
            .await
            .expect("it is changed")
            .memo
    };
    let before = change("- [ ] a").await;
    let held = world.texts.hold();
    // A version that the memo gets after it was read.
    let next = Some(before.version.next());
    let mut setting = pin!(world.memos.set_task(world.alice, world.memo, 1, true, next));
    let set = match poll_fn(|context| Poll::Ready(setting.as_mut().poll(context))).await {
        Poll::Ready(set) => set,
        Poll::Pending => {
            change("- [ ] b").await;
            held.send(()).expect("the first text is being computed");
            setting.await
        }
    };
    assert!(matches!(set, Err(Error::PreconditionFailed)), "{set:?}");
}

#[tokio::test]
async fn text_that_another_writer_has_changed_is_prepared_again() {
    let world = world().await;
    let (memo, precondition) = (world.memo, Precondition::None);
    let [title, content] = ["다른 제목", "다른 내용"];
    let retitle = MemoChange { title: Some(Title::new(title).expect("a title")), ..MemoChange::default() };
    let rewrite = MemoChange { content: Some(Content::new(content).expect("a text")), ..MemoChange::default() };
    let held = world.texts.hold();
    let changing = async {
        world.memos.change(world.alice, memo, rewrite, &precondition).await.expect("the content is changed");
        held.send(()).expect("the first text is being computed");
    };
    let (changed, ()) = join!(world.memos.change(world.alice, memo, retitle, &precondition), changing);
    let state = changed.expect("the title is changed").memo.state;
    assert_eq!((state.title.as_str(), state.content.as_str()), (title, content));
    for text in [title, content] {
        let search = SearchQuery::parse(text).expect("a query");
        let filter = MemoFilter { search, ..MemoFilter::of(world.alice) };
        let mut unit = world.store.begin(Access::Read).await.expect("a unit of work");
        assert_eq!(unit.memos().count(&filter).await.expect("memos are counted"), 1, "{text}");
    }
}
