//! A store that keeps nothing: the state ends with the process.

use std::collections::HashMap;

use super::{Filter, History, Page, PrintRow, PrintedSince, Store, StoreError, StoredState, Sums};
use crate::farm::{Changes, View};
use crate::timestamp::Timestamp;

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

impl History for MemoryStore {
    fn labels(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    fn page(&self, _: &Filter, _: &Page) -> Result<Vec<PrintRow>, StoreError> {
        Ok(Vec::new())
    }

    fn sums(&self, _: &Filter) -> Result<Sums, StoreError> {
        Ok(Sums::default())
    }

    fn since(&self, _: Timestamp) -> Result<HashMap<String, PrintedSince>, StoreError> {
        Ok(HashMap::new())
    }
}
