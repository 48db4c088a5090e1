//! Reminders by mail.

use std::{collections::BTreeSet, time::Duration};

use memo_conformance::eventually;
use memo_domain::{JobKind, Mail, UserId};
use serde_json::{Value, json};

use crate::{
    Actor, TestApp, User,
    suite::{DAY, changes::changes_after},
};

pub(super) const MINUTE: Duration = Duration::from_mins(1);
/// Ten minutes after the start.
pub(super) const AT: &str = "2026-01-31T09:10:00Z";
/// The first minute after that.
pub(super) const AFTER: Duration = Duration::from_secs(10 * 60 + 30);

/// A memo with this reminder.
pub(super) fn memo_at(title: &str, remind_at: &str) -> Value {
    json!({"title": title, "remind_at": remind_at})
}

pub(super) async fn create(owner: &Actor, body: &Value) -> String {
    owner.create_memo(body).await.expect_status(201).id().to_owned()
}

/// The reminders among the mail, by the titles in their texts.
pub(super) fn reminders(mail: &[Mail]) -> Vec<String> {
    let reminders = mail.iter().filter(|mail| mail.subject.contains("Reminder"));
    reminders.map(|mail| mail.text.split("\n\n").nth(1).expect("a title").to_owned()).collect()
}

/// Waits until no reminder of a user is due or being sent.
pub(super) async fn settled(app: &TestApp, user: &User) {
    let owner = UserId::parse(&user.id).expect("an id");
    eventually("no due reminder", async || {
        let jobs = app.read(async |unit| unit.jobs().list_waiting(owner, &JobKind::REMINDER).await).await;
        let now = app.now();
        // One that is being sent is leased for a while.
        jobs.iter().all(|job| job.begun == 0 && job.run_at.to_string() > now).then_some(())
    })
    .await;
}

/// Waits until the owner was reminded of a memo, and returns it.
async fn reminded(owner: &Actor, id: &str) -> Value {
    eventually("a reminder that is recorded", async || {
        let memo = owner.get_memo(id).await.expect_status(200).json;
        memo["reminded_at"].is_string().then_some(memo)
    })
    .await
}

pub async fn owner_is_reminded_once_at_the_time(app: TestApp) {
    let (alice, bob) = (app.verified_user("alice").await, app.user("bob").await);
    let body = json!({"title": "회의 <b>", "visibility": "public", "remind_at": AT});
    let id = create(&alice, &body).await;
    let before = alice.get_memo(&id).await.expect_status(200);
    let list = alice.list_memos(&[]).await.expect_status(200);
    app.clock.advance(9 * MINUTE);
    settled(&app, &alice).await;
    assert_eq!(reminders(&app.mail.sent()), [""; 0], "not yet");
    app.clock.advance(AFTER.saturating_sub(9 * MINUTE));
    let mail = app.mail_to(&alice.email, "Reminder").await;
    assert!(mail.text.contains("\n\n회의 <b>\n\n2026-01-31 09:10 (UTC)\n\n"), "{}", mail.text);
    assert!(mail.html.contains("<p>회의 &lt;b&gt;</p>") && !mail.text.contains("late"), "{}", mail.html);
    let memo = reminded(&alice, &id).await;
    assert_eq!((&memo["reminded_at"], &memo["remind_at"]), (&json!(app.now()), &before["remind_at"]));
    for field in ["version", "updated_at", "title"] {
        assert_eq!(memo[field], before[field], "{field}");
    }
    // The owner's responses change, and those of others show neither.
    let read = alice.get_memo(&id).if_none_match(before.tag()).await.expect_status(200);
    assert_ne!(read.tag(), before.tag());
    alice.list_memos(&[]).if_none_match(list.tag()).await.expect_status(200);
    let kinds: Vec<_> = changes_after(&alice, 0).await.into_iter().map(|(kind, _, version)| (kind, version)).collect();
    assert_eq!(kinds, [("memo.created".to_owned(), 1), ("memo.reminded".to_owned(), 1)]);
    let theirs = bob.get_memo(&id).await.expect_status(200);
    assert_eq!((&theirs["remind_at"], &theirs["reminded_at"]), (&Value::Null, &Value::Null));
    assert!(changes_after(&bob, 0).await.is_empty());
    // `If-Match` compares the version. Another change of the memo keeps what was sent; a new time clears it.
    let patched = alice.patch_memo(&id, &json!({"title": "b"})).if_match(before.tag()).await.expect_status(200);
    assert_eq!(patched["reminded_at"], memo["reminded_at"]);
    app.clock.advance(DAY);
    let alice_later = alice.with_new_token().await;
    settled(&app, &alice).await;
    assert_eq!(reminders(&app.mail.sent()), [""; 0], "once");
    let patch = json!({"remind_at": "2026-02-01T10:00:00Z"});
    assert_eq!(alice_later.patch_memo(&id, &patch).await.expect_status(200)["reminded_at"], Value::Null);
    app.clock.advance(2 * Duration::from_hours(1));
    app.mail_to(&alice.email, "Reminder").await;
    reminded(&alice.with_new_token().await, &id).await;
}

