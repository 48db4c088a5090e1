use memo_domain::{Tag, TagCount, UserId};

use super::Memos;
use crate::{Error, Resource};

impl Memos {
    /// Returns the tags of a user's memos outside the trash.
    ///
    /// # Errors
    /// Only those of the store.
    pub async fn tags(&self, owner: UserId) -> Result<Vec<TagCount>, Error> {
        self.ports.transactions.on_behalf_of(owner).read(async |unit| Ok(unit.memos().list_tags(owner).await?)).await
    }

    /// Returns one of these tags.
    ///
    /// # Errors
    /// [`Error::NotFound`] if no memo has it.
    pub async fn tag(&self, owner: UserId, tag: &Tag) -> Result<TagCount, Error> {
        one_of(self.tags(owner).await?, tag)
    }

    /// Renames a tag in all memos outside the trash; a memo that has both tags keeps the new one. Returns the new tag with the
    /// number of all memos that have it now.
    ///
    /// # Errors
    /// [`Error::NotFound`] if no memo has the old tag.
    pub async fn rename_tag(&self, owner: UserId, from: &Tag, to: &Tag) -> Result<TagCount, Error> {
        self.write(owner, async |editor| {
            editor.retag(from, |tags| tags.renamed(from, to)).await?;
            one_of(editor.tags().await?, to)
        })
        .await
    }

    /// Removes a tag from all memos outside the trash.
    ///
    /// # Errors
    /// [`Error::NotFound`] if no memo has it.
    pub async fn remove_tag(&self, owner: UserId, tag: &Tag) -> Result<(), Error> {
        self.write(owner, async |editor| editor.retag(tag, |tags| tags.without(tag)).await).await
    }
}

fn one_of(tags: Vec<TagCount>, wanted: &Tag) -> Result<TagCount, Error> {
    tags.into_iter().find(|known| known.tag == *wanted).ok_or(Error::NotFound(Resource::Tag))
}
