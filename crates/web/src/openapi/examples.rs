use serde_json::{Value, json};

use crate::{
    language::Language,
    problem::{Code, FieldCode, FieldError, Occurrence, Place, Problem},
};

/// An example of the problem with this code.
pub fn example(code: Code) -> Value {
    let problem = match code {
        Code::ValidationFailed => {
            let title = FieldError::new(Place::Pointer("/title".into()), FieldCode::TooLong).about(200);
            let limit = FieldError::new(Place::Parameter("limit".into()), FieldCode::TooLarge).about(100);
            Problem::invalid(vec![title, limit])
        }
        Code::ResyncRequired => Problem::resync_required(1024),
        Code::RateLimited => Problem::rate_limited("principal", std::time::Duration::from_secs(1)),
        code => Problem::new(code).about(match code {
            Code::InvalidJson => "line 1, column 12",
            Code::InvalidHeader => "if-match",
            Code::InsufficientScope => "memos:write",
            Code::BodyTooLarge => "2097152",
            Code::BatchTooLarge => "2000000",
            Code::ArchiveTooManyEntries => "100000",
            Code::ArchiveTooLarge => "1073741824",
            Code::ArchiveRatio => "100",
            Code::UriTooLong => "8192",
            Code::HeadersTooLarge => "32768",
            Code::UnsupportedMediaType => "application/json",
            _ => "",
        }),
    };
    let value = problem.document(&Occurrence {
        language: Language::En,
        instance: "/api/v1/memos",
        request_id: "0198c0de-7f00-7000-8000-0000000000ff",
        public_url: "https://memo.example",
    });
    json!({"summary": code.info().title.en, "value": value})
}
