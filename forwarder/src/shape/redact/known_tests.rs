use super::*;

/// What is found in a text.
fn found(known: Known, text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    known.find(text, |at| all.push(&text[at]));
    all
}

fn finds(known: Known, cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        assert_eq!(found(known, text), *expected, "{known:?} in {text}");
    }
}

#[test]
fn emails() {
    finds(
        Known::Email,
        &[
            ("mail bob.o+x@mail.example.co.uk, ok", &["bob.o+x@mail.example.co.uk"]),
            ("<bob@example.com>;email=eve_1@x-y.io.", &["bob@example.com", "eve_1@x-y.io"]),
            ("?e=bob%40example.com&x=1", &["bob%40example.com"]),
            ("連絡先はbob@example.comです", &["bob@example.com"]),
            ("o'brien@x.ie 'bob@x.com'", &["o'brien@x.ie", "bob@x.com"]),
            ("jörg@müller.de a@b.xn--p1ai", &["jörg@müller.de", "a@b.xn--p1ai"]),
            ("user@localhost @handle a@b a@1.2 git@host:path", &[]),
        ],
    );
}

#[test]
fn ipv4_addresses() {
    finds(
        Known::Ipv4,
        &[
            ("from 10.0.0.1:8080 to 255.255.255.255.", &["10.0.0.1", "255.255.255.255"]),
            ("ip-10.1.2.3, [192.168.0.1] \\n127.0.0.1/24", &["10.1.2.3", "192.168.0.1", "127.0.0.1"]),
            ("1.3.6.1.4.1 256.1.1.1 1.2.3 01.02.03.2026 1.2.3.4567", &[]),
        ],
    );
}

#[test]
fn ipv6_addresses() {
    finds(
        Known::Ipv6,
        &[
            (
                "[2001:db8::1]:443 fe80::1%eth0 ::1, ::ffff:10.0.0.1.",
                &["2001:db8::1", "fe80::1", "::1", "::ffff:10.0.0.1"],
            ),
            (
                "addr:2001:db8::2: refused, ip6:2001:DB8:0:0:8:800:200C:417A.",
                &["2001:db8::2", "2001:DB8:0:0:8:800:200C:417A"],
            ),
            (
                "12:34:56.789 00:11:22:33:44:55 std::fs::File a :: b foo::bar arn:aws:iam::123456789012:user",
                &[],
            ),
        ],
    );
}

#[test]
fn bearer_tokens() {
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
    finds(
        Known::Bearer,
        &[
            ("Authorization: Bearer abc123XYZ.~+/-_==, next", &["abc123XYZ.~+/-_=="]),
            ("bearer='s3cr3tt0ken' BEARER%20abcdefghijklmnopqrst", &["s3cr3tt0ken", "abcdefghijklmnopqrst"]),
            (r#"Bearer abc123\u002Bd\/ef"#, &[r"abc123\u002Bd\/ef"]),
            ("Bearer +aaa__-AA_~A-A++_+A_", &["+aaa__-AA_~A-A++_+A_"]),
            ("Bearer+s3cr3tt0ken, bearer: ====================", &["s3cr3tt0ken"]),
            ("Bearer ++++++++ abc123def, bearer=====abc1", &["abc123def", "====abc1"]),
            (&format!("token={jwt}&x"), &[jwt]),
            ("bearer authentication failed, Bearer token missing, Bearer a1", &[]),
        ],
    );
}

#[test]
fn aws_keys() {
    let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    let token = "IQoJb3JpZ2luX2VjEJr".repeat(4);
    finds(
        Known::AwsKey,
        &[
            (
                "id AKIAIOSFODNN7EXAMPLE and ASIAIOSFODNN7EXAMPLE.",
                &["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"],
            ),
            (&format!("AWS_SECRET_ACCESS_KEY={secret} x"), &[secret]),
            (&format!(r#"{{"SecretAccessKey": "{secret}"}}"#), &[secret]),
            (&format!("X-Amz-Security-Token={token}&aws_session_token: {token}"), &[&token, &token]),
            ("AKIASHORT sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709 secret key: none", &[]),
        ],
    );
}

#[test]
fn card_numbers() {
    finds(
        Known::Card,
        &[
            ("pan 4111111111111111.", &["4111111111111111"]),
            ("5500-0000-0000-0004, 3400 000000 00009", &["5500-0000-0000-0004", "3400 000000 00009"]),
            ("order 7 4111 1111 1111 1111 12/27", &["4111 1111 1111 1111"]),
            ("\\n6011000000000004", &["6011000000000004"]),
            // A wrong check digit, a time in milliseconds, a part of an identifier, a fraction, an event's id.
            ("4111111111111112 1474108129663 a4111111111111111 4111111111111111f 0.4111111111111111", &[]),
            ("36852917171000000000000000000000000000000000000000000001", &[]),
        ],
    );
    assert!(is_luhn(&[7, 9, 9, 2, 7, 3, 9, 8, 7, 1, 3]) && !is_luhn(&[7, 9, 9, 2, 7, 3, 9, 8, 7, 1, 0]));
}