pub async fn reminder_has_the_language_and_the_time_zone_of_its_owner(app: TestApp) {
    let alice = app.verified_user("alice").await;
    alice.patch_me(&json!({"locale": "ko", "time_zone": "Asia/Seoul"})).await.expect_status(200);
    create(&alice, &memo_at("회의", AT)).await;
    app.clock.advance(AFTER);
    let mail = app.mail_to(&alice.email, "메모 알림").await;
    assert!(mail.text.contains("\n\n회의\n\n2026-01-31 18:10 (Asia/Seoul)\n\n"), "{}", mail.text);
    assert!(!mail.text.contains("늦게"), "{}", mail.text);
    settled(&app, &alice).await;
    // After a downtime it is sent once, and says that it is late.
    create(&alice, &memo_at("점심", "2026-01-31T09:11:00Z")).await;
    app.clock.advance(Duration::from_hours(3));
    let mail = app.mail_to(&alice.email, "메모 알림").await;
    assert!(mail.text.contains("점심") && mail.text.contains("늦게 도착한 알림입니다"), "{}", mail.text);
    settled(&app, &alice).await;
    assert!(app.mail.take_first(|mail| mail.subject == "메모 알림").is_none());
}

pub async fn only_memos_that_still_want_it_are_reminded_of(app: TestApp) {
    let alice = app.verified_user("alice").await;
    let titles = ["kept", "changed", "cleared", "trashed", "restored", "late restored", "removed", "batch"];
    let mut ids = Vec::new();
    for title in titles {
        ids.push(create(&alice, &memo_at(title, AT)).await);
    }
    let [_, changed, cleared, trashed, restored, late, removed, batch] = &ids[..] else { panic!("eight memos") };
    alice.patch_memo(changed, &json!({"remind_at": "2026-01-31T09:30:00Z"})).await.expect_status(200);
    alice.put_memo(cleared, &json!({"title": "cleared"})).await.expect_status(200);
    for id in [trashed, restored, late, removed] {
        alice.delete_memo(id).await.expect_empty(204);
    }
    alice.restore_memo(restored).await.expect_status(200);
    alice.delete_memo_for_good(removed).await.expect_empty(204);
    let operations = json!([{"op": "update", "id": batch, "memo": {"remind_at": null}}]);
    alice.batch(&operations).await.expect_status(200);
    app.clock.advance(AFTER);
    settled(&app, &alice).await;
    let sent: BTreeSet<_> = reminders(&app.mail.take()).into_iter().collect();
    assert_eq!(sent, ["kept", "restored"].map(str::to_owned).into());
    // A reminder that is past when its memo is restored is not sent.
    alice.restore_memo(late).await.expect_status(200);
    app.clock.advance(20 * MINUTE);
    let alice = alice.with_new_token().await;
    eventually("the changed reminder", async || app.mail.take_first(|mail| mail.text.contains("changed"))).await;
    assert_eq!(alice.get_memo(late).await.expect_status(200)["reminded_at"], Value::Null);
    assert_eq!(reminders(&app.mail.take()), [""; 0]);
}

pub async fn only_users_who_can_be_reached_are_reminded(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.verified_user("bob").await);
    let (carol, root) = (app.verified_user("carol").await, app.admin("root").await);
    for user in [&alice, &bob, &carol] {
        create(user, &memo_at("a", AT)).await;
    }
    root.patch_user(&bob.id, &json!({"disabled": true})).await.expect_status(200);
    carol.withdraw(&carol.password).await.expect_empty(204);
    app.clock.advance(AFTER);
    for user in [&alice, &bob, &carol] {
        settled(&app, user).await;
    }
    assert_eq!(reminders(&app.mail.sent()), [""; 0]);
    let list = alice.list_memos(&[]).await.expect_status(200);
    assert_eq!(list["items"][0]["reminded_at"], Value::Null);
}

pub async fn every_way_to_set_a_reminder_is_followed(app: TestApp) {
    let alice = app.verified_user("alice").await;
    let (put, patched, updated) = (alice.memo("x").await, alice.memo("patched").await, alice.memo("updated").await);
    alice.put_memo(&put, &memo_at("put", AT)).await.expect_status(200);
    alice.patch_memo(&patched, &json!({"remind_at": AT})).await.expect_status(200);
    let chosen = "019c1289-0000-7000-8000-000000000001";
    let call = alice.put_memo(chosen, &memo_at("chosen", AT)).header("if-none-match", "*");
    call.await.expect_status(201);
    let operations = json!([
        {"op": "create", "memo": memo_at("batch", AT)},
        {"op": "update", "id": updated, "memo": {"remind_at": AT}},
    ]);
    alice.batch(&operations).await.expect_status(200);
    let line = |n: u8, title: &str, remind_at: &str| {
        let id = format!("019c1289-0000-7000-8000-0000000001{n:02}");
        let (created_at, updated_at) = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
        let memo = json!({"kind": "memo", "id": id, "title": title, "remind_at": remind_at,
            "created_at": created_at, "updated_at": updated_at});
        format!("{memo}\n")
    };
    let lines = [
        line(1, "imported", AT),
        // It sends none, as its time has passed.
        line(2, "past", "2026-01-30T09:10:00Z"),
    ];
    let import = alice.call("POST", "/api/v1/me/import").body("application/x-ndjson", lines.concat());
    import.await.expect_status(200);
    app.clock.advance(AFTER);
    settled(&app, &alice).await;
    let mut sent = reminders(&app.mail.take());
    sent.sort_unstable();
    assert_eq!(sent, ["batch", "chosen", "imported", "patched", "put", "updated"]);
}

