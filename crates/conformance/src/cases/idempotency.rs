use std::sync::Arc;

use memo_domain::{Access, Conflict, IdempotentResponse, SecretDigest, Store, StoreError};

use crate::{
    samples::{AWKWARD, EARLIEST, LATEST, at, digest_of, idempotent_response, user_id},
    steps::{add_user, assert_conflict, committed, concurrently, dropped, read, try_write, write},
};

async fn lookup(store: &dyn Store, access: Access, id: &SecretDigest) -> Option<IdempotentResponse> {
    read(store, access, async |uow| uow.idempotency().lookup(id).await).await
}

async fn insert(store: &dyn Store, response: &IdempotentResponse) -> Result<(), StoreError> {
    try_write(store, async |uow| uow.idempotency().insert(response).await).await
}

pub(crate) async fn an_idempotent_response_reads_back_equal(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let sample = |n| idempotent_response(n, user);
    let every_byte: Vec<_> = (0..=u8::MAX).collect();
    let mut responses: Vec<_> = (10..)
        .zip(AWKWARD)
        .map(|(n, text)| IdempotentResponse {
            location: Some(text.to_owned()),
            etag: Some(text.to_owned()),
            body: text.as_bytes().to_vec(),
            ..sample(n)
        })
        .collect();
    responses.extend([
        IdempotentResponse { location: None, etag: None, body: Vec::new(), created_at: EARLIEST, ..sample(0) },
        IdempotentResponse { status: u16::MAX, body: every_byte.repeat(8 << 10), created_at: LATEST, ..sample(1) },
    ]);
    for response in &responses {
        insert(&*store, response).await.expect("the response is added");
    }
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        for response in &responses {
            let found = lookup(&*store, access, &response.request.id).await;
            assert!(found.as_ref() == Some(response), "{access:?}, {:?}", response.location);
        }
        assert_eq!(lookup(&*store, access, &digest_of(999)).await, None);
    }
}

pub(crate) async fn a_taken_idempotency_key_conflicts(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let response = idempotent_response(0, user);
    dropped(&*store, async |uow| uow.idempotency().insert(&response).await).await;
    insert(&*store, &response).await.expect("the key is free");
    for taken in [response.clone(), idempotent_response(0, other)] {
        assert_conflict(insert(&*store, &taken).await, Conflict::Id);
    }
    assert_eq!(lookup(&*store, Access::Read, &response.request.id).await, Some(response));
}

pub(crate) async fn one_of_many_concurrent_inserts_gets_the_key(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let inserted = concurrently(&store, 8, move |store, n| async move {
        let mut uow = store.begin(Access::Write).await?;
        let response = IdempotentResponse { created_at: at(n.into()), ..idempotent_response(0, user) };
        match uow.idempotency().insert(&response).await {
            Ok(()) => match committed(uow, Some(response)).await {
                Err(StoreError::Conflict { what: Conflict::Id }) => Ok(None),
                committed => committed,
            },
            Err(StoreError::Conflict { what: Conflict::Id }) => Ok(None),
            Err(error) => Err(error),
        }
    });
    let inserted = inserted.await.into_iter().map(|result| result.expect("it succeeds or conflicts eventually"));
    let inserted: Vec<_> = inserted.flatten().collect();
    assert_eq!(inserted.len(), 1, "exactly one insert succeeds");
    let stored = lookup(&*store, Access::Read, &inserted[0].request.id).await;
    assert_eq!(stored.as_ref(), Some(&inserted[0]));
}

pub(crate) async fn an_idempotent_response_needs_its_user(store: Arc<dyn Store>) {
    add_user(&*store, 0).await;
    let orphan = idempotent_response(0, user_id(9));
    assert_conflict(insert(&*store, &orphan).await, Conflict::Parent);
    assert_eq!(lookup(&*store, Access::Read, &orphan.request.id).await, None);
}

pub(crate) async fn an_expired_idempotency_key_is_free(store: Arc<dyn Store>) {
    let user = add_user(&*store, 0).await;
    let (response, other) = (idempotent_response(3, user), idempotent_response(2, user));
    for response in [&response, &other] {
        insert(&*store, response).await.expect("the key is free");
    }
    let remove = async |time| {
        write(&*store, async |uow| uow.idempotency().remove_expired(&response.request.id, time).await).await
    };
    assert!(!remove(at(3)).await, "one from exactly that time stays");
    assert_conflict(insert(&*store, &response).await, Conflict::Id);
    assert!(remove(at(4)).await);
    assert!(!remove(at(4)).await);
    insert(&*store, &response).await.expect("the key is free");
    assert_eq!(lookup(&*store, Access::Read, &other.request.id).await, Some(other));
}

pub(crate) async fn old_idempotent_responses_are_removed(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let responses: Vec<_> = (0..8).map(|n| idempotent_response(n, if n % 3 == 0 { other } else { user })).collect();
    for response in &responses {
        insert(&*store, response).await.expect("the key is free");
    }
    let remove = async |time, most| {
        let removed = write(&*store, async |uow| uow.idempotency().remove_before(time, most).await).await;
        let mut left = Vec::new();
        for response in &responses {
            left.extend(lookup(&*store, Access::Read, &response.request.id).await);
        }
        (removed, left)
    };
    assert_eq!(remove(at(0), 100).await, (0, responses.clone()), "one from exactly that time stays");
    assert_eq!(remove(at(3), 0).await, (0, responses.clone()));
    assert_eq!(remove(at(3), 100).await, (3, responses[3..].to_vec()), "of all users");
    let (removed, left) = remove(at(6), 2).await;
    assert_eq!((removed, left.len()), (2, 3), "at most two");
    assert_eq!(remove(at(6), 2).await, (1, responses[6..].to_vec()));
    assert_eq!(remove(LATEST, u32::MAX).await, (2, vec![]));
}
