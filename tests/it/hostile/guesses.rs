//! Clients that guess secrets and passwords.

use super::attacked::{AttackedExporter, attacker};

const WRONG: &str = "webhook_rejected_total{reason=wrong_secret,source=octoprint}";
const SLOWED: &str = "webhook_rejected_total{reason=too_many_attempts,source=octoprint}";

/// Guesses `times` times over one connection.
fn guess(exporter: &AttackedExporter, number: u8, times: usize) {
    let mut connection = exporter.endpoint.connect(attacker(number));
    for guess in 0..times {
        let headers = format!("Content-Type: application/json\r\nX-Webhook-Secret: guess-{guess}\r\n");
        connection.send_request("POST", "/webhook/octoprint/delta", &headers, b"{\"topic\":\"Print Done\"}");
        let status = connection.receive("POST").status;
        assert!([401, 429].contains(&status), "{status}");
    }
}

#[test]
fn a_client_that_guesses_secrets_is_slowed_down() {
    let exporter = AttackedExporter::open("secrets guessed by one client", "");
    let rounds = exporter.attack(|| guess(&exporter, 1, 500));
    let counted = exporter.close();
    assert_eq!((counted.len(), counted[WRONG] + counted[SLOWED]), (2, rounds * 500));
    // One more attempt is allowed every six seconds.
    assert!((10..20).contains(&counted[WRONG]), "{counted:?}");
}

#[test]
fn many_clients_that_guess_secrets_are_slowed_down() {
    let exporter = AttackedExporter::open("secrets guessed by 250 clients", "");
    for number in 1..=250 {
        guess(&exporter, number, 20);
    }
    exporter.watch();
    let counted = exporter.close();
    assert_eq!((counted.len(), counted[WRONG] + counted[SLOWED]), (2, 5_000));
    assert!((2_500..2_600).contains(&counted[WRONG]), "{counted:?}");
}

#[test]
fn guessed_passwords_do_not_slow_other_clients_down() {
    let hash = bcrypt::hash("fern", 4).unwrap();
    let users = format!("basic_auth_users: {{alice: '{hash}'}}\n");
    let exporter = AttackedExporter::open_encrypted("passwords guessed", "", &users).within(192);
    let guesses = |number: u8| {
        let endpoint = exporter.endpoint.clone();
        move || {
            let mut connection = endpoint.connect(attacker(number));
            for guess in 0..10 {
                // "alice:" and three letters
                let pair = format!("Authorization: Basic YWxpY2U6{guess:04}\r\n");
                connection.send_request("GET", "/metrics", &pair, b"");
                assert!([401, 503].contains(&connection.receive("GET").status));
            }
        }
    };
    let rounds = exporter.attack(|| {
        let clients: Vec<_> = (1..=40).map(|number| std::thread::spawn(guesses(number))).collect();
        for client in clients {
            client.join().unwrap();
        }
    });
    let counted = exporter.close();
    let of = |reason: &str| counted.get(&format!("web_unauthorized_total{{reason={reason}}}")).copied();
    assert_eq!(of("wrong").unwrap() + of("busy").unwrap_or(0), rounds * 400, "{counted:?}");
}
