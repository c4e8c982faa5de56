use std::net::IpAddr;

use bytes::Bytes;

use super::connections::MAX_WAITING;
use super::*;
use crate::config::Environment;
use crate::timestamp::Timestamp;

const GRACE: Duration = Duration::from_secs(2);

fn limiter(yaml: &'static str) -> (Arc<ConnectionLimiter>, Clock) {
    let environment =
        Environment { variable: Box::new(|_| None), file: Box::new(move |_| Ok(yaml.as_bytes().to_vec())) };
    let settings = SharedSettings::load(Some("pf.yml".into()), environment, Vec::new()).unwrap();
    let start = Timestamp::from_micros(0);
    let (clock, metrics) = (Clock::manual(start), ExporterMetrics::new(start).unwrap());
    (Arc::new(ConnectionLimiter::new(settings, clock.clone(), metrics, GRACE)), clock)
}

fn client(last: u8) -> ClientNetwork {
    IpAddr::from([192, 0, 2, last]).into()
}

fn attempt(limiter: &Arc<ConnectionLimiter>, last: u8) -> Result<ConnectionPermit, &'static str> {
    match limiter.attempt(client(last)) {
        Attempt::Granted(permit) => Ok(permit),
        Attempt::Refused => Err("refused"),
        Attempt::ClientAtLimit(_) => Err("client at limit"),
        Attempt::AtLimit => Err("at limit"),
    }
}

async fn is_evicted(permit: &ConnectionPermit) -> bool {
    timeout(Duration::from_millis(1), permit.evicted()).await.is_ok()
}

#[tokio::test]
async fn a_client_at_its_limit_is_refused_until_one_of_its_connections_is_idle() {
    let (limiter, clock) = limiter("limits: {connections: 9, connections_per_address: 2}");
    let (first, second) = (attempt(&limiter, 1).unwrap(), attempt(&limiter, 1).unwrap());
    assert_eq!(attempt(&limiter, 1).err(), Some("client at limit"), "one may close at any moment");
    assert!(attempt(&limiter, 2).is_ok(), "another client is not affected");
    clock.advance(STANDSTILL);
    assert_eq!(attempt(&limiter, 1).err(), Some("refused"));
    clock.advance(GRACE);
    second.set_idle();
    let third = attempt(&limiter, 1).unwrap();
    assert!(is_evicted(&first).await && !is_evicted(&second).await && !is_evicted(&third).await);
    clock.advance(STANDSTILL);
    assert_eq!(attempt(&limiter, 1).err(), Some("refused"));
    drop(first);
    assert_eq!(attempt(&limiter, 1).err(), Some("refused"), "a permit is not released twice");
    drop(second);
    assert!(attempt(&limiter, 1).is_ok());
}

#[tokio::test]
async fn at_the_total_limit_the_client_with_the_most_connections_loses_one() {
    let (limiter, clock) = limiter("limits: {connections: 4}");
    let alone = attempt(&limiter, 1).unwrap();
    clock.advance(GRACE);
    let many = [(); 3].map(|()| attempt(&limiter, 2).unwrap());
    many[0].set_busy();
    let third = attempt(&limiter, 3).unwrap();
    assert!(is_evicted(&alone).await, "the only idle connection is evicted");
    assert_eq!(attempt(&limiter, 3).err(), Some("at limit"));
    clock.advance(GRACE);
    let new = attempt(&limiter, 3).unwrap();
    assert!(!is_evicted(&many[0]).await && is_evicted(&many[1]).await, "a busy connection stays");
    drop((third, new));
}

#[tokio::test]
async fn a_waiting_connection_gets_the_permit_that_is_released() {
    let (limiter, _) = limiter("limits: {connections: 1}");
    let first = attempt(&limiter, 1).unwrap();
    let waiting = tokio::spawn({
        let limiter = Arc::clone(&limiter);
        async move { matches!(limiter.admit(client(2)).await, Admission::Granted(_)) }
    });
    tokio::task::yield_now().await;
    drop(first);
    assert!(waiting.await.unwrap());
    assert!(limiter.connections().is_empty());
}

#[tokio::test]
async fn a_connection_that_waits_for_its_client_does_not_hold_up_others() {
    let (limiter, clock) = limiter("limits: {connections_per_address: 2}");
    let (first, second) = (attempt(&limiter, 1).unwrap(), attempt(&limiter, 1).unwrap());
    let Admission::Waiting(third) = limiter.admit(client(1)).await else { panic!("it does not wait") };
    let Admission::Waiting(fourth) = limiter.admit(client(1)).await else { panic!("it does not wait") };
    let more: Vec<_> = (2..MAX_WAITING).map(|_| limiter.wait(client(1))).collect();
    assert!(more.iter().all(|admission| matches!(admission, Admission::Waiting(_))));
    assert!(matches!(limiter.wait(client(1)), Admission::Refused), "too many wait");
    drop(more);
    assert!(matches!(limiter.admit(client(2)).await, Admission::Granted(_)));
    let third = tokio::spawn(third.permit());
    tokio::task::yield_now().await;
    drop(first);
    let third = third.await.unwrap().unwrap();
    clock.advance(STANDSTILL);
    assert!(fourth.permit().await.is_none(), "no connection of the client opens or closes any more");
    drop((second, third));
    assert!(limiter.connections().is_empty());
}

#[tokio::test]
async fn a_connection_with_an_incomplete_body_counts_as_idle() {
    let (limiter, clock) = limiter("limits: {connections: 2}");
    let complete = Arc::new(attempt(&limiter, 1).unwrap());
    let partial = Arc::new(attempt(&limiter, 1).unwrap());
    let _answered = complete.track(http_body_util::Empty::<Bytes>::new());
    let _read = partial.track(http_body_util::Full::new(Bytes::from_static(b"{")));
    clock.advance(GRACE);
    let _new = attempt(&limiter, 2).unwrap();
    assert!(!is_evicted(&complete).await && is_evicted(&partial).await);
}

#[test]
fn the_refusal_states_its_length() {
    let text = std::str::from_utf8(TOO_MANY).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
}
