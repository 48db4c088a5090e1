//! Rules of single settings. `tests/process/settings.rs` starts the server with them.

use std::path::PathBuf;

use super::{ForwardedHeader, LogFormat, Settings, SettingsError, SignUpSetting};

fn settings(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::of_variables(&variables.collect())
}

#[test]
fn every_setting_has_a_default() {
    let settings = settings(&[]).expect("valid");
    assert_eq!(settings.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.server.body_limit.0, 2 * 1024 * 1024);
    assert_eq!(settings.server.response_cache.0, 16 * 1024 * 1024);
    assert_eq!(settings.server.forwarded_header, ForwardedHeader::XForwardedFor);
    assert_eq!(settings.database_url().expose(), "sqlite:./data/memo.db");
    assert_eq!(settings.auth.bcrypt_cost, 12);
    assert_eq!(settings.log.format, LogFormat::Pretty);
}

#[test]
fn variables_override_files() {
    let settings = settings(&[
        ("MEMO_ENV", "production"),
        ("MEMO__SERVER__LISTEN", "0.0.0.0:0"),
        ("MEMO__SERVER__TRUSTED_HOSTS", "memo.example.com, *.internal"),
        ("MEMO__SERVER__TRUSTED_PROXIES", "10.0.0.0/8,192.168.0.0/16"),
        ("MEMO__SERVER__FORWARDED_HEADER", "forwarded"),
        ("MEMO__AUTH__SIGN_UP", "closed"),
        ("MEMO__AUTH__ACCESS_TOKEN_TTL", "90s"),
        ("MEMO__DATABASE__MAX_CONNECTIONS", "7"),
        ("MEMO__LOG__SQL", "true"),
    ])
    .expect("valid");
    assert_eq!(settings.log.format, LogFormat::Json);
    assert_eq!(settings.server.trusted_hosts.as_deref(), Some(&["memo.example.com".into(), "*.internal".into()][..]));
    assert_eq!(settings.server.trusted_proxies.len(), 2);
    assert_eq!(settings.server.forwarded_header, ForwardedHeader::Forwarded);
    assert_eq!(settings.auth.sign_up, SignUpSetting::Closed);
    assert_eq!(settings.auth.access_token_ttl.as_secs(), 90);
    assert_eq!(settings.database.max_connections, Some(7));
    assert!(settings.log.sql);
}

