use axum::http::Method;
use proptest::prelude::*;

use super::BodyLimits;
use crate::labels::RejectReason;
use crate::webhook::tests::{MULTIPART, block_on};
use crate::webhook::transport::tests::{
    Trickle, octoprint, part, rejection, text, text_part, typed, whole, with_picture,
};
use crate::webhook::{OctoPrint, read};

#[test]
fn files_are_read_past() {
    let picture = [&b"\xff\xd8\r\n--frontie\r\n"[..], &vec![0; 100_000]].concat();
    let heads = [
        "Content-Disposition: form-data; name=\"snapshot\"; filename=\"snapshot.jpg\"\r\nContent-Type: image/jpeg",
        "Content-Disposition: form-data; name=\"snapshot\"",
        "Content-Disposition: form-data; name=\"x\"; filename=\"\"",
        "Content-Disposition: form-data; name=\"x\"\r\nContent-Type: image/png",
        "Content-Disposition: form-data; name=\"x\"\r\nContent-Type: Image/JPEG",
        "Content-Disposition: form-data; filename=\"nameless.jpg\"",
        "Content-Disposition: form-data; name=\"x\"; filename*=utf-8''%C3%A9\r\nContent-Type: application/octet-stream",
    ];
    for head in heads {
        let body = whole(&[text_part("topic", "t"), part(head, &picture), text_part("message", "m")]);
        let fields = octoprint(MULTIPART, &body).unwrap();
        assert_eq!(format!("{fields:?}"), "Payload(2 fields)", "{head}");
        assert_eq!(text(&fields, "message").as_deref(), Some("m"), "{head}");
    }
}

#[test]
fn broken_multipart_bodies_are_refused_with_a_reason() {
    let name = "Content-Disposition: form-data; name=\"secret\"";
    let good = whole(&[text_part("secret", "secret")]);
    let boundary = "its boundary is not the one that its Content-Type names";
    let many_headers = "secret: x\r\n".repeat(40) + name;
    let cases: [(&str, &'static str, Vec<u8>, &str); 12] = [
        ("no boundary named", "multipart/form-data", good.clone(), "names no boundary"),
        ("an empty boundary", "multipart/form-data; boundary=\"\"", good.clone(), "names no boundary"),
        (
            "a long boundary",
            "multipart/form-data; boundary=01234567890123456789012345678901234567890123456789012345678901234567890",
            good.clone(),
            boundary,
        ),
        ("another boundary", "multipart/form-data; boundary=other", good.clone(), boundary),
        ("an empty body", MULTIPART, Vec::new(), boundary),
        ("broken off in a text", MULTIPART, good[..good.len() - 20].to_vec(), boundary),
        ("broken off before the end", MULTIPART, good[..good.len() - 4].to_vec(), boundary),
        ("broken off in a header", MULTIPART, good[..30].to_vec(), boundary),
        (
            "a part without a name",
            MULTIPART,
            whole(&[part("Content-Disposition: form-data", b"x")]),
            "no name",
        ),
        ("a part without headers", MULTIPART, whole(&[part("X-Secret: secret", b"x")]), "no name"),
        (
            "too many headers",
            MULTIPART,
            whole(&[part(&many_headers, b"x")]),
            "headers of a part are malformed",
        ),
        ("no header at all", MULTIPART, whole(&[part("secret", b"x")]), "headers of a part are malformed"),
    ];
    for (case, content_type, body, part) in cases {
        let (reason, text) = rejection(content_type, &body);
        assert_eq!(reason, RejectReason::Malformed, "{case}");
        assert!(text.contains(part), "{case}: {text}");
        assert!(!text.contains("secret"), "{case}: {text}");
    }
}

#[test]
fn a_picture_does_not_count_as_text() {
    let limits = BodyLimits { body_bytes: 100, ..BodyLimits::default() };
    let body = Trickle::new(&with_picture(&vec![0; 200_000]), 1_000);
    let read = block_on(read(&OctoPrint, &Method::POST, &typed(MULTIPART), None, body, &limits));
    assert_eq!(text(&read.unwrap(), "message").as_deref(), Some("after"));
}

proptest! {
    #[test]
    fn a_body_reads_the_same_in_any_pieces(size in 1_usize..300, picture in prop::collection::vec(any::<u8>(), 0..300)) {
        let body = with_picture(&picture);
        let body = Trickle::new(&body, size);
        let headers = typed(MULTIPART);
        let limits = BodyLimits::default();
        let fields = block_on(read(&OctoPrint, &Method::POST, &headers, None, body, &limits)).unwrap();
        prop_assert_eq!(text(&fields, "topic"), Some("Print Done".to_owned()));
        prop_assert_eq!(text(&fields, "message"), Some("after".to_owned()));
        prop_assert_eq!(format!("{fields:?}"), "Payload(2 fields)");
    }
}

#[test]
fn the_name_of_a_part_is_read_however_it_is_written() {
    let dispositions = [
        "form-data; name=\"topic\"",
        "form-data; name=topic",
        "form-data;name=topic",
        "form-data; Name = \"topic\" ; charset=utf-8",
        "form-data; other=\"a; name=b\"; name=topic",
        "form-data; other=\"a\\\"; name=b\"; name=topic",
        "name=topic",
    ];
    for disposition in dispositions {
        let body = whole(&[part(&format!("content-disposition: {disposition}"), b"t")]);
        let fields = octoprint(MULTIPART, &body).unwrap();
        assert_eq!(text(&fields, "topic").as_deref(), Some("t"), "{disposition}");
    }
}

#[test]
fn what_surrounds_the_parts_is_read_past() {
    let topic = String::from_utf8(text_part("topic", "t")).unwrap();
    let padded = topic.replace("--frontier", "--frontier \t");
    for body in [
        format!("a preamble\r\n{topic}--frontier--\r\nan epilogue"),
        format!("{padded}--frontier--"),
        format!("{topic}--frontier--\r\n{topic}"),
    ] {
        let fields = octoprint(MULTIPART, body.as_bytes()).unwrap();
        assert_eq!(text(&fields, "topic").as_deref(), Some("t"), "{body}");
    }
}
