/// Declares an enum of the API with the variants of an enum of the domain, and the conversions between both.
macro_rules! mirror {
    ($(#[$meta:meta])* $name:ident of $domain:ty { $($(#[$attribute:meta])* $variant:ident),+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, Default, serde::Deserialize, serde::Serialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$attribute])* $variant,)+
        }

        impl From<$domain> for $name {
            fn from(value: $domain) -> Self {
                match value { $(<$domain>::$variant => Self::$variant),+ }
            }
        }

        impl From<$name> for $domain {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => Self::$variant),+ }
            }
        }
    };
}
pub(super) use mirror;
