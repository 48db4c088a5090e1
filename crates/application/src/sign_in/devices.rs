//! Devices that have signed in. Their users are not locked out if others guess passwords.

use std::time::Duration;

use memo_domain::{Sealed, SessionId, Timestamp, UserId, Uuid};

use super::SignIn;
use crate::{
    Error, Recognized,
    tokens::{bytes_text, read_bytes},
};

/// What the text is sealed for.
const CONTEXT: &str = "known device";
/// How long a device is known after a sign-in.
pub const DEVICE_TTL: Duration = Duration::from_hours(365 * 24);

impl SignIn {
    /// Returns a text that the device can show at later sign-ins.
    pub(super) fn remember_device(&self, user: UserId, session: SessionId) -> Result<String, Error> {
        let at = self.ports.now().as_micros().to_be_bytes();
        let plain = [user.as_uuid().as_bytes(), session.as_uuid().as_bytes(), &at[..]].concat();
        let sealed = self.ports.sealer.seal(CONTEXT, &plain).map_err(|source| Error::Internal { source })?;
        Ok(bytes_text(sealed.as_bytes()))
    }

    /// Returns whom a device has signed in as, by the text that it shows.
    #[must_use]
    pub fn recognize_device(&self, text: &str) -> Option<Recognized> {
        let sealed = Sealed::new(read_bytes(text)?);
        let plain = self.ports.sealer.open(CONTEXT, &sealed).ok()?;
        let (user, rest) = plain.split_first_chunk()?;
        let (session, at) = rest.split_first_chunk()?;
        let at = Timestamp::from_micros(i64::from_be_bytes(at.try_into().ok()?));
        let recognized = Recognized { user_id: UserId::new(Uuid::from_bytes(*user)), id: Uuid::from_bytes(*session) };
        (self.ports.now().since(at) < DEVICE_TTL).then_some(recognized)
    }
}
