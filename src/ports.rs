//! The ports that use cases share, made of the settings.

use std::{path::Path, sync::Arc};

use memo_application::{Background, LiveSessions, Ports};
use memo_domain::{Clock, IdGenerator, Secret, SecretGenerator, Store};
use memo_infrastructure::{
    crypto::{AeadSealer, BcryptHasher, BcryptSettings, JwtSigner, Totp, load_or_create},
    redis::RedisSessionEvents,
};

use crate::{Settings, StartError, data_dir};

/// What authenticators call the accounts of this server.
const ISSUER: &str = "memo";

/// All of them, over this store.
///
/// # Errors
/// [`StartError`] where a key can't be read or made.
pub fn ports(
    settings: &Settings,
    public_url: &Arc<str>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
    secrets: Arc<dyn SecretGenerator>,
    background: Arc<dyn Background>,
) -> Result<Ports, StartError> {
    let Keys { signing, peppers } = Keys::load(settings, &*secrets)?;
    let signer = JwtSigner::hs256(public_url, &signing).ok_or_else(|| unusable("there is no key to sign with"))?;
    let sealer = AeadSealer::new(&peppers, secrets.clone());
    Ok(Ports {
        store,
        clock,
        ids,
        secrets,
        sealer: Arc::new(sealer.ok_or_else(|| unusable("there is no key to encrypt with"))?),
        hasher: Arc::new(BcryptHasher::new(BcryptSettings::with_cost(settings.auth.bcrypt_cost), peppers)),
        codes: Arc::new(Totp::new(ISSUER)),
        background,
        signer: Arc::new(signer),
        public_url: public_url.clone(),
    })
}

/// What this node remembers of sign-ins; where there is a Redis, nodes tell each other of ends.
///
/// # Errors
/// [`StartError`] where the setting can't be right; a Redis that is away is no error.
pub fn live_sessions(settings: &Settings, ports: &Ports) -> Result<LiveSessions, StartError> {
    match settings.cache.url.expose() {
        "memory:" => Ok(LiveSessions::new()),
        url => {
            let events =
                RedisSessionEvents::new(url).map_err(|error| unusable(format!("settings: cache.url: {error}")))?;
            Ok(LiveSessions::among(Arc::new(events), ports.background.clone()))
        }
    }
}

/// The keys in files.
pub struct Keys {
    /// Those that sign access tokens.
    signing: Vec<Secret>,
    /// Those without which a kept password, or what is sealed, is worth nothing.
    peppers: Vec<Secret>,
}

impl Keys {
    /// Reads them; those that are missing in the data folder are made.
    ///
    /// # Errors
    /// [`StartError`] where one can't be read or made.
    pub fn load(settings: &Settings, secrets: &dyn SecretGenerator) -> Result<Self, StartError> {
        Ok(Self {
            signing: key_file(settings, &settings.signing_key_file(), secrets)?,
            peppers: key_file(settings, &settings.pepper_file(), secrets)?,
        })
    }
}

/// The keys of a file; one in the data folder makes that folder, too.
fn key_file(settings: &Settings, path: &Path, secrets: &dyn SecretGenerator) -> Result<Vec<Secret>, StartError> {
    if path.starts_with(&settings.data_dir) {
        data_dir::make(settings)?;
    }
    Ok(load_or_create(path, secrets)?)
}

/// A setting that can't be used.
pub fn unusable(what: impl Into<String>) -> StartError {
    StartError::Unusable(what.into())
}
