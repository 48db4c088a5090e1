use sea_orm::entity::prelude::*;

use crate::row::row;

row! {
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "webhook_deliveries")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub webhook_id: Uuid,
        pub kind: String,
        pub seq: Option<i64>,
        pub memo_id: Option<Uuid>,
        pub version: Option<i64>,
        pub event_at: i64,
        pub status: String,
        pub response_status: Option<i64>,
        pub duration_ms: Option<i64>,
        pub error: Option<String>,
        pub attempts: i64,
        pub at: i64,
        pub next_attempt_at: Option<i64>,
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
