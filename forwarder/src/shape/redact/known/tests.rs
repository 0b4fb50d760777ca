use super::card::is_luhn;
use super::*;

mod known_before;

/// What is found in a text.
fn found(known: Known, text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    known.find(text, |at| all.push(at));
    all.sort_by_key(|at| (at.start, at.end));
    all.dedup();
    all.into_iter().map(|at| &text[at]).collect()
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
            (
                "jose\u{301}@example.com иван@example.com bob@пример.рф",
                &["jose\u{301}@example.com", "иван@example.com", "bob@пример.рф"],
            ),
            (
                "o&brien@x.com a!b#d@x.com to=\"john doe\"@example.com",
                &["o&brien@x.com", "a!b#d@x.com", "\"john doe\"@example.com"],
            ),
            (
                "bob%40example%2Ecom bob%2540x.com bob&#64;x.com bob＠x.com",
                &["bob%40example%2Ecom", "bob%2540x.com", "bob&#64;x.com", "bob＠x.com"],
            ),
            ("b\u{200b}ob@exam\u{ad}ple.com", &["b\u{200b}ob@exam\u{ad}ple.com"]),
            ("?to=bob@x.com&cc=eve@y.org", &["bob@x.com", "eve@y.org"]),
            ("user@localhost @handle a@b a@1.2 git@host:path \"a\":\"@b.com\"", &[]),
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
            ("IP 10.1.2.3.54321 > 10.0.0.1.443: Flags", &["10.1.2.3", "10.0.0.1"]),
            (
                "ip-10-1-2-3.ec2.internal ec2-54-11-22-33.compute-1.amazonaws.com",
                &["10-1-2-3", "54-11-22-33"],
            ),
            ("1.3.6.1.4.1 256.1.1.1 1.2.3 01.02.03.2026 1.2.3.4567", &[]),
            ("1.2.3.4.5 1.2.3.4.70000 1.2.3.4.500.6 zip-1-2-3-4 ip-1-2-3-4-5 ip-1-2-3-400", &[]),
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
                "2001:db8::1.443 > ::ffff:10.1.2.3:8080, 0:0:0:0:0:ffff:10.1.2.3:80",
                &["2001:db8::1", "::ffff:10.1.2.3", "0:0:0:0:0:ffff:10.1.2.3"],
            ),
            ("at 2001:db8:0:0:0:0:0:1:443.", &["2001:db8:0:0:0:0:0:1:443"]),
            ("fe80::abcd:ef:ab:cd a::b:c:d", &["fe80::abcd:ef:ab:cd", "a::b:c:d"]),
            ("a::b dead::beef cafe::babe::ace ::add use a::b;", &[]),
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
            ("Bearer 12|abcdefghij1234567890secretpart", &["12|abcdefghij1234567890secretpart"]),
            (
                "Bearer abcdefg%2Bhij1%3D%3D&x, Bearer <abc12345>, bearer (abc12345)",
                &["abcdefg%2Bhij1%3D%3D", "abc12345", "abc12345"],
            ),
            ("\"Authorization\":[\"Bearer\",\"abc12345\"] Bearer\u{a0}abc12345", &["abc12345", "abc12345"]),
            (
                "Bearer\r\n abcdefghij1234567890 Bearer\nbearer=abc12345",
                &["abcdefghij1234567890", "abc12345"],
            ),
            ("no bearer\n2026-01-01T00:00:00Z next line", &[]),
            (&format!("token={jwt}&x"), &[jwt]),
            ("bearer\n~~_A_aaA=Aa=0+bearer 4111111111111111", &["~~_A_aaA=Aa=0+bearer", "4111111111111111"]),
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
            (&format!("AWS Secret Access Key: {secret}; secret-access-key={secret}"), &[secret, secret]),
            (&format!("aws_secret_access_key                     = \"{secret}\""), &[secret]),
            (
                &format!("aws_secret:==:: == {secret}awssecret:{secret}"),
                &[&format!("{secret}awssecret"), secret],
            ),
            (
                &format!("aws_secret:==:: == {secret}secretaccess_key={secret}"),
                &[&format!("{secret}secretaccess"), secret],
            ),
            (&format!("AKIAIOSFODNN7EXAMPLE,{secret}\n"), &["AKIAIOSFODNN7EXAMPLE", secret]),
            (
                "secret_key=wJalrXUtnFEMI%2FK7MDENG%2BbPxRfiCYEXAMPLEKEY&",
                &["wJalrXUtnFEMI%2FK7MDENG%2BbPxRfiCYEXAMPLEKEY"],
            ),
            ("AKIAIOSFODNN7EXAMPLE,da39a3ee5e6b4b0d3255bfef95601890afd80709da39", &["AKIAIOSFODNN7EXAMPLE"]),
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
            (
                "4111\u{a0}1111\u{a0}1111\u{a0}1111 4111+1111+1111+1111 4111%201111%201111%201111",
                &["4111\u{a0}1111\u{a0}1111\u{a0}1111", "4111+1111+1111+1111", "4111%201111%201111%201111"],
            ),
            (
                "4111\t1111\t1111\t1111; 4111  1111  1111  1111, 4111.1111.1111.1111; 3400–000000–00009",
                &[
                    "4111\t1111\t1111\t1111",
                    "4111  1111  1111  1111",
                    "4111.1111.1111.1111",
                    "3400–000000–00009",
                ],
            ),
            ("2024\t4111\t1111\t1111\t1111", &["4111\t1111\t1111\t1111"]),
            (
                "Card no.4111111111111111 %B4111111111111111^DOE/JOHN^ 4111111111111111D2512 PAN4111111111111111 4111111111111111USD",
                &["4111111111111111"; 5],
            ),
            (
                "3.14159265358979 4111+1111+1111+1112 order4111111111111111 4111111111111111ABC 4111111111111111USDT",
                &[],
            ),
            // A wrong check digit, a time in milliseconds, a part of an identifier, a fraction, an event's id.
            ("4111111111111112 1474108129663 a4111111111111111 4111111111111111f 0.4111111111111111", &[]),
            ("36852917171000000000000000000000000000000000000000000001", &[]),
        ],
    );
    assert!(is_luhn(&[7, 9, 9, 2, 7, 3, 9, 8, 7, 1, 3]) && !is_luhn(&[7, 9, 9, 2, 7, 3, 9, 8, 7, 1, 0]));
}
