//! No error repeats a hash or a key, wherever it was written.

use super::*;

#[test]
fn no_error_repeats_a_misplaced_hash_or_key() {
    let folder = Folder::new();
    let pem = "-----BEGIN PRIVATE KEY-----";
    let files = [
        format!("{HASH}: alice"),
        format!("'{HASH}': alice"),
        format!("basic_auth_users: {HASH}"),
        format!("basic_auth_users:\n  {HASH}:\n    - alice\n"),
        format!("basic_auth_users:\n  alice:\n    {HASH}: x\n"),
        format!("tls_server_config: {{'{HASH}': x}}"),
        format!("tls_server_config: '{HASH}'"),
        format!("tls_server_config: {{cert_file: ['{HASH}']}}"),
        format!("tls_server_config: {{client_auth_type: '{HASH}'}}"),
        format!("http_server_config: {{http2: '{HASH}'}}"),
        format!("http_server_config: {{headers: {{'{HASH}': x}}}}"),
        format!("http_server_config: {{headers: {{X-Frame-Options: '{HASH}'}}}}"),
        format!("tls_server_config:\n  key: |\n    {pem}\n    hunter2\n"),
        format!("tls_server_config:\n  key:\n  {pem}: hunter2\n"),
    ];
    for yaml in files {
        let error = folder.load(&yaml).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(
            !text.contains("X0h1gDsPszWURQaxFh") && !text.contains("hunter2") && !text.contains("BEGIN"),
            "{text}"
        );
    }
}

/// Every key, and a user.
const WHOLE: &str = "tls_server_config:\n  cert_file: a.pem\n  key_file: a.key\n  client_auth_type: NoClientCert\n  \
                     client_ca_file: ''\n  min_version: TLS12\n  max_version: TLS13\n  \
                     prefer_server_cipher_suites: true\nhttp_server_config:\n  http2: false\n  headers:\n    \
                     X-Frame-Options: deny\nbasic_auth_users:\n  alice: \"x\"\n  bob: 'x'\n";

proptest! {
    /// The whole file with a hash pushed in anywhere, in place of anything.
    #[test]
    fn no_error_repeats_a_hash_in_a_damaged_file(at in 0..WHOLE.len(), cut in 0..12_usize, glue in "[-:{}\\[\\]\"'`,&*!|> \n]{0,2}") {
        let rest = WHOLE.get(at + cut..).unwrap_or_default();
        let yaml = format!("{}{glue}{HASH}{glue}{rest}", &WHOLE[..at]);
        let read = file::parse(yaml.as_bytes()).map_err(WebConfigProblem::from);
        if let Err(error) = read.and_then(|file| build(file.content, Path::new("/proc/none"))) {
            let error = error.to_string();
            prop_assert!(!error.contains("X0h1gDsPszWURQaxFh"), "{yaml}\n{error}");
        }
    }
}
