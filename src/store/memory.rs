//! A store that keeps nothing: the state ends with the process.

use super::{Store, StoreError, StoredState};
use crate::farm::{Changes, View};

#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryStore;

impl Store for MemoryStore {
    fn load(&mut self) -> Result<StoredState, StoreError> {
        Ok(StoredState::default())
    }

    fn commit(&mut self, _: &View, _: &Changes) -> Result<(), StoreError> {
        Ok(())
    }
}
