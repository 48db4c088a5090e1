use sea_orm::entity::prelude::*;

use crate::row::row;

row! {
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_events")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub user_id: Uuid,
        /// No foreign key: the event stays after the actor's account is removed.
        pub actor_id: Option<Uuid>,
        pub kind: String,
        pub at: i64,
        pub ip: Option<String>,
        pub device: Option<String>,
        pub request_id: Option<String>,
        pub detail: Option<String>,
        /// No foreign key: the event stays after the key is removed.
        pub api_key_id: Option<Uuid>,
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
