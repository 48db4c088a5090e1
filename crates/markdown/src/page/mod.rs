//! The pages of a share. They have no script, and need no other file than the style sheet.

mod texts;

use memo_domain::Locale;

use self::texts::{Texts, texts};
use crate::html::{push_attribute, push_text};

/// The style sheet, which the pages expect at `/shared/style.css`.
pub const STYLE: &str = include_str!("style.css");

/// The value of `Content-Security-Policy` that the pages need: the style sheet, images by `https`, and the form.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src https:; form-action 'self'; \
                                           base-uri 'none'; frame-ancestors 'none'";

/// What the page of a share says about its memo.
#[derive(Debug, Clone, Copy)]
pub struct ShareMeta<'m> {
    /// The language of the page around the memo.
    pub locale: Locale,
    /// The display name of the owner; `None` if the page does not name them.
    pub author: Option<&'m str>,
    /// When the memo last changed, by RFC 3339.
    pub updated_at: &'m str,
}

/// Returns the page of a share. `html` is a fragment that is safe, as from [`Markdown::html`](memo_domain::Markdown::html);
/// everything else is escaped.
///
/// A memo that begins with its title as a heading shows it once.
#[must_use]
pub fn share_page(title: &str, html: &str, meta: &ShareMeta<'_>) -> String {
    let texts = texts(meta.locale);
    let heading = format!("<h1>{}</h1>", text(title));
    let html = html.strip_prefix(&heading).unwrap_or(html);
    let author = meta.author.map(|author| format!("{} · ", text(author))).unwrap_or_default();
    let time = attribute(meta.updated_at);
    let day = text(meta.updated_at.get(..10).unwrap_or(meta.updated_at));
    let updated = texts.updated;
    let body = format!(
        "<main>\n<header>\n{heading}\n<p class=\"meta\">{author}{updated} <time datetime=\"{time}\">{day}</time></p>\n\
         </header>\n<article>\n{html}</article>\n</main>\n",
    );
    page(texts, title, &body)
}

/// Returns the page that asks for the password of a share. Its form sends the field `password` to `action`.
#[must_use]
pub fn password_page(action: &str, is_wrong: bool, locale: Locale) -> String {
    let texts = texts(locale);
    let Texts { password_title, password_hint, password, open, .. } = texts;
    let (error, state) = if is_wrong {
        let error = format!("<p class=\"error\" id=\"error\" role=\"alert\">{}</p>\n", texts.password_wrong);
        (error, " aria-invalid=\"true\" aria-describedby=\"error\"")
    } else {
        (String::new(), "")
    };
    let body = format!(
        "<main class=\"notice\">\n<h1>{password_title}</h1>\n<p>{password_hint}</p>\n{error}\
         <form method=\"post\" action=\"{}\">\n<label>{password}\n\
         <input type=\"password\" name=\"password\" autocomplete=\"off\" required autofocus{state}></label>\n\
         <button>{open}</button>\n</form>\n</main>\n",
        attribute(action),
    );
    page(texts, password_title, &body)
}

/// Returns the page of a share that does not exist, or not any more.
#[must_use]
pub fn missing_page(locale: Locale) -> String {
    let texts = texts(locale);
    let Texts { missing_title, missing_hint, .. } = texts;
    let body = format!("<main class=\"notice\">\n<h1>{missing_title}</h1>\n<p>{missing_hint}</p>\n</main>\n");
    page(texts, missing_title, &body)
}

/// The URL contains the token of the share, which no other server may see. Without any referrer, browsers would send the form
/// with `Origin: null`.
fn page(texts: &Texts, title: &str, body: &str) -> String {
    let lang = texts.lang;
    let title = text(title);
    format!(
        "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex, nofollow\">\n<meta name=\"referrer\" content=\"same-origin\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"/shared/style.css\">\n</head>\n<body>\n{body}</body>\n</html>\n",
    )
}

fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    push_text(&mut escaped, text);
    escaped
}

fn attribute(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    push_attribute(&mut escaped, text);
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    const META: ShareMeta<'_> =
        ShareMeta { locale: Locale::En, author: Some("Kim <b>"), updated_at: "2026-11-28T09:00:00Z" };

    #[test]
    fn share_page_escapes_all_but_the_memo() {
        let page = share_page("</title><script>alert(1)</script>", "<p>safe</p>\n", &META);
        assert!(!page.contains("<script") && !page.contains("Kim <b>"), "{page}");
        assert!(page.contains("<title>&lt;/title&gt;&lt;script&gt;alert(1)"), "{page}");
        assert!(page.contains("<article>\n<p>safe</p>\n</article>"), "{page}");
        assert!(
            page.contains("Kim &lt;b&gt; · Updated <time datetime=\"2026-11-28T09:00:00Z\">2026-11-28</time>"),
            "{page}"
        );
    }

    #[test]
    fn title_that_is_also_the_first_heading_is_shown_once() {
        for (title, html, count) in [
            ("A & B", "<h1>A &amp; B</h1>\n<p>c</p>\n", 1),
            ("A", "<h1>A &amp; B</h1>\n", 2),
            ("A", "<p>b</p>\n<h1>A</h1>\n", 2),
        ] {
            assert_eq!(share_page(title, html, &META).matches("<h1>").count(), count, "{html}");
        }
    }

    #[test]
    fn pages_are_in_the_language_asked_for() {
        for (locale, lang, password, missing) in [
            (Locale::En, "<html lang=\"en\">", "Password", "Memo not found"),
            (Locale::Ko, "<html lang=\"ko\">", "비밀번호", "메모를 찾을 수 없습니다"),
        ] {
            let pages = [
                share_page("a", "", &ShareMeta { locale, ..META }),
                password_page("/shared/x", false, locale),
                missing_page(locale),
            ];
            assert!(pages.iter().all(|page| page.contains(lang)));
            assert!(pages[1].contains(password) && pages[2].contains(missing));
        }
    }

    #[test]
    fn password_form_posts_one_field() {
        let page = password_page("/shared/\"><script>", true, Locale::En);
        assert!(page.contains("<form method=\"post\" action=\"/shared/&quot;&gt;&lt;script&gt;\">"), "{page}");
        assert!(page.contains("name=\"password\"") && page.contains("role=\"alert\""), "{page}");
        assert!(!password_page("/shared/x", false, Locale::En).contains("role=\"alert\""));
    }

    #[test]
    fn pages_load_nothing_but_the_style_sheet() {
        for page in [share_page("a", "", &META), password_page("/a", true, Locale::Ko), missing_page(Locale::En)] {
            assert_eq!(page.matches("href=").count(), 1, "{page}");
            for part in ["<link rel=\"stylesheet\" href=\"/shared/style.css\">", "content=\"noindex, nofollow\""] {
                assert!(page.contains(part), "{part} is missing");
            }
            for part in ["<script", "<style", " style=", "src=", "http:"] {
                assert!(!page.contains(part), "{part}: {page}");
            }
        }
        for part in ["url(", "@import", "http", "expression"] {
            assert!(!STYLE.contains(part), "{part}");
        }
        for part in ["prefers-color-scheme: dark", "word-break: keep-all", "max-width: 42rem"] {
            assert!(STYLE.contains(part), "{part}");
        }
    }
}
