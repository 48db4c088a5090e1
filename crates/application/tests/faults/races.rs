//! Who is on the way in while the account is shut out or gets another password stays outside.

use memo_application::{Device, Error, Grant, ProfileChange, SignedIn, UserChange};
use memo_domain::{Access, Email, Password, Scopes, Session, Store};
use tokio::join;

use crate::{
    ports::CODE,
    use_cases::SOON,
    world::{PASSWORD, World},
};

const EMAIL: &str = "alice@example.com";
const NEW: &str = "another horse battery";

async fn world() -> World {
    World::later(SOON).await
}

/// What looks at the password, and meanwhile something else happens.
async fn beside<T>(world: &World, work: impl Future<Output = T>, change: impl Future<Output = ()>) -> T {
    let held = world.hasher.hold();
    let changing = async {
        change.await;
        held.send(()).expect("the password is looked at");
    };
    join!(work, changing).0
}

/// A sign-in, and meanwhile something else happens.
async fn meanwhile(world: &World, change: impl Future<Output = ()>) -> Result<SignedIn<Grant>, Error> {
    let device = Device::default();
    beside(world, world.sign_in.by_password(EMAIL, PASSWORD, Scopes::all(), &device), change).await
}

async fn shut_out(world: &World) {
    let change = UserChange { role: None, disabled: Some(true) };
    world.administration.change(world.dave, world.alice, change, &Device::default()).await.expect("she is shut out");
}

async fn change_password(world: &World) {
    let new = Password::new(NEW).expect("a password");
    let device = Device::default();
    let changed = world.accounts.change_password(&world.principal, Some(PASSWORD), &new, &device).await;
    changed.expect("the password is changed");
}

async fn live(world: &World) -> Vec<Session> {
    let now = memo_domain::Clock::now(&*world.clock);
    let mut unit = world.store.begin(Access::Read).await.expect("a unit of work");
    unit.sessions().list_live(world.alice, now).await.expect("sessions are read")
}

#[tokio::test]
async fn nobody_signs_in_who_is_shut_out_meanwhile() {
    let world = world().await;
    let signed_in = meanwhile(&world, shut_out(&world)).await;
    assert!(matches!(signed_in, Err(Error::InvalidGrant)), "{signed_in:?}");
    assert!(live(&world).await.is_empty());
}

#[tokio::test]
async fn nobody_signs_in_by_a_password_that_is_changed_meanwhile() {
    let world = world().await;
    let signed_in = meanwhile(&world, change_password(&world)).await;
    assert!(matches!(signed_in, Err(Error::InvalidGrant)), "{signed_in:?}");
    let left: Vec<_> = live(&world).await.into_iter().map(|session| session.id).collect();
    assert_eq!(left, [world.session()]);
}

#[tokio::test]
async fn nobody_gets_to_the_second_step_by_a_password_that_is_changed_meanwhile() {
    let world = world().await;
    world.second_factors.begin(world.alice).await.expect("a second factor is begun");
    world.second_factors.confirm(world.alice, CODE, &Device::default()).await.expect("it is confirmed");
    let signed_in = meanwhile(&world, change_password(&world)).await;
    assert!(matches!(signed_in, Err(Error::InvalidGrant)), "{signed_in:?}");
}

#[tokio::test]
async fn a_hash_that_is_made_anew_brings_no_old_password_back() {
    let world = world().await;
    world.hasher.outdate();
    let signed_in = meanwhile(&world, change_password(&world)).await;
    assert!(matches!(signed_in, Err(Error::InvalidGrant)), "{signed_in:?}");
    let signed_in = world.sign_in.by_password(EMAIL, NEW, Scopes::all(), &Device::default()).await;
    assert!(matches!(signed_in, Ok(SignedIn::Done(_))), "{signed_in:?}");
}

#[tokio::test]
async fn two_sign_ins_that_make_a_hash_anew_at_once_both_pass() {
    let world = world().await;
    world.hasher.outdate();
    let other = async {
        let signed_in = world.sign_in.by_password(EMAIL, PASSWORD, Scopes::all(), &Device::default()).await;
        assert!(matches!(signed_in, Ok(SignedIn::Done(_))), "{signed_in:?}");
    };
    let signed_in = meanwhile(&world, other).await;
    assert!(matches!(signed_in, Ok(SignedIn::Done(_))), "{signed_in:?}");
}

#[tokio::test]
async fn a_password_that_is_changed_meanwhile_proves_nothing() {
    let (device, old) = (Device::default(), Some(PASSWORD));
    let world = world().await;
    let email = Some(Email::new("mallory@example.com").expect("an address"));
    let change = ProfileChange { email, current_password: old.map(str::to_owned), ..ProfileChange::default() };
    let moved = world.accounts.change_profile(&world.principal, change, &device);
    let moved = beside(&world, moved, change_password(&world)).await;
    assert!(matches!(moved, Err(Error::PasswordWrong)), "{moved:?}");

    let world = self::world().await;
    let removed = world.second_factors.remove(&world.principal, old, &device);
    let removed = beside(&world, removed, change_password(&world)).await;
    assert!(matches!(removed, Err(Error::PasswordWrong)), "{removed:?}");

    let world = self::world().await;
    let left = world.accounts.withdraw(&world.principal, old, &device);
    let left = beside(&world, left, change_password(&world)).await;
    assert!(matches!(left, Err(Error::PasswordWrong)), "{left:?}");
    world.accounts.profile(world.alice).await.expect("she is still there");
}

#[tokio::test]
async fn who_confirms_before_they_begin_has_guessed_nothing() {
    let world = world().await;
    for _ in 0..20 {
        let refused = world.second_factors.confirm(world.alice, "000000", &Device::default()).await;
        assert!(matches!(refused, Err(Error::MfaNotBegun)), "{refused:?}");
    }
}
