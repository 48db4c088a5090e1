//! `memo check`: whether all that the settings name is there and answers.

use std::{error::Error, path::Path, sync::Arc};

use memo_domain::{Clock, SecretGenerator, Store, StoreError};
use memo_system::{SystemClock, SystemSecrets};

use crate::{
    Settings, StartError, caches, mail,
    ports::{Keys, unusable},
    social,
    start_error::chain,
    stores,
};

/// What is printed: a line for each thing that was looked at.
#[derive(Default)]
struct Report {
    failures: usize,
}

type Found = Result<String, Box<dyn Error + Send + Sync>>;

/// Looks at everything, prints a line for each, and changes nothing but what a start makes: folders, keys, an empty
/// database file.
///
/// # Errors
/// [`StartError`] where something fails.
pub async fn run() -> Result<(), StartError> {
    let mut report = Report::default();
    let settings = Settings::load();
    report.say("settings", settings.as_ref().map_err(|error| chain(error).into()).and_then(look_at_keys));
    if let Ok(settings) = settings {
        report.say("store", store(&settings).await);
        report.say("cache", cache(&settings).await);
        report.say("mail", mail(&settings).await);
        providers(&settings, &mut report).await;
    }
    match report.failures {
        0 => Ok(()),
        failures => Err(unusable(format!("{failures} of these failed"))),
    }
}

impl Report {
    fn say(&mut self, what: &str, found: Found) {
        let (outcome, text) = match found {
            Ok(text) => ("ok", text),
            Err(error) => {
                self.failures += 1;
                ("failed", chain(&*error))
            }
        };
        println!("{what:<16} {outcome:<7} {text}");
    }
}

fn look_at_keys(settings: &Settings) -> Found {
    Keys::load(settings, &SystemSecrets)?;
    Ok(format!("data in {}, keys readable", full(&settings.data_dir)))
}

async fn store(settings: &Settings) -> Found {
    let Some(store) = Box::pin(stores::open_sql(settings)).await? else {
        return Ok("in memory: everything is forgotten at the end".to_owned());
    };
    let looked = async {
        let status = store.migration_status().await?;
        let pending = status.iter().filter(|(_, applied)| !applied).count();
        if pending == 0 {
            store.check().await?;
        }
        Ok::<_, StoreError>(match pending {
            0 => format!("{}, its schema up to date", scheme(settings.database_url().expose())),
            _ => {
                format!("{}, {pending} migrations to be applied at the start", scheme(settings.database_url().expose()))
            }
        })
    };
    let looked = looked.await;
    store.close().await;
    Ok(looked?)
}

async fn cache(settings: &Settings) -> Found {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    caches::cache(settings, &clock)?.check().await?;
    Ok(match settings.cache.url.expose() {
        "memory:" => "in memory: for one node".to_owned(),
        url => scheme(url).to_owned(),
    })
}

async fn mail(settings: &Settings) -> Found {
    mail::mailer(settings, Arc::new(SystemClock))?.check().await?;
    Ok(match settings.mail.url.as_ref().map(|url| scheme(url.expose())) {
        None | Some("file") => "written to files".to_owned(),
        Some(scheme) => scheme.to_owned(),
    })
}

async fn providers(settings: &Settings, report: &mut Report) {
    let (clock, secrets): (Arc<dyn Clock>, Arc<dyn SecretGenerator>) = (Arc::new(SystemClock), Arc::new(SystemSecrets));
    match social::providers(settings, &clock, &secrets) {
        Ok(providers) if providers.is_empty() => report.say("providers", Ok("none".to_owned())),
        Ok(providers) => {
            for provider in providers {
                let answered = provider.check().await;
                let what = format!("provider {}", provider.name());
                report.say(&what, answered.map(|()| "answers".to_owned()).map_err(Into::into));
            }
        }
        Err(error) => report.say("providers", Err(error.into())),
    }
}

/// What a URL begins with: what follows may be secret.
fn scheme(url: &str) -> &str {
    url.split_once(':').map_or("", |(scheme, _)| scheme)
}

fn full(path: &Path) -> String {
    path.canonicalize().unwrap_or_else(|_| path.to_owned()).display().to_string()
}
