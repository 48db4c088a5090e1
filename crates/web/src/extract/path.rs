use memo_domain::{ApiKeyId, JobId, MemoId, SessionId, UserId};

use crate::{
    extractor::from_head,
    problem::{Code, Problem},
};

macro_rules! paths {
    ($($(#[$doc:meta])* $name:ident($id:ident) or $code:ident;)+) => {$(
        $(#[$doc])*
        pub struct $name(pub $id);

        from_head!($name: |request| {
            $id::parse(request.match_info().query("id")).map(Self).map_err(|_| Problem::new(Code::$code))
        });
    )+};
}

paths! {
    /// The `{id}` of a memo in the path. A malformed id is the id of no memo: 404.
    MemoPath(MemoId) or MemoNotFound;
    /// The `{id}` of a user in the path.
    UserPath(UserId) or UserNotFound;
    /// The `{id}` of a session in the path.
    SessionPath(SessionId) or SessionNotFound;
    /// The `{id}` of an operation in the path.
    OperationPath(JobId) or OperationNotFound;
    /// The `{id}` of an API key in the path.
    ApiKeyPath(ApiKeyId) or ApiKeyNotFound;
}