pub async fn import_of_a_newer_state_sets_and_clears_reminders(app: TestApp) {
    let alice = app.verified_user("alice").await;
    let line = |title: &str, n: u8, remind_at: Option<&str>, deleted: bool, hour: u32| {
        let id = format!("019c1289-0000-7000-8000-0000000002{n:02}");
        let memo = json!({"kind": "memo", "id": id, "title": title, "remind_at": remind_at,
            "created_at": "2026-01-01T00:00:00Z", "updated_at": format!("2026-01-02T{hour:02}:00:00Z"),
            "deleted_at": deleted.then_some("2026-01-02T00:00:00Z")});
        format!("{memo}\n")
    };
    let import = async |lines: Vec<String>| {
        let call = alice.call("POST", "/api/v1/me/import").body("application/x-ndjson", lines.concat());
        call.await.expect_status(200)
    };
    let later = Some("2026-01-31T11:00:00Z");
    let first = [
        line("set", 1, None, false, 1),
        line("cleared", 2, Some(AT), false, 1),
        line("moved", 3, Some(AT), false, 1),
        line("trashed", 4, Some(AT), false, 1),
        line("restored", 5, Some(AT), true, 1),
    ];
    assert_eq!(import(first.into()).await["created"], 5);
    let newer = [
        line("set", 1, Some(AT), false, 2),
        line("cleared", 2, None, false, 2),
        line("moved", 3, later, false, 2),
        line("trashed", 4, Some(AT), true, 2),
        line("restored", 5, Some(AT), false, 2),
    ];
    assert_eq!(import(newer.into()).await["updated"], 5);
    app.clock.advance(AFTER);
    settled(&app, &alice).await;
    let mut sent = reminders(&app.mail.take());
    sent.sort_unstable();
    assert_eq!(sent, ["restored", "set"]);
}

pub async fn restored_revision_keeps_the_reminder(app: TestApp) {
    let alice = app.verified_user("alice").await;
    let id = create(&alice, &memo_at("a", "2026-01-31T11:00:00Z")).await;
    alice.patch_memo(&id, &json!({"title": "b", "remind_at": AT})).await.expect_status(200);
    alice.call("POST", &format!("/api/v1/memos/{id}/revisions/1/restore")).await.expect_status(200);
    app.clock.advance(AFTER);
    settled(&app, &alice).await;
    assert_eq!(reminders(&app.mail.take()), ["a"]);
}

pub async fn reminder_that_fails_is_sent_later(app: TestApp) {
    let alice = app.verified_user("alice").await;
    let id = create(&alice, &memo_at("a", AT)).await;
    let owner = UserId::parse(&alice.id).expect("an id");
    eventually("no other mail", async || {
        let mail = app.read(async |unit| unit.jobs().list_waiting(owner, &JobKind::MAIL).await).await;
        mail.is_empty().then_some(())
    })
    .await;
    app.mail.fail_temporarily(1);
    app.clock.advance(AFTER);
    settled(&app, &alice).await;
    let memo = alice.get_memo(&id).await.expect_status(200);
    assert_eq!((reminders(&app.mail.sent()).len(), &memo["reminded_at"]), (0, &Value::Null));
    app.clock.advance(MINUTE);
    app.mail_to(&alice.email, "Reminder").await;
    reminded(&alice, &id).await;
}

pub async fn reminders_of_a_user_are_limited_to_sixty_an_hour(app: TestApp) {
    const MORE: usize = 7;
    let (alice, bob) = (app.verified_user("alice").await, app.verified_user("bob").await);
    let create_at = |n: usize| json!({"op": "create", "memo": memo_at(&n.to_string(), AT)});
    alice.batch(&(0..60 + MORE).map(create_at).collect()).await.expect_status(200);
    create(&bob, &memo_at("bob", AT)).await;
    app.clock.advance(AFTER);
    for user in [&alice, &bob] {
        settled(&app, user).await;
    }
    let sent = reminders(&app.mail.sent());
    assert_eq!((sent.len(), sent.iter().filter(|title| *title == "bob").count()), (61, 1));
    // The others follow, late.
    app.clock.advance(2 * Duration::from_hours(1));
    settled(&app, &alice).await;
    let all: BTreeSet<_> = reminders(&app.mail.sent()).into_iter().collect();
    assert_eq!((all.len(), reminders(&app.mail.sent()).len()), (61 + MORE, 61 + MORE));
}
