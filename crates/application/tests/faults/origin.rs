//! What all worlds are copies of.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock},
};

use memo_application::{CallbackOutcome, Device, Grant, NewShare, Precondition, Principal, SignedIn, UserChange};
use memo_domain::{
    ApiKeyId, MemoChange, MemoId, Role, Scopes, Secret, SecretGenerator, SessionId, ShareId, Timestamp, Title, UserId,
    WebhookDeliveryId, WebhookId,
};
use memo_memory::{MemoryStore, SequentialIds, SequentialSecrets};
use tokio::sync::OnceCell;

use crate::{
    deliveries,
    ports::CODE,
    state::{State, state},
    world::{self, PASSWORD, World, new_key, sign_up},
};

/// What makes the ids and secrets of a world.
#[derive(Debug, Default)]
pub struct Generators {
    pub ids: Arc<SequentialIds>,
    pub secrets: Arc<SequentialSecrets>,
    /// Apart from the secrets of the use cases, which are the same however often they are retried.
    pub lease_secrets: Arc<SequentialSecrets>,
}

impl Generators {
    fn fork(&self) -> Self {
        Self {
            ids: Arc::new(self.ids.fork()),
            secrets: Arc::new(self.secrets.fork()),
            lease_secrets: Arc::new(self.lease_secrets.fork()),
        }
    }
}

/// Who is in a world, and what they have.
#[derive(Debug)]
pub struct People {
    /// A user with memos and a session, whose address is not verified.
    pub alice: UserId,
    /// A user who has begun a second factor, and has linked a social account.
    pub carol: UserId,
    /// An administrator.
    pub dave: UserId,
    /// A disabled user.
    pub frank: UserId,
    /// A user of the social provider, without a password; the address is verified.
    pub grace: UserId,
    /// Alice in her session.
    pub principal: Principal,
    /// Grace in her session.
    pub of_grace: Principal,
    /// The token that verifies Alice's address.
    pub verification: Secret,
    /// The token of a link for a new password of Alice.
    pub reset: Secret,
    /// A memo of Alice.
    pub memo: MemoId,
    /// A memo of Alice with two texts, which she likes.
    pub changed: MemoId,
    /// A share of Alice's memo.
    pub share: ShareId,
    /// A webhook of Alice, and a message that was sent to it.
    pub webhook: WebhookId,
    pub delivery: WebhookDeliveryId,
    /// A memo of Alice in the trash.
    pub trashed: MemoId,
    /// A key of Alice.
    pub api_key: ApiKeyId,
    /// What Alice's key is presented as.
    pub key_text: String,
    /// Alice's session.
    pub grant: Grant,
    /// A refresh token of Alice that was used.
    pub used: Secret,
    /// A session of Alice that has ended.
    pub ended: SessionId,
    /// The token of a second step of Erin, who has a second factor.
    pub second_step: Secret,
}

/// A world as it is when it is created, from which others are copied.
pub struct Origin {
    kept: Arc<MemoryStore>,
    generators: Generators,
    people: Arc<OnceLock<People>>,
    /// What its store holds, as read at these times.
    states: Mutex<HashMap<Timestamp, State>>,
}

impl Origin {
    pub async fn new() -> Self {
        let (kept, generators, people) = (Arc::new(MemoryStore::new()), Generators::default(), Arc::default());
        let world = World::over(Arc::clone(&kept), &generators, Arc::clone(&people));
        let settled = settle(&world, &kept).await;
        assert!(people.set(settled).is_ok(), "people settle once");
        Self { kept, generators, people, states: Mutex::default() }
    }

    /// The one that the tests share.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Origin> = OnceCell::const_new();
        SHARED.get_or_init(Self::new).await
    }

    /// Whether both hold the same.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.kept.holds_same_as(&other.kept)
    }

    /// Another world like this one.
    pub fn fork(&self) -> World {
        World::over(Arc::new(self.kept.fork()), &self.generators.fork(), self.people.clone())
    }

    /// What a store holds. It is not read again if it holds what this world does.
    pub async fn state_of(&self, store: &MemoryStore, now: Timestamp) -> State {
        if !store.holds_same_as(&self.kept) {
            return state(store, now).await;
        }
        if let Some(known) = self.states.lock().expect("no test panics").get(&now) {
            return known.clone();
        }
        let read = state(store, now).await;
        self.states.lock().expect("no test panics").insert(now, read.clone());
        read
    }
}

