//! Every `code` of the API, in one place. `/docs/errors`, the OpenAPI document and the responses are generated from it.
//!
//! Codes are stable: one may be added, but is never renamed nor given another meaning.

use actix_web::http::StatusCode;
use memo_application::Resource;

use crate::language::Text;

/// What belongs to a code.
#[derive(Debug, Clone, Copy)]
pub struct CodeInfo {
    /// The code in the response.
    pub code: &'static str,
    /// The status of the response.
    pub status: StatusCode,
    /// What went wrong, in a few words.
    pub title: Text,
    /// What to do about it; `{0}` is replaced by what differs between occurrences.
    pub detail: Text,
}

/// Declares the codes. The one of a missing [`Resource`] names it: `MemoNotFound for Memo = …`.
macro_rules! codes {
    ($($variant:ident $(for $resource:ident)? = $code:literal, $status:ident,
        $title:literal | $title_ko:literal,
        $detail:literal | $detail_ko:literal;)+) => {
        /// What went wrong, for programs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code { $(#[doc = $title] $variant,)+ }

        impl Code {
            /// All codes, ordered by status.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// What belongs to this code.
            pub const fn info(self) -> CodeInfo {
                match self {
                    $(Self::$variant => CodeInfo {
                        code: $code,
                        status: StatusCode::$status,
                        title: Text { en: $title, ko: $title_ko },
                        detail: Text { en: $detail, ko: $detail_ko },
                    },)+
                }
            }
        }

        impl From<Resource> for Code {
            fn from(missing: Resource) -> Self {
                match missing { $($(Resource::$resource => Self::$variant,)?)+ }
            }
        }
    };
}

