//! Every code of a value in `errors`, in one place, as the codes of problems are in `code.rs`.

use crate::language::Text;

macro_rules! field_codes {
    ($($variant:ident = $code:literal, $detail:literal | $detail_ko:literal;)+) => {
        /// What is wrong with one value of a request, for programs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum FieldCode { $(#[doc = $detail] $variant,)+ }

        impl FieldCode {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code in the response.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// What to do about it; `{0}` is replaced by the bound.
            pub const fn detail(self) -> Text {
                match self { $(Self::$variant => Text { en: $detail, ko: $detail_ko },)+ }
            }

            /// The code with this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.name() == name)
            }
        }
    };
}

field_codes! {
    TooShort = "too_short", "Too short: at least {0} characters are required." | "{0}자 이상이어야 합니다.";
    TooLong = "too_long", "Too long: at most {0} characters are allowed." | "{0}자 이하여야 합니다.";
    TooMany = "too_many", "Too many: at most {0} items are allowed." | "{0}개 이하여야 합니다.";
    TooSmall = "too_small", "Too small: the minimum is {0}." | "{0} 이상이어야 합니다.";
    TooLarge = "too_large", "Too large: the maximum is {0}." | "{0} 이하여야 합니다.";
    NulCharacter = "nul_character", "The character U+0000 is not allowed." | "U+0000 문자는 쓸 수 없습니다.";
    ControlCharacter = "control_character", "Control characters are not allowed." | "제어 문자는 쓸 수 없습니다.";
    BidirectionalControl = "bidirectional_control", "Characters that reorder the text around them (U+202A to U+202E, U+2066 to U+2069) are not allowed." | "주변 글자의 순서를 바꾸는 문자(U+202A~U+202E, U+2066~U+2069)는 쓸 수 없습니다.";
    NoVisibleCharacter = "no_visible_character", "At least one visible character is required." | "보이는 글자가 하나 이상 있어야 합니다.";
    Malformed = "malformed", "The format differs from the one in the OpenAPI document." | "OpenAPI 문서에 나온 형식이 아닙니다.";
    Required = "required", "A value is required." | "값이 필요합니다.";
    NotInFuture = "not_in_future", "The time must be in the future." | "미래의 시각이어야 합니다.";
    UnknownTimeZone = "unknown_time_zone", "No time zone of the IANA database has this name. One is, for example, Asia/Seoul." | "IANA 데이터베이스에 이런 이름의 시간대가 없습니다. 예: Asia/Seoul";
    TooFarAhead = "too_far_ahead", "The time of this id lies more than a day ahead. Check the clock." | "이 id의 시각이 하루 넘게 앞서 있습니다. 시계를 확인하세요.";
    UrlCredentials = "url_credentials", "The URL must not contain a user name or a password." | "URL에 사용자 이름이나 비밀번호를 넣을 수 없습니다.";
    UrlFragment = "url_fragment", "The URL must not contain a fragment (#)." | "URL에 조각(#)을 넣을 수 없습니다.";
    InsecureUrl = "insecure_url", "The URL must begin with https. The operator of the server may allow http for some networks." | "https로 시작하는 URL이어야 합니다. http는 서버 운영자가 허용한 네트워크에서만 쓸 수 있습니다.";
    AddressNotAllowed = "address_not_allowed", "The URL leads to an address that this server does not connect to, such as a private one." | "사설 주소처럼 이 서버가 연결하지 않는 주소입니다.";
    PasswordTooCommon = "password_too_common", "This password is easy to guess." | "추측하기 쉬운 비밀번호입니다.";
    TokenInvalid = "token_invalid", "The token is invalid, used or expired." | "토큰이 잘못되었거나, 이미 쓰였거나, 만료되었습니다.";
    CodeWrong = "code_wrong", "The code does not match the current time, or was used." | "현재 시각의 코드가 아니거나 이미 쓰인 코드입니다.";
    UnknownField = "unknown_member", "This operation has no such field or parameter. Check the spelling." | "이 작업에는 그런 항목이 없습니다. 철자를 확인하세요.";
    DuplicateField = "duplicate_member", "The field or parameter is given twice." | "같은 항목이 두 번 있습니다.";
    WrongType = "wrong_type", "The type differs from the one in the OpenAPI document." | "OpenAPI 문서에 나온 타입이 아닙니다.";
    InvalidChoice = "invalid_choice", "The value is not one of those in the OpenAPI document." | "OpenAPI 문서에 나열된 값이 아닙니다.";
    InvalidCursor = "invalid_cursor", "The cursor belongs to another list, or to other filters or another order. Start again without it." | "다른 목록, 필터 또는 정렬의 커서입니다. 커서 없이 다시 시작하세요.";
    MemoNotFound = "memo_not_found", "In a batch: there is no memo with this id, or you may not read it." | "일괄 작업: 이 id의 메모가 없거나 읽을 권한이 없습니다.";
    NotOwner = "not_owner", "In a batch: only the owner of this memo may do this." | "일괄 작업: 이 작업은 메모의 소유자만 할 수 있습니다.";
    MemoTrashed = "memo_trashed", "In a batch: this memo is in the trash. Restore it first." | "일괄 작업: 이 메모는 휴지통에 있습니다. 먼저 복원하세요.";
    PreconditionFailed = "precondition_failed", "In a batch: the version of this memo is not `if_version`, or there is a memo with the id of the new one. Read it again." | "일괄 작업: 이 메모의 버전이 `if_version`과 다르거나, 새 메모의 id가 이미 쓰이고 있습니다. 다시 읽으세요.";
    TooManyTags = "too_many_tags", "In a batch: your memos would have more than 5,000 different tags." | "일괄 작업: 메모에 서로 다른 태그가 5,000개를 넘게 됩니다.";
    IdempotencyKeyReused = "idempotency_key_reused", "Another request had the same key: at least one of its path, query, media type and body differs." | "다른 요청이 같은 키를 썼습니다. 경로, 쿼리, 미디어 타입, 본문 가운데 하나 이상이 다릅니다.";
    ConflictingParameters = "conflicting_parameters", "This cannot be combined with {0}." | "{0}와 함께 쓸 수 없습니다.";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn field_codes_are_unique() {
        let codes: HashSet<_> = FieldCode::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(codes.len(), FieldCode::ALL.len());
    }
}
