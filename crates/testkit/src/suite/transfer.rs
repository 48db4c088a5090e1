//! `GET /api/v1/me/export` and `POST /api/v1/me/import`.

use serde_json::{Value, json};

use crate::{
    Actor, Call, Response, TestApp,
    suite::{
        DAY,
        auth::social::{assert_redirected, link},
    },
};

/// Downloads an export and returns its lines.
pub(super) async fn export(user: &Actor) -> Vec<Value> {
    let response = user.get("/api/v1/me/export").await.expect_status(200);
    assert_eq!(response.media_type(), Some("application/x-ndjson"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    let text = String::from_utf8(response.body).expect("UTF-8");
    assert!(text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// The memos of an export, sorted by title.
async fn memos(user: &Actor) -> Vec<Value> {
    let mut memos: Vec<_> = export(user).await.into_iter().filter(|line| line["kind"] == "memo").collect();
    memos.sort_by_key(|memo| memo["title"].to_string());
    memos
}

pub(super) fn import(user: &Actor, lines: &[Value]) -> Call {
    let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
    user.call("POST", "/api/v1/me/import").body("application/x-ndjson", lines.join("\n"))
}

pub(super) fn counts(report: &Response) -> [u64; 4] {
    ["created", "updated", "kept", "ignored"].map(|name| report[name].as_u64().expect("a number"))
}

pub(super) fn line(id: &str, title: &str) -> Value {
    json!({"kind": "memo", "id": id, "title": title, "created_at": "2025-01-01T00:00:00Z", "updated_at": "2025-01-02T00:00:00Z"})
}

pub(super) const ID: &str = "0198c0de-7f00-7000-8000-0000000000f1";

pub async fn export_has_all_data_of_the_user_and_no_secrets(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    bob.create_memo(&json!({"title": "Bob's", "visibility": "public"})).await.expect_status(201);
    for n in 0..120 {
        alice.create_memo(&json!({"title": format!("memo {n:03}"), "tags": ["한글"], "archived": n % 3 == 0})).await;
    }
    let trashed = alice.memo("in the trash").await;
    alice.delete_memo(&trashed).await.expect_empty(204);
    let lines = export(&alice).await;
    let of_kind = |kind: &str| lines.iter().filter(|line| line["kind"] == kind).collect::<Vec<_>>();
    assert_eq!(of_kind("account")[0]["email"], *alice.email);
    assert_eq!(of_kind("account").len(), 1);
    assert_eq!(of_kind("session").len(), 1);
    assert!(of_kind("event").iter().any(|line| line["event"]["kind"] == "account.signed_up"), "{lines:?}");
    let memos = of_kind("memo");
    assert_eq!(memos.len(), 121);
    assert!(memos.iter().all(|memo| memo["owner"]["id"] == *alice.id));
    let trashed_line = memos.iter().find(|memo| memo["id"] == *trashed).expect("the trashed memo is exported");
    assert!(trashed_line["deleted_at"].is_string());
    let shown = alice.get_memo(memos[0]["id"].as_str().expect("an id")).await.expect_status(200);
    let mut exported = memos[0].clone();
    exported.as_object_mut().expect("an object").remove("kind");
    assert_eq!(exported, shown.json);
    // The export has no secrets and nothing of other users.
    let all = serde_json::to_string(&lines).expect("JSON");
    for secret in [&alice.password, &alice.access_token, &alice.refresh_token, &bob.email] {
        assert!(!all.contains(secret.as_str()));
    }
}

pub async fn export_without_all_scopes_has_no_sessions_and_identities(app: TestApp) {
    let (alice, browser) = (app.user("alice").await, app.browser());
    browser.sign_in_by_cookie(&alice.email, &alice.password).await.expect_status(200);
    assert_redirected(link(&browser, &app.acme, app.acme.user("alice", None, false)).await, "/");
    alice.memo("Milk").await;
    let kinds = async |actor: &Actor| {
        let mut kinds: Vec<_> = export(actor).await.iter().map(|line| line["kind"].to_string()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds.join(" ")
    };
    assert_eq!(kinds(&browser).await, r#""account" "event" "identity" "memo" "session" "settings""#);
    let narrow = alice.with_scope("account:read memos:read").await;
    assert_eq!(kinds(&narrow).await, r#""account" "event" "memo" "settings""#);
}

pub async fn export_imports_unchanged(app: TestApp) {
    let alice = app.user("alice").await;
    let remind_at = "2026-02-01T09:00:00Z";
    let full = json!({"title": "주간회의록", "content": "# 안건\r\n", "tags": ["a", "b"], "pinned": true,
        "archived": true, "visibility": "public", "remind_at": remind_at});
    let full = alice.create_memo(&full).await.expect_status(201).id().to_owned();
    let trashed = alice.memo("trashed").await;
    alice.delete_memo(&trashed).await.expect_empty(204);
    alice.memo("plain").await;
    let before = memos(&alice).await;
    for id in [&full, &trashed] {
        alice.delete_memo_for_good(id).await.expect_empty(204);
    }
    // The reminder is in the past by now.
    app.clock.advance(2 * DAY);
    let alice = alice.with_new_token().await;
    let report = import(&alice, &before).await.expect_status(200);
    assert_eq!(counts(&report), [2, 0, 1, 0]);
    assert_eq!(report["reassigned"], json!([]));
    let after = memos(&alice).await;
    for (before, after) in before.iter().zip(&after) {
        let names = [
            "id",
            "title",
            "content",
            "tags",
            "pinned",
            "archived",
            "visibility",
            "remind_at",
            "created_at",
            "updated_at",
            "deleted_at",
        ];
        for name in names {
            assert_eq!(before[name], after[name], "{name}");
        }
    }
    assert_eq!(after.len(), before.len());
    assert_eq!(counts(&import(&alice, &before).await.expect_status(200)), [0, 0, 3, 0]);
    assert_eq!(memos(&alice).await, after);
    // Imported memos are searchable.
    assert_eq!(alice.titles(&[("q", "회의"), ("archived", "true")]).await, ["주간회의록"]);
}

pub async fn import_replaces_ids_of_other_users_deterministically(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    alice.memo("one").await;
    alice.memo("two").await;
    let lines = export(&alice).await;
    let imported = ["memo", "settings"];
    let others = lines.iter().filter(|line| !imported.contains(&line["kind"].as_str().expect("a kind"))).count() as u64;
    let first = import(&bob, &lines).await.expect_status(200);
    assert_eq!(counts(&first), [2, 0, 0, others]);
    let pairs = first["reassigned"].as_array().expect("a list");
    assert_eq!(pairs.len(), 2);
    for pair in pairs {
        let [old, new] = ["id", "new_id"].map(|name| pair[name].as_str().expect("an id"));
        assert_eq!(alice.get_memo(old).await.expect_status(200)["title"], bob.get_memo(new).await["title"]);
        bob.get_memo(old).await.problem("memo_not_found");
    }
    let again = import(&bob, &lines).await.expect_status(200);
    assert_eq!(counts(&again), [0, 0, 2, others]);
    assert_eq!(again["reassigned"], first["reassigned"]);
    assert_eq!(memos(&alice).await.len(), 2);
    assert_eq!(memos(&bob).await.len(), 2);
}

/// A user with settings, who has shared a memo and likes it, one in the trash, and one of another user. Returns the ids of the
/// memos in this order, and the share.
async fn with_likes_and_a_share(app: &TestApp) -> (crate::User, [String; 3], Response) {
    let (alice, carol) = (app.user("alice").await, app.user("carol").await);
    let settings = json!({"display_name": "앨리스", "locale": "ko", "time_zone": "Asia/Seoul"});
    alice.patch_me(&settings).await.expect_status(200);
    let theirs = carol.create_memo(&json!({"title": "carol's", "visibility": "public"})).await.expect_status(201);
    let ids = [alice.memo("own").await, alice.memo("trashed").await, theirs.id().to_owned()];
    for id in &ids {
        app.clock.advance(std::time::Duration::from_secs(1));
        alice.like(id).await.expect_empty(204);
    }
    let share = alice.share(&ids[0], &json!({"password": "열려라"})).await.expect_status(201);
    alice.delete_memo(&ids[1]).await.expect_empty(204);
    (alice, ids, share)
}

/// The lines of a kind, in an order of their own.
fn of_kind(lines: &[Value], kind: &str) -> Vec<Value> {
    let mut lines: Vec<_> = lines.iter().filter(|line| line["kind"] == kind).cloned().collect();
    lines.sort_by_key(Value::to_string);
    lines
}

pub async fn export_has_likes_shares_and_settings(app: TestApp) {
    let (alice, ids, share) = with_likes_and_a_share(&app).await;
    app.anonymous().shared(share.text("token")).await.expect_status(401);
    let lines = export(&alice).await;
    let settings = json!({"kind": "settings", "display_name": "앨리스", "locale": "ko", "time_zone": "Asia/Seoul"});
    assert_eq!(of_kind(&lines, "settings"), [settings]);
    let expected = json!({
        "kind": "share", "id": share["id"], "memo_id": ids[0], "expires_at": null, "has_password": true, "reads": 0,
        "created_at": share["created_at"],
    });
    assert_eq!(of_kind(&lines, "share"), [expected]);
    let liked: Vec<_> = of_kind(&lines, "like").iter().map(|line| line["memo_id"].clone()).collect();
    assert!(liked.len() == 3 && ids.iter().all(|id| liked.contains(&json!(id))), "{liked:?}");
    assert_eq!(of_kind(&lines, "like")[2]["at"].as_str().map(str::len), Some(app.now().len()));
    assert!(!json!(lines).to_string().contains(share.text("token")));
    // Likes of others are no data of the owner.
    let bob = app.user("bob").await;
    assert_eq!(of_kind(&export(&bob).await, "like"), Vec::<Value>::new());
}

pub async fn import_restores_likes_and_settings(app: TestApp) {
    let (alice, ids, share) = with_likes_and_a_share(&app).await;
    let before = export(&alice).await;
    // Nothing is left but the account.
    alice.unlike(&ids[2]).await.expect_empty(204);
    for id in &ids[..2] {
        alice.delete_memo_for_good(id).await.expect_empty(204);
    }
    alice.patch_me(&json!({"display_name": "a", "locale": "en", "time_zone": "UTC"})).await.expect_status(200);
    let dry = import(&alice, &before).query(&[("dry_run", "true")]).await.expect_status(200);
    // Of the three likes, two are of memos that the import would create.
    assert_eq!((&dry["likes"], &dry["settings"], counts(&dry)[0]), (&json!(1), &json!(true), 2));
    assert_eq!(alice.me().await["display_name"], "a");
    let since = alice.changes(0).await["next_since"].as_u64().expect("a number");
    let report = import(&alice, &before).await.expect_status(200);
    assert_eq!((&report["likes"], &report["settings"], counts(&report)[0]), (&json!(3), &json!(true), 2));
    let dropped = report["dropped"].as_array().expect("a list");
    assert_eq!((dropped.len(), &dropped[0]["name"]), (1, &json!(format!("share {}", share.id()))));
    let after = export(&alice).await;
    for kind in ["like", "settings"] {
        assert_eq!(of_kind(&after, kind), of_kind(&before, kind));
    }
    assert_eq!(of_kind(&after, "share"), Vec::<Value>::new());
    let liked = |lines: &[Value]| -> Vec<_> {
        let memos = of_kind(lines, "memo");
        memos.iter().map(|memo| [&memo["id"], &memo["like_count"], &memo["liked"]].map(Value::clone)).collect()
    };
    assert_eq!(liked(&after), liked(&before));
    let kinds: Vec<_> =
        alice.changes(since).await["items"].as_array().expect("a list").iter().map(|one| one["kind"].clone()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "memo.liked").count(), 2, "{kinds:?}");
    let again = import(&alice, &before).await.expect_status(200);
    assert_eq!(
        (&again["likes"], &again["settings"], counts(&again)[..3].to_vec()),
        (&json!(0), &json!(false), vec![0, 0, 2])
    );
}

pub async fn import_leaves_out_likes_of_memos_that_cannot_be_read(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let (public, private) = (json!({"title": "p", "visibility": "public"}), bob.memo("private").await);
    let public = bob.create_memo(&public).await.expect_status(201).id().to_owned();
    let line = |id: &str, at: &str| json!({"kind": "like", "memo_id": id, "at": at});
    let lines = [
        line(&private, "2025-01-01T00:00:00Z"),
        line(ID, "2025-01-01T00:00:00Z"),
        line(&public, "2999-01-01T00:00:00Z"),
    ];
    let report = import(&alice, &lines).await.expect_status(200);
    assert_eq!((&report["likes"], counts(&report)), (&json!(1), [0; 4]));
    let dropped = report["dropped"].as_array().expect("a list");
    let names: Vec<_> = dropped.iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, [&private, ID].map(|id| json!(format!("like of memo {id}"))));
    assert_eq!(dropped[0]["reason"], dropped[1]["reason"]);
    // No user likes a memo since a time that lies ahead.
    assert_eq!(alice.likes(&public).await["items"][0]["liked_at"], json!(app.now()));
    // Of 120 likes, some are in the last group.
    let many: Vec<_> =
        (0..120).map(|n| line(&format!("0198c0de-7f00-7000-8000-0000000{n:05}"), "2025-01-01T00:00:00Z")).collect();
    let report = import(&alice, &[&many[..], &lines[2..]].concat()).await.expect_status(200);
    assert_eq!((&report["likes"], report["dropped"].as_array().map(Vec::len)), (&json!(0), Some(120)));
}

pub async fn import_of_own_memos_with_other_ids_finds_them_for_their_likes(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let id = alice.memo("one").await;
    alice.like(&id).await.expect_empty(204);
    let lines = export(&alice).await;
    let report = import(&bob, &lines).await.expect_status(200);
    assert_eq!((&report["likes"], &report["dropped"]), (&json!(1), &json!([])));
    let copy = report["reassigned"][0]["new_id"].as_str().expect("an id");
    assert_eq!(bob.get_memo(copy).await["liked"], true);
    assert_eq!(alice.get_memo(&id).await["like_count"], 1);
}

pub async fn import_makes_a_new_id_after_four_derived_ones(app: TestApp) {
    let (alice, bob, carol) = (app.user("alice").await, app.user("bob").await, app.user("carol").await);
    let id = alice.memo("one").await;
    let import_one = async |user: &Actor, id: &str| import(user, &[line(id, "imported")]).await.expect_status(200);
    let reassigned =
        async || import_one(&bob, &id).await["reassigned"][0]["new_id"].as_str().expect("an id").to_owned();
    for _ in 0..4 {
        let derived = reassigned().await;
        assert_eq!(reassigned().await, derived);
        // Carol takes it: everybody can compute which ids Bob's memos will get.
        bob.delete_memo_for_good(&derived).await.expect_empty(204);
        assert_eq!(counts(&import_one(&carol, &derived).await), [1, 0, 0, 0]);
    }
    assert_ne!(reassigned().await, reassigned().await);
    assert_eq!(memos(&carol).await.len(), 4);
}

pub async fn import_keeps_the_newer_version_of_a_memo(app: TestApp) {
    let alice = app.user("alice").await;
    let id = alice.memo("here").await;
    let at = |time: &str| {
        let mut line = line(&id, "imported");
        line["updated_at"] = time.into();
        line
    };
    assert_eq!(counts(&import(&alice, &[at("2026-01-01T00:00:00Z")]).await.expect_status(200)), [0, 0, 1, 0]);
    assert_eq!(alice.get_memo(&id).await["title"], "here");
    // A time that lies ahead is not newer: the line would replace each later edit, as often as it is imported.
    assert_eq!(counts(&import(&alice, &[at("2030-01-01T00:00:00Z")]).await.expect_status(200)), [0, 0, 1, 0]);
    assert_eq!(alice.get_memo(&id).await["title"], "here");
    app.clock.advance(2 * DAY);
    let alice = alice.with_new_token().await;
    let since = alice.changes(0).await["next_since"].as_u64().expect("a number");
    assert_eq!(counts(&import(&alice, &[at("2026-02-01T00:00:00Z")]).await.expect_status(200)), [0, 1, 0, 0]);
    let memo = alice.get_memo(&id).await.expect_status(200);
    assert_eq!(
        (&memo["title"], &memo["version"], &memo["updated_at"]),
        (&json!("imported"), &json!(2), &json!(app.now()))
    );
    assert_eq!(alice.changes(since).await["items"][0]["kind"], "memo.updated");
    assert_eq!(counts(&import(&alice, &[at("2026-02-01T00:00:00Z")]).await.expect_status(200)), [0, 0, 1, 0]);
}

pub async fn import_with_an_invalid_line_imports_nothing(app: TestApp) {
    let alice = app.user("alice").await;
    let good: Vec<_> = (0..250).map(|n| line(&format!("0198c0de-7f00-7000-8000-0000000{n:05}"), "good")).collect();
    let with_invalid_line = |field: &str, value: Value| {
        let mut lines = good.clone();
        let mut bad = line(ID, "bad");
        bad[field] = value;
        lines.push(bad);
        lines
    };
    for (field, value, code) in [
        ("title", json!(""), "too_short"),
        ("title", json!(7), "wrong_type"),
        ("id", json!("7"), "malformed"),
        ("id", json!("0198c0de-7f00-4000-8000-00000000000a"), "malformed"),
        ("tags", json!("a"), "wrong_type"),
        ("created_at", json!("yesterday"), "malformed"),
        ("owner_id", json!(alice.id), "unknown_member"),
    ] {
        import(&alice, &with_invalid_line(field, value))
            .await
            .expect_status(422)
            .invalid(&format!("/250/{field}"), code);
    }
    for (line, pointer, code) in [
        (json!({"kind": "like", "memo_id": ID}), "/0/at", "required"),
        (json!({"kind": "like", "memo_id": "7", "at": "2025-01-01T00:00:00Z"}), "/0/memo_id", "malformed"),
        (json!({"kind": "like", "memo_id": ID, "at": "2025-01-01T00:00:00Z", "x": 1}), "/0/x", "unknown_member"),
        (
            json!({"kind": "settings", "display_name": "a", "locale": "fr", "time_zone": "UTC"}),
            "/0/locale",
            "invalid_choice",
        ),
        (
            json!({"kind": "settings", "display_name": "", "locale": "en", "time_zone": "UTC"}),
            "/0/display_name",
            "too_short",
        ),
        (json!({"kind": "share", "id": 7}), "/0/id", "wrong_type"),
    ] {
        import(&alice, &[line]).await.expect_status(422).invalid(pointer, code);
    }
    let raw = |body: &str| alice.call("POST", "/api/v1/me/import").body("application/x-ndjson", body.to_owned());
    raw("{\"kind\": \"memo\"").await.expect_status(400).problem("invalid_json");
    raw("[]").await.expect_status(422).invalid("/0", "wrong_type");
    raw("{}").await.expect_status(422).invalid("/0/kind", "required");
    // Blank lines count.
    raw("\n \r\n{\"kind\": \"x\"}\n\n\t\n\n{}").await.expect_status(422).invalid("/6/kind", "required");
    raw(&"[".repeat(70)).await.expect_status(400).problem("json_too_deep");
    // Invalid UTF-8 is rejected even in a field that is ignored.
    let odd = |text: &[u8]| {
        let line = line(ID, "odd").to_string();
        let start = line.strip_suffix('}').expect("an object").as_bytes();
        let body = [start, b", \"owner\": {\"display_name\": \"", text, b"\"}}"].concat();
        alice.call("POST", "/api/v1/me/import").body("application/x-ndjson", body)
    };
    odd(b"\xff").await.expect_status(400).problem("invalid_json");
    odd(b"\xed\xa0\x80").await.expect_status(400).problem("invalid_json");
    raw("{\"kind\": \"memo\", \"title\": \"\\ud800\"}").await.expect_status(400).problem("invalid_json");
    assert_eq!(memos(&alice).await, Vec::<Value>::new());
    assert_eq!(counts(&raw("\n\r\n{\"kind\": \"later\", \"x\": [1]}").await.expect_status(200)), [0, 0, 0, 1]);
    assert_eq!(counts(&raw("").await.expect_status(200)), [0, 0, 0, 0]);
}

pub async fn import_body_may_exceed_the_body_limit(app: TestApp) {
    let alice = app.user("alice").await;
    let lines: Vec<_> = (0..50)
        .map(|n| {
            let mut line = line(&format!("0198c0de-7f00-7000-8000-0000000{n:05}"), &format!("memo {n}"));
            line["content"] = "가나다라 ".repeat(5_000).into();
            line
        })
        .collect();
    assert_eq!(counts(&import(&alice, &lines).await.expect_status(200)), [50, 0, 0, 0]);
    let lines = export(&alice).await;
    assert!(serde_json::to_string(&lines).expect("JSON").len() > 3 * 1024 * 1024);
    let mut long = line(ID, "long");
    long["more"] = "x".repeat(3 * 1024 * 1024).into();
    import(&alice, &[long]).await.expect_status(413).problem("body_too_large");
}
