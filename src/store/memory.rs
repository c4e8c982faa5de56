//! A store that keeps nothing beyond the process.

use super::{Kept, Store, StoreError};
use crate::farm::{Changes, Time, View};

/// Keeps nothing: the state lives in the process and ends with it.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryStore;

impl Store for MemoryStore {
    fn load(&mut self) -> Result<Kept, StoreError> {
        Ok(Kept::default())
    }

    fn commit(&mut self, _: &View, _: &Changes, _: Time) -> Result<(), StoreError> {
        Ok(())
    }
}
