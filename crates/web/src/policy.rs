//! The policy of a route: who may call it, what it accepts, how long it may take.
//!
//! It is declared once, beside the handler (see [`operations!`](crate::routing)). The middleware, the extractors and the
//! OpenAPI document read that declaration, so nothing compares paths.

use std::num::NonZeroU32;

use memo_domain::Scope;

use crate::{deprecation::Deprecation, problem::Code};

/// What a route demands and allows. Construct it by one of the access levels, then refine it.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of a declaration")]
pub struct Policy {
    /// Who may call it.
    pub access: Access,
    /// The body that it accepts.
    pub body: Body,
    /// The maximum size of the body, or of each of its lines.
    pub size: Size,
    /// Whether the time limit applies to each pause in a streamed body, and to reading a body that is not streamed, instead of
    /// to the whole request.
    pub has_idle_timeout: bool,
    /// Whether it answers for any host, e.g. a health check by address.
    pub any_host: bool,
    /// Whether its responses must not be stored by any cache.
    pub no_store: bool,
    /// Whether it refuses a grant as in RFC 6749, section 5.2; other errors are problem documents nevertheless.
    pub has_oauth_errors: bool,
    /// The conditional request headers that it honours.
    #[cfg_attr(not(test), expect(dead_code, reason = "part of the OpenAPI document, which a test makes"))]
    pub condition: Option<Condition>,
    /// The paging parameters that it accepts.
    pub paging: Option<Paging>,
    /// The rate that it is counted by.
    pub rate: RateClass,
    /// How much it counts as.
    pub work: Work,
    /// How much it counts as if it searches.
    pub search: Option<Work>,
    /// The problems of its own, in addition to those that follow from the rest of the policy.
    #[cfg_attr(not(test), expect(dead_code, reason = "part of the OpenAPI document, which a test makes"))]
    pub problems: &'static [Code],
    /// Whether it honours `Idempotency-Key`.
    pub is_idempotent: bool,
    /// What clients are told if it is deprecated.
    pub deprecation: Option<Deprecation>,
}

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone. Credentials are not read.
    Open,
    /// Anyone. Credentials are not needed, but ambiguous and cross-site ones are refused.
    Public,
    /// Anyone; the handler is told who calls, if they are authenticated.
    Optional,
    /// Users with these scopes.
    Scopes(&'static [Scope]),
    /// Users who signed in themselves, with all scopes; never an API key.
    Interactive,
}

/// The body that a route accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// A body is not read.
    Ignored,
    /// No body, or an empty JSON object.
    Empty,
    /// A JSON object.
    Json,
    /// A JSON object, or a text.
    JsonOrText,
    /// A JSON Merge Patch (RFC 7396).
    MergePatch,
    /// A URL-encoded form.
    Form,
    /// A JSON object per line, or an archive of another note program, read as a stream. The handler decides which.
    LinesOrArchive,
}

impl Body {
    /// The accepted media types, the preferred one first.
    pub const fn media_types(self) -> &'static [&'static str] {
        match self {
            Self::Ignored | Self::Empty => &[],
            Self::Json => &["application/json"],
            Self::JsonOrText => &["application/json", "text/markdown", "text/plain"],
            Self::MergePatch => &["application/merge-patch+json", "application/json"],
            Self::Form => &["application/x-www-form-urlencoded"],
            Self::LinesOrArchive => &[
                "application/x-ndjson",
                "application/zip",
                "application/x-zip-compressed",
                "application/xml",
                "text/xml",
                "application/json",
                "application/x-tar",
                "application/octet-stream",
            ],
        }
    }
}

/// The maximum size of a body, relative to the setting `server.body_limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// The setting.
    Default,
    /// The setting, or these bytes if that is more.
    AtLeast(usize),
    /// The setting, or these bytes if that is less.
    AtMost(usize),
}

impl Size {
    /// The maximum in bytes.
    pub fn limit(self, setting: usize) -> usize {
        match self {
            Self::Default => setting,
            Self::AtLeast(bytes) => setting.max(bytes),
            Self::AtMost(bytes) => setting.min(bytes),
        }
    }
}

/// A conditional request header (RFC 9110, section 13).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// `If-None-Match`: 304 if the client has the current representation.
    IfNoneMatch,
    /// `If-Match`: 412 if the resource has changed.
    IfMatch,
    /// That of a PUT: `If-Match`, or `If-None-Match: *`: 412 if the resource exists.
    Put,
}

/// The paging parameters of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// `limit` and `cursor`.
    Cursor,
    /// `limit`, and either `offset` or `cursor`.
    Offset,
    /// Those of [`Offset`](Self::Offset), and `include_total`.
    Counted,
}

