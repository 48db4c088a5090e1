//! What needs the key files: signing, sealing, hashing passwords.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use memo_crypto::{
    AeadSealer, BcryptHasher, BcryptSettings, JwtSigner, KeyFileError, KeyForm, Totp, is_exposed, load_or_create,
};
use memo_domain::{OneTimeCodes, PasswordHasher, Sealer, Secret, SecretGenerator, TokenSigner};

use crate::{AlgorithmSetting, Settings, StartError, data_dir};

/// The name that authenticator apps show for the accounts of this server.
const ISSUER: &str = "memo";

/// The adapters that check and issue credentials.
pub struct Credentials {
    pub signer: Arc<dyn TokenSigner>,
    pub sealer: Arc<dyn Sealer>,
    pub hasher: Arc<dyn PasswordHasher>,
    pub codes: Arc<dyn OneTimeCodes>,
}

/// Reads the key files and returns the adapters that use them. Missing files are created, also at paths that are set.
///
/// # Errors
/// [`StartError`] if a key file can't be read or created.
pub fn credentials(
    settings: &Settings,
    public_url: &Arc<str>,
    secrets: &Arc<dyn SecretGenerator>,
) -> Result<Credentials, StartError> {
    let Keys { signing, peppers } = Keys::load(settings, &**secrets)?;
    let signer = match settings.auth.algorithm {
        AlgorithmSetting::Hs256 => JwtSigner::hs256(public_url, &signing),
        AlgorithmSetting::EdDsa => JwtSigner::eddsa(public_url, &signing),
    };
    let signer = signer.ok_or_else(|| StartError::unusable("no key to sign with"))?;
    let sealer = AeadSealer::new(&peppers, secrets.clone());
    let sealer = sealer.ok_or_else(|| StartError::unusable("no key to encrypt with"))?;
    let hasher = BcryptHasher::new(BcryptSettings::with_cost(settings.auth.bcrypt_cost), peppers, secrets.clone());
    Ok(Credentials {
        signer: Arc::new(signer),
        sealer: Arc::new(sealer),
        hasher: Arc::new(hasher),
        codes: Arc::new(Totp::new(ISSUER)),
    })
}

/// Reads the key files, and creates missing ones, also at paths that are set. Returns those that other users can read.
///
/// # Errors
/// Those of [`credentials`].
pub fn check_keys(settings: &Settings, secrets: &dyn SecretGenerator) -> Result<Vec<PathBuf>, StartError> {
    Keys::load(settings, secrets)?;
    let files = [settings.signing_key_file(), settings.pepper_file()];
    Ok(files.into_iter().filter(|file| is_exposed(file).unwrap_or_default()).collect())
}

/// Tells the operator that other users can read a key file.
pub fn warn_of_exposed(path: &Path) {
    tracing::warn!(path = %path.display(), "other users can read this key file: set its mode to 0600");
}

struct Keys {
    /// The keys that sign access tokens.
    signing: Vec<Secret>,
    /// The keys that passwords are hashed and values are sealed with.
    peppers: Vec<Secret>,
}

impl Keys {
    fn load(settings: &Settings, secrets: &dyn SecretGenerator) -> Result<Self, StartError> {
        let (algorithm, form) = match settings.auth.algorithm {
            AlgorithmSetting::Hs256 => ("HS256", KeyForm::Lines),
            AlgorithmSetting::EdDsa => ("EdDSA", KeyForm::Pem),
        };
        let (signing, peppers) = (settings.signing_key_file(), settings.pepper_file());
        if signing == peppers {
            return Err(StartError::setting("auth.pepper_file must be another file than auth.signing_key_file"));
        }
        if [&signing, &peppers].into_iter().any(|path| path.starts_with(&settings.data_dir)) {
            data_dir::make(settings)?;
        }
        let signing = load_or_create(&signing, form, secrets).map_err(|error| match error {
            // Most likely the algorithm was changed, but not the file.
            KeyFileError::OtherForm { .. } => {
                let names = "auth.signing_key_file does not fit auth.algorithm";
                StartError::setting(format!("{names} = {algorithm}: {error}"))
            }
            error => StartError::unusable(error.to_string()),
        })?;
        let peppers = load_or_create(&peppers, KeyForm::Lines, secrets);
        Ok(Self { signing, peppers: peppers.map_err(|error| StartError::unusable(error.to_string()))? })
    }
}
