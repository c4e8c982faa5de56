//! A store that keeps nothing beyond the process.

use super::{Store, StoreError};
use crate::farm::{Changes, Farm, View};

/// Keeps nothing: the state lives in the process and ends with it.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryStore;

impl Store for MemoryStore {
    fn load(&mut self) -> Result<Farm, StoreError> {
        Ok(Farm::default())
    }

    fn commit(&mut self, _: &View, _: &Changes) -> Result<(), StoreError> {
        Ok(())
    }
}
