use std::{convert::Infallible, iter, time::Duration};

use actix_web::web::Bytes;
use memo_application::{Completion, CompletionParts, CompletionTask, Completions};
use memo_domain::{CompletionOptions, MaxTokens, Temperature, TopP};
use tokio::time::timeout;

use crate::{
    input::whole_number,
    prelude::*,
    signed_in::SignedIn,
    streams::{comment, event, event_stream, streamed},
};

/// The maximum time without an event: only something that is sent shows that a client is gone, which ends the call.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// The last event of a complete answer, as in the API of OpenAI.
const DONE: &[u8] = b"data: [DONE]\n\n";

operations! {
    complete_memo => Policy::scopes(&[Scope::MemosRead]).body(Body::Json).size(Size::AtMost(4 << 10)).idle_timeout()
        .no_store().work(Work::heavy(10)).problems(&[
            Code::MemoNotFound, Code::FeatureDisabled, Code::UpstreamFailed, Code::UpstreamTimeout, Code::Overloaded,
        ]);
}

/// What a language model does with a memo.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[schema(as = CompletionInput, example = json!({"task": "summarize", "max_tokens": 200}))]
struct CompletionInput {
    #[serde(deserialize_with = "choice")]
    #[schema(inline)]
    task: TaskDto,
    /// How random the text is; by default the model's choice.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, format = "temperature")]
    temperature: Option<f64>,
    /// The maximum length of the text, in tokens.
    #[serde(default, deserialize_with = "whole_number")]
    #[schema(nullable = false, format = "max-tokens")]
    max_tokens: Option<i64>,
    /// The probability of the tokens that are considered (nucleus sampling); by default the model's choice.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, format = "top-p")]
    top_p: Option<f64>,
    /// Whether the text is sent while the model writes it, as Server-Sent Events.
    #[serde(default)]
    #[schema(required = false, default = false)]
    stream: bool,
}

/// A summary, a title, tags separated by commas, or a continuation of the text.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TaskDto {
    Summarize,
    Title,
    Tags,
    Continue,
}

impl Input for CompletionInput {
    type Command = (CompletionTask, CompletionOptions);

    fn read(self, refused: &mut Refusals) -> Result<Self::Command, Refused> {
        let task = match self.task {
            TaskDto::Summarize => CompletionTask::Summarize,
            TaskDto::Title => CompletionTask::Title,
            TaskDto::Tags => CompletionTask::Tags,
            TaskDto::Continue => CompletionTask::Continue,
        };
        let temperature = refused.optional("temperature", self.temperature, Temperature::new);
        let max_tokens = refused.optional("max_tokens", self.max_tokens, MaxTokens::new);
        let top_p = refused.optional("top_p", self.top_p, TopP::new);
        let (temperature, max_tokens, top_p) = (temperature?, max_tokens?.unwrap_or_default(), top_p?);
        Ok((task, CompletionOptions { temperature, top_p, max_tokens, is_streamed: self.stream }))
    }
}

/// The text that a language model has written.
#[derive(Serialize, ToSchema)]
#[schema(as = Completion, example = json!({
    "text": "다음 배포는 금요일이다.",
    "model": "llama3.2",
    "usage": {"prompt_tokens": 180, "completion_tokens": 12}
}))]
struct CompletionDto {
    /// The text. It is not written to the memo.
    text: String,
    /// The name of the model.
    model: String,
    /// How many tokens it took; null if the model does not say.
    #[schema(required = true, inline)]
    usage: Option<UsageDto>,
}

/// Numbers of tokens.
#[derive(Serialize, ToSchema)]
struct UsageDto {
    /// Those of the memo and the instructions.
    prompt_tokens: u64,
    /// Those of the text.
    completion_tokens: u64,
}

impl From<Completion> for CompletionDto {
    fn from(Completion { text, model, usage }: Completion) -> Self {
        let usage = usage
            .map(|usage| UsageDto { prompt_tokens: usage.prompt_tokens, completion_tokens: usage.completion_tokens });
        Self { text, model, usage }
    }
}

#[derive(Serialize)]
struct TextEvent {
    text: String,
}

#[derive(Serialize)]
struct ErrorEvent {
    code: String,
}

/// Let a language model read a memo
///
/// The caller's own memo, or a public one of another user. The operator's language model summarizes it, suggests a title
/// or tags, or continues it; nothing is written. Without a model: 404 `feature_disabled`. The text of a model can be
/// wrong, and a memo may try to mislead it.
///
/// With `stream`, each event is `data: {"text": "…"}`, and the last one `data: [DONE]`. After a failure, the last one is
/// `event: error` with `data: {"code": "…"}`: `upstream_failed` or `upstream_timeout` if the model fails, `sign_in_ended` if
/// the session ends, `api_key_invalid` if the API key is no longer valid. Other codes are possible, such as
/// `store_unavailable`. A line that begins with a colon is a comment. A 502 has a `Retry-After` if the model says so.
#[utoipa::path(
    post, path = "/api/v1/memos/{id}/completions", tag = "memos",
    params(("id" = String, Path, format = "uuid", description = "The id of the memo")),
    request_body = CompletionInput,
    responses((
        status = 200, description = "The text, or with `stream` its events",
        content((CompletionDto = "application/json"), (String = "text/event-stream")),
    )),
)]
async fn complete_memo(
    caller: Caller,
    completions: Data<Completions>,
    settings: Data<HttpSettings>,
    MemoPath(id): MemoPath,
    _: NoQuery,
    Json((task, options)): Json<CompletionInput>,
    mut signed_in: SignedIn,
) -> Result<HttpResponse, Problem> {
    if !options.is_streamed {
        let completion = async { Ok::<_, Problem>(completions.complete(caller.user_id, id, task, &options).await?) };
        let completion = signed_in.during(completion).await?;
        return Ok(HttpResponse::Ok().json(CompletionDto::from(completion)));
    }
    let mut parts = Some(completions.stream(caller.user_id, id, task, &options).await?);
    let limit = settings.request_timeout;
    let events = async move || -> Result<_, Infallible> { Ok(next_event(&mut parts, &mut signed_in, limit).await) };
    Ok(event_stream().body(streamed(limit, events)))
}

/// Returns the next event of an answer, or `None` after the last one. `limit` is the maximum time between two parts.
async fn next_event(
    parts: &mut Option<CompletionParts>,
    signed_in: &mut SignedIn,
    limit: Duration,
) -> Option<iter::Once<Bytes>> {
    let waited = timeout(KEEP_ALIVE.min(limit / 2), parts.as_mut()?.next()).await;
    // The answer ends with the session of its caller.
    let is_current = signed_in.check_if_due().await;
    let event = match (waited, is_current) {
        (Err(_), Ok(())) => comment(),
        (Ok(Ok(Some(text))), Ok(())) => event(None, &TextEvent { text }),
        (Ok(Ok(None)), _) => {
            *parts = None;
            Bytes::from_static(DONE)
        }
        (Ok(Err(error)), _) | (_, Err(error)) => {
            *parts = None;
            event(Some("error"), &ErrorEvent { code: Problem::from(error).to_string() })
        }
    };
    Some(iter::once(event))
}
