//! A call of a service that speaks AWS's query protocol, forms in and XML out, and that no client of the SDK is here
//! for.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};
use bytes::Bytes;
use cwl2le_forwarder::aws::{Call, Service};
use http::{HeaderValue, Method, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::error::{INVALID_RESPONSE, Operation};
use super::exchange::exchange;
use super::pages::Tokens;
use super::{Aws, AwsError};

/// A service that speaks it, with the version of its API, as botocore's model has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Api {
    service: Service,
    version: &'static str,
}

/// SNS.
const SNS: Api = Api { service: Service::Sns, version: "2010-03-31" };
/// EC2, which writes its lists in a form of its own.
pub(super) const EC2: Api = Api { service: Service::Ec2, version: "2016-11-15" };

/// A member of a list: the texts of its elements, by name.
pub(crate) type Member = BTreeMap<String, String>;

/// What is read of an answer: the members of a list, and the token of the next page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) members: Vec<Member>,
    pub(crate) next: Option<String>,
}

impl Aws<'_> {
    /// Makes a call with these fields; what it answers.
    ///
    /// # Errors
    ///
    /// Those of [`Aws::call`].
    pub(super) async fn query(
        &self,
        Api { service, version }: Api,
        operation: &'static str,
        resource: &str,
        fields: &[(String, &str)],
    ) -> Result<Bytes, AwsError> {
        let mut form = format!("Action={operation}&Version={version}");
        for (name, value) in fields {
            // A `String` takes everything.
            let _ = write!(form, "&{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC));
        }
        let headers = [(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))];
        let call = Call {
            service,
            operation,
            resource,
            region: None,
            host: None,
            method: Method::POST,
            path: "/",
            headers: &headers,
            body: Bytes::from(form),
        };
        let answer =
            self.call(service.iam_name(), operation, resource, || exchange(self.session, call.clone()));
        answer.await.map(|answer| answer.body)
    }

    /// Makes a call of SNS with these fields, and reads the list of this name in its answer; an answer without one has
    /// no members.
    ///
    /// # Errors
    ///
    /// Those of [`Aws::call`]; [`INVALID_RESPONSE`] for anything but the answer of this operation.
    pub(crate) async fn ask_sns(
        &self,
        operation: &'static str,
        resource: &str,
        fields: &[(String, &str)],
        list: &str,
    ) -> Result<Page, AwsError> {
        let answer = self.query(SNS, operation, resource, fields).await?;
        read(&answer, operation, list).map_err(|why| {
            let operation = Operation { service: Service::Sns.iam_name(), name: operation, resource };
            AwsError::new(operation, INVALID_RESPONSE, format!("the answer is not that of SNS: {why}"))
        })
    }

    /// The members of a list of a topic, of all of its pages.
    ///
    /// # Errors
    ///
    /// Those of [`Aws::ask_sns`]; [`INVALID_RESPONSE`] for pages that lead to each other.
    pub(crate) async fn list_of_topic(
        &self,
        operation: &'static str,
        arn: &str,
        list: &str,
    ) -> Result<Vec<Member>, AwsError> {
        let (mut all, mut tokens, mut next) = (Vec::new(), Tokens::default(), None::<String>);
        loop {
            let mut fields = vec![("TopicArn".to_owned(), arn)];
            fields.extend(next.as_deref().map(|token| ("NextToken".to_owned(), token)));
            let page = self.ask_sns(operation, arn, &fields, list).await?;
            all.extend(page.members);
            let operation = Operation { service: Service::Sns.iam_name(), name: operation, resource: arn };
            next = tokens.next(operation, page.next.as_deref())?;
            if next.is_none() {
                return Ok(all);
            }
        }
    }
}

/// Reads `<OPERATIONResponse><OPERATIONResult><LIST><member>...`.
fn read(answer: &[u8], operation: &str, list: &str) -> Result<Page, XmlDecodeError> {
    let mut document = Document::try_from(answer)?;
    let mut root = document.root_element()?;
    if !root.start_el().matches(&format!("{operation}Response")) {
        return Err(XmlDecodeError::custom("it has another name"));
    }
    let mut page = Page::default();
    while let Some(mut result) = root.next_tag() {
        if !result.start_el().matches(&format!("{operation}Result")) {
            continue;
        }
        while let Some(mut part) = result.next_tag() {
            if part.start_el().matches("NextToken") {
                let token = try_data(&mut part)?.into_owned();
                page.next = Some(token).filter(|token| !token.is_empty());
            } else if part.start_el().matches(list) {
                while let Some(mut one) = part.next_tag() {
                    page.members.push(member(&mut one)?);
                }
            }
        }
    }
    Ok(page)
}

fn member(one: &mut ScopedDecoder<'_, '_>) -> Result<Member, XmlDecodeError> {
    let mut member = Member::new();
    while let Some(mut element) = one.next_tag() {
        let name = element.start_el().local().to_owned();
        member.insert(name, try_data(&mut element)?.into_owned());
    }
    Ok(member)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_with_what_is_escaped_in_it_and_anything_else_is_not_taken_for_an_empty_one() {
        let text = "<?xml version=\"1.0\"?><ListSubscriptionsByTopicResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
            <ListSubscriptionsByTopicResult><Subscriptions><member><Protocol>email</Protocol>\
            <Endpoint>a&amp;b@example.com</Endpoint><Owner/></member><member/></Subscriptions>\
            <NextToken>n</NextToken></ListSubscriptionsByTopicResult>\
            <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></ListSubscriptionsByTopicResponse>";
        let page = read(text.as_bytes(), "ListSubscriptionsByTopic", "Subscriptions").expect("a page");
        let member = [("Protocol", "email"), ("Endpoint", "a&b@example.com"), ("Owner", "")];
        let member = member.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(page, Page { members: vec![member, Member::new()], next: Some("n".to_owned()) });
        let done = "<DeleteTopicResponse><ResponseMetadata/></DeleteTopicResponse>";
        assert_eq!(read(done.as_bytes(), "DeleteTopic", "").expect("an answer"), Page::default());
        for other in ["<html>sign in</html>", "", "{}", done] {
            assert!(read(other.as_bytes(), "Subscribe", "").is_err(), "{other}");
        }
    }
}
