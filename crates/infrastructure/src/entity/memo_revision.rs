use sea_orm::entity::prelude::*;

use crate::row::row;

row! {
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "memo_revisions")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub memo_id: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub version: i64,
        pub title: String,
        pub tags: String,
        pub at: i64,
        pub replaced_at: i64,
        pub origin: i16,
        pub origin_id: Option<Uuid>,
        pub prefix: i64,
        pub suffix: i64,
        pub middle: Vec<u8>,
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
