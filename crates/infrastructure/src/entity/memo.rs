use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "memos")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub owner_id: Uuid,
    pub pinned: bool,
    pub archived: bool,
    pub visibility: i16,
    pub remind_at: Option<i64>,
    pub reminded_at: Option<i64>,
    pub version: i64,
    pub created_at: i64,
    pub updated_at: i64,
    pub deleted_at: Option<i64>,
    /// The number of likes; only likes change it.
    pub like_count: i64,
    pub title: String,
    /// The key that titles are sorted by; only the database reads it.
    pub title_key: String,
    /// A JSON array of strings.
    pub tags: String,
    pub content: String,
    /// Absent in rows that were written before it was computed.
    pub snippet: Option<String>,
    pub has_tasks: bool,
    pub open_tasks: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "super::user::Entity", from = "Column::OwnerId", to = "super::user::Column::Id")]
    Owner,
}

impl ActiveModelBehavior for ActiveModel {}