codes! {
    BadRequest = "bad_request", BAD_REQUEST,
        "Bad request" | "잘못된 요청",
        "The request is malformed. Compare it with the OpenAPI document." | "요청을 이해할 수 없습니다. OpenAPI 문서와 비교해 보세요.";
    InvalidJson = "invalid_json", BAD_REQUEST,
        "Invalid JSON" | "잘못된 JSON",
        "The body is not valid JSON ({0}). Send one JSON value in UTF-8." | "본문이 올바른 JSON이 아닙니다({0}). UTF-8로 된 JSON 값 하나를 보내세요.";
    JsonTooDeep = "json_too_deep", BAD_REQUEST,
        "JSON nested too deeply" | "JSON 중첩이 너무 깊음",
        "The body nests arrays and objects more than 64 levels deep. Send a flatter value." | "본문의 배열과 객체가 64단계보다 깊게 중첩되었습니다. 더 얕은 값을 보내세요.";
    InvalidHeader = "invalid_header", BAD_REQUEST,
        "Invalid header" | "잘못된 헤더",
        "The header {0} is malformed. Correct or omit it." | "{0} 헤더를 해석할 수 없습니다. 고치거나 빼고 보내세요.";
    DigestMismatch = "digest_mismatch", BAD_REQUEST,
        "Digest does not match" | "다이제스트 불일치",
        "The body does not have the digest in Content-Digest: it was changed on the way, or the digest is that of another body. Nothing was done." | "본문의 다이제스트가 Content-Digest와 다릅니다. 전송 중에 바뀌었거나 다른 본문의 다이제스트입니다. 아무것도 처리하지 않았습니다.";
    DigestUnsupported = "digest_unsupported", BAD_REQUEST,
        "Unsupported hashing algorithm" | "지원하지 않는 해시 알고리즘",
        "Content-Digest has no digest of a supported algorithm. Send `sha-256` or `sha-512`." | "Content-Digest에 지원하는 알고리즘의 다이제스트가 없습니다. `sha-256`이나 `sha-512`로 보내세요.";
    DigestInvalid = "digest_invalid", BAD_REQUEST,
        "Invalid digest" | "잘못된 다이제스트",
        "Content-Digest is malformed, or a digest does not have the length of its algorithm. Compare it with RFC 9530." | "Content-Digest의 형식이나 다이제스트의 길이가 올바르지 않습니다. RFC 9530과 비교해 보세요.";
    AmbiguousCredentials = "ambiguous_credentials", BAD_REQUEST,
        "Ambiguous credentials" | "모호한 인증 정보",
        "The request has more than one credential. Send only one." | "요청에 인증 정보가 둘 이상 있습니다. 하나만 보내세요.";
    StateInvalid = "state_invalid", BAD_REQUEST,
        "Invalid state" | "잘못된 로그인 상태",
        "This browser did not start to sign in, has completed it already, or took longer than 10 minutes. Start again." | "이 브라우저에서 시작하지 않았거나, 이미 완료되었거나, 10분이 지난 로그인입니다. 처음부터 다시 시도하세요.";
    UntrustedHost = "untrusted_host", BAD_REQUEST,
        "Untrusted host" | "신뢰할 수 없는 호스트",
        "This server does not serve the host in the request. Use its public URL, or add the host to server.trusted_hosts." | "이 서버는 요청에 적힌 호스트를 서비스하지 않습니다. 공개 URL을 쓰거나 server.trusted_hosts에 호스트를 추가하세요.";
    AuthenticationRequired = "authentication_required", UNAUTHORIZED,
        "Authentication required" | "인증 필요",
        "Sign in and send the access token as `Authorization: Bearer …`." | "로그인한 뒤 액세스 토큰을 `Authorization: Bearer …`로 보내세요.";
    AccessTokenInvalid = "access_token_invalid", UNAUTHORIZED,
        "Invalid access token" | "잘못된 액세스 토큰",
        "The access token was not issued by this server. Sign in again." | "이 서버가 발급한 액세스 토큰이 아닙니다. 다시 로그인하세요.";
    AccessTokenExpired = "access_token_expired", UNAUTHORIZED,
        "Access token expired" | "액세스 토큰 만료",
        "The access token has expired. Get a new one with the refresh token." | "액세스 토큰이 만료되었습니다. 리프레시 토큰으로 새로 받으세요.";
    SignInEnded = "sign_in_ended", UNAUTHORIZED,
        "Session ended" | "세션 종료됨",
        "The session of this credential has ended. Sign in again." | "이 인증 정보의 세션이 종료되었습니다. 다시 로그인하세요.";
    ApiKeyInvalid = "api_key_invalid", UNAUTHORIZED,
        "Invalid API key" | "잘못된 API 키",
        "There is no such API key, or its user has removed it. Check that the whole secret is sent." | "이런 API 키가 없거나 사용자가 삭제했습니다. 시크릿을 빠짐없이 보내는지 확인하세요.";
    ApiKeyExpired = "api_key_expired", UNAUTHORIZED,
        "API key expired" | "API 키 만료",
        "The API key has expired. Its user can create another one, or change its expiry." | "API 키가 만료되었습니다. 사용자가 새 키를 만들거나 만료 시각을 바꿀 수 있습니다.";
    SignatureInvalid = "signature_invalid", UNAUTHORIZED,
        "Invalid signature" | "잘못된 서명",
        "The request is not signed with an API key of this server as RFC 9421 and the documentation say: check `keyid`, the secret, the covered components, and the URL." | "이 서버의 API 키로 RFC 9421과 문서에 맞게 서명한 요청이 아닙니다. `keyid`, 시크릿, 서명에 포함한 구성 요소와 URL을 확인하세요.";
    SignatureExpired = "signature_expired", UNAUTHORIZED,
        "Signature expired" | "서명 만료",
        "The request was signed more than 300 seconds ago, or is signed for later, or has expired. Check the clock and sign it again." | "서명한 지 300초가 지났거나, 미래의 시각으로 서명했거나, 만료된 요청입니다. 시계를 확인하고 다시 서명하세요.";
    SignatureReplayed = "signature_replayed", UNAUTHORIZED,
        "Signed request sent twice" | "이미 보낸 서명",
        "This nonce was used before. Sign each request with a nonce of its own." | "이미 쓰인 nonce입니다. 요청마다 새 nonce로 서명하세요.";
    CredentialsWrong = "credentials_wrong", UNAUTHORIZED,
        "Wrong credentials" | "잘못된 로그인 정보",
        "The e-mail address, the password or the code is wrong. Try again, or reset the password." | "이메일, 비밀번호 또는 코드가 올바르지 않습니다. 다시 시도하거나 비밀번호를 재설정하세요.";
    MfaRequired = "mfa_required", UNAUTHORIZED,
        "Second factor required" | "2단계 인증 필요",
        "The password is correct. Repeat the request within 5 minutes with only `mfa_token` and `otp`." | "비밀번호가 맞습니다. 5분 안에 `mfa_token`과 `otp`만 넣어 다시 요청하세요.";
    InsecureTransport = "insecure_transport", FORBIDDEN,
        "Insecure transport" | "암호화되지 않은 연결",
        "The request was sent without encryption, so its credential may be known to others. Use https. A valid API key that was sent so has been removed." | "암호화되지 않은 요청이라 인증 정보가 노출되었을 수 있습니다. https를 쓰세요. 이렇게 보낸 유효한 API 키는 삭제되었습니다.";
    SharePasswordRequired = "share_password_required", UNAUTHORIZED,
        "Password of the share required" | "공유 비밀번호 필요",
        "The share needs a password, or it has another one. Send it percent-encoded in the header X-Share-Password." | "비밀번호가 필요하거나 비밀번호가 다른 공유입니다. X-Share-Password 헤더에 퍼센트 인코딩으로 보내세요.";
    InsufficientScope = "insufficient_scope", FORBIDDEN,
        "Insufficient scope" | "권한 범위 부족",
        "The credential lacks the scope {0}. Sign in with that scope." | "인증 정보에 {0} 범위가 없습니다. 그 범위를 포함해 로그인하세요.";
    IpNotAllowed = "ip_not_allowed", FORBIDDEN,
        "Address not allowed" | "허용되지 않은 주소",
        "The API key may not be used from the address of this client. Its user can change its `ip_allowlist`." | "이 클라이언트의 주소에서는 이 API 키를 쓸 수 없습니다. 사용자가 키의 `ip_allowlist`를 바꿀 수 있습니다.";
    NotOwner = "not_owner", FORBIDDEN,
        "Not the owner" | "소유자가 아님",
        "You can read this memo, but only its owner may do this." | "이 메모를 읽을 수는 있지만, 이 작업은 소유자만 할 수 있습니다.";
    CrossSiteRequest = "cross_site_request", FORBIDDEN,
        "Cross-site request" | "다른 사이트의 요청",
        "A page of another site sent this request. With the session cookie, send it from the public URL of this server; otherwise use an access token. A WebSocket needs, with any credential, the origin of the public URL or one of `cors.allowed_origins`." | "다른 사이트의 페이지가 보낸 요청입니다. 세션 쿠키를 쓰려면 이 서버의 공개 URL에서 보내고, 아니면 액세스 토큰을 쓰세요. WebSocket은 인증 정보의 종류와 관계없이 공개 URL이나 `cors.allowed_origins`에 있는 출처에서만 열 수 있습니다.";
    PasswordWrong = "password_wrong", FORBIDDEN,
        "Wrong password" | "잘못된 비밀번호",
        "Nothing was changed. Send the current password of the account." | "아무것도 바뀌지 않았습니다. 계정의 현재 비밀번호를 보내세요.";
    RecentSignInRequired = "recent_sign_in_required", FORBIDDEN,
        "Sign in again first" | "최근 로그인 필요",
        "The account has no password. Sign in again with its social account, then repeat the request within 10 minutes." | "비밀번호가 없는 계정입니다. 소셜 계정으로 다시 로그인한 뒤 10분 안에 다시 요청하세요.";
    ProofRequired = "proof_required", FORBIDDEN,
        "Prove who you are first" | "본인 확인 필요",
        "The sign-in is more than 10 minutes old. Send the password to POST `/api/v1/auth/session/proof`, or sign in again." | "로그인한 지 10분이 지났습니다. POST `/api/v1/auth/session/proof`로 비밀번호를 보내거나 다시 로그인하세요.";
    EmailNotVerified = "email_not_verified", FORBIDDEN,
        "E-mail address not verified" | "이메일 미확인",
        "Verify the e-mail address of the account first. POST `/api/v1/auth/email/verify/resend` sends the link again." | "먼저 계정의 이메일 주소를 확인하세요. POST `/api/v1/auth/email/verify/resend`로 링크를 다시 받을 수 있습니다.";
    InteractiveSignInRequired = "interactive_sign_in_required", FORBIDDEN,
        "Interactive session required" | "직접 로그인 필요",
        "Only a user who signed in with all scopes may do this; an API key may not." | "모든 범위로 직접 로그인한 사용자만 할 수 있습니다. API 키로는 할 수 없습니다.";
    AdministratorRequired = "administrator_required", FORBIDDEN,
        "Administrator required" | "관리자 권한 필요",
        "Only administrators may do this." | "관리자만 할 수 있습니다.";
    SignUpClosed = "sign_up_closed", FORBIDDEN,
        "Sign-up closed" | "가입 중지",
        "This server does not accept sign-ups. Ask its administrator for an account." | "이 서버는 가입을 받지 않습니다. 관리자에게 계정을 요청하세요.";
    NotFound for Tag = "not_found", NOT_FOUND,
        "Not found" | "찾을 수 없음",
        "There is nothing at this path. Check its spelling; the OpenAPI document lists all paths." | "이 경로에는 아무것도 없습니다. 철자를 확인하세요. 모든 경로는 OpenAPI 문서에 있습니다.";
    MemoNotFound for Memo = "memo_not_found", NOT_FOUND,
        "Memo not found" | "메모를 찾을 수 없음",
        "There is no memo with this id, or you may not read it." | "이 id의 메모가 없거나 읽을 권한이 없습니다.";
    UserNotFound for User = "user_not_found", NOT_FOUND,
        "User not found" | "사용자를 찾을 수 없음",
        "There is no user with this id." | "이 id의 사용자가 없습니다.";
    SessionNotFound for Session = "session_not_found", NOT_FOUND,
        "Session not found" | "세션을 찾을 수 없음",
        "You have no active session with this id." | "이 id의 활성 세션이 없습니다.";
    IdentityNotFound for Identity = "identity_not_found", NOT_FOUND,
        "Identity not found" | "연결된 계정을 찾을 수 없음",
        "No account of this provider is linked to yours." | "이 제공자의 계정이 연결되어 있지 않습니다.";
    ProviderNotFound for Provider = "provider_not_found", NOT_FOUND,
        "Provider not found" | "제공자를 찾을 수 없음",
        "This server has no social provider with this name. `/api/v1/auth/providers` lists them." | "이 이름의 소셜 제공자가 없습니다. 목록은 `/api/v1/auth/providers`에 있습니다.";
    TaskNotFound for Task = "task_not_found", NOT_FOUND,
        "Checkbox not found" | "체크박스를 찾을 수 없음",
        "The memo has no checkbox with this number. Read it again and count them from 1." | "이 메모에는 이 번호의 체크박스가 없습니다. 메모를 다시 읽고 1부터 세어 보세요.";
    ShareNotFound for Share = "share_not_found", NOT_FOUND,
        "Share not found" | "공유를 찾을 수 없음",
        "There is no such share: it never existed, has expired or was revoked, or its memo is in the trash." | "없는 공유이거나, 만료되었거나, 취소되었거나, 메모가 휴지통에 있습니다.";
    RevisionNotFound for Revision = "revision_not_found", NOT_FOUND,
        "Revision not found" | "이전 내용을 찾을 수 없음",
        "The text of this version is not kept. The list of revisions has those that are." | "이 버전의 내용은 보관되어 있지 않습니다. 보관된 버전은 이전 내용 목록에 있습니다.";
    ApiKeyNotFound for ApiKey = "api_key_not_found", NOT_FOUND,
        "API key not found" | "API 키를 찾을 수 없음",
        "You have no API key with this id." | "이 id의 API 키가 없습니다.";
    WebhookNotFound for Webhook = "webhook_not_found", NOT_FOUND,
        "Webhook not found" | "웹훅을 찾을 수 없음",
        "You have no webhook with this id." | "이 id의 웹훅이 없습니다.";
    WebhookDeliveryNotFound for WebhookDelivery = "webhook_delivery_not_found", NOT_FOUND,
        "Delivery not found" | "전송 기록을 찾을 수 없음",
        "The webhook has no delivery with this id. The last 100 are kept." | "이 id의 전송 기록이 없습니다. 최근 100개만 보관합니다.";
    OperationNotFound for Operation = "operation_not_found", NOT_FOUND,
        "Operation not found" | "작업을 찾을 수 없음",
        "You have no operation with this id, or it ended more than an hour ago." | "이 id의 작업이 없거나, 끝난 지 한 시간이 넘었습니다.";
    FeatureDisabled = "feature_disabled", NOT_FOUND,
        "Feature disabled" | "꺼진 기능",
        "The operator of this server has not turned this feature on." | "이 서버의 운영자가 이 기능을 켜지 않았습니다.";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED,
        "Method not allowed" | "허용되지 않는 메서드",
        "This path does not support this method. It supports: {0}." | "이 경로는 이 메서드를 지원하지 않습니다. 지원하는 메서드: {0}.";
    EmailTaken = "email_taken", CONFLICT,
        "E-mail address taken" | "이미 쓰이는 이메일",
        "Another account has this e-mail address. Sign in with it, or use another address." | "이 이메일을 쓰는 계정이 이미 있습니다. 그 계정으로 로그인하거나 다른 이메일을 쓰세요.";
    ApiKeyLimitReached = "api_key_limit_reached", CONFLICT,
        "Too many API keys" | "API 키가 너무 많음",
        "You have as many API keys as a user may have, expired ones included. Remove one first." | "만료된 것을 포함해 API 키가 이미 최대 개수만큼 있습니다. 먼저 하나를 삭제하세요.";
    WebhookLimitReached = "webhook_limit_reached", CONFLICT,
        "Too many webhooks" | "웹훅이 너무 많음",
        "You have as many webhooks as a user may have. Remove one first." | "웹훅이 이미 최대 개수만큼 있습니다. 먼저 하나를 삭제하세요.";
    WebhookBusy = "webhook_busy", CONFLICT,
        "Too many messages wait" | "대기 중인 메시지가 너무 많음",
        "Five pings and repeated deliveries of yours wait to be sent. Try again when they are." | "보내기를 기다리는 핑과 재전송이 이미 다섯 개 있습니다. 전송된 뒤에 다시 시도하세요.";
    WebhookEventExpired = "webhook_event_expired", CONFLICT,
        "Changes not kept" | "보관 기간이 지난 변경",
        "These changes are not kept any more, so they can't be sent. Read the memos instead." | "보관 기간이 지난 변경이라 보낼 수 없습니다. 대신 메모를 읽어 주세요.";
    MfaEnabled = "mfa_enabled", CONFLICT,
        "Second factor enabled" | "2단계 인증 사용 중",
        "The account already has a second factor. Remove it first." | "이미 2단계 인증을 쓰고 있습니다. 먼저 해제하세요.";
    MfaNotBegun = "mfa_not_begun", CONFLICT,
        "No second factor to confirm" | "확인할 2단계 인증이 없음",
        "Set up a second factor first, with POST `/api/v1/me/mfa/totp`." | "먼저 POST `/api/v1/me/mfa/totp`로 2단계 인증을 설정하세요.";
    LastWayToSignIn = "last_way_to_sign_in", CONFLICT,
        "Last way to sign in" | "마지막 로그인 수단",
        "Without this account you could no longer sign in. Set a password or link another account first." | "이 계정의 연결을 끊으면 더는 로그인할 수 없습니다. 먼저 비밀번호를 정하거나 다른 계정을 연결하세요.";
    LastAdministrator = "last_administrator", CONFLICT,
        "Last administrator" | "마지막 관리자",
        "No administrator would be left. Make another user an administrator first." | "관리자가 한 명도 남지 않게 됩니다. 먼저 다른 사용자를 관리자로 지정하세요.";
    MemoTrashed = "memo_trashed", CONFLICT,
        "Memo in the trash" | "휴지통에 있는 메모",
        "A memo in the trash cannot be changed. Restore it first." | "휴지통에 있는 메모는 바꿀 수 없습니다. 먼저 복원하세요.";
    ShareLimitReached = "share_limit_reached", CONFLICT,
        "Too many shares" | "공유가 너무 많음",
        "The memo has 20 shares already. Revoke one first." | "이 메모에는 이미 공유가 20개 있습니다. 먼저 하나를 취소하세요.";
    TooManyTags = "too_many_tags", CONFLICT,
        "Too many tags" | "태그가 너무 많음",
        "Your memos outside the trash would have more than 5,000 different tags. Remove tags first." | "휴지통 밖의 메모에 서로 다른 태그가 5,000개를 넘게 됩니다. 먼저 태그를 지우세요.";
    ImportRunning = "import_running", CONFLICT,
        "Import running" | "진행 중인 가져오기",
        "Another import of yours is running. Wait until it has ended; after a lost connection that may take two minutes." | "다른 가져오기가 진행 중입니다. 끝날 때까지 기다리세요. 연결이 끊긴 뒤에는 2분이 걸릴 수 있습니다.";
    OperationRunning = "operation_running", CONFLICT,
        "Operation running" | "진행 중인 작업",
        "Another change of this tag is running, or too many changes of tags are. Wait until it has ended." | "이 태그를 바꾸는 다른 작업이나 너무 많은 태그 작업이 진행 중입니다. 끝날 때까지 기다리세요.";
    IdempotencyKeyInUse = "idempotency_key_in_use", CONFLICT,
        "Idempotency key in use" | "사용 중인 멱등 키",
        "The first request with this `Idempotency-Key` is still running. Send the same request again when it has ended, to get its response." | "이 `Idempotency-Key`를 가진 첫 요청이 아직 진행 중입니다. 그 요청이 끝난 뒤 같은 요청을 다시 보내면 그 응답을 받습니다.";
    ResyncRequired = "resync_required", GONE,
        "Resync required" | "재동기화 필요",
        "Changes after this number have been removed, or no change had this number yet. List all memos again, then continue with `since` set to `next_since`." | "이 번호 다음의 변경 내역이 이미 삭제되었거나, 아직 쓰이지 않은 번호입니다. 모든 메모의 목록을 다시 받은 뒤 `since`에 `next_since`를 넣어 이어서 요청하세요.";
    PreconditionFailed = "precondition_failed", PRECONDITION_FAILED,
        "Precondition failed" | "전제 조건 불일치",
        "The memo has changed since you read it, or there is a memo with the id of a new one. Read it again, apply your change to its current state, and send the new ETag (in a batch, the new version)." | "읽은 뒤에 메모가 바뀌었거나, 새 메모의 id가 이미 쓰이고 있습니다. 다시 읽고 현재 상태에 변경을 적용한 다음 새 ETag(일괄 작업에서는 새 버전)를 보내세요.";
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE,
        "Body too large" | "본문이 너무 큼",
        "The body is larger than {0} bytes, the limit of this operation." | "본문이 이 작업의 최대 크기인 {0}바이트보다 큽니다.";
    BatchTooLarge = "batch_too_large", PAYLOAD_TOO_LARGE,
        "Batch too large" | "일괄 작업이 너무 큼",
        "The contents of the batch have more than {0} characters together. Send several batches." | "일괄 작업의 본문을 모두 합치면 {0}자보다 깁니다. 여러 번에 나누어 보내세요.";
    IdempotentResponseTooLarge = "idempotent_response_too_large", PAYLOAD_TOO_LARGE,
        "Response too large to be repeated" | "다시 보내기에 너무 큰 응답",
        "The response would have more than {0} bytes, the limit of a request with an `Idempotency-Key`. Nothing was changed. Send fewer operations at once." | "응답이 `Idempotency-Key`가 있는 요청의 최대 크기인 {0}바이트를 넘습니다. 아무것도 바뀌지 않았습니다. 작업을 나누어 보내세요.";
    ArchiveTooManyEntries = "archive_too_many_entries", PAYLOAD_TOO_LARGE,
        "Archive with too many entries" | "항목이 너무 많은 보관 파일",
        "The archive has more than {0} entries. Nothing was imported; divide it." | "보관 파일의 항목이 {0}개를 넘습니다. 아무것도 가져오지 않았습니다. 나누어 보내세요.";
    ArchiveTooLarge = "archive_too_large", PAYLOAD_TOO_LARGE,
        "Archive too large" | "보관 파일이 너무 큼",
        "Unpacked, the archive or one of its notes has more than {0} bytes. Nothing was imported; divide it." | "압축을 푼 보관 파일이나 노트 하나가 {0}바이트를 넘습니다. 아무것도 가져오지 않았습니다. 나누어 보내세요.";
    ArchiveRatio = "archive_ratio_too_high", PAYLOAD_TOO_LARGE,
        "Archive compressed too much" | "압축률이 지나친 보관 파일",
        "An entry of the archive is compressed more than {0} times, which no text is. Nothing was imported." | "보관 파일의 한 항목이 {0}배 넘게 압축되어 있습니다. 글은 그렇게 압축되지 않습니다. 아무것도 가져오지 않았습니다.";
    UriTooLong = "uri_too_long", URI_TOO_LONG,
        "URI too long" | "URI가 너무 김",
        "The path and the query together are longer than {0} bytes." | "경로와 쿼리를 합친 길이가 {0}바이트를 넘습니다.";
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE,
        "Unsupported media type" | "지원하지 않는 미디어 타입",
        "Send the body in UTF-8 with the header `Content-Type: {0}`." | "본문을 UTF-8로, `Content-Type: {0}` 헤더와 함께 보내세요.";
    UnsupportedContentEncoding = "unsupported_content_encoding", UNSUPPORTED_MEDIA_TYPE,
        "Unsupported content encoding" | "지원하지 않는 콘텐츠 인코딩",
        "Send the body uncompressed, without the header `Content-Encoding`." | "본문을 압축하지 않고, `Content-Encoding` 헤더 없이 보내세요.";
    ValidationFailed = "validation_failed", UNPROCESSABLE_ENTITY,
        "Validation failed" | "유효성 검사 실패",
        "Nothing was changed. The field `errors` lists what to correct." | "아무것도 바뀌지 않았습니다. 고칠 내용은 `errors`에 있습니다.";
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY,
        "Idempotency key reused" | "다시 쓰인 멱등 키",
        "Another request had this `Idempotency-Key` in the last 24 hours. Use a new key for each request, and the same one only to repeat it." | "지난 24시간 안에 다른 요청이 이 `Idempotency-Key`를 썼습니다. 요청마다 새 키를 쓰고, 같은 요청을 다시 보낼 때만 같은 키를 쓰세요.";
    PasswordTooCommon = "password_too_common", UNPROCESSABLE_ENTITY,
        "Password too common" | "너무 흔한 비밀번호",
        "This password is easy to guess. Choose another one." | "추측하기 쉬운 비밀번호입니다. 다른 비밀번호를 고르세요.";
    TokenInvalid = "token_invalid", UNPROCESSABLE_ENTITY,
        "Invalid token" | "잘못된 토큰",
        "The token of this link is invalid, used or expired. Request a new link." | "링크의 토큰이 잘못되었거나, 이미 쓰였거나, 만료되었습니다. 새 링크를 요청하세요.";
    OtpWrong = "code_wrong", UNPROCESSABLE_ENTITY,
        "Wrong code" | "잘못된 코드",
        "The code does not match the current time, or was used. Check the clock of the device and try the next code." | "현재 시각의 코드가 아니거나 이미 쓰인 코드입니다. 기기의 시계를 확인하고 다음 코드로 다시 시도하세요.";
    ArchiveNotRecognized = "archive_not_recognized", UNPROCESSABLE_ENTITY,
        "Not an archive of this kind" | "이 종류의 보관 파일이 아님",
        "The body is not the file that `from` names. Nothing was imported; check the file and `from`." | "본문이 `from`에 적은 종류의 파일이 아닙니다. 아무것도 가져오지 않았습니다. 파일과 `from`을 확인하세요.";
    ArchiveEncrypted = "archive_encrypted", UNPROCESSABLE_ENTITY,
        "Archive encrypted" | "암호화된 보관 파일",
        "The archive is protected by a password. Nothing was imported; create it without one." | "비밀번호로 보호된 보관 파일입니다. 아무것도 가져오지 않았습니다. 비밀번호 없이 다시 만드세요.";
    ArchiveTruncated = "archive_truncated", UNPROCESSABLE_ENTITY,
        "Archive incomplete" | "불완전한 보관 파일",
        "The end of the archive is missing. Nothing was imported; download or create it again." | "보관 파일의 끝부분이 없습니다. 아무것도 가져오지 않았습니다. 다시 내려받거나 만드세요.";
    ArchiveDamaged = "archive_damaged", UNPROCESSABLE_ENTITY,
        "Archive damaged" | "손상된 보관 파일",
        "The archive is damaged. Nothing was imported; create it again." | "보관 파일이 손상되었습니다. 아무것도 가져오지 않았습니다. 다시 만드세요.";
    UpgradeRequired = "upgrade_required", UPGRADE_REQUIRED,
        "Upgrade required" | "업그레이드 필요",
        "Only a WebSocket handshake (RFC 6455, version 13) opens this connection. For plain HTTP use /api/v1/events." | "이 연결은 WebSocket 핸드셰이크(RFC 6455, 버전 13)로만 열립니다. 일반 HTTP에서는 /api/v1/events를 쓰세요.";
    RateLimited = "rate_limited", TOO_MANY_REQUESTS,
        "Too many requests" | "요청이 너무 많음",
        "The limit of the policy {0} is reached. Try again after the time in Retry-After; RateLimit says how much is left." | "{0} 정책의 한도에 도달했습니다. Retry-After의 시간이 지난 뒤 다시 시도하세요. 남은 양은 RateLimit 헤더에 있습니다.";
    TooManyConcurrentRequests = "too_many_concurrent_requests", TOO_MANY_REQUESTS,
        "Too many concurrent requests" | "동시 요청이 너무 많음",
        "Other requests of yours are still running. Wait for them, then try again after the time in Retry-After." | "아직 처리 중인 다른 요청이 있습니다. 끝나기를 기다리고 Retry-After의 시간이 지난 뒤 다시 시도하세요.";
    IdempotentResponsesFull = "idempotent_responses_full", TOO_MANY_REQUESTS,
        "Too many stored responses" | "저장된 응답이 너무 많음",
        "The responses to your requests with an `Idempotency-Key`, which are stored for 24 hours, take the space that they may. Nothing was changed. Try again after the time in Retry-After, or without the header." | "`Idempotency-Key`가 있는 요청의 응답은 24시간 동안 저장되는데, 그 공간이 모두 찼습니다. 아무것도 바뀌지 않았습니다. Retry-After의 시간이 지난 뒤 다시 시도하거나 헤더 없이 보내세요.";
    HeadersTooLarge = "headers_too_large", REQUEST_HEADER_FIELDS_TOO_LARGE,
        "Headers too large" | "헤더가 너무 큼",
        "The headers together are larger than {0} bytes." | "헤더 전체가 {0}바이트보다 큽니다.";
    InternalError = "internal_error", INTERNAL_SERVER_ERROR,
        "Internal error" | "서버 내부 오류",
        "The server failed. Its log has the details under this request_id." | "서버에서 오류가 발생했습니다. 자세한 내용은 이 request_id로 서버 로그에 있습니다.";
    UpstreamFailed = "upstream_failed", BAD_GATEWAY,
        "Language model failed" | "언어 모델 오류",
        "The language model is unreachable, refused the request, or sent an invalid answer. Try again later, after the time in Retry-After if there is one." | "언어 모델에 연결할 수 없거나, 모델이 요청을 거부했거나, 잘못된 응답을 보냈습니다. 나중에 다시 시도하세요. Retry-After가 있으면 그 시간이 지난 뒤에 시도하세요.";
    Overloaded = "overloaded", SERVICE_UNAVAILABLE,
        "Overloaded" | "과부하",
        "Too many requests of this kind are waiting. Try again after the time in Retry-After." | "같은 종류의 요청이 너무 많이 대기하고 있습니다. Retry-After의 시간이 지난 뒤 다시 시도하세요.";
    StoreUnavailable = "store_unavailable", SERVICE_UNAVAILABLE,
        "Store unavailable" | "저장소 사용 불가",
        "The store is unreachable or overloaded. Try again after the time in Retry-After." | "저장소에 연결할 수 없거나 부하가 너무 큽니다. Retry-After의 시간이 지난 뒤 다시 시도하세요.";
    SearchTimeout = "search_timeout", SERVICE_UNAVAILABLE,
        "Search took too long" | "검색 시간 초과",
        "The search was ended, since it took too long. Search for more characters, or restrict it by a tag or a time." | "검색이 너무 오래 걸려 중단되었습니다. 더 긴 검색어를 쓰거나 태그나 기간으로 범위를 좁혀 보세요.";
    CacheUnavailable = "cache_unavailable", SERVICE_UNAVAILABLE,
        "Cache unavailable" | "캐시 사용 불가",
        "The shared cache is unreachable. Try again after the time in Retry-After." | "공유 캐시에 연결할 수 없습니다. Retry-After의 시간이 지난 뒤 다시 시도하세요.";
    ProviderUnavailable = "provider_unavailable", SERVICE_UNAVAILABLE,
        "Provider unavailable" | "제공자 사용 불가",
        "The social provider is unreachable. Try again after the time in Retry-After, or sign in another way." | "소셜 제공자에 연결할 수 없습니다. Retry-After의 시간이 지난 뒤 다시 시도하거나 다른 방법으로 로그인하세요.";
    InsufficientStorage = "insufficient_storage", INSUFFICIENT_STORAGE,
        "Insufficient storage" | "저장 공간 부족",
        "The disk of the server has too little room for this import. Nothing was imported; ask the operator." | "서버 디스크에 이 가져오기를 위한 공간이 부족합니다. 아무것도 가져오지 않았습니다. 운영자에게 문의하세요.";
    RequestTimeout = "request_timeout", SERVICE_UNAVAILABLE,
        "Request timed out" | "요청 시간 초과",
        "The request exceeded the time limit of the server. It may have taken effect: check before you try again." | "요청이 서버의 제한 시간을 넘었습니다. 이미 적용되었을 수 있으니 확인한 뒤 다시 시도하세요.";
    Draining = "draining", SERVICE_UNAVAILABLE,
        "Shutting down" | "종료 중",
        "This node is shutting down. Send the request to another node, or try again after the time in Retry-After." | "이 노드는 종료 중입니다. 다른 노드로 보내거나 Retry-After의 시간이 지난 뒤 다시 시도하세요.";
    UpstreamTimeout = "upstream_timeout", GATEWAY_TIMEOUT,
        "Language model too slow" | "언어 모델 응답 시간 초과",
        "The language model did not answer in time. Try again later, with a shorter answer (`max_tokens`) or with `stream`." | "언어 모델이 제한 시간 안에 응답하지 않았습니다. 나중에 다시 시도하거나, 더 짧은 답(`max_tokens`)이나 `stream`으로 요청하세요.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique() {
        let codes: HashSet<_> = Code::ALL.iter().map(|code| code.info().code).collect();
        assert_eq!(codes.len(), Code::ALL.len());
    }

    #[test]
    fn codes_are_snake_case_and_have_texts_in_both_languages() {
        for info in Code::ALL.iter().map(|code| code.info()) {
            assert!(info.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{}", info.code);
            assert_eq!(info.detail.en.contains("{0}"), info.detail.ko.contains("{0}"), "{}", info.code);
            assert!(info.status.is_client_error() || info.status.is_server_error());
        }
    }
}