/// The rate limit that applies to a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateClass {
    /// No limit: a health check.
    Exempt,
    /// The limit of the caller, or of anonymous clients.
    Caller,
    /// The limit of attempts to sign in, to sign up or to reset a password.
    SignIn,
    /// One of the last two: the handler counts, since the body decides.
    ByHandler,
}

/// How much a request counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// The number of uses of the rate.
    pub weight: NonZeroU32,
    /// With which others it is counted while it runs.
    pub lane: Lane,
}

/// The requests of a user that are counted together while they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// All but live connections.
    Common,
    /// In addition, the few heavy ones.
    Heavy,
    /// Connections that stay open, waiting for events.
    Live,
}

impl Work {
    /// An ordinary request.
    pub const LIGHT: Self = Self { weight: NonZeroU32::MIN, lane: Lane::Common };
    /// A connection that stays open.
    pub const LIVE: Self = Self { weight: NonZeroU32::MIN, lane: Lane::Live };

    /// A heavy request that counts as this number of uses.
    ///
    /// # Panics
    /// If the weight is 0.
    pub const fn heavy(weight: u32) -> Self {
        Self { weight: NonZeroU32::new(weight).expect("a weight is at least 1"), lane: Lane::Heavy }
    }
}

/// A method for a field, to refine a policy.
macro_rules! setters {
    ($($(#[$doc:meta])* $field:ident: $type:ty;)+) => {
        impl Policy {$(
            $(#[$doc])*
            pub const fn $field(self, $field: $type) -> Self {
                Self { $field, ..self }
            }
        )+}
    };
}

setters! {
    /// Accepts this body.
    body: Body;
    /// Limits the size of the body.
    size: Size;
    /// Is counted by this rate.
    rate: RateClass;
    /// Counts as this much.
    work: Work;
    /// Has these problems of its own.
    problems: &'static [Code];
}

impl Policy {
    const fn new(access: Access) -> Self {
        Self {
            access,
            body: Body::Ignored,
            size: Size::Default,
            has_idle_timeout: false,
            any_host: false,
            no_store: false,
            has_oauth_errors: false,
            condition: None,
            paging: None,
            rate: RateClass::Caller,
            work: Work::LIGHT,
            search: None,
            problems: &[],
            is_idempotent: false,
            deprecation: None,
        }
    }

    /// For anyone; credentials are not read.
    pub const fn open() -> Self {
        Self::new(Access::Open)
    }

    /// For anyone, as part of the API.
    pub const fn public() -> Self {
        Self::new(Access::Public)
    }

    /// For anyone; the handler is told who calls, if they are authenticated.
    pub const fn optional() -> Self {
        Self::new(Access::Optional)
    }

    /// For users with these scopes.
    pub const fn scopes(scopes: &'static [Scope]) -> Self {
        Self::new(Access::Scopes(scopes))
    }

    /// For users who signed in themselves, with all scopes.
    pub const fn interactive() -> Self {
        Self::new(Access::Interactive)
    }

    /// Limits each pause in a streamed body instead of the whole request.
    pub const fn idle_timeout(self) -> Self {
        Self { has_idle_timeout: true, ..self }
    }

    /// Answers for any host.
    pub const fn any_host(self) -> Self {
        Self { any_host: true, ..self }
    }

    /// Responds with `Cache-Control: no-store`, e.g. because of a token or a secret.
    pub const fn no_store(self) -> Self {
        Self { no_store: true, ..self }
    }

    /// Refuses a grant as in RFC 6749.
    pub const fn oauth_errors(self) -> Self {
        Self { has_oauth_errors: true, ..self }
    }

    /// Honours a conditional request header.
    pub const fn condition(self, condition: Condition) -> Self {
        Self { condition: Some(condition), ..self }
    }

    /// Counts as this much if it has the parameter `q`.
    pub const fn search(self, work: Work) -> Self {
        Self { search: Some(work), ..self }
    }

    /// Honours `Idempotency-Key`, with which its effect takes place once.
    pub const fn idempotent(self) -> Self {
        Self { is_idempotent: true, ..self }
    }

    /// Is deprecated.
    #[cfg_attr(not(test), expect(dead_code, reason = "no operation is deprecated yet"))]
    pub const fn deprecated(self, deprecation: Deprecation) -> Self {
        Self { deprecation: Some(deprecation), ..self }
    }

    /// Is a list in pages, each with an `ETag`.
    pub const fn paging(self, paging: Paging) -> Self {
        Self { paging: Some(paging), condition: Some(Condition::IfNoneMatch), ..self }
    }
}
