use std::sync::Arc;

use memo_domain::{
    Access, AuditEvent, AuditId, AuditKind, Conflict, Limit, Page, PageRequest, PageStart, Store, Timestamp, UserId,
};

use crate::{
    samples::{AWKWARD, EARLIEST, LATEST, api_key_id, at, audit_event, audit_id, user_id},
    steps::{add_user, assert_conflict, assert_pages, dropped, read, try_write, write},
};

async fn append(store: &dyn Store, events: &[AuditEvent]) {
    for event in events {
        write(store, async |uow| uow.audit().append(event).await).await;
    }
}

async fn page(
    store: &dyn Store,
    access: Access,
    user: Option<UserId>,
    request: PageRequest<AuditId>,
) -> Page<AuditEvent, AuditId> {
    read(store, access, async |uow| uow.audit().list(user, &request).await).await
}

/// Up to 100 events.
async fn list(store: &dyn Store, access: Access, user: Option<UserId>) -> Vec<AuditEvent> {
    let limit = Limit::new(Limit::MAX as u64).expect("a valid limit");
    page(store, access, user, PageRequest { limit, start: PageStart::Offset(0) }).await.items
}

fn newest_first(events: &[AuditEvent], of: Option<UserId>) -> Vec<AuditEvent> {
    let mut events: Vec<_> = events.iter().filter(|event| of.is_none_or(|of| event.user_id == of)).cloned().collect();
    events.sort_by_key(|event| std::cmp::Reverse(event.id));
    events
}

pub(crate) async fn an_audit_event_reads_back_equal(store: Arc<dyn Store>) {
    let (user, actor) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let mut events: Vec<_> =
        (0..).zip(AuditKind::NAMES).map(|(n, (kind, _))| AuditEvent { kind: *kind, ..audit_event(n, user) }).collect();
    let longest = "𠮷".repeat(200);
    for (n, text) in (100..).zip(AWKWARD.into_iter().chain([longest.as_str(), ""])) {
        events.push(AuditEvent {
            actor_id: Some(actor),
            ip: Some("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".to_owned()),
            device: Some(text.to_owned()),
            request_id: Some("0198c0de-7f00-7000-8000-000000000001".to_owned()),
            detail: Some(text.to_owned()),
            // No such key needs to exist.
            api_key_id: Some(api_key_id(n)),
            ..audit_event(n, user)
        });
    }
    events.push(AuditEvent { at: EARLIEST, actor_id: Some(user), ..audit_event(200, user) });
    events.push(AuditEvent { at: LATEST, detail: Some("admin".to_owned()), ..audit_event(201, user) });
    append(&*store, &events).await;
    for access in [Access::Read, Access::Snapshot, Access::Write] {
        assert_eq!(list(&*store, access, Some(user)).await, newest_first(&events, None), "{access:?}");
    }
    assert_eq!(list(&*store, Access::Read, Some(actor)).await, [], "events of the actor's own account only");
}

pub(crate) async fn an_append_with_a_taken_audit_id_conflicts(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let event = audit_event(0, user);
    append(&*store, std::slice::from_ref(&event)).await;
    for taken in [event.clone(), AuditEvent { at: at(9), ..audit_event(0, other) }] {
        let appended = try_write(&*store, async |uow| uow.audit().append(&taken).await).await;
        assert_conflict(appended, Conflict::Id);
    }
    assert_eq!(list(&*store, Access::Read, None).await, [event]);
}

pub(crate) async fn an_audit_event_needs_its_user(store: Arc<dyn Store>) {
    add_user(&*store, 0).await;
    let orphan = audit_event(0, user_id(9));
    assert_conflict(try_write(&*store, async |uow| uow.audit().append(&orphan).await).await, Conflict::Parent);
    assert_eq!(list(&*store, Access::Read, None).await, []);
}

pub(crate) async fn audit_events_are_listed_newest_first(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    // The order is by id: the times are in another order.
    let event = |n: u32| AuditEvent {
        at: at(i64::from(n * 7 % 5)),
        ..audit_event(n, if n.is_multiple_of(3) { other } else { user })
    };
    let mut events: Vec<_> = (0..20).map(event).collect();
    append(&*store, &events).await;
    dropped(&*store, async |uow| uow.audit().append(&event(50)).await).await;
    for of in [None, Some(user), Some(other), Some(user_id(9))] {
        let ask = async |request| page(&*store, Access::Read, of, request).await;
        assert_pages(&newest_first(&events, of), |event| event.id, ask).await;
    }

    // Pages by cursor are stable under inserts between two pages.
    let limit = Limit::new(4).expect("a valid limit");
    for of in [None, Some(user)] {
        let mut next = None;
        let mut paged = Vec::new();
        let before = newest_first(&events, of);
        for n in (60..).step_by(2) {
            let start = next.map_or(PageStart::Offset(0), PageStart::After);
            let part = page(&*store, Access::Read, of, PageRequest { limit, start }).await;
            paged.extend(part.items);
            next = part.next;
            if next.is_none() {
                break;
            }
            let new = event(if of.is_none() { n } else { n + 1 });
            append(&*store, std::slice::from_ref(&new)).await;
            events.push(new);
        }
        assert!(paged.iter().map(|event| event.id).is_sorted_by(|one, next| one > next), "no event is repeated");
        paged.retain(|event| before.contains(event));
        assert_eq!(paged, before, "no event is skipped");
    }
    // A cursor may be the id of an event that does not exist.
    for cursor in [audit_id(1_000), audit_id(1_001), audit_id(1_002)] {
        let all = Limit::new(Limit::MAX as u64).expect("a valid limit");
        let part = page(&*store, Access::Read, None, PageRequest { limit: all, start: PageStart::After(cursor) }).await;
        let mut expected = newest_first(&events, None);
        expected.retain(|event| event.id < cursor);
        assert_eq!(part, Page { items: expected, next: None });
    }
}

pub(crate) async fn old_audit_events_are_removed(store: Arc<dyn Store>) {
    let (user, other) = (add_user(&*store, 0).await, add_user(&*store, 1).await);
    let events: Vec<_> = (0..10).map(|n| audit_event(n, if n % 4 == 0 { other } else { user })).collect();
    append(&*store, &events).await;
    let remove = async |time: Timestamp, most| {
        let removed = write(&*store, async |uow| uow.audit().remove_before(time, most).await).await;
        let mut left = list(&*store, Access::Read, None).await;
        left.sort_by_key(|event| event.at);
        (removed, left)
    };
    assert_eq!(remove(at(0), 100).await, (0, events.clone()), "an event at exactly that time stays");
    assert_eq!(dropped(&*store, async |uow| uow.audit().remove_before(at(5), 100).await).await, 5);
    assert_eq!(remove(at(5), 0).await, (0, events.clone()));
    assert_eq!(remove(at(3), 100).await, (3, events[3..].to_vec()), "of all users");
    assert_eq!(remove(at(3), 100).await, (0, events[3..].to_vec()));
    // Removes at most `most` events; fewer mean that none are left to remove.
    for (most, removed) in [(2, 2), (1, 1), (2, 1), (2, 0)] {
        let (number, left) = remove(at(7), most).await;
        assert_eq!(number, removed, "at most {most}");
        assert!(left.ends_with(&events[7..]));
    }
    assert_eq!(list(&*store, Access::Read, Some(user)).await, newest_first(&events[7..], Some(user)));
    assert_eq!(remove(LATEST, u32::MAX).await, (3, vec![]));
}
