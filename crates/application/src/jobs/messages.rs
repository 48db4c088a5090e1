//! Messages to users by a social provider that they have linked: with its tokens, which are refreshed when they expire.

use std::sync::Arc;

use memo_domain::{
    Causes, Identity, MessageTokens, Notification, Notifier, NotifyError, ProviderError, Recipient, Sealed, Sealer,
    SocialProvider, Source, Timestamp, UserId,
};

use crate::{Error, Ports};

/// Separates the parts of sealed tokens. No part contains it.
const SEPARATOR: char = '\0';
/// The maximum length of a token in bytes: the column of the store is bounded.
const MAX_TOKEN: usize = 8 * 1024;

/// Sends notifications as messages.
pub struct Messages {
    ports: Arc<Ports>,
    notifier: Option<Arc<dyn Notifier>>,
    providers: Vec<Arc<dyn SocialProvider>>,
}

impl Messages {
    pub const fn new(
        ports: Arc<Ports>,
        notifier: Option<Arc<dyn Notifier>>,
        providers: Vec<Arc<dyn SocialProvider>>,
    ) -> Self {
        Self { ports, notifier, providers }
    }

    /// Whether one of these identities has tokens for messages.
    pub fn can_reach(&self, identities: &[Identity]) -> bool {
        self.notifier.is_some() && identities.iter().any(|identity| identity.message_tokens.is_some())
    }

    /// Sends a notification by the first of these identities that has tokens; `None` if none has.
    pub async fn send(&self, identities: &[Identity], notification: &Notification) -> Option<Result<(), NotifyError>> {
        let notifier = self.notifier.as_ref()?;
        let identity = identities.iter().find(|identity| identity.message_tokens.is_some())?;
        let sealed = identity.message_tokens.as_ref()?;
        Some(self.send_by(&**notifier, identity, sealed, notification).await)
    }

    async fn send_by(
        &self,
        notifier: &dyn Notifier,
        identity: &Identity,
        sealed: &Sealed,
        notification: &Notification,
    ) -> Result<(), NotifyError> {
        let failed = |source| NotifyError::Temporary { source };
        let tokens = open(&*self.ports.sealer, identity.user_id, sealed).map_err(failed)?;
        let notify = async |tokens: &MessageTokens| {
            let to = Recipient::Messages { access_token: tokens.access_token.clone() };
            notifier.notify(&Notification { to, ..notification.clone() }).await
        };
        let now = self.ports.now();
        if tokens.expires_at.is_none_or(|time| time > now) {
            match notify(&tokens).await {
                Err(NotifyError::Unauthorized) => {}
                result => return result,
            }
        }
        let tokens = self.refresh(identity, sealed, &tokens, now).await?;
        notify(&tokens).await
    }

    /// Gets new tokens and stores them. If the provider says that the old ones are invalid, they are removed.
    async fn refresh(
        &self,
        identity: &Identity,
        sealed: &Sealed,
        tokens: &MessageTokens,
        now: Timestamp,
    ) -> Result<MessageTokens, NotifyError> {
        let provider = self.providers.iter().find(|provider| provider.name() == identity.provider);
        let refreshed = match (provider, &tokens.refresh_token) {
            (Some(provider), Some(token)) => provider.refresh_messages(token, now).await,
            // The provider may be configured again; without a refresh token, there are no further tokens.
            (None, _) => return Err(NotifyError::Unauthorized),
            (Some(_), None) => Err(ProviderError::Refused { source: "there is no refresh token".into() }),
        };
        match refreshed {
            Ok(new) => {
                // The provider keeps a refresh token that it does not replace.
                let refresh_token = new.refresh_token.clone().or_else(|| tokens.refresh_token.clone());
                let new = MessageTokens { refresh_token, ..new };
                let resealed = seal(&*self.ports.sealer, identity.user_id, &new)
                    .map_err(|source| NotifyError::Temporary { source })?;
                self.replace(identity, sealed, Some(resealed)).await;
                Ok(new)
            }
            Err(ProviderError::Refused { source }) => {
                self.replace(identity, sealed, None).await;
                Err(NotifyError::Temporary { source })
            }
            Err(ProviderError::Unavailable { source }) => Err(NotifyError::Temporary { source }),
        }
    }

