//! The index of memos by what they link to.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "memo_links")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub target: Vec<u8>,
    #[sea_orm(primary_key, auto_increment = false)]
    pub memo_id: Uuid,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
