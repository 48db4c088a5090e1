use memo_domain::{Locale, MemoView};
use memo_markdown::{CONTENT_SECURITY_POLICY, STYLE, ShareMeta, missing_page, password_page, share_page};
use memo_web::SharePages;

/// The pages of shares.
pub struct MarkdownPages;

impl SharePages for MarkdownPages {
    fn memo(&self, MemoView { memo, owner_name, .. }: &MemoView, html: &str, locale: Locale) -> String {
        let updated_at = memo.updated_at.to_string();
        let meta = ShareMeta { locale, author: Some(owner_name.as_str()), updated_at: &updated_at };
        share_page(memo.state.title.as_str(), html, &meta)
    }

    fn password(&self, action: &str, is_wrong: bool, locale: Locale) -> String {
        password_page(action, is_wrong, locale)
    }

    fn missing(&self, locale: Locale) -> String {
        missing_page(locale)
    }

    fn style(&self) -> &'static str {
        STYLE
    }

    fn content_security_policy(&self) -> &'static str {
        CONTENT_SECURITY_POLICY
    }
}
