//! `memo check`: whether everything that the settings name is available.

use std::{error::Error, path::Path, sync::Arc};

use memo_domain::{Causes, Clock, SecretGenerator};

use super::output::print;
use crate::{
    Settings, StartError,
    adapters::{self, OpenedStore, SystemClock, SystemSecrets},
    logging,
    store_source::StoreSource,
};

/// The printed report.
#[derive(Default)]
struct Report {
    failures: usize,
}

type Found = Result<String, Box<dyn Error + Send + Sync>>;

/// Checks each part and prints one line for it. Like a start, it creates missing folders, keys, an empty database file
/// and the file of the log; it applies no migration.
///
/// # Errors
/// [`StartError`] if a check fails.
pub async fn run(store: StoreSource) -> Result<(), StartError> {
    let mut report = Report::default();
    let settings = Settings::load();
    report.say("settings", settings.as_ref().map_err(|error| Causes(error).to_string().into()).and_then(keys))?;
    if let Ok(settings) = settings {
        report.say("store", check_store(&settings, store).await)?;
        report.say("cache", cache(&settings).await)?;
        report.say("mail", mail(&settings).await)?;
        providers(&settings, &mut report).await?;
        if settings.has_kakao() {
            report.say("kakao", kakao(&settings))?;
        }
        report.say("language model", language_model(&settings).await)?;
        if let Some(folder) = &settings.log.file {
            report.say("log", log(folder))?;
        }
    }
    match report.failures {
        0 => Ok(()),
        failures => Err(StartError::unusable(format!("failed checks: {failures}"))),
    }
}

impl Report {
    fn say(&mut self, what: &str, found: Found) -> Result<(), StartError> {
        let (outcome, text) = match found {
            Ok(text) => ("ok", text),
            Err(error) => {
                self.failures += 1;
                ("failed", Causes(&*error).to_string())
            }
        };
        print(format_args!("{what:<16} {outcome:<7} {text}"))
    }
}

fn keys(settings: &Settings) -> Found {
    let exposed = adapters::check_keys(settings, &SystemSecrets)?;
    let notices = exposed.iter().map(|path| format!("; other users can read {}: set its mode to 0600", full(path)));
    Ok(format!("data in {}, keys readable{}", full(&settings.data_dir), notices.collect::<String>()))
}

async fn check_store(settings: &Settings, store: StoreSource) -> Found {
    let opened = store.open(settings).await?;
    let checked = check_opened(&opened).await;
    opened.store.close().await;
    checked
}

async fn check_opened(OpenedStore { store, schema, is_durable, name }: &OpenedStore) -> Found {
    let pending = match schema {
        Some(schema) => schema.status().await?.iter().filter(|(_, applied)| !applied).count(),
        None => 0,
    };
    if let Some(schema) = schema.as_ref().filter(|_| pending > 0) {
        schema.check_changeable().await?;
        return Ok(format!("{name}, migrations to be applied at the start: {pending}"));
    }
    store.check().await?;
    Ok(match (schema, is_durable) {
        (_, false) => "in memory: everything is lost when the server stops".to_owned(),
        (None, true) => name.clone(),
        (Some(_), true) => format!("{name}, its schema up to date"),
    })
}

async fn cache(settings: &Settings) -> Found {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    adapters::cache(settings, &clock)?.check().await?;
    Ok(match settings.cache.url.expose() {
        "memory:" => "in memory: for one node".to_owned(),
        url => scheme(url).to_owned(),
    })
}

async fn mail(settings: &Settings) -> Found {
    adapters::mailer(settings, Arc::new(SystemClock))?.check().await?;
    Ok(match settings.mail.url.as_ref().map(|url| scheme(url.expose())) {
        None | Some("file") => "written to files".to_owned(),
        Some(scheme) => scheme.to_owned(),
    })
}

async fn providers(settings: &Settings, report: &mut Report) -> Result<(), StartError> {
    let (clock, secrets): (Arc<dyn Clock>, Arc<dyn SecretGenerator>) = (Arc::new(SystemClock), Arc::new(SystemSecrets));
    match adapters::providers(settings, &clock, &secrets) {
        Ok(providers) if providers.is_empty() => report.say("providers", Ok("none".to_owned())),
        Ok(providers) => {
            for provider in providers {
                let answered = provider.check().await;
                let what = format!("provider {}", provider.name());
                report.say(&what, answered.map(|()| "answers".to_owned()).map_err(Into::into))?;
            }
            Ok(())
        }
        Err(error) => report.say("providers", Err(error.into())),
    }
}

async fn language_model(settings: &Settings) -> Found {
    let Some(model) = adapters::language_model(settings)? else { return Ok("none".to_owned()) };
    model.check().await?;
    Ok("answers".to_owned())
}

/// Checks the settings alone: a message would need a user.
fn kakao(settings: &Settings) -> Found {
    let public_url = settings.server.public_url.clone().unwrap_or_default();
    Ok(match adapters::messages(settings, &public_url.into())? {
        Some(_) => "messages are sent to users who allow them".to_owned(),
        None => "not built in: reminders are sent by mail".to_owned(),
    })
}

fn log(folder: &Path) -> Found {
    drop(logging::daily(folder)?);
    Ok(format!("written to files in {}", full(folder)))
}

/// The scheme of a URL; the rest may hold secrets.
fn scheme(url: &str) -> &str {
    url.split_once(':').map_or("", |(scheme, _)| scheme)
}

fn full(path: &Path) -> String {
    path.canonicalize().unwrap_or_else(|_| path.to_owned()).display().to_string()
}