#[test]
fn an_invalid_setting_is_named_in_one_line() {
    for (name, value, says) in [
        ("MEMO__SERVER__LISTENN", "x", "listenn"),
        ("MEMO__NOWHERE__KEY", "x", "nowhere"),
        ("MEMO__SERVER__LISTEN", "here", "server.listen must be an IP address and a port, such as 127.0.0.1:8080"),
        ("MEMO__SERVER__TRUSTED_PROXIES", "10.0.0.1", "`10.0.0.1` is not a network such as 10.0.0.0/8"),
        ("MEMO__SERVER__BODY_LIMIT", "lots", "lots"),
        ("MEMO__SERVER__FORWARDED_HEADER", "x", "server.forwarded_header must be x-forwarded-for or forwarded"),
        ("MEMO__AUTH__SIGN_UP", "no", "auth.sign_up must be open or closed"),
        ("MEMO__LOG__FORMAT", "text", "log.format must be pretty or json"),
        ("MEMO__AUTH__ACCESS_TOKEN_TTL", "soon", "soon"),
        ("MEMO__AUTH__BCRYPT_COST", "3", "bcrypt_cost"),
        ("MEMO__RATE_LIMIT__ANONYMOUS", "many", "rate_limit.anonymous"),
        ("MEMO__RATE_LIMIT__ANONYMOUS", "0/1m", "rate_limit.anonymous"),
        ("MEMO__RATE_LIMIT__PRINCIPAL", "600", "rate_limit.principal"),
        ("MEMO__RATE_LIMIT__SIGN_IN", "10/0s", "rate_limit.sign_in"),
        ("MEMO__RATE_LIMIT__SIGN_IN", "10/100ms", "rate_limit.sign_in"),
        ("MEMO__LIMITS__CONCURRENCY", "0", "limits.concurrency must be at least 1"),
        ("MEMO__LIMITS__HEAVY", "0", "limits.heavy must be at least 1"),
        ("MEMO__API_KEYS__MAX_PER_USER", "1001", "api_keys.max_per_user"),
        ("MEMO__API_KEYS__MAX_PER_USER", "-1", "api_keys.max_per_user"),
        ("MEMO__LIMITS__HEAVY", "two", "limits.heavy"),
        ("MEMO__LIMITS__QUEUE", "0", "limits.queue must be at least 1"),
        ("MEMO__LIMITS__IDEMPOTENT_RESPONSES", "much", "limits.idempotent_responses"),
        ("MEMO__SERVER__PUBLIC_URL", "memo.example.com", "public_url"),
        ("MEMO__SERVER__PUBLIC_URL", "https://memo.example.com:99999", "public_url"),
        ("MEMO__SERVER__PUBLIC_URL", "https://\"memo\"", "public_url"),
        ("MEMO__SERVER__TRUSTED_HOSTS", "a.b,https://memo.example.com", "memo.example.com\""),
        ("MEMO__SERVER__TRUSTED_HOSTS", ",", "trusted_hosts"),
        ("MEMO__DATA_DIR", " ", "data_dir"),
        ("MEMO__CACHE__URL", "memcached://127.0.0.1", "cache.url"),
        ("MEMO__CACHE__PREFIX", "a:b", "cache.prefix"),
        ("MEMO__CORS__ALLOWED_ORIGINS", "https://app.example.com,*", "\"*\""),
        ("MEMO__AUTH__ACCESS_TOKEN_TTL", "500ms", "access_token_ttl"),
        ("MEMO__AUTH__ALGORITHM", "none", "auth.algorithm"),
        ("MEMO__AUTH__ALGORITHM", "RS256", "HS256 or EdDSA"),
        ("MEMO__AUTH__ALGORITHM", "eddsa", "HS256 or EdDSA"),
        ("MEMO_ENV", "staging", "MEMO_ENV"),
        ("MEMO_CONFIG_DIR", "/nowhere", "/nowhere"),
    ] {
        let error = settings(&[(name, value)]).expect_err(name).to_string();
        assert!(error.contains(says) && !error.contains('\n'), "{name}: {error}");
    }
    assert!(settings(&[("MEMO_ENV", "production"), ("MEMO__AUTH__BCRYPT_COST", "9")]).is_err());
}

#[test]
fn a_choice_has_no_settings_below_it() {
    for (name, says) in [
        ("MEMO__AUTH__SIGN_UP__OPEN", "auth.sign_up must be open or closed"),
        ("MEMO__LOG__FORMAT__JSON", "log.format must be pretty or json"),
        ("MEMO__SERVER__FORWARDED_HEADER__FORWARDED", "server.forwarded_header must be x-forwarded-for or forwarded"),
    ] {
        let error = settings(&[(name, "false")]).expect_err(name).to_string();
        assert!(error.contains(says), "{name}: {error}");
    }
}

#[test]
fn a_number_in_a_file_is_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder_name = folder.path().to_str().expect("UTF-8");
    let file = |text: &str| {
        std::fs::write(folder.path().join("base.toml"), text).expect("written");
        settings(&[("MEMO_CONFIG_DIR", folder_name)])
    };
    assert_eq!(file("[auth]\nbcrypt_cost = 11\n").expect("valid").auth.bcrypt_cost, 11);
    assert_eq!(file("[server]\nworkers = \"3\"\n").expect("valid").server.workers, Some(3));
    for (text, name) in [
        ("[auth]\nbcrypt_cost = 11.6\n", "auth.bcrypt_cost"),
        ("[server]\nworkers = true\n", "server.workers"),
        ("[api_keys]\nmax_per_user = -5\n", "api_keys.max_per_user"),
        ("[memos]\nrevisions = [1]\n", "memos.revisions"),
    ] {
        let error = file(text).expect_err(name).to_string();
        assert!(error.contains(&format!("{name} must be a whole number")), "{error}");
    }
}

