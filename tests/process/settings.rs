//! Every setting: an empty value is unset, a wrong one is refused at start in one line that names it.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Output, Stdio},
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::running::PATIENCE;

/// Each setting with wrong values: of another type, misspelt, or never meant.
const WRONG: &[(&str, &[&str])] = &[
    ("MEMO_ENV", &["prod", "Production", " "]),
    ("MEMO_CONFIG_DIR", &["/nowhere", "/dev/null"]),
    ("MEMO__DATA_DIR", &["/proc/memo", "/dev/null", " ", "./data\r"]),
    ("MEMO__SERVER__LISTEN", &["8080", "localhost:8080", "127.0.0.1", "127.0.0.1:99999", "http://127.0.0.1:8080"]),
    (
        "MEMO__SERVER__PUBLIC_URL",
        &[
            "memo.example.com",
            "https://memo.example.com:99999",
            "\"https://memo.example.com\"",
            "https://\"a\"",
            "https://a/b",
        ],
    ),
    ("MEMO__SERVER__METRICS_LISTEN", &["9090", "no"]),
    ("MEMO__SERVER__WORKERS", &["0", "-1", "many", "1.5", "513", "1000000", "true", "on"]),
    (
        "MEMO__SERVER__TRUSTED_HOSTS",
        &["https://memo.example.com", "memo.example.com:443", ".example.com", "*example.com", ","],
    ),
    ("MEMO__SERVER__TRUSTED_PROXIES", &["10.0.0.0/33", "10.0.0.0-10.0.0.9", "proxy", ","]),
    ("MEMO__SERVER__FORWARDED_HEADER", &["x-real-ip"]),
    ("MEMO__SERVER__REQUEST_TIMEOUT", &["30", "0s", "soon", "-1s", "1000y"]),
    ("MEMO__SERVER__SHUTDOWN_GRACE", &["30", "thirty", "1000y"]),
    ("MEMO__SERVER__SHUTDOWN_DRAIN_DELAY", &["5", "5 sec onds", "1000y"]),
    ("MEMO__SERVER__BODY_LIMIT", &["2", "0", "2 mega", "-2MiB"]),
    ("MEMO__SERVER__COMPRESSION", &["maybe", "2"]),
    ("MEMO__SERVER__RESPONSE_CACHE", &["16", "16 mega", "-16MiB"]),
    ("MEMO__CORS__ALLOWED_ORIGINS", &["*", "app.example.com", "https://app.example.com/app", " , "]),
    (
        "MEMO__DATABASE__URL",
        &["memo.db", "sqlite", "oracle://localhost/memo", "sqlite:", "mysql://localhost", "memory:memo.db"],
    ),
    ("MEMO__DATABASE__MAX_CONNECTIONS", &["0", "-1", "ten", "4000000000"]),
    ("MEMO__DATABASE__ACQUIRE_TIMEOUT", &["2", "0s", "1000y"]),
    ("MEMO__DATABASE__STATEMENT_TIMEOUT", &["2", "0s", "1000y"]),
    ("MEMO__DATABASE__READ_URL", &["postgres://replica/memo", "replica", "sqlite:memo.db", " "]),
    ("MEMO__DATABASE__POOLER", &["true", "maybe"]),
    ("MEMO__CACHE__URL", &["memory", "redis", "redis://", "redis://host:99999", "memcached://host"]),
    ("MEMO__CACHE__PREFIX", &["a:b", "메모"]),
    ("MEMO__AUTH__ACCESS_TOKEN_TTL", &["15", "0s", "1000y", "15M"]),
    ("MEMO__AUTH__REFRESH_TOKEN_TTL", &["30", "0s", "1000y", "91d"]),
    ("MEMO__AUTH__SESSION_TTL", &["14", "0s", "1000y", "91d"]),
    ("MEMO__AUTH__REFRESH_REUSE_LEEWAY", &["10", "1000y"]),
    ("MEMO__AUTH__BCRYPT_COST", &["3", "32", "high", "11.6"]),
    ("MEMO__AUTH__ALGORITHM", &["none", "hs256", "RS256"]),
    ("MEMO__AUTH__SIGNING_KEY_FILE", &["/proc/memo", "/dev/null", "/"]),
    ("MEMO__AUTH__PEPPER_FILE", &["/proc/memo", "/dev/null", "/", "./data/signing.key", "./pepper.key\n"]),
    ("MEMO__AUTH__SIGN_UP", &["false", "no", "close", "Closed"]),
    ("MEMO__AUTH__PROVIDERS__ACME__KIND", &["googel", "Google"]),
    ("MEMO__AUTH__PROVIDERS__ACME__ALLOWED_VALUES", &[","]),
    ("MEMO__AUTH__PROVIDERS__ACME__CLIENT_ID", &["memo"]),
    ("MEMO__AUTH__PROVIDERS__ACME__ISSUER", &["http://id.example.com"]),
    ("MEMO__API_KEYS__MAX_PER_USER", &["1001", "-1", "ten", "no"]),
    ("MEMO__USAGE__RETENTION", &["400", "0s", "1h", "1000y"]),
    ("MEMO__RATE_LIMIT__ENABLED", &["maybe", "2"]),
    ("MEMO__RATE_LIMIT__ANONYMOUS", &["60"]),
    ("MEMO__RATE_LIMIT__PRINCIPAL", &["600"]),
    ("MEMO__RATE_LIMIT__SIGN_IN", &["10"]),
    ("MEMO__LIMITS__CONCURRENCY", &["0"]),
    ("MEMO__LIMITS__HEAVY", &["0", "yes"]),
    ("MEMO__LIMITS__QUEUE", &["0", "many"]),
    ("MEMO__LIMITS__IDEMPOTENT_RESPONSES", &["much", "0", "4TiB"]),
    ("MEMO__IMPORT__MAX_SIZE", &["1"]),
    ("MEMO__WEBHOOKS__ALLOWED_NETWORKS", &["everything", "10.0.0.0", "10.0.0.0/33", "localhost", ","]),
    ("MEMO__LLM__BASE_URL", &["api"]),
    ("MEMO__LLM__API_KEY", &["hunter2"]),
    ("MEMO__LLM__MODEL", &["small"]),
    ("MEMO__KAKAO__API_BASE", &["kapi"]),
    ("MEMO__MAIL__URL", &["mail.example.com", "smtp:", "smtp://h:99999", "http://h", "file:"]),
    ("MEMO__MAIL__FROM", &["memo", "memo@localhost\n"]),
    ("MEMO__MAIL__PASSWORD", &["hunter2", "hunter2\n"]),
    ("MEMO__MEMOS__TRASH_RETENTION", &["30"]),
    ("MEMO__MEMOS__REVISIONS", &["-1", "1001", "many", "on"]),
    ("MEMO__LOG__FORMAT", &["text", "JSON"]),
    ("MEMO__LOG__LEVEL", &["verbose", "warning", "info,sqlx", "sqlx=loud", "info\n", "info, debug", ",", "memo="]),
    ("MEMO__LOG__FILE", &["/proc/memo", "/dev/null"]),
    ("MEMO__LOG__SQL", &["maybe", "2.5"]),
];

