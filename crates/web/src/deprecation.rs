//! Operations that will end.

use std::time::{Duration, SystemTime};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, HttpDate, LINK};

const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// What clients of a deprecated operation are told in each response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deprecation {
    /// Since when it is deprecated, in seconds since 1970.
    pub since: u64,
    /// When it ends, in seconds since 1970, if that is decided.
    pub sunset: Option<u64>,
    /// The URL of a page that says what to use instead.
    pub guide: &'static str,
}

impl Deprecation {
    /// Adds `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and a link to the guide.
    pub fn add_to(&self, headers: &mut HeaderMap) {
        let sunset = self.sunset.map(|time| HttpDate::from(SystemTime::UNIX_EPOCH + Duration::from_secs(time)));
        let values = [
            (DEPRECATION, Some(format!("@{}", self.since))),
            (SUNSET, sunset.map(|time| time.to_string())),
            (LINK, Some(format!("<{}>; rel=\"deprecation\"; type=\"text/html\"", self.guide))),
        ];
        for (name, value) in values {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                headers.append(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actix_web::{
        App, HttpMessage, HttpRequest, HttpResponse,
        http::header::LINK,
        middleware::from_fn,
        test::{TestRequest, call_service, init_service},
        web::{Data, to},
    };
    use memo_domain::{Clock, IdGenerator, Timestamp, Uuid};

    use super::*;
    use crate::{
        context::{RequestContext, Route},
        middleware::{RequestIds, envelope},
        openapi::document,
        policy::Policy,
        problem::{Code, Problem},
        routing::operations,
        settings::HttpSettings,
    };

    const OLD: Policy = Policy::open().deprecated(Deprecation {
        since: 1_688_169_599,
        sunset: Some(1_719_791_999),
        guide: "https://memo.example/guide",
    });

    operations! {
        old => OLD;
    }

    /// An old operation
    #[utoipa::path(get, path = "/old", tag = "test", responses((status = 200, description = "It answers")))]
    async fn old(request: HttpRequest) -> Result<HttpResponse, Problem> {
        static POLICY: Policy = OLD;
        if let Some(context) = request.extensions_mut().get_mut::<RequestContext>() {
            context.route = Some(Route { path: "/old".into(), operation: None, policy: &POLICY });
        }
        if request.query_string().is_empty() {
            return Ok(HttpResponse::Ok().insert_header((LINK, "</old?page=2>; rel=\"next\"")).finish());
        }
        Err(Problem::new(Code::BadRequest))
    }

    struct Fixed;

    impl Clock for Fixed {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(0)
        }
    }

    impl IdGenerator for Fixed {
        fn next(&self, _: Timestamp) -> Uuid {
            Uuid::nil()
        }
    }

    #[actix_web::test]
    async fn deprecated_operation_says_so_in_each_response() {
        let ids = RequestIds::new(Arc::new(Fixed), Arc::new(Fixed));
        let app = App::new()
            .app_data(Data::new(HttpSettings::for_tests()))
            .app_data(Data::new(ids))
            .route("/old", to(old))
            .route("/new", to(|| async { HttpResponse::Ok().finish() }))
            .wrap(from_fn(envelope));
        let app = init_service(app).await;
        for (target, status) in [("/old", 200), ("/old?fails", 400)] {
            let response = call_service(&app, TestRequest::get().uri(target).to_request()).await;
            assert_eq!(response.status().as_u16(), status);
            let headers = response.headers();
            assert_eq!(headers.get("deprecation").expect("a header"), "@1688169599");
            assert_eq!(headers.get("sunset").expect("a header"), "Sun, 30 Jun 2024 23:59:59 GMT");
            let guide = "<https://memo.example/guide>; rel=\"deprecation\"; type=\"text/html\"";
            assert!(headers.get_all(LINK).any(|link| link == guide));
        }
        let response = call_service(&app, TestRequest::get().uri("/new").to_request()).await;
        assert!(!response.headers().contains_key("deprecation") && !response.headers().contains_key("sunset"));
    }

    #[test]
    fn document_marks_deprecated_operations() {
        let document = document(&operations());
        let operation = &document["paths"]["/old"]["get"];
        assert_eq!(operation["deprecated"], true);
        for name in ["Deprecation", "Sunset"] {
            assert!(operation["responses"]["200"]["headers"][name].is_object(), "{name}");
        }
    }
}
