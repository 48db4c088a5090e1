//! What an export has without its secret, and an import leaves out.

use serde_json::{Value, json};

use super::transfer::{counts, export, import};
use crate::{
    Actor, TestApp,
    suite::me::{
        api_keys,
        webhooks::{self, URL},
    },
};

async fn of_kind(user: &Actor, kind: &str) -> Vec<Value> {
    export(user).await.into_iter().filter(|line| line["kind"] == kind).collect()
}

pub async fn export_has_webhooks_and_api_keys_without_secrets(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let webhook = webhooks::created(&alice, URL).await;
    let key = api_keys::created(&alice, &["account:read", "memos:read"]).await;
    webhooks::created(&bob, URL).await;
    api_keys::created(&bob, &["memos:read"]).await;
    let mut shown = webhook.json.clone();
    shown.as_object_mut().expect("an object").remove("secret");
    shown["kind"] = "webhook".into();
    assert_eq!(of_kind(&alice, "webhook").await, [shown]);
    let listed = alice.api_keys().await.expect_status(200);
    assert_eq!(of_kind(&alice, "api_key").await, [json!({"kind": "api_key", "api_key": listed["items"][0]})]);
    let all = json!(export(&alice).await).to_string();
    for secret in [webhook.text("secret"), key.text("secret")] {
        assert!(!all.contains(secret));
    }
    // A key does not list the keys.
    let by_key = app.anonymous().with_token(key.text("secret"));
    assert_eq!(of_kind(&by_key, "api_key").await, Vec::<Value>::new());
    assert_eq!(of_kind(&by_key, "webhook").await.len(), 1);
}

pub async fn import_leaves_out_webhooks_and_api_keys(app: TestApp) {
    let (alice, bob) = (app.user("alice").await, app.user("bob").await);
    let webhook = webhooks::created(&alice, URL).await;
    let key = api_keys::created(&alice, &["memos:read"]).await;
    let lines: Vec<_> = export(&alice).await.into_iter().filter(|line| line["kind"] != "event").collect();
    let report = import(&bob, &lines).await.expect_status(200);
    // The account and the session are ignored.
    assert_eq!(counts(&report), [0, 0, 0, 2]);
    let mut names: Vec<_> =
        report["dropped"].as_array().expect("a list").iter().map(|one| one["name"].to_string()).collect();
    names.sort_unstable();
    assert_eq!(names, [format!("\"API key {}\"", key.id()), format!("\"webhook {}\"", webhook.id())]);
    assert_eq!(bob.webhooks().await.expect_status(200)["items"], json!([]));
    assert_eq!(bob.api_keys().await.expect_status(200)["items"], json!([]));
}