/// Settings that are valid only together, with the wrong one first.
const WRONG_TOGETHER: &[&[(&str, &str)]] = &[
    &[("MEMO__LLM__BASE_URL", "api"), ("MEMO__LLM__MODEL", "small")],
    &[("MEMO__LLM__BASE_URL", "http://api.example.com/v1"), ("MEMO__LLM__MODEL", "small")],
    &[("MEMO__LLM__BASE_URL", "https://u:hunter2@api.example.com"), ("MEMO__LLM__MODEL", "small")],
    &[("MEMO__LLM__API_KEY", "hunter2 "), ("MEMO__LLM__BASE_URL", "http://ollama"), ("MEMO__LLM__MODEL", "small")],
    &[("MEMO__LLM__MODEL", "small "), ("MEMO__LLM__BASE_URL", "http://ollama")],
];

/// The command `memo`, in this folder and with these variables only.
fn memo(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_memo"));
    command.current_dir(folder).env_clear().env("MEMO__SERVER__LISTEN", "127.0.0.1:0").args(arguments);
    command.envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the binary starts");
    let pid = Pid::from_child(&child);
    let (ended, end) = channel::<()>();
    // A server that starts in spite of a wrong value would run for ever.
    thread::spawn(move || {
        if let Err(RecvTimeoutError::Timeout) = end.recv_timeout(PATIENCE) {
            let _ = kill_process(pid, Signal::KILL);
        }
    });
    let output = child.wait_with_output().expect("its output");
    drop(ended);
    output
}

