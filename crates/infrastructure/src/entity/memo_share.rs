use sea_orm::entity::prelude::*;

use crate::row::row;

row! {
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "memo_shares")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub memo_id: Uuid,
        pub digest: Vec<u8>,
        pub password_hash: Option<String>,
        pub expires_at: Option<i64>,
        pub created_at: i64,
        pub reads: i64,
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
