use sea_orm::entity::prelude::*;

use crate::row::row;

row! {
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "webhooks")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub user_id: Uuid,
        pub name: Option<String>,
        pub url: String,
        pub events: String,
        pub secret: Vec<u8>,
        pub enabled: bool,
        pub disabled_reason: Option<String>,
        pub delivered_seq: i64,
        pub failures: i64,
        pub failing_since: Option<i64>,
        pub created_at: i64,
        pub updated_at: i64,
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
