use super::*;
use crate::farm::{EventKind, Identity, PrintReport};
use crate::store::sqlite::tests::Folder;
use crate::store::{SqliteStore, Store};

fn open(folder: &Folder) -> Outbox {
    Outbox::open(&folder.store(), Source::SAMPLES.to_vec()).unwrap()
}

fn event() -> Dated<Event> {
    let printer = Identity { source: Source::OCTOPRINT, id: "a".into(), label: "a".into(), name: "a".into() };
    let (received, report) = (Timestamp::from_micros(1), PrintReport::default());
    Dated { value: Event { printer, received, sent: None, kind: EventKind::Started, report }, epoch: None }
}

#[test]
fn a_file_with_waiting_webhooks_is_no_store_until_they_are_gone() {
    let folder = Folder::new("outbox-waiting");
    open(&folder).append(&[event()], None).unwrap();
    let refused = SqliteStore::open(&folder.store()).unwrap().load().unwrap_err().0;
    assert!(refused.contains("keeps 1 webhooks for the database of replicas"), "{refused}");

    let mut outbox = open(&folder);
    assert_eq!(outbox.state().events, 1, "the refusal has changed nothing");
    let name = outbox.name().to_owned();
    outbox.remove(1, 1).unwrap();
    drop(outbox);
    SqliteStore::open(&folder.store()).unwrap().load().unwrap();
    assert_ne!(open(&folder).name(), name, "what the file was is forgotten");
}

#[test]
fn a_file_with_a_farm_is_an_outbox_only_of_the_database_to_which_it_was_copied() {
    let folder = Folder::new("outbox-farm");
    let mut file = SqliteFile::open(&folder.store()).unwrap();
    let insert = "INSERT INTO printers VALUES (0, 'octoprint', 'a', 'a', 'a', '{}')";
    file.connection.execute_batch(insert).unwrap();
    drop(file);
    let refused = open(&folder).check_farm("one").unwrap_err().0;
    assert!(refused.contains("has a farm that was not copied to the database"), "{refused}");

    file = SqliteFile::open(&folder.store()).unwrap();
    note_copied(&mut file, "one").unwrap();
    drop(file);
    open(&folder).check_farm("one").unwrap();
}

#[test]
fn waiting_webhooks_are_not_for_the_database_of_another_farm() {
    let folder = Folder::new("outbox-other");
    let mut outbox = open(&folder);
    outbox.check_farm("one").unwrap();
    outbox.append(&[event()], None).unwrap();
    let refused = outbox.check_farm("two").unwrap_err().0;
    assert!(refused.contains("another farm"), "{refused}");
    outbox.remove(1, 1).unwrap();
    outbox.check_farm("two").unwrap();
}
