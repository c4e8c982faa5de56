use std::net::IpAddr;

use super::*;
use crate::config::Environment;
use crate::timestamp::Timestamp;

const GRACE: Duration = Duration::from_secs(2);

fn places(yaml: &'static str) -> (Arc<Places>, Clock) {
    let environment =
        Environment { variable: Box::new(|_| None), file: Box::new(move |_| Ok(yaml.as_bytes().to_vec())) };
    let settings = SharedSettings::load(Some("pf.yml".into()), environment).unwrap();
    let (clock, own) =
        (Clock::manual(Timestamp::from_micros(0)), ExporterMetrics::new(Timestamp::from_micros(0)).unwrap());
    (Arc::new(Places::new(settings, clock.clone(), own, GRACE)), clock)
}

fn client(last: u8) -> Client {
    IpAddr::from([192, 0, 2, last]).into()
}

fn found(places: &Arc<Places>, last: u8) -> Result<Place, &'static str> {
    match places.find(client(last)) {
        Found::Place(place) => Ok(place),
        Found::Refused => Err("refused"),
        Found::ClientFull(_) => Err("full"),
        Found::Full => Err("full house"),
    }
}

/// Whether the connection has been told to leave.
async fn left(place: &Place) -> bool {
    tokio::time::timeout(Duration::from_millis(1), place.leave()).await.is_ok()
}

#[tokio::test]
async fn a_client_with_too_many_is_refused_until_one_of_them_is_idle() {
    let (places, clock) = places("limits: {connections: 9, connections_per_address: 2}");
    let (first, second) = (found(&places, 1).unwrap(), found(&places, 1).unwrap());
    assert_eq!(found(&places, 1).err(), Some("full"), "one may come to its end at any moment");
    assert!(found(&places, 2).is_ok(), "others are not concerned");
    clock.advance(STANDSTILL);
    assert_eq!(found(&places, 1).err(), Some("refused"));
    clock.advance(GRACE);
    second.waits();
    let third = found(&places, 1).unwrap();
    assert_eq!((left(&first).await, left(&second).await, left(&third).await), (true, false, false));
    clock.advance(STANDSTILL);
    assert_eq!(found(&places, 1).err(), Some("refused"));
    drop(first);
    assert_eq!(found(&places, 1).err(), Some("refused"), "a place is not freed twice");
    drop(second);
    assert!(found(&places, 1).is_ok());
}

#[tokio::test]
async fn in_a_full_house_the_client_with_the_most_gives_way() {
    let (places, clock) = places("limits: {connections: 4}");
    let alone = found(&places, 1).unwrap();
    clock.advance(GRACE);
    let many = [(); 3].map(|()| found(&places, 2).unwrap());
    many[0].works();
    let third = found(&places, 3).unwrap();
    assert!(left(&alone).await, "the only idle one gives way");
    assert_eq!(found(&places, 3).err(), Some("full house"));
    clock.advance(GRACE);
    let new = found(&places, 3).unwrap();
    assert_eq!((left(&many[0]).await, left(&many[1]).await), (false, true), "who is served stays");
    drop((third, new));
}

#[tokio::test]
async fn who_waits_gets_the_place_that_becomes_free() {
    let (places, _) = places("limits: {connections: 1}");
    let first = found(&places, 1).unwrap();
    let waiting = tokio::spawn({
        let places = Arc::clone(&places);
        async move { matches!(places.enter(client(2)).await, Entry::Place(_)) }
    });
    tokio::task::yield_now().await;
    drop(first);
    assert!(waiting.await.unwrap());
    assert!(places.taken().seats.is_empty() && places.taken().of_client.is_empty());
}

#[tokio::test]
async fn who_waits_for_others_of_its_client_keeps_nobody_else_out() {
    let (places, clock) = places("limits: {connections_per_address: 2}");
    let (first, second) = (found(&places, 1).unwrap(), found(&places, 1).unwrap());
    let Entry::Later(third) = places.enter(client(1)).await else { panic!("it does not wait") };
    let Entry::Later(fourth) = places.enter(client(1)).await else { panic!("it does not wait") };
    let more: Vec<_> = (2..MOST_QUEUED).map(|_| places.queue(client(1))).collect();
    assert!(more.iter().all(|entry| matches!(entry, Entry::Later(_))));
    assert!(matches!(places.queue(client(1)), Entry::Refused), "too many wait");
    drop(more);
    assert!(matches!(places.enter(client(2)).await, Entry::Place(_)));
    let third = tokio::spawn(third.place());
    tokio::task::yield_now().await;
    drop(first);
    let third = third.await.unwrap().unwrap();
    clock.advance(STANDSTILL);
    assert!(fourth.place().await.is_none(), "nothing moves any more");
    drop((second, third));
    assert!(places.taken().queued.is_empty() && places.taken().of_client.is_empty());
}

#[tokio::test]
async fn a_body_that_does_not_come_makes_a_connection_give_way() {
    let (places, clock) = places("limits: {connections: 2}");
    let whole = Arc::new(found(&places, 1).unwrap());
    let partial = Arc::new(found(&places, 1).unwrap());
    let _answered = whole.begin(http_body_util::Empty::<Bytes>::new());
    let _read = partial.begin(http_body_util::Full::new(Bytes::from_static(b"{")));
    clock.advance(GRACE);
    let _new = found(&places, 2).unwrap();
    assert_eq!((left(&whole).await, left(&partial).await), (false, true));
}

#[test]
fn the_answer_is_as_long_as_it_says() {
    let text = std::str::from_utf8(TOO_MANY).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
}