/// Asserts that the command was refused, and returns the line that it printed.
fn refusal(output: Output) -> String {
    let error = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.starts_with("memo: ") && error.lines().count() == 1 && !error.contains("hunter2"), "{error}");
    error
}

#[test]
fn a_wrong_value_of_any_setting_is_refused_by_name() {
    let folder = TempDir::new().expect("a folder");
    for (name, values) in WRONG {
        let setting =
            name.strip_prefix("MEMO__").map_or(name.to_string(), |name| name.to_lowercase().replace("__", "."));
        // An adapter names what it could not use: a file, or the provider to which the setting belongs.
        let section = setting.strip_prefix("auth.providers.acme").map_or(setting.as_str(), |_| "acme");
        for value in *values {
            let error = refusal(memo(folder.path(), &[], &[(name, value)]));
            let is_file = value.starts_with('/') && error.contains(value);
            let is_database = section == "database.url" && error.contains("the URL of the database");
            assert!(error.contains(section) || is_file || is_database, "{name}={value}: {error}");
        }
    }
}

#[test]
fn wrong_value_beside_others_is_refused_by_name() {
    let folder = TempDir::new().expect("a folder");
    for variables in WRONG_TOGETHER {
        let setting = variables[0].0.trim_start_matches("MEMO__").to_lowercase().replace("__", ".");
        let error = refusal(memo(folder.path(), &[], variables));
        assert!(error.contains(&format!("settings: {setting} ")), "{variables:?}: {error}");
    }
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let folder = TempDir::new().expect("a folder");
    let empty: Vec<_> = WRONG.iter().map(|(name, _)| (*name, "")).collect();
    let output = memo(folder.path(), &["check"], &empty);
    assert!(output.status.success(), "{output:?}");
    assert!(folder.path().join("data/signing.key").is_file(), "the default folder is used");
    // It hides neither a file nor `.env`.
    fs::write(folder.path().join(".env"), "MEMO__AUTH__BCRYPT_COST=3\n").expect("written");
    let error = refusal(memo(folder.path(), &[], &[("MEMO__AUTH__BCRYPT_COST", "")]));
    assert!(error.contains("auth.bcrypt_cost"), "{error}");
}

#[test]
fn an_unreadable_file_is_refused() {
    type Defect = (&'static str, fn(&Path));
    let defects: [Defect; 4] = [
        ("a folder", |path| fs::create_dir(path).expect("made")),
        ("a dangling link", |path| symlink("nowhere", path).expect("linked")),
        ("no UTF-8", |path| fs::write(path, b"# \xff").expect("written")),
        ("below a file", |path| {
            let parent = path.parent().filter(|parent| parent.ends_with("config"));
            match parent {
                Some(parent) => {
                    fs::remove_dir(parent).expect("removed");
                    fs::write(parent, "").expect("written");
                }
                None => fs::create_dir(path).expect("made"),
            }
        }),
    ];
    for name in ["config/base.toml", "config/test.toml", ".env"] {
        for (what, spoil) in defects {
            let folder = TempDir::new().expect("a folder");
            fs::create_dir(folder.path().join("config")).expect("made");
            spoil(&folder.path().join(name));
            for command in [&[][..], &["user", "list"], &["migrate", "status"]] {
                let error = refusal(memo(folder.path(), command, &[("MEMO_ENV", "test")]));
                let place = if what == "below a file" && name != ".env" { "config" } else { name };
                assert!(error.contains(place), "{name}, {what}: {error}");
            }
        }
    }
}

#[test]
fn files_may_begin_with_a_byte_order_mark() {
    let folder = TempDir::new().expect("a folder");
    fs::create_dir(folder.path().join("config")).expect("made");
    for name in ["config/base.toml", ".env"] {
        let text = if name == ".env" { "MEMO__AUTH__BCRYPT_COST=3\n" } else { "[auth]\nbcrypt_cost = 3\n" };
        fs::write(folder.path().join(name), format!("\u{feff}{text}")).expect("written");
        let error = refusal(memo(folder.path(), &[], &[]));
        assert!(error.contains("auth.bcrypt_cost"), "{name} is read: {error}");
        fs::remove_file(folder.path().join(name)).expect("removed");
    }
}
