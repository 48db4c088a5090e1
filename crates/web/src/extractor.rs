//! Implements `FromRequest`.

/// For extractors that only look at the head of a request.
macro_rules! from_head {
    ($(@[$($generics:tt)*])? $extractor:ty: $read:expr) => {
        impl $(<$($generics)*>)? actix_web::FromRequest for $extractor {
            type Error = actix_web::Error;
            type Future = std::future::Ready<Result<Self, Self::Error>>;

            fn from_request(request: &actix_web::HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
                let read: fn(&actix_web::HttpRequest) -> Result<Self, crate::problem::Problem> = $read;
                std::future::ready(read(request).map_err(Into::into))
            }
        }
    };
}
pub(crate) use from_head;
