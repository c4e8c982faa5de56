//! The pictures of the pages in docs/images: with `PAGES_PICTURES=docs/images` they are written there.

use std::fs;
use std::path::PathBuf;

use super::browser::{Browser, DESKTOP, PHONE, Screen};
use super::farm::busy_farm;
use crate::common::certificates::Folder;

const TALL: Screen = Screen { height: 1000, ..DESKTOP };

#[test]
fn every_page_is_drawn() {
    let folder = Folder::new();
    let app = busy_farm(folder.path("farm.db"));
    let images = std::env::var_os("PAGES_PICTURES").map_or_else(|| folder.path("images"), PathBuf::from);
    fs::create_dir_all(&images).unwrap();
    let shots = [
        ("pages-printers", "/", TALL, "need a person"),
        ("pages-printers-dark", "/", Screen { dark: true, ..TALL }, "need a person"),
        ("pages-printers-phone", "/", PHONE, "need a person"),
        ("pages-connect", "/connect?sender=octoprint&printer=mk4-1", TALL, "See it arrive"),
        ("pages-prints", "/prints", Screen { height: 800, ..DESKTOP }, "in this selection"),
    ];
    for (name, page, screen, part) in shots {
        let browser = Browser::open(screen, &folder.path("downloads"));
        browser.goto(&format!("http://{}{page}", app.address));
        browser.wait_for(part);
        let width = browser.run("return innerWidth", vec![]);
        assert_eq!(width, screen.width, "{name}");
        let picture = browser.picture();
        assert_eq!(picture[1..4], *b"PNG", "{name}");
        fs::write(images.join(format!("{name}.png")), picture).unwrap();
    }
}
