use std::net::IpAddr;

use super::*;
use crate::config::Environment;
use crate::timestamp::Timestamp;

const GRACE: Duration = Duration::from_secs(2);

fn limiter(yaml: &'static str) -> (Arc<ConnectionLimiter>, Clock) {
    let environment =
        Environment { variable: Box::new(|_| None), file: Box::new(move |_| Ok(yaml.as_bytes().to_vec())) };
    let settings = SharedSettings::load(Some("pf.yml".into()), environment).unwrap();
    let (clock, own) =
        (Clock::manual(Timestamp::from_micros(0)), ExporterMetrics::new(Timestamp::from_micros(0)).unwrap());
    (Arc::new(ConnectionLimiter::new(settings, clock.clone(), own, GRACE)), clock)
}

fn client(last: u8) -> ClientNetwork {
    IpAddr::from([192, 0, 2, last]).into()
}

fn found(limiter: &Arc<ConnectionLimiter>, last: u8) -> Result<ConnectionPermit, &'static str> {
    match limiter.find(client(last)) {
        Found::ConnectionPermit(permit) => Ok(permit),
        Found::Refused => Err("refused"),
        Found::ClientFull(_) => Err("full"),
        Found::Full => Err("full house"),
    }
}

/// Whether the connection has been told to leave.
async fn left(permit: &ConnectionPermit) -> bool {
    tokio::time::timeout(Duration::from_millis(1), permit.leave()).await.is_ok()
}

#[tokio::test]
async fn a_client_with_too_many_is_refused_until_one_of_them_is_idle() {
    let (limiter, clock) = limiter("limits: {connections: 9, connections_per_address: 2}");
    let (first, second) = (found(&limiter, 1).unwrap(), found(&limiter, 1).unwrap());
    assert_eq!(found(&limiter, 1).err(), Some("full"), "one may come to its end at any moment");
    assert!(found(&limiter, 2).is_ok(), "others are not concerned");
    clock.advance(STANDSTILL);
    assert_eq!(found(&limiter, 1).err(), Some("refused"));
    clock.advance(GRACE);
    second.waits();
    let third = found(&limiter, 1).unwrap();
    assert_eq!((left(&first).await, left(&second).await, left(&third).await), (true, false, false));
    clock.advance(STANDSTILL);
    assert_eq!(found(&limiter, 1).err(), Some("refused"));
    drop(first);
    assert_eq!(found(&limiter, 1).err(), Some("refused"), "a permit is not freed twice");
    drop(second);
    assert!(found(&limiter, 1).is_ok());
}

#[tokio::test]
async fn in_a_full_house_the_client_with_the_most_gives_way() {
    let (limiter, clock) = limiter("limits: {connections: 4}");
    let alone = found(&limiter, 1).unwrap();
    clock.advance(GRACE);
    let many = [(); 3].map(|()| found(&limiter, 2).unwrap());
    many[0].works();
    let third = found(&limiter, 3).unwrap();
    assert!(left(&alone).await, "the only idle one gives way");
    assert_eq!(found(&limiter, 3).err(), Some("full house"));
    clock.advance(GRACE);
    let new = found(&limiter, 3).unwrap();
    assert_eq!((left(&many[0]).await, left(&many[1]).await), (false, true), "who is served stays");
    drop((third, new));
}

#[tokio::test]
async fn who_waits_gets_the_place_that_becomes_free() {
    let (limiter, _) = limiter("limits: {connections: 1}");
    let first = found(&limiter, 1).unwrap();
    let waiting = tokio::spawn({
        let limiter = Arc::clone(&limiter);
        async move { matches!(limiter.enter(client(2)).await, Entry::ConnectionPermit(_)) }
    });
    tokio::task::yield_now().await;
    drop(first);
    assert!(waiting.await.unwrap());
    assert!(limiter.connections().open.is_empty() && limiter.connections().per_client.is_empty());
}

#[tokio::test]
async fn who_waits_for_others_of_its_client_keeps_nobody_else_out() {
    let (limiter, clock) = limiter("limits: {connections_per_address: 2}");
    let (first, second) = (found(&limiter, 1).unwrap(), found(&limiter, 1).unwrap());
    let Entry::Later(third) = limiter.enter(client(1)).await else { panic!("it does not wait") };
    let Entry::Later(fourth) = limiter.enter(client(1)).await else { panic!("it does not wait") };
    let more: Vec<_> = (2..MOST_QUEUED).map(|_| limiter.queue(client(1))).collect();
    assert!(more.iter().all(|entry| matches!(entry, Entry::Later(_))));
    assert!(matches!(limiter.queue(client(1)), Entry::Refused), "too many wait");
    drop(more);
    assert!(matches!(limiter.enter(client(2)).await, Entry::ConnectionPermit(_)));
    let third = tokio::spawn(third.permit());
    tokio::task::yield_now().await;
    drop(first);
    let third = third.await.unwrap().unwrap();
    clock.advance(STANDSTILL);
    assert!(fourth.permit().await.is_none(), "nothing moves any more");
    drop((second, third));
    assert!(limiter.connections().queued.is_empty() && limiter.connections().per_client.is_empty());
}

#[tokio::test]
async fn a_body_that_does_not_come_makes_a_connection_give_way() {
    let (limiter, clock) = limiter("limits: {connections: 2}");
    let whole = Arc::new(found(&limiter, 1).unwrap());
    let partial = Arc::new(found(&limiter, 1).unwrap());
    let _answered = whole.begin(http_body_util::Empty::<Bytes>::new());
    let _read = partial.begin(http_body_util::Full::new(Bytes::from_static(b"{")));
    clock.advance(GRACE);
    let _new = found(&limiter, 2).unwrap();
    assert_eq!((left(&whole).await, left(&partial).await), (false, true));
}

#[test]
fn the_answer_is_as_long_as_it_says() {
    let text = std::str::from_utf8(TOO_MANY).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
}
