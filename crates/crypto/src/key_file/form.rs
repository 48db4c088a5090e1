use std::{fmt, io};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{
    SigningKey,
    pkcs8::{DecodePrivateKey, EncodePrivateKey, KeypairBytes, spki::der::pem::LineEnding},
};
use memo_domain::Secret;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";

/// The format of the keys in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyForm {
    /// One line of base64url per key, 32 bytes.
    Lines,
    /// One PEM block per key: an Ed25519 private key in PKCS#8, as written by `openssl genpkey -algorithm ed25519`. The secret is
    /// the key's seed.
    Pem,
}

impl fmt::Display for KeyForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lines => "base64url of 32 bytes",
            Self::Pem => "an Ed25519 private key as a PEM block (PKCS#8, not encrypted)",
        })
    }
}

impl KeyForm {
    /// Returns whether a file that is not empty has the other format.
    pub(super) fn is_other(self, text: &str) -> bool {
        !text.trim().is_empty() && text.contains(BEGIN) != (self == Self::Pem)
    }

    /// Returns the text of one key.
    pub(super) fn write(self, key: &Secret) -> io::Result<String> {
        match self {
            Self::Lines => Ok(format!("{}\n", URL_SAFE_NO_PAD.encode(key.expose()))),
            // Without the public key: OpenSSL would refuse it.
            Self::Pem => KeypairBytes { secret_key: *key.expose(), public_key: None }
                .to_pkcs8_pem(LineEnding::LF)
                .map(|text| text.to_string())
                .map_err(io::Error::other),
        }
    }

    /// Returns the keys, or the number of the first malformed line or of the first line of a malformed block.
    pub(super) fn read(self, text: &str) -> Result<Vec<Secret>, usize> {
        let lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
        let lines = lines.filter(|(_, line)| !line.is_empty());
        match self {
            Self::Lines => lines.map(|(number, line)| from_line(line).ok_or(number)).collect(),
            Self::Pem => blocks(lines)?.into_iter().map(|(number, block)| from_pem(&block).ok_or(number)).collect(),
        }
    }
}

/// Returns the blocks, each with the number of its first line. Text outside of blocks is an error: otherwise, half a block would
/// silently be one key less.
fn blocks<'a>(lines: impl Iterator<Item = (usize, &'a str)>) -> Result<Vec<(usize, String)>, usize> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in lines {
        let is_begin = line.starts_with(BEGIN);
        let (first, mut block) = match open.take() {
            Some((first, _)) if is_begin => return Err(first),
            Some(block) => block,
            None if is_begin => (number, String::new()),
            None => return Err(number),
        };
        block.push_str(line);
        block.push('\n');
        if line.starts_with(END) {
            blocks.push((first, block));
        } else {
            open = Some((first, block));
        }
    }
    open.map_or(Ok(blocks), |(first, _)| Err(first))
}

fn from_line(line: &str) -> Option<Secret> {
    let bytes = URL_SAFE_NO_PAD.decode(line.trim_end_matches('=')).ok()?;
    bytes.try_into().ok().map(Secret::new)
}

fn from_pem(block: &str) -> Option<Secret> {
    SigningKey::from_pkcs8_pem(block).ok().map(|key| Secret::new(key.to_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by `openssl`: the seed of RFC 8037, appendix A.
    const OPENSSL: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
        -----END PRIVATE KEY-----\n";
    const SEED: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";

    #[test]
    fn keys_keep_their_order() {
        let keys = [1, 2, 3].map(|byte| Secret::new([byte; 32]));
        for form in [KeyForm::Lines, KeyForm::Pem] {
            let texts = keys.clone().map(|key| form.write(&key).expect("a text"));
            assert_eq!(form.read(&texts.concat()), Ok(keys.to_vec()));
            assert_eq!(form.read(&format!("\n{}\n", texts.join(" \n\n"))), Ok(keys.to_vec()));
            assert_eq!(form.read(&texts.concat().replace('\n', "\r\n")), Ok(keys.to_vec()));
        }
    }

    #[test]
    fn a_key_is_written_as_openssl_does() {
        let key = from_line(SEED).expect("a seed");
        assert_eq!(KeyForm::Pem.read(OPENSSL), Ok(vec![key.clone()]));
        assert_eq!(KeyForm::Pem.write(&key).expect("a block"), OPENSSL);
    }

    #[test]
    fn a_block_may_contain_the_matching_public_key() {
        let key = SigningKey::from_bytes(&[5; 32]);
        let pem = |pair: &KeypairBytes| pair.to_pkcs8_pem(LineEnding::LF).expect("a block").to_string();
        assert_eq!(KeyForm::Pem.read(&pem(&KeypairBytes::from(&key))), Ok(vec![Secret::new([5; 32])]));
        let mut wrong = KeypairBytes::from(&key);
        wrong.secret_key = [6; 32];
        assert_eq!(KeyForm::Pem.read(&pem(&wrong)), Err(1));
    }

    #[test]
    fn a_key_of_another_kind_is_refused() {
        // `openssl genpkey -algorithm x25519`: as long as one of Ed25519.
        let other = OPENSSL.replace("K2VwBC", "K2VuBC");
        assert_eq!(KeyForm::Pem.read(&other), Err(1));
        assert_eq!(KeyForm::Pem.read(&OPENSSL.replace("PRIVATE", "ENCRYPTED PRIVATE")), Err(1));
    }
}