    /// Replaces the tokens of an identity, unless others were stored meanwhile. A failure costs another refresh at most.
    async fn replace(&self, identity: &Identity, old: &Sealed, new: Option<Sealed>) {
        let input = (identity.user_id, identity.provider.clone(), old.clone(), new);
        let transactions = self.ports.transactions.on_behalf_of(identity.user_id);
        let replaced = transactions.write_boxed(input, |tx, (user, provider, old, new)| {
            Box::pin(async move {
                let all = tx.identities().list_by_user(*user).await?;
                let is_same = all
                    .iter()
                    .any(|identity| identity.provider == *provider && identity.message_tokens.as_ref() == Some(old));
                if is_same {
                    tx.identities().set_message_tokens(*user, provider, new.as_ref()).await?;
                }
                Ok(())
            })
        });
        if let Err(error) = replaced.await {
            tracing::warn!(error = %Causes(&error), "new tokens for messages were not stored");
        }
    }
}

/// The context of the sealed tokens of a user.
fn context(user: UserId) -> String {
    format!("message tokens of {user}")
}

/// Seals tokens for the identity of a user.
pub fn seal(sealer: &dyn Sealer, user: UserId, tokens: &MessageTokens) -> Result<Sealed, Source> {
    let MessageTokens { access_token, refresh_token, expires_at } = tokens;
    let refresh_token = refresh_token.as_deref().unwrap_or_default();
    for token in [access_token, refresh_token] {
        if token.len() > MAX_TOKEN || token.contains(SEPARATOR) {
            return Err("a token for messages is too long".into());
        }
    }
    let expires_at = expires_at.map(|time| time.as_micros().to_string()).unwrap_or_default();
    let parts = [access_token, refresh_token, &expires_at];
    sealer.seal(&context(user), parts.join(&SEPARATOR.to_string()).as_bytes())
}

fn open(sealer: &dyn Sealer, user: UserId, tokens: &Sealed) -> Result<MessageTokens, Source> {
    let text = String::from_utf8(sealer.open(&context(user), tokens)?)?;
    let [access_token, refresh_token, expires_at] = text.split(SEPARATOR).collect::<Vec<_>>()[..] else {
        return Err("the tokens for messages are incomplete".into());
    };
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let expires_at = some(expires_at).map(|text| text.parse().map(Timestamp::from_micros)).transpose()?;
    Ok(MessageTokens { access_token: access_token.to_owned(), refresh_token: some(refresh_token), expires_at })
}

/// Keeps the tokens that a provider gave at a session or a link, or removes them if the user does not allow messages any more.
pub async fn keep(ports: &Ports, identity: &Identity, tokens: Option<&MessageTokens>) -> Result<(), Error> {
    let Identity { user_id, provider, message_tokens, .. } = identity;
    let new = tokens.map(|tokens| seal(&*ports.sealer, *user_id, tokens)).transpose();
    // Tokens that can't be sealed are as good as none: reminders come by mail then.
    let new = new.unwrap_or_else(|error| {
        tracing::warn!(error = %Causes(&*error), "tokens for messages were not kept");
        None
    });
    if new.is_none() && message_tokens.is_none() {
        return Ok(());
    }
    let transactions = ports.transactions.on_behalf_of(*user_id);
    let kept = transactions.write(async |tx| {
        tx.identities().set_message_tokens(*user_id, provider, new.as_ref()).await?;
        Ok(())
    });
    kept.await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seals nothing, but keeps the context.
    struct Open;

    impl Sealer for Open {
        fn seal(&self, context: &str, plain: &[u8]) -> Result<Sealed, Source> {
            Ok(Sealed::new([context.as_bytes(), b"|", plain].concat()))
        }

        fn open(&self, context: &str, sealed: &Sealed) -> Result<Vec<u8>, Source> {
            let prefix = format!("{context}|");
            Ok(sealed.as_bytes().strip_prefix(prefix.as_bytes()).ok_or("another context")?.to_vec())
        }
    }

    #[test]
    fn tokens_read_back_equal_for_their_user() {
        let (user, other) = (UserId::new(uuid::Uuid::from_u128(1)), UserId::new(uuid::Uuid::from_u128(2)));
        for (refresh_token, expires_at) in [(None, None), (Some("r".to_owned()), Some(Timestamp::from_micros(-7)))] {
            let tokens = MessageTokens { access_token: "a".to_owned(), refresh_token, expires_at };
            let sealed = seal(&Open, user, &tokens).expect("sealed");
            assert!(open(&Open, user, &sealed).expect("opened") == tokens);
            assert!(open(&Open, other, &sealed).is_err());
        }
        for access_token in ["a\0b".to_owned(), "a".repeat(MAX_TOKEN + 1)] {
            let tokens = MessageTokens { access_token, refresh_token: None, expires_at: None };
            assert!(seal(&Open, user, &tokens).is_err());
        }
    }
}
