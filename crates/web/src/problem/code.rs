//! Every `code` that a client can meet, in one place. `/docs/errors`, the OpenAPI document and the answers are made of it.
//!
//! A code is for good: it may be added, but never renamed or given another meaning.

use actix_web::http::StatusCode;

use crate::language::Text;

/// What is known of a code.
#[derive(Debug, Clone, Copy)]
pub struct CodeInfo {
    /// As it stands in the answer.
    pub code: &'static str,
    /// The status that it comes with.
    pub status: StatusCode,
    /// What happened, in a few words.
    pub title: Text,
    /// What to do about it; `{0}` stands for what differs from case to case.
    pub detail: Text,
}

macro_rules! codes {
    ($($variant:ident = $code:literal, $status:ident,
        $title:literal | $title_ko:literal,
        $detail:literal | $detail_ko:literal;)+) => {
        /// What went wrong, as a client's program tells it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code { $(#[doc = $title] $variant,)+ }

        impl Code {
            /// All of them, in the order of their status.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// What is known of it.
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
    };
}

codes! {
    BadRequest = "bad_request", BAD_REQUEST,
        "Bad request" | "잘못된 요청",
        "The request can't be understood. Check it against the OpenAPI document." | "요청을 이해할 수 없습니다. OpenAPI 문서와 비교해 보세요.";
    InvalidJson = "invalid_json", BAD_REQUEST,
        "Invalid JSON" | "잘못된 JSON",
        "The body is not valid JSON ({0}). Send one JSON value in UTF-8." | "본문이 올바른 JSON이 아닙니다({0}). UTF-8로 된 JSON 값 하나를 보내세요.";
    JsonTooDeep = "json_too_deep", BAD_REQUEST,
        "JSON nested too deeply" | "JSON 중첩이 너무 깊음",
        "The body nests arrays and objects more than 64 levels deep. Send a flatter value." | "본문의 배열과 객체가 64단계보다 깊게 중첩되었습니다. 더 얕은 값을 보내세요.";
    InvalidHeader = "invalid_header", BAD_REQUEST,
        "Invalid header" | "잘못된 헤더",
        "The header {0} can't be parsed. Correct it or leave it out." | "{0} 헤더를 해석할 수 없습니다. 고치거나 빼고 보내세요.";
    AmbiguousCredentials = "ambiguous_credentials", BAD_REQUEST,
        "Ambiguous credentials" | "모호한 인증 정보",
        "The request carries more than one way to sign in. Send one." | "요청에 인증 수단이 둘 이상 들어 있습니다. 하나만 보내세요.";
    StateInvalid = "state_invalid", BAD_REQUEST,
        "Sign-in not begun here" | "여기서 시작하지 않은 로그인",
        "This browser did not begin this sign-in, took longer than ten minutes, or has ended it already. Begin again." | "이 브라우저에서 시작한 로그인이 아니거나, 10분이 지났거나, 이미 끝났습니다. 처음부터 다시 시도하세요.";
    UntrustedHost = "untrusted_host", BAD_REQUEST,
        "Untrusted host" | "신뢰할 수 없는 호스트",
        "This server does not answer for the host that the request names. Use its public address, or add the host to server.trusted_hosts." | "이 서버는 요청에 적힌 호스트로 응답하지 않습니다. 공개 주소를 쓰거나 server.trusted_hosts에 호스트를 추가하세요.";
    AuthenticationRequired = "authentication_required", UNAUTHORIZED,
        "Authentication required" | "인증 필요",
        "Sign in first and send the access token as `Authorization: Bearer …`." | "먼저 로그인하고 액세스 토큰을 `Authorization: Bearer …`로 보내세요.";
    AccessTokenInvalid = "access_token_invalid", UNAUTHORIZED,
        "Invalid access token" | "잘못된 액세스 토큰",
        "The access token was not issued by this server for this API. Sign in again." | "이 서버가 이 API용으로 발급한 액세스 토큰이 아닙니다. 다시 로그인하세요.";
    AccessTokenExpired = "access_token_expired", UNAUTHORIZED,
        "Access token expired" | "액세스 토큰 만료",
        "The access token has expired. Get a new one with the refresh token." | "액세스 토큰이 만료되었습니다. 리프레시 토큰으로 새로 받으세요.";
    SignInEnded = "sign_in_ended", UNAUTHORIZED,
        "Sign-in ended" | "로그인 종료됨",
        "The sign-in that this token belongs to has ended. Sign in again." | "이 토큰의 로그인이 종료되었습니다. 다시 로그인하세요.";
    CredentialsWrong = "credentials_wrong", UNAUTHORIZED,
        "Wrong credentials" | "잘못된 로그인 정보",
        "The e-mail address, the password or the code is wrong. Try again, or set a new password." | "이메일, 비밀번호 또는 코드가 틀렸습니다. 다시 시도하거나 새 비밀번호를 정하세요.";
    MfaRequired = "mfa_required", UNAUTHORIZED,
        "Second factor required" | "2단계 인증 필요",
        "The password is right. Repeat the call within 5 minutes with `mfa_token` and `otp` alone." | "비밀번호가 맞습니다. 5분 안에 `mfa_token`과 `otp`만 넣어 다시 호출하세요.";
    InsufficientScope = "insufficient_scope", FORBIDDEN,
        "Insufficient scope" | "권한 범위 부족",
        "The token lacks the scope {0}. Sign in with that scope." | "토큰에 {0} 범위가 없습니다. 그 범위로 로그인하세요.";
    NotOwner = "not_owner", FORBIDDEN,
        "Not the owner" | "소유자가 아님",
        "You can read this memo, but only its owner may do this." | "이 메모를 읽을 수는 있지만 이 작업은 소유자만 할 수 있습니다.";
    CrossSiteRequest = "cross_site_request", FORBIDDEN,
        "Cross-site request" | "다른 사이트의 요청",
        "A page of another site sent this with the cookie of this one. Send it from this site, or with an access token." | "다른 사이트의 페이지가 이 사이트의 쿠키로 보낸 요청입니다. 이 사이트에서 보내거나 액세스 토큰을 쓰세요.";
    PasswordWrong = "password_wrong", FORBIDDEN,
        "Wrong password" | "잘못된 비밀번호",
        "Nothing was changed. Send the password that the account has now." | "아무것도 바뀌지 않았습니다. 지금 계정의 비밀번호를 보내세요.";
    RecentSignInRequired = "recent_sign_in_required", FORBIDDEN,
        "Recent sign-in required" | "최근 로그인 필요",
        "The account has no password. Sign in again by its social account, and repeat this within 10 minutes." | "비밀번호가 없는 계정입니다. 소셜 계정으로 다시 로그인하고 10분 안에 다시 시도하세요.";
    InteractiveSignInRequired = "interactive_sign_in_required", FORBIDDEN,
        "Interactive sign-in required" | "직접 로그인 필요",
        "Only a member who signed in themselves, with all scopes, may do this." | "모든 범위로 직접 로그인한 회원만 할 수 있습니다.";
    AdministratorRequired = "administrator_required", FORBIDDEN,
        "Administrator required" | "관리자 권한 필요",
        "Only administrators may do this." | "관리자만 할 수 있습니다.";
    SignUpClosed = "sign_up_closed", FORBIDDEN,
        "Sign-up closed" | "가입 중지",
        "This server takes no sign-ups. Ask its administrator for an account." | "이 서버는 가입을 받지 않습니다. 관리자에게 계정을 요청하세요.";
    NotFound = "not_found", NOT_FOUND,
        "Not found" | "찾을 수 없음",
        "There is nothing at this path. Check its spelling; the OpenAPI document lists every path." | "이 경로에는 아무것도 없습니다. 철자를 확인해 보세요. 모든 경로는 OpenAPI 문서에 있습니다.";
    MemoNotFound = "memo_not_found", NOT_FOUND,
        "Memo not found" | "메모를 찾을 수 없음",
        "There is no memo with this id that you may read." | "이 id로 읽을 수 있는 메모가 없습니다.";
    UserNotFound = "user_not_found", NOT_FOUND,
        "Member not found" | "회원을 찾을 수 없음",
        "There is no member with this id." | "이 id의 회원이 없습니다.";
    SessionNotFound = "session_not_found", NOT_FOUND,
        "Sign-in not found" | "로그인을 찾을 수 없음",
        "You have no sign-in with this id that is still good." | "이 id로 아직 유효한 로그인이 없습니다.";
    IdentityNotFound = "identity_not_found", NOT_FOUND,
        "Identity not found" | "연결된 계정을 찾을 수 없음",
        "No account at this provider is linked to yours." | "이 제공자의 계정이 연결되어 있지 않습니다.";
    ProviderNotFound = "provider_not_found", NOT_FOUND,
        "Provider not found" | "제공자를 찾을 수 없음",
        "This server has no social provider of this name. `/api/v1/auth/providers` lists them." | "이 이름의 소셜 제공자가 없습니다. `/api/v1/auth/providers`에 목록이 있습니다.";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED,
        "Method not allowed" | "허용되지 않는 메서드",
        "This path does not take this method. It takes: {0}." | "이 경로는 이 메서드를 받지 않습니다. 받는 메서드: {0}.";
    EmailTaken = "email_taken", CONFLICT,
        "E-mail address taken" | "이미 쓰이는 이메일",
        "Another account has this e-mail address. Sign in with it, or use another address." | "이 이메일을 쓰는 계정이 이미 있습니다. 그 계정으로 로그인하거나 다른 이메일을 쓰세요.";
    MfaEnabled = "mfa_enabled", CONFLICT,
        "Second factor in use" | "2단계 인증 사용 중",
        "The account has a second factor already. Take it away first." | "이미 2단계 인증을 쓰고 있습니다. 먼저 해제하세요.";
    MfaNotBegun = "mfa_not_begun", CONFLICT,
        "Second factor not begun" | "2단계 인증을 시작하지 않음",
        "There is nothing to confirm. POST to `/api/v1/me/mfa/totp` first." | "확인할 것이 없습니다. 먼저 `/api/v1/me/mfa/totp`에 POST하세요.";
    LastWayToSignIn = "last_way_to_sign_in", CONFLICT,
        "Last way to sign in" | "마지막 로그인 수단",
        "Without it you could not sign in any more. Set a password or link another account first." | "이것이 없으면 더는 로그인할 수 없습니다. 먼저 비밀번호를 정하거나 다른 계정을 연결하세요.";
    LastAdministrator = "last_administrator", CONFLICT,
        "Last administrator" | "마지막 관리자",
        "Nobody would be left who administers. Make somebody else an administrator first." | "관리자가 한 명도 남지 않게 됩니다. 먼저 다른 회원을 관리자로 지정하세요.";
    MemoTrashed = "memo_trashed", CONFLICT,
        "Memo in the trash" | "휴지통에 있는 메모",
        "A memo in the trash can't be changed. Restore it first." | "휴지통에 있는 메모는 바꿀 수 없습니다. 먼저 복원하세요.";
    ResyncRequired = "resync_required", GONE,
        "Resync required" | "다시 동기화해야 함",
        "The changes after this number are no longer kept, or the number is none that a change has had. List all memos anew, then go on with `since` set to `next_since`." | "이 번호 다음의 변경 내역이 더는 보관되어 있지 않거나, 변경에 쓰인 적이 없는 번호입니다. 모든 메모를 처음부터 다시 목록으로 읽은 뒤 `since`에 `next_since`를 넣어 이어서 받으세요.";
    PreconditionFailed = "precondition_failed", PRECONDITION_FAILED,
        "Precondition failed" | "전제 조건 불일치",
        "The memo has changed since you read it. Read it again, apply your change to what it is now, and send the new ETag, or in a batch the new version." | "읽은 뒤에 메모가 바뀌었습니다. 다시 읽고 지금 상태에 변경을 적용한 다음 새 ETag를(일괄 작업에서는 새 버전을) 보내세요.";
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE,
        "Body too large" | "본문이 너무 큼",
        "The body is larger than {0} bytes, the most that this operation takes." | "본문이 이 작업이 받는 최대 크기인 {0}바이트보다 큽니다.";
    UriTooLong = "uri_too_long", URI_TOO_LONG,
        "URI too long" | "URI가 너무 김",
        "Path and query together are longer than {0} bytes." | "경로와 쿼리를 합친 길이가 {0}바이트를 넘습니다.";
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE,
        "Unsupported media type" | "지원하지 않는 미디어 타입",
        "Send the body in UTF-8 with the header `Content-Type: {0}`." | "본문을 UTF-8로, `Content-Type: {0}` 헤더와 함께 보내세요.";
    ValidationFailed = "validation_failed", UNPROCESSABLE_ENTITY,
        "Validation failed" | "유효성 검사 실패",
        "Nothing was changed. The member `errors` says what to correct." | "아무것도 바뀌지 않았습니다. 고칠 내용은 `errors`에 있습니다.";
    PasswordTooCommon = "password_too_common", UNPROCESSABLE_ENTITY,
        "Password too common" | "너무 흔한 비밀번호",
        "This password is among the first that somebody would guess. Choose another one." | "가장 먼저 추측될 만한 비밀번호입니다. 다른 것을 고르세요.";
    TokenInvalid = "token_invalid", UNPROCESSABLE_ENTITY,
        "Invalid token" | "잘못된 토큰",
        "The token of this link is wrong, was used, or is too old. Ask for a new link." | "링크의 토큰이 틀렸거나, 이미 쓰였거나, 너무 오래되었습니다. 새 링크를 요청하세요.";
    OtpWrong = "code_wrong", UNPROCESSABLE_ENTITY,
        "Wrong code" | "잘못된 코드",
        "The code is not the one of this moment. Check the clock of the device, and try the next one." | "지금 시각의 코드가 아닙니다. 기기의 시계를 확인하고 다음 코드로 다시 시도하세요.";
    TooManyAttempts = "too_many_attempts", TOO_MANY_REQUESTS,
        "Too many attempts" | "시도 횟수 초과",
        "The account takes no more passwords or codes for now. Try again after the time in Retry-After." | "지금은 이 계정에 비밀번호나 코드를 더 시도할 수 없습니다. Retry-After의 시간이 지난 뒤 다시 시도하세요.";
    HeadersTooLarge = "headers_too_large", REQUEST_HEADER_FIELDS_TOO_LARGE,
        "Headers too large" | "헤더가 너무 큼",
        "The headers are larger than {0} bytes in all." | "헤더 전체가 {0}바이트보다 큽니다.";
    InternalError = "internal_error", INTERNAL_SERVER_ERROR,
        "Internal error" | "서버 내부 오류",
        "The server made a mistake. The log has more under this request_id." | "서버에 오류가 있었습니다. 자세한 내용은 이 request_id로 로그에 있습니다.";
    Overloaded = "overloaded", SERVICE_UNAVAILABLE,
        "Overloaded" | "과부하",
        "Too many requests of this kind are waiting. Try again after the time in Retry-After." | "같은 종류의 요청이 너무 많이 기다리고 있습니다. Retry-After의 시간이 지난 뒤 다시 시도하세요.";
    StoreUnavailable = "store_unavailable", SERVICE_UNAVAILABLE,
        "Store unavailable" | "저장소 사용 불가",
        "The store can't be reached or is full of work. Try again after the time in Retry-After." | "저장소에 연결할 수 없거나 처리할 일이 너무 많습니다. Retry-After의 시간이 지난 뒤 다시 시도하세요.";
    CacheUnavailable = "cache_unavailable", SERVICE_UNAVAILABLE,
        "Cache unavailable" | "캐시 사용 불가",
        "The cache that the nodes share can't be reached. Try again after the time in Retry-After." | "노드들이 함께 쓰는 캐시에 연결할 수 없습니다. Retry-After의 시간이 지난 뒤 다시 시도하세요.";
    ProviderUnavailable = "provider_unavailable", SERVICE_UNAVAILABLE,
        "Provider unavailable" | "제공자 사용 불가",
        "The social provider can't be reached. Try again after the time in Retry-After, or sign in another way." | "소셜 제공자에 연결할 수 없습니다. Retry-After의 시간이 지난 뒤 다시 시도하거나 다른 방법으로 로그인하세요.";
    RequestTimeout = "request_timeout", SERVICE_UNAVAILABLE,
        "Request timed out" | "요청 시간 초과",
        "The request took longer than the server allows. Whether it took effect is not known: read before you try again." | "요청이 서버가 허용하는 시간보다 오래 걸렸습니다. 적용되었는지 알 수 없으니 다시 시도하기 전에 읽어 보세요.";
    Draining = "draining", SERVICE_UNAVAILABLE,
        "Shutting down" | "종료 중",
        "This node is shutting down. Send the request to another one, or try again after the time in Retry-After." | "이 노드는 종료 중입니다. 다른 노드로 보내거나 Retry-After의 시간이 지난 뒤 다시 시도하세요.";
}

macro_rules! field_codes {
    ($($code:literal, $detail:literal | $detail_ko:literal;)+) => {
        /// The codes of the members of `errors`, each with what to do about it.
        pub const FIELD_CODES: &[(&str, Text)] = &[$(($code, Text { en: $detail, ko: $detail_ko }),)+];
    };
}

field_codes! {
    "too_short", "This is too short. The least number of characters: {0}." | "{0}자 이상이어야 합니다.";
    "too_long", "This is too long. The greatest number of characters: {0}." | "{0}자 이하여야 합니다.";
    "too_many", "These are too many. The greatest number of items: {0}." | "{0}개 이하여야 합니다.";
    "too_small", "The least allowed number is {0}." | "{0} 이상이어야 합니다.";
    "too_large", "The greatest allowed number is {0}." | "{0} 이하여야 합니다.";
    "nul_character", "The character U+0000 is not allowed." | "U+0000 문자는 쓸 수 없습니다.";
    "control_character", "Control characters are not allowed." | "제어 문자는 쓸 수 없습니다.";
    "malformed", "This is not of the form that the OpenAPI document gives." | "OpenAPI 문서에 나온 형식이 아닙니다.";
    "required", "A value is needed here." | "값이 필요합니다.";
    "not_in_future", "This time must lie in the future." | "미래의 시각이어야 합니다.";
    "password_too_common", "This password is among the first that somebody would guess." | "가장 먼저 추측될 만한 비밀번호입니다.";
    "token_invalid", "This token is wrong, was used, or is too old." | "토큰이 틀렸거나, 이미 쓰였거나, 너무 오래되었습니다.";
    "code_wrong", "This code is not the one of this moment." | "지금 시각의 코드가 아닙니다.";
    "unknown_member", "This operation has no such member. Check the spelling." | "이 작업에는 그런 항목이 없습니다. 철자를 확인하세요.";
    "duplicate_member", "This member is given twice." | "같은 항목이 두 번 있습니다.";
    "wrong_type", "This is not of the type that the OpenAPI document gives." | "OpenAPI 문서에 나온 타입이 아닙니다.";
    "invalid_choice", "This is not one of the values that the OpenAPI document lists." | "OpenAPI 문서에 나열된 값이 아닙니다.";
    "invalid_cursor", "This cursor was not given by this list with these filters and this sort. Start again without it." | "이 필터와 정렬의 목록에서 나온 커서가 아닙니다. 커서 없이 다시 시작하세요.";
    "memo_not_found", "In a batch: there is no memo with this id that you may read." | "일괄 작업에서: 이 id로 읽을 수 있는 메모가 없습니다.";
    "not_owner", "In a batch: only the owner of this memo may do this." | "일괄 작업에서: 이 작업은 메모의 소유자만 할 수 있습니다.";
    "memo_trashed", "In a batch: this memo is in the trash. Restore it first." | "일괄 작업에서: 이 메모는 휴지통에 있습니다. 먼저 복원하세요.";
    "precondition_failed", "In a batch: this memo is in another version than `if_version`. Read it again." | "일괄 작업에서: 이 메모의 버전이 `if_version`과 다릅니다. 다시 읽으세요.";
    "conflicting_parameters", "This can't be combined with {0}." | "{0}와 함께 쓸 수 없습니다.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_code_is_used_twice() {
        let codes: HashSet<_> = Code::ALL.iter().map(|code| code.info().code).collect();
        assert_eq!(codes.len(), Code::ALL.len());
        let fields: HashSet<_> = FIELD_CODES.iter().map(|(code, _)| code).collect();
        assert_eq!(fields.len(), FIELD_CODES.len());
    }

    #[test]
    fn codes_are_snake_case_and_speak_both_languages() {
        for info in Code::ALL.iter().map(|code| code.info()) {
            assert!(info.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{}", info.code);
            assert_eq!(info.detail.en.contains("{0}"), info.detail.ko.contains("{0}"), "{}", info.code);
            assert!(info.status.is_client_error() || info.status.is_server_error());
        }
    }
}
