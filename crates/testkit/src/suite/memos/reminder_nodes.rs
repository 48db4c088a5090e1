//! Reminders of two servers over one store. These tests start their own apps.

use std::collections::BTreeSet;

use memo_conformance::{TestStore, eventually};
use memo_domain::{Clock, JobKind, UserId};

use super::reminders::{AFTER, AT, MINUTE, create, memo_at, reminders, settled};
use crate::suite::{DAY, nodes::two_nodes};

pub async fn reminder_is_sent_once_by_two_nodes(store: Box<dyn TestStore>) {
    let (one, _other) = two_nodes(store).await;
    let alice = one.verified_user("alice").await;
    let owner = UserId::parse(&alice.id).expect("an id");
    // Of both nodes.
    let sent = || reminders(&one.mail.sent());
    for n in 0..20 {
        create(&alice, &memo_at(&n.to_string(), AT)).await;
    }
    // A node that crashes after it has leased one of them.
    let (far, until) = (one.clock.now() + DAY, one.clock.now() + 12 * MINUTE);
    let crashed = one.write(async |unit| unit.jobs().claim(&[JobKind::REMINDER], far, until, 1).await).await;
    assert_eq!(crashed.len(), 1);
    one.clock.advance(AFTER);
    eventually("the others", async || {
        let left = one.read(async |unit| unit.jobs().list_waiting(owner, &JobKind::REMINDER).await).await;
        (left.len() == 1).then_some(())
    })
    .await;
    assert_eq!(sent().len(), 19);
    one.clock.advance(5 * MINUTE);
    settled(&one, &alice).await;
    let titles: BTreeSet<_> = sent().into_iter().collect();
    assert_eq!((titles.len(), sent().len()), (20, 20), "each is sent once");
}
