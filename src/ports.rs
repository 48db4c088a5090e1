//! The ports that use cases share, made of the settings.

use std::{path::Path, sync::Arc};

use memo_application::{AuditedStore, Background, LiveSessions, Ports};
use memo_crypto::{AeadSealer, BcryptHasher, BcryptSettings, JwtSigner, KeyFileError, KeyForm, Totp, load_or_create};
use memo_domain::{Clock, IdGenerator, Secret, SecretGenerator, Store};

use crate::{
    AlgorithmSetting, Settings, StartError,
    caches::{self, Caches},
    data_dir,
};

/// What authenticators call the accounts of this server.
const ISSUER: &str = "memo";

/// All of them, over this store, and what this node remembers of sign-ins.
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
) -> Result<(Ports, Arc<LiveSessions>), StartError> {
    let Keys { signing, peppers } = Keys::load(settings, &*secrets)?;
    let signer = match settings.auth.algorithm {
        AlgorithmSetting::Hs256 => JwtSigner::hs256(public_url, &signing),
        AlgorithmSetting::EdDsa => JwtSigner::eddsa(public_url, &signing),
    };
    let signer = signer.ok_or_else(|| unusable("there is no key to sign with"))?;
    let sealer = AeadSealer::new(&peppers, secrets.clone());
    let Caches { cache, browser_sessions, live } = caches::open(settings, &store, &clock, &background)?;
    let ports = Ports {
        store: Arc::new(AuditedStore::new(store)),
        browser_sessions,
        cache,
        clock,
        ids,
        secrets,
        sealer: Arc::new(sealer.ok_or_else(|| unusable("there is no key to encrypt with"))?),
        hasher: Arc::new(BcryptHasher::new(BcryptSettings::with_cost(settings.auth.bcrypt_cost), peppers)),
        codes: Arc::new(Totp::new(ISSUER)),
        background,
        signer: Arc::new(signer),
        public_url: public_url.clone(),
    };
    Ok((ports, live))
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
        let (algorithm, form) = match settings.auth.algorithm {
            AlgorithmSetting::Hs256 => ("HS256", KeyForm::Lines),
            AlgorithmSetting::EdDsa => ("EdDSA", KeyForm::Pem),
        };
        let signing = match key_file(settings, &settings.signing_key_file(), form, secrets) {
            // Most likely the algorithm was changed and the file was not.
            Err(StartError::Keys(error @ KeyFileError::OtherForm { .. })) => {
                let names = "auth.signing_key_file does not fit auth.algorithm";
                return Err(unusable(format!("settings: {names} = {algorithm}: {error}")));
            }
            signing => signing?,
        };
        Ok(Self { signing, peppers: key_file(settings, &settings.pepper_file(), KeyForm::Lines, secrets)? })
    }
}

/// The keys of a file; one in the data folder makes that folder, too.
fn key_file(
    settings: &Settings,
    path: &Path,
    form: KeyForm,
    secrets: &dyn SecretGenerator,
) -> Result<Vec<Secret>, StartError> {
    if path.starts_with(&settings.data_dir) {
        data_dir::make(settings)?;
    }
    Ok(load_or_create(path, form, secrets)?)
}

/// A setting that can't be used.
pub fn unusable(what: impl Into<String>) -> StartError {
    StartError::Unusable(what.into())
}
