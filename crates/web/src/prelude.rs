//! What the files of resources use.

pub use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
pub use garde::Validate;
pub use memo_domain::Scope;
pub use serde::{Deserialize, Serialize};
pub use utoipa::{IntoParams, ToSchema};

pub(crate) use crate::{extract::id_paths, input::input_as_is, routing::operations};
pub use crate::{
    extract::{Caller, FromDevice, IsHead, MaybeCaller, MemoPath, RateCounter},
    idempotency::IdempotencyKey,
    input::{
        AtMost, EmptyBody, Form, Input, Json, NoQuery, Patch, Query, Refusals, Refused, choice, few_tags, natural,
        optional_choice, parsed, patched_choice, patched_few_tags, present, proof,
    },
    list::{CountedPage, Filter, Items, List, Page, Unfiltered, read_limit},
    policy::{Body, Condition, Paging, Policy, RateClass, Size, Work},
    problem::{Code, FieldCode, Problem},
    respond::{IfMatch, revalidated, signed_out, versioned},
    settings::HttpSettings,
};