#[test]
fn a_setting_without_a_feature_is_refused_unless_it_turns_the_feature_off() {
    for (name, value, says) in [
        ("MEMO__SERVER__METRICS_LISTEN", "127.0.0.1:9090", "server.metrics_listen"),
        ("MEMO__KAKAO__API_BASES", "x", "kakao"),
    ] {
        let error = settings(&[(name, value)]).expect_err(name).to_string();
        assert!(error.contains(says) && !error.contains("hunter2") && !error.contains('\n'), "{name}: {error}");
    }
    settings(&[("MEMO__SERVER__METRICS_LISTEN", "off")]).expect("the feature is off");
    let folder = tempfile::tempdir().expect("a folder");
    let folder_name = folder.path().to_str().expect("UTF-8");
    let file = |text: &str| {
        std::fs::write(folder.path().join("base.toml"), text).expect("written");
        settings(&[("MEMO_CONFIG_DIR", folder_name)])
    };
    file("[server]\nmetrics_listen = \"off\"\n").expect("the feature is off");
    file("[server]\nmetrics_listen = \"127.0.0.1:9090\"\n").expect_err("there are no metrics yet");
}

#[test]
fn a_language_model_has_a_url_and_a_name() {
    let (url, key, model) =
        (("MEMO__LLM__BASE_URL", "http://hunter2"), ("MEMO__LLM__API_KEY", "hunter2"), ("MEMO__LLM__MODEL", "small"));
    for partly in [&[url][..], &[key], &[model], &[url, key], &[key, model]] {
        let error = settings(partly).expect_err("only a part is set").to_string();
        for name in ["llm.base_url", "llm.model", "llm.api_key"] {
            assert!(error.contains(name), "{partly:?}: {error}");
        }
        assert!(!error.contains("hunter2") && !error.contains('\n'), "{error}");
    }
    assert!(settings(&[]).expect("no model").llm.base_url.is_none());
    for whole in [&[url, model][..], &[url, key, model]] {
        let settings = settings(whole).expect("valid");
        assert!(settings.llm.base_url.is_some() && settings.llm.model.as_deref() == Some("small"));
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
    let error = settings(&[("MEMO__LLM__API_KEYS", "hunter2")]).expect_err("unknown").to_string();
    assert!(error.contains("api_keys") && !error.contains("hunter2"), "{error}");
}

#[test]
fn a_pooler_or_a_replica_needs_a_database_server() {
    let with = |url: Option<&str>, name: &str, value: &str| {
        let url = url.map(|url| ("MEMO__DATABASE__URL", url));
        settings(&url.into_iter().chain([(name, value)]).collect::<Vec<_>>())
    };
    let (pooler, read_url) = ("MEMO__DATABASE__POOLER", "MEMO__DATABASE__READ_URL");
    for (url, name, value, says) in [
        (None, pooler, "true", "database.pooler"),
        (Some("sqlite:memo.db"), pooler, "true", "database.pooler"),
        (Some("memory:"), pooler, "true", "database.pooler"),
        (Some("postgres://u:hunter2@h/d"), pooler, "maybe", "database.pooler"),
        (None, read_url, "postgres://u:hunter2@replica/d", "database.read_url"),
        (Some("memory:"), read_url, "postgres://u:hunter2@replica/d", "database.read_url"),
        (Some("sqlite:memo.db"), read_url, "sqlite:memo.db", "database.read_url"),
        (Some("postgres://h/d"), read_url, "mysql://u:hunter2@replica/d", "database.read_url"),
        (Some("mysql://h/d"), read_url, "replica", "database.read_url"),
        (Some("mysql://h/d"), read_url, " ", "database.read_url"),
    ] {
        let error = with(url, name, value).expect_err(value).to_string();
        assert!(error.contains(says) && !error.contains("hunter2") && !error.contains('\n'), "{name}={value}: {error}");
    }
    assert!(!with(None, pooler, "false").expect("it has no effect").database.pooler);
    for url in ["postgres://h/d", "mariadb://h/d"] {
        assert!(with(Some(url), pooler, "true").expect(url).database.pooler);
        let kept = with(Some(url), read_url, "").expect("an empty variable counts as unset");
        assert!(kept.database.read_url.is_none() && !kept.database.pooler);
    }
    for (url, replica) in [("postgres://h/d", "postgresql://replica/d"), ("mariadb://h/d", "mysql://replica/d")] {
        assert!(with(Some(url), read_url, replica).expect(replica).database.read_url.is_some());
    }
}

#[test]
fn each_algorithm_has_its_own_key_file() {
    let file = |variables: &[(&str, &str)]| settings(variables).expect("valid").signing_key_file();
    let eddsa = ("MEMO__AUTH__ALGORITHM", "EdDSA");
    assert!(file(&[]).ends_with("data/signing.key"));
    assert!(file(&[("MEMO__AUTH__ALGORITHM", "HS256")]).ends_with("data/signing.key"));
    assert!(file(&[eddsa]).ends_with("data/signing.pem"));
    assert_eq!(file(&[eddsa, ("MEMO__AUTH__SIGNING_KEY_FILE", "/my.key")]), PathBuf::from("/my.key"));
}

#[test]
fn a_broken_file_is_named_and_not_quoted() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("base.toml"), "[mail]\npassword = \"hunter2\n").expect("written");
    let error = settings(&[("MEMO_CONFIG_DIR", folder.path().to_str().expect("UTF-8"))]).expect_err("broken");
    let error = error.to_string();
    assert!(error.contains("base.toml") && !error.contains("hunter2") && !error.contains('\n'), "{error}");
}

