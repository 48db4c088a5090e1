use std::{fmt, sync::LazyLock};

use unicode_normalization::UnicodeNormalization;

use crate::{
    DisplayName, Email, InvalidValue,
    text::{check_length, fold},
};

/// The passwords of at least 8 characters among the 19,640 most common in leaks, one a line, sorted.
/// Collected by Royce Williams; Django ships the same list (BSD licence).
const COMMON: &str = include_str!("common_passwords.txt");

/// A password in plain text, to be passed to a [`PasswordHasher`](crate::PasswordHasher): NFC, 8 to 128 characters of
/// any script. It has no `Display`, and its `Debug` output hides the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// The minimum length in characters (Unicode scalar values).
    pub const MIN: usize = 8;
    /// The maximum length in characters (Unicode scalar values).
    pub const MAX: usize = 128;

    /// # Errors
    /// [`InvalidValue::TooShort`], [`InvalidValue::TooLong`] or [`InvalidValue::NulCharacter`].
    pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidValue> {
        Self::of_length(text.as_ref(), Self::MIN)
    }

    fn of_length(text: &str, min: usize) -> Result<Self, InvalidValue> {
        crate::text::check_no_nul(text)?;
        let text: String = text.nfc().collect();
        check_length(&text, min, Self::MAX)?;
        Ok(Self(text))
    }

    /// A password of a share, which protects one memo beside the link's token: 1 to 128 characters.
    ///
    /// # Errors
    /// As of [`new`](Self::new).
    pub fn of_share(text: impl AsRef<str>) -> Result<Self, InvalidValue> {
        Self::of_length(text.as_ref(), 1)
    }

    /// Whether an attacker would try this password first, in any letter case: a common password, the user's e-mail address,
    /// its local part, the user's display name, or the server's host name.
    #[must_use]
    pub fn is_easily_guessed(&self, email: &Email, name: &DisplayName, host: &str) -> bool {
        static SORTED: LazyLock<Vec<&str>> = LazyLock::new(|| COMMON.lines().collect());
        let folded = fold(&self.0);
        let address = fold(email.as_str());
        let local = address.rsplit_once('@').map_or("", |(local, _)| local);
        folded == address
            || folded == email.key()
            || folded == local
            || folded == fold(name.as_str())
            || folded == fold(host)
            || SORTED.binary_search(&folded.as_str()).is_ok()
    }

    /// The plain text. Only for password hashers.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// The stored form of a password, made by a [`PasswordHasher`](crate::PasswordHasher). `Debug` output hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a hash from a hasher or a store.
    #[must_use]
    pub const fn new(hash: String) -> Self {
        Self(hash)
    }

    /// The hash as text, for hashers and stores.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_length_is_counted_in_characters_after_nfc() {
        assert!(Password::new("비밀번호여덟글자").is_ok());
        assert_eq!(Password::new("seven77"), Err(InvalidValue::TooShort { min: 8 }));
        assert_eq!(Password::new("\u{1112}\u{1161}\u{11ab}".repeat(7)), Err(InvalidValue::TooShort { min: 8 }));
        assert_eq!(Password::new("x".repeat(129)), Err(InvalidValue::TooLong { max: 128 }));
        assert_eq!(Password::new("\u{1112}\u{1161}\u{11ab}".repeat(8)), Password::new("한".repeat(8)));
    }

    #[test]
    fn easily_guessed_passwords_are_detected() {
        let email = Email::new("Alice.Liddell@example.com").expect("a valid address");
        let name = DisplayName::new("앨리스 Pleasance").expect("a valid name");
        let is_guessed =
            |text: &str| Password::new(text).expect("long enough").is_easily_guessed(&email, &name, "Memo.example.com");
        for text in [
            "password",
            "PASSWORD",
            "12345678",
            "alice.liddell@EXAMPLE.com",
            "ALICE.Liddell",
            "앨리스 PLEASANCE",
            // The same in NFD.
            "\u{110b}\u{1162}\u{11af}\u{1105}\u{1175}\u{1109}\u{1173} pleasance",
            "memo.EXAMPLE.com",
        ] {
            assert!(is_guessed(text), "{text}");
        }
        for text in ["correct horse battery", "비밀번호여덟글자", "alice.liddell ", "@example.com", "memo.example.org"]
        {
            assert!(!is_guessed(text), "{text}");
        }
        assert!(COMMON.lines().is_sorted() && COMMON.lines().count() > 8000);
        assert!(COMMON.lines().all(|line| fold(line) == line), "the list is folded");
    }

    #[test]
    fn debug_output_hides_the_secret() {
        let password = Password::new("correct horse").expect("a valid password");
        assert!(!format!("{password:?}").contains("horse"));
        assert!(!format!("{:?}", PasswordHash::new("$2b$".into())).contains("$2b$"));
    }
}
