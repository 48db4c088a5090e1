use memo_domain::{ApiKeyId, JobId, MemoId, SessionId, UserId, WebhookDeliveryId, WebhookId};

use crate::{
    extractor::from_head,
    problem::{Code, Problem},
};

macro_rules! paths {
    ($($(#[$doc:meta])* $name:ident($id:ident) at $parameter:literal or $code:ident;)+) => {$(
        $(#[$doc])*
        pub struct $name(pub $id);

        from_head!($name: |request| {
            $id::parse(request.match_info().query($parameter)).map(Self).map_err(|_| Problem::new(Code::$code))
        });
    )+};
}

paths! {
    /// The `{id}` of a memo in the path. A malformed id is the id of no memo: 404.
    MemoPath(MemoId) at "id" or MemoNotFound;
    /// The `{id}` of a user in the path.
    UserPath(UserId) at "id" or UserNotFound;
    /// The `{id}` of a session in the path.
    SessionPath(SessionId) at "id" or SessionNotFound;
    /// The `{id}` of an operation in the path.
    OperationPath(JobId) at "id" or OperationNotFound;
    /// The `{id}` of an API key in the path.
    ApiKeyPath(ApiKeyId) at "id" or ApiKeyNotFound;
    /// The `{id}` of a webhook in the path.
    WebhookPath(WebhookId) at "id" or WebhookNotFound;
    /// The `{delivery_id}` of a delivery in the path.
    WebhookDeliveryPath(WebhookDeliveryId) at "delivery_id" or WebhookDeliveryNotFound;
}