#[test]
fn a_value_of_a_section_is_refused_and_not_quoted() {
    for (name, says) in [
        ("MEMO__DATABASE", "MEMO__DATABASE__"),
        ("MEMO__CACHE", "MEMO__CACHE__"),
        ("MEMO__MAIL", "MEMO__MAIL__"),
        ("MEMO__LLM", "MEMO__LLM__"),
        ("MEMO__AUTH__PROVIDERS", "MEMO__AUTH__PROVIDERS__"),
        ("MEMO__AUTH__PROVIDERS__ACME", "MEMO__AUTH__PROVIDERS__ACME__"),
    ] {
        let error = settings(&[(name, "smtp://u:hunter2@h")]).expect_err(name).to_string();
        assert!(error.contains(says) && !error.contains("hunter2") && !error.contains("struct"), "{name}: {error}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("base.toml"), "database = \"hunter2\"\n").expect("written");
    let error = settings(&[("MEMO_CONFIG_DIR", folder.path().to_str().expect("UTF-8"))]).expect_err("a section");
    let error = error.to_string();
    assert!(error.contains("database is a section") && !error.contains("hunter2"), "{error}");
}

#[test]
fn variables_of_one_setting_are_refused_in_any_order() {
    for (one, other) in [
        ("MEMO__SERVER__WORKERS", "MEMO__SERVER__WORKERS__X"),
        ("MEMO__SERVER__WORKERS", "MEMO__SERVER__workers"),
        ("MEMO__DATABASE", "MEMO__DATABASE__URL"),
    ] {
        for _ in 0..10 {
            let error = settings(&[(one, "2"), ("MEMO__LOG__SQL", "true"), (other, "2")]).expect_err(other).to_string();
            assert!(error.contains(one) && error.contains(other), "{error}");
        }
    }
}

#[test]
fn secrets_are_not_printed() {
    let settings =
        settings(&[("MEMO__MAIL__PASSWORD", "hunter2"), ("MEMO__DATABASE__URL", "postgres://u:hunter2@h/d")]);
    assert!(!format!("{:?}", settings.expect("valid")).contains("hunter2"));
}

#[test]
fn roles_of_a_provider_are_lists() {
    let settings = settings(&[
        ("MEMO__AUTH__PROVIDERS__ACME__KIND", "oidc"),
        ("MEMO__AUTH__PROVIDERS__ACME__CLIENT_ID", "memo"),
        ("MEMO__AUTH__PROVIDERS__ACME__ROLE_CLAIM", "groups"),
        ("MEMO__AUTH__PROVIDERS__ACME__ADMIN_VALUES", "ops, root"),
    ]);
    let acme = settings.expect("valid").auth.providers.remove("acme").expect("a provider");
    assert_eq!(acme.role_claim.as_deref(), Some("groups"));
    assert_eq!((acme.admin_values, acme.allowed_values), (vec!["ops".to_owned(), "root".to_owned()], vec![]));
}
