//! `memo check`: one line for each component that the settings name.

use std::{path::Path, process::Command};

use tempfile::TempDir;

/// Runs the check; returns whether it passed, and its lines: component, outcome, text.
fn check(folder: &Path, variables: &[(&str, &str)]) -> (bool, Vec<[String; 3]>) {
    let output = Command::new(env!("CARGO_BIN_EXE_memo"))
        .arg("check")
        .current_dir(folder)
        .env_clear()
        .env("MEMO_ENV", "test")
        .envs(variables.iter().copied())
        .output()
        .expect("the binary runs");
    let output_text = String::from_utf8(output.stdout).expect("UTF-8");
    let errors = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(!output_text.contains("hunter2") && !errors.contains("hunter2"), "{output_text}{errors}");
    assert_eq!(errors.lines().count(), usize::from(!output.status.success()), "{errors}");
    let line = |line: &str| {
        let words = ["ok", "failed"].into_iter().find_map(|outcome| {
            let (what, text) = line.split_once(&format!(" {outcome} "))?;
            Some([what, outcome, text].map(|word| word.trim().to_owned()))
        });
        words.unwrap_or_else(|| panic!("{line}"))
    };
    (output.status.success(), output_text.lines().map(line).collect())
}

fn outcomes(lines: &[[String; 3]]) -> Vec<(&str, &str)> {
    lines.iter().map(|[what, outcome, _]| (what.as_str(), outcome.as_str())).collect()
}

#[test]
fn check_passes_with_default_settings() {
    let folder = TempDir::new().expect("a folder");
    let parts = ["settings", "store", "cache", "mail", "providers", "language model"];
    for pending in [true, false] {
        let (passed, lines) = check(folder.path(), &[]);
        assert!(passed, "{lines:?}");
        assert_eq!(outcomes(&lines), parts.map(|part| (part, "ok")));
        assert_eq!(lines[1][2].contains("to be applied"), pending, "{lines:?}");
        let migrate = |command: &mut Command| command.current_dir(folder.path()).env_clear().output();
        let done = migrate(Command::new(env!("CARGO_BIN_EXE_memo")).args(["migrate", "up"])).expect("the binary runs");
        assert!(done.status.success());
    }
}

#[tokio::test]
async fn check_passes_with_redis() {
    let Some(url) = memo_test_databases::redis_url().await else { return };
    let folder = TempDir::new().expect("a folder");
    let (passed, lines) = check(folder.path(), &[("MEMO__CACHE__URL", &url)]);
    assert!(passed, "{lines:?}");
    assert_eq!(lines[2], ["cache", "ok", "redis"]);
}

#[test]
fn check_names_every_failed_component() {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("garbage.db"), "this is no database at all, hunter2").expect("written");
    let (passed, lines) = check(
        folder.path(),
        &[
            ("MEMO__DATABASE__URL", "sqlite:garbage.db"),
            ("MEMO__CACHE__URL", "redis://user:hunter2@127.0.0.1:1"),
            ("MEMO__MAIL__URL", "smtp://user:hunter2@127.0.0.1:1"),
            ("MEMO__AUTH__PROVIDERS__ACME__KIND", "oidc"),
            ("MEMO__AUTH__PROVIDERS__ACME__CLIENT_ID", "memo"),
            ("MEMO__AUTH__PROVIDERS__ACME__CLIENT_SECRET", "hunter2"),
            ("MEMO__AUTH__PROVIDERS__ACME__ISSUER", "http://127.0.0.1:1"),
            ("MEMO__LLM__BASE_URL", "http://127.0.0.1:1/v1"),
            ("MEMO__LLM__API_KEY", "hunter2"),
            ("MEMO__LLM__MODEL", "small"),
        ],
    );
    assert!(!passed);
    let failed = ["store", "cache", "mail", "provider acme", "language model"].map(|what| (what, "failed"));
    assert_eq!(outcomes(&lines), [&[("settings", "ok")][..], &failed].concat());
}

#[test]
fn check_tries_the_folder_of_the_log() {
    let folder = TempDir::new().expect("a folder");
    for (log, outcome) in [("log", "ok"), ("/dev/null/log", "failed")] {
        let (passed, lines) = check(folder.path(), &[("MEMO__LOG__FILE", log)]);
        assert_eq!(passed, outcome == "ok", "{lines:?}");
        assert_eq!(outcomes(&lines).last(), Some(&("log", outcome)));
    }
}

#[test]
fn invalid_settings_are_the_only_line_of_a_check() {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("broken.key"), "hunter2\n").expect("written");
    for (name, value) in [("MEMO__SERVER__LISTENN", "x"), ("MEMO__CACHE__URL", "hunter2://x")] {
        let (passed, lines) = check(folder.path(), &[(name, value)]);
        assert!(!passed);
        assert_eq!(outcomes(&lines), [("settings", "failed")]);
    }
    let (passed, lines) = check(folder.path(), &[("MEMO__AUTH__PEPPER_FILE", "broken.key")]);
    assert!(!passed);
    assert_eq!(outcomes(&lines)[..2], [("settings", "failed"), ("store", "ok")]);
}
