use async_trait::async_trait;
use memo_domain::{StoreError, UnitOfWork, for_each_repository};

use super::trace;

pub struct TracedUnit(pub Box<dyn UnitOfWork>);

/// Implements the unit of work and its repositories by traced calls to the wrapped ones.
macro_rules! traced {
    ($($accessor:ident: $repository:path {
        $(fn $method:ident($($argument:ident: $type:ty),*) -> $output:ty;)*
    })*) => {
        #[async_trait]
        impl UnitOfWork for TracedUnit {
            $(fn $accessor(&mut self) -> &mut dyn $repository {
                self
            })*

            async fn commit(self: Box<Self>) -> Result<(), StoreError> {
                trace("commit", self.0.commit()).await
            }
        }

        $(#[async_trait]
        impl $repository for TracedUnit {
            $(async fn $method(&mut self, $($argument: $type),*) -> Result<$output, StoreError> {
                let call = self.0.$accessor().$method($($argument),*);
                trace(concat!(stringify!($accessor), ".", stringify!($method)), call).await
            })*
        })*
    };
}

for_each_repository!(traced);
