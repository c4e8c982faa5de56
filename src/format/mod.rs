//! The output formats of the print history. Each print is written as it is read.

mod csv;
mod json;
mod table;

use std::io;

pub(crate) use csv::Csv;
pub(crate) use json::Json;
pub(crate) use table::Table;

use crate::store::PrintRow;

pub(crate) trait Format {
    fn print(&mut self, print: &PrintRow) -> io::Result<()>;

    /// Completes the list after the last print.
    fn end(&mut self) -> io::Result<()>;
}

/// Whether a character could control a terminal or hide: control characters, and those that change the direction of
/// writing or have no width.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print() -> PrintRow {
        PrintRow {
            number: 7,
            printer: "prusa-1".into(),
            source: "octoprint".into(),
            print_id: None,
            file: Some("=evil(), \"x\"\u{1b}[31m\u{9b}é.gcode".into()),
            path: None,
            origin: "local".into(),
            owner: Some("-1".into()),
            started: 1_793_491_200.0,
            ended: 1_793_496_661.5,
            outcome: "completed".into(),
            printed_seconds: 5401.5,
            paused_seconds: 60.0,
            reason: Some("+jam".into()),
            filament_meters: Some(5.3218),
            filament_meters_basis: Some("stated".into()),
            filament_grams: None,
            filament_grams_basis: None,
        }
    }

    fn written(
        begin: impl for<'a> Fn(&'a mut Vec<u8>) -> Box<dyn Format + 'a>,
        prints: &[PrintRow],
    ) -> String {
        let mut out = Vec::new();
        let mut format = begin(&mut out);
        for print in prints {
            format.print(print).unwrap();
        }
        format.end().unwrap();
        drop(format);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_table_is_aligned_and_escapes_invisible_characters() {
        let labels = ["a".to_owned(), "prusa-1".to_owned()];
        let bare = PrintRow { filament_meters: None, filament_meters_basis: None, ..print() };
        let nameless = PrintRow {
            printer: "a".into(),
            file: None,
            outcome: "unknown".into(),
            printed_seconds: 400_000.0,
            ended: 1e300,
            filament_meters_basis: Some("planned".into()),
            filament_grams: Some(61.45),
            filament_grams_basis: Some("stated".into()),
            ..print()
        };
        let text = written(|out| Box::new(Table::begin(out, &labels).unwrap()), &[print(), nameless, bare]);
        assert_eq!(
            text,
            "started              ended                printer  outcome      printed    paused    filament  origin   file\n\
             2026-11-01 00:00:00  2026-11-01 01:31:01  prusa-1  completed    1:30:02   0:01:00       5.3 m  local    \
             =evil(), \"x\"\\u{1b}[31m\\u{9b}é.gcode\n\
             2026-11-01 00:00:00  -                    a        unknown    111:06:40   0:01:00  ~5.3 m, 61.5 g  \
             local    -\n\
             2026-11-01 00:00:00  2026-11-01 01:31:01  prusa-1  completed    1:30:02   0:01:00           -  local    \
             =evil(), \"x\"\\u{1b}[31m\\u{9b}é.gcode\n"
        );
    }

    #[test]
    fn a_long_file_is_shortened_in_a_table() {
        let long = PrintRow { file: Some("é".repeat(500)), ..print() };
        let text = written(|out| Box::new(Table::begin(out, &[]).unwrap()), &[long]);
        let file = text.trim_end().rsplit(' ').next().unwrap();
        assert_eq!(file, format!("{}…", "é".repeat(59)));
    }

    #[test]
    fn csv_has_a_heading_quotes_and_no_formulas() {
        let text = written(|out| Box::new(Csv::begin(out).unwrap()), &[print()]);
        assert_eq!(
            text,
            "number,printer,source,print_id,file,path,origin,owner,started,ended,outcome,printed_seconds,\
             paused_seconds,reason,filament_meters,filament_meters_basis,filament_grams,filament_grams_basis\r\n7,prusa-1,octoprint,,\"'=evil(), \"\"x\"\"\u{1b}[31m\u{9b}é.gcode\",,local,'-1,\
             1793491200,1793496661.5,completed,5401.5,60,'+jam,5.3218,stated,,\r\n"
        );
    }

    #[test]
    fn json_is_an_array_of_objects_with_the_columns_in_order() {
        let text = written(|out| Box::new(Json::begin(out)), &[print(), print()]);
        let rows: Vec<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(&text).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].len(), PrintRow::COLUMNS.len());
        let places = PrintRow::COLUMNS.map(|column| text.find(&format!("{column:?}:")).unwrap());
        assert!(places.is_sorted(), "{text}");
        assert_eq!(rows[0]["file"], print().file.unwrap());
        assert!(rows[0]["print_id"].is_null());
        assert_eq!(rows[0]["ended"], 1_793_496_661.5);
        assert!(text.contains("\\u001b[31m\\u009b\u{e9}.gcode"), "{text}");
    }

    #[test]
    fn an_empty_history_is_a_heading_or_an_empty_array() {
        assert_eq!(written(|out| Box::new(Table::begin(out, &[]).unwrap()), &[]).lines().count(), 1);
        assert_eq!(written(|out| Box::new(Csv::begin(out).unwrap()), &[]).lines().count(), 1);
        assert_eq!(written(|out| Box::new(Json::begin(out)), &[]), "[]\n");
    }
}
