use memo_domain::{Access, Tag, TagCount, UserId};

use super::Memos;
use crate::{Error, Resource};

impl Memos {
    /// The tags of a member's memos that are not in the trash.
    ///
    /// # Errors
    /// Those of the store alone.
    pub async fn tags(&self, owner: UserId) -> Result<Vec<TagCount>, Error> {
        let mut unit = self.store.begin(Access::Read).await?;
        Ok(unit.memos().list_tags(owner).await?)
    }

    /// One of them.
    ///
    /// # Errors
    /// [`Error::NotFound`] where no memo has it.
    pub async fn tag(&self, owner: UserId, tag: &Tag) -> Result<TagCount, Error> {
        one_of(self.tags(owner).await?, tag)
    }

    /// Puts another tag in the place of one, in all memos that have it and are not in the trash; a memo that has both keeps
    /// the new one alone. The new one with all memos that have it now.
    ///
    /// # Errors
    /// [`Error::NotFound`] where no memo has it.
    pub async fn rename_tag(&self, owner: UserId, from: &Tag, to: &Tag) -> Result<TagCount, Error> {
        self.write(owner, async |step| {
            step.retag(from, |tags| tags.renamed(from, to)).await?;
            one_of(step.tags().await?, to)
        })
        .await
    }

    /// Takes a tag from all memos that have it and are not in the trash.
    ///
    /// # Errors
    /// [`Error::NotFound`] where no memo has it.
    pub async fn remove_tag(&self, owner: UserId, tag: &Tag) -> Result<(), Error> {
        self.write(owner, async |step| step.retag(tag, |tags| tags.without(tag)).await).await
    }
}

fn one_of(tags: Vec<TagCount>, wanted: &Tag) -> Result<TagCount, Error> {
    tags.into_iter().find(|known| known.tag == *wanted).ok_or(Error::NotFound(Resource::Tag))
}