/// Makes the people of an empty world.
async fn settle(world: &World, kept: &MemoryStore) -> People {
    let World { accounts, memos, sign_in, second_factors, administration, api_keys, .. } = world;
    let device = Device::default();
    // The first secrets of all.
    let secrets = SequentialSecrets::new();
    let [verification, for_carol, for_erin] = [(); 3].map(|()| secrets.next());
    let created = async |name: &str| accounts.sign_up(sign_up(name), &device).await.expect("they sign up").id;
    let (alice, carol, erin) = (created("alice").await, created("carol").await, created("erin").await);
    for token in [for_carol, for_erin] {
        accounts.verify_email(&token, None, &device).await.expect("the address is verified");
    }
    let dave = accounts.create_by_operator(sign_up("dave"), Role::Admin).await.expect("he gets an account").id;
    let create = async |text| memos.create(alice, world::state(text), None).await.expect("a memo is created").memo.id;
    let (memo, trashed) = (create("회의록").await, create("쓰레기").await);
    let changed = create("한 메모 더").await;
    memos.trash(alice, trashed, &Precondition::None).await.expect("the memo is moved to the trash");
    let signed_in = async |name: &str| {
        let email = format!("{name}@example.com");
        sign_in.by_password(&email, PASSWORD, Scopes::all(), &device).await.expect("they sign in")
    };
    let SignedIn::Done(Grant { refresh_token: used, .. }) = signed_in("alice").await else { panic!("she signs in") };
    let grant = sign_in.refresh(&used, None, &device).await.expect("it is refreshed");
    let principal = sign_in.authenticate(&grant.access_token).await.expect("she is signed in");
    let SignedIn::Done(other) = signed_in("alice").await else { panic!("she signs in") };
    let ended = sign_in.authenticate(&other.access_token).await.expect("she is signed in").session_id();
    let ended = ended.expect("a session");
    sign_in.sign_out(ended, &device).await.expect("she signs out");

    let signed_in_as = async |name: &str| {
        let SignedIn::Done(Grant { access_token, .. }) = signed_in(name).await else { panic!("they sign in") };
        sign_in.authenticate(&access_token).await.expect("they are signed in")
    };
    let of_carol = signed_in_as("carol").await;
    second_factors.begin(&of_carol).await.expect("she begins a second factor");
    second_factors.begin(&signed_in_as("erin").await).await.expect("she begins a second factor");
    second_factors.confirm(erin, CODE, &device).await.expect("she confirms it");
    let SignedIn::SecondFactorNeeded(second_step) = signed_in("erin").await else { panic!("a second step") };
    let frank = created("frank").await;
    let change = UserChange { role: None, disabled: Some(true) };
    administration.change_by_operator(frank, change).await.expect("he is disabled");

    let (key, key_text) = api_keys.create(&principal, new_key(), &device, None).await.expect("a key is created");
    let change = MemoChange { title: Some(Title::new("새 이름").expect("a title")), ..MemoChange::default() };
    memos.change(alice, changed, change, &Precondition::None).await.expect("it is changed");
    world.likes.like(alice, changed).await.expect("it is liked");
    let share = world.shares.create(alice, memo, NewShare::default(), &device, None).await.expect("it is shared").0.id;
    let webhook = world.webhooks.create(alice, deliveries::new_webhook(), &device, None).await;
    let webhook = webhook.expect("it is created").0.id;
    let reset = Secret::new([9; 32]);
    deliveries::insert_reset(kept, alice, &reset).await;
    let delivery = deliveries::insert_sent(kept, webhook).await;
    let grace = world.call_back(&world.person("grace"), None).await.expect("the flow ends");
    let Ok(CallbackOutcome::SignedIn(grace)) = grace else { panic!("she signs in") };
    let of_grace = sign_in.authenticate_cookie(&grace.secret).await.expect("she is signed in");
    let linked = world.call_back(&world.person("carol"), Some(&of_carol)).await.expect("the flow ends");
    assert!(matches!(linked, Ok(CallbackOutcome::Linked)), "{linked:?}");
    People {
        alice,
        carol,
        dave,
        frank,
        grace: grace.user.id,
        principal,
        of_grace,
        verification,
        reset,
        memo,
        changed,
        share,
        webhook,
        delivery,
        trashed,
        api_key: key.id,
        key_text,
        grant,
        used,
        ended,
        second_step,
    }
}
