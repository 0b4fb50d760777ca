use super::model::{LOG_GROUP_NAME, SHAPES, TAGGABLE_LOGS_RESOURCE};
use super::*;

fn long(count: usize) -> String {
    "x".repeat(count)
}

/// What each check takes and refuses, each refusal with a part of what it says.
#[test]
fn a_value_that_aws_refuses_is_refused_with_the_limit() {
    type Case<'a> = (fn(&str) -> Checked, &'a [&'a str], &'a [(&'a str, &'a str)]);
    let (l257, l513, l1024, l1025) = (long(257), long(513), long(1024), long(1025));
    let arn = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let (l129, path513) = (long(129), format!("/{}/", long(511)));
    let cases: &[Case<'_>] = &[
        (
            tag_key,
            &["team", "Größe 1", "-x", "a:b"],
            &[
                ("", "needs a key"),
                ("aws:x", "reserved"),
                ("AWS:x", "reserved"),
                ("cwl2le:stack", "reserved"),
                ("k!", "iam:tagKeyType"),
                ("a\tb", "iam:tagKeyType"),
                (&l129, "at most 128"),
            ],
        ),
        (
            |value| tag_value("team", value),
            &["", "pay", "a b", "日本"],
            &[
                ("a,b", "iam:tagValueType"),
                ("a*", "iam:tagValueType"),
                ("😀", "iam:tagValueType"),
                (&l257, "at most 256"),
            ],
        ),
        (
            filter_name,
            &["cloudwatchLogsFilter", "a b", "-x", "ü"],
            &[
                ("", "at least 1"),
                ("a:b", "logs:FilterName"),
                ("a*", "logs:FilterName"),
                (&l513, "at most 512"),
            ],
        ),
        (
            account_policy_name,
            &["cloudwatchLogsFilter@audit"],
            &[("a*", "logs:FilterName"), (&l257, "at most 256")],
        ),
        (filter_pattern, &["", "-DEBUG", "{ $.level > 0 }", "a\nb", &l1024], &[(&l1025, "at most 1024")]),
        (
            role_path,
            &["/", "/service/", "/a/b-c_d/"],
            &[
                ("service", "slash"),
                ("/service", "slash"),
                ("/ü/", "iam:pathType"),
                ("/a b/", "iam:pathType"),
                ("/a*b/", "lambda:RoleArn"),
                (&path513, "at most 512"),
            ],
        ),
        (
            permissions_boundary,
            &["arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws-cn:iam::123456789012:policy/b"],
            &[
                ("boundary", "arn:aws:iam"),
                ("", "arn:aws:iam"),
                ("arn:aws:iam::123456789012:role/b", "managed policy"),
                ("arn:aws:iam::123456789012:policy/*", "wildcard"),
                ("arn:aws:iam::ACCOUNT:policy/b", "managed policy"),
                ("arn:aws:iam::12345:policy/b", "managed policy"),
            ],
        ),
        (
            kms_key,
            &["none", "1234abcd-12ab-34cd-56ef-1234567890ab", "mrk-1234abcd12ab34cd56ef1234567890ab", arn],
            &[
                ("notakey", "describe-key"),
                ("alias/le", "describe-key"),
                ("", "describe-key"),
                ("arn:aws:kms:eu-west-1:123456789012:alias/le", "key/ID"),
                ("arn:aws:kms:eu-west-1::key/x", "key/ID"),
            ],
        ),
        (
            on_failure,
            &[
                "none",
                "arn:aws:s3:::expired-logs",
                "arn:aws:sqs:eu-west-1:123456789012:q",
                "arn:aws-cn:sns:cn-north-1:123456789012:t",
            ],
            &[
                ("queue", "arn:aws:s3:::NAME"),
                ("arn:aws:sqs:eu-west-1:123456789012:q.fifo", "FIFO"),
                ("arn:aws:sns:eu-west-1:123456789012:t.fifo", "FIFO"),
                ("arn:aws:lambda:eu-west-1:123456789012:function:f", "bucket, queue or topic"),
                ("arn:aws:s3:::UPPER", "`UPPER` is not a bucket name: 3 to 63 lower-case"),
                ("arn:aws:s3:::b", "`b` is not a bucket name: 3 to 63 lower-case"),
                ("arn:aws:s3:::a..b", "`..`"),
                ("arn:aws:s3:::bucket/prefix", "within a bucket"),
                ("arn:aws:sqs:eu-west-1:123456789012:a b", "bucket, queue or topic"),
            ],
        ),
        (
            quarantine,
            &["none", "s3://bucket", "s3://bucket/a/b"],
            &[
                ("bucket", "s3://"),
                ("s3://B", "lower-case"),
                ("s3://my..bucket/x", "`..`"),
                ("s3://a.-b", "`.-`"),
                ("s3://a-.b", "`-.`"),
                ("s3://192.168.1.1", "IP address"),
                ("s3://xn--ab", "`xn--`"),
                ("s3://sthree-ab", "`sthree-`"),
                ("s3://amzn-s3-demo-ab", "`amzn-s3-demo-`"),
                ("s3://abc-s3alias/x", "`-s3alias`"),
                ("s3://abc--ol-s3", "`--ol-s3`"),
                ("s3://abc.mrap", "`.mrap`"),
                ("s3://abc--x-s3", "`--x-s3`"),
            ],
        ),
        (
            parameter,
            &[
                "/cwl2le/token",
                "token:3",
                "token:live",
                "arn:aws:ssm:eu-west-1:123456789012:parameter/a/t:live",
            ],
            &[
                ("", "at least 1"),
                ("bad name", "neither"),
                ("a:", "neither"),
                ("arn:aws:ssm:eu-west-1:1:parameter/a", "neither"),
            ],
        ),
        (
            secret,
            &["le/token", "rds!db-1", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:le-AbC123"],
            &[
                ("", "at least 1"),
                ("bad name", "neither"),
                ("arn:aws:ssm:eu-west-1:123456789012:parameter/a", "neither"),
            ],
        ),
        (
            log_group,
            &["/aws/x", "/a#b", "-x", "/aws/x:*", "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/x:*"],
            &[
                ("", "at least 1"),
                ("/a b", "logs:LogGroupName"),
                ("/ü", "logs:LogGroupName"),
                (&l513, "at most 512"),
                ("arn:aws:s3:::b", "log-group:NAME"),
                ("C:/Program Files/Git/aws/x", "`/aws/x` into it; set MSYS_NO_PATHCONV=1"),
                ("C:/msys64/aws/x", "`/aws/x` into it; set MSYS_NO_PATHCONV=1"),
                ("D:/aws/x", "`/aws/x` into it; set MSYS_NO_PATHCONV=1"),
            ],
        ),
        (
            log_group_glob,
            &["*", "/aws/*", "{/a,/b}", "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/*"],
            &[("", "empty"), ("[", "not a valid glob"), ("C:/Program Files/Git/aws/*", "MSYS_NO_PATHCONV=1")],
        ),
    ];
    for (check, taken, refused) in cases {
        for text in *taken {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        for (text, said) in *refused {
            let problem = check(text).expect_err(text);
            assert!(problem.contains(said), "`{text}`: {problem}");
        }
    }
}

#[test]
fn every_pattern_can_be_read() {
    for shape in SHAPES {
        shape.takes("x");
    }
}

#[test]
fn tags_can_be_read_of_every_name_without_a_number_sign() {
    for character in (0..=0x24F).filter_map(char::from_u32).filter(|c| LOG_GROUP_NAME.takes(&c.to_string())) {
        let arn = format!("arn:aws:logs:eu-west-1:123456789012:log-group:{character}");
        assert_eq!(TAGGABLE_LOGS_RESOURCE.takes(&arn), character != '#', "{character}");
    }
}
