use memo_domain::MemoId;

use crate::problem::Code;

/// Declares extractors of ids in the path. A malformed id is the id of nothing: 404.
macro_rules! id_paths {
    ($($(#[$doc:meta])* $name:ident($id:ident) at $parameter:literal or $code:ident;)+) => {$(
        $(#[$doc])*
        pub struct $name(pub $id);

        crate::extractor::from_head!($name: |request| {
            let id = $id::parse(request.match_info().query($parameter));
            id.map(Self).map_err(|_| crate::problem::Problem::new(Code::$code))
        });
    )+};
}
pub(crate) use id_paths;

id_paths! {
    /// The `{id}` of a memo in the path.
    MemoPath(MemoId) at "id" or MemoNotFound;
}
