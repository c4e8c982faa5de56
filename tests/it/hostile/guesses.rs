//! Secrets and passwords, guessed.

use super::arena::{Arena, attacker};

const WRONG: &str = "webhook_rejected_total{reason=wrong_secret,source=octoprint}";
const SLOWED: &str = "webhook_rejected_total{reason=too_many_attempts,source=octoprint}";

/// Guesses as often over one connection.
fn guess(arena: &Arena, number: u8, times: usize) {
    let mut connection = arena.place.connect(attacker(number));
    for guess in 0..times {
        let headers = format!("Content-Type: application/json\r\nX-Webhook-Secret: guess-{guess}\r\n");
        connection.send_request("POST", "/webhook/octoprint/delta", &headers, b"{\"topic\":\"Print Done\"}");
        let status = connection.receive("POST").status;
        assert!([401, 429].contains(&status), "{status}");
    }
}

#[test]
fn one_client_guesses() {
    let arena = Arena::open("secrets guessed by one client", "");
    let rounds = arena.attack(|| guess(&arena, 1, 500));
    let counted = arena.close();
    assert_eq!((counted.len(), counted[WRONG] + counted[SLOWED]), (2, rounds * 500));
    // One more is forgiven every six seconds.
    assert!((10..20).contains(&counted[WRONG]), "{counted:?}");
}

#[test]
fn many_clients_guess() {
    let arena = Arena::open("secrets guessed by 250 clients", "");
    for number in 1..=250 {
        guess(&arena, number, 20);
    }
    arena.watch();
    let counted = arena.close();
    assert_eq!((counted.len(), counted[WRONG] + counted[SLOWED]), (2, 5_000));
    assert!((2_500..2_600).contains(&counted[WRONG]), "{counted:?}");
}

#[test]
fn passwords_are_guessed() {
    let hash = bcrypt::hash("fern", 4).unwrap();
    let users = format!("basic_auth_users: {{alice: '{hash}'}}\n");
    let arena = Arena::open_encrypted("passwords guessed", "", &users).within(192);
    let guesses = |number: u8| {
        let place = arena.place.clone();
        move || {
            let mut connection = place.connect(attacker(number));
            for guess in 0..10 {
                // "alice:" and three letters
                let pair = format!("Authorization: Basic YWxpY2U6{guess:04}\r\n");
                connection.send_request("GET", "/metrics", &pair, b"");
                assert!([401, 503].contains(&connection.receive("GET").status));
            }
        }
    };
    let rounds = arena.attack(|| {
        let clients: Vec<_> = (1..=40).map(|number| std::thread::spawn(guesses(number))).collect();
        for client in clients {
            client.join().unwrap();
        }
    });
    let counted = arena.close();
    let of = |reason: &str| counted.get(&format!("web_unauthorized_total{{reason={reason}}}")).copied();
    assert_eq!(of("wrong").unwrap() + of("busy").unwrap_or(0), rounds * 400, "{counted:?}");
}
