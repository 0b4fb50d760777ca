//! Reads the network around a function, as EC2 describes it.

use std::collections::BTreeSet;

use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};
use cwl2le_forwarder::aws::Service;

use super::error::{INVALID_RESPONSE, Operation};
use super::pages::Tokens;
use super::query::EC2;
use super::surroundings::{Egress, Route, RouteTable, SecurityGroup, Subnet, Surroundings, VpcEndpoint};
use super::{Aws, AwsError};

/// Reads what is around functions in these subnets with these security groups. What does not exist is left out.
///
/// # Errors
///
/// Whatever `ec2:DescribeSubnets`, `ec2:DescribeSecurityGroups`, `ec2:DescribeRouteTables` and
/// `ec2:DescribeVpcEndpoints` fail with.
pub(crate) async fn surroundings(
    aws: Aws<'_>,
    subnets: &BTreeSet<String>,
    groups: &BTreeSet<String>,
) -> Result<Surroundings, AwsError> {
    let (subnets, security_groups) = tokio::try_join!(
        aws.describe("DescribeSubnets", "subnetSet", "subnet-id", subnets, subnet),
        aws.describe("DescribeSecurityGroups", "securityGroupInfo", "group-id", groups, security_group),
    )?;
    let vpcs: BTreeSet<String> = subnets.iter().map(|subnet| subnet.vpc.clone()).collect();
    let (route_tables, endpoints) = tokio::try_join!(
        aws.describe("DescribeRouteTables", "routeTableSet", "vpc-id", &vpcs, route_table),
        aws.describe("DescribeVpcEndpoints", "vpcEndpointSet", "vpc-id", &vpcs, endpoint),
    )?;
    Ok(Surroundings { subnets, security_groups, route_tables, endpoints })
}

type Read<T> = fn(ScopedDecoder<'_, '_>) -> Result<T, XmlDecodeError>;

impl Aws<'_> {
    /// Everything of a kind that a filter selects by these values, of all pages.
    async fn describe<T>(
        &self,
        operation: &'static str,
        list: &str,
        filter: &str,
        values: &BTreeSet<String>,
        read: Read<T>,
    ) -> Result<Vec<T>, AwsError> {
        if values.is_empty() {
            return Ok(Vec::new());
        }
        let resource = values.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        let of = Operation { service: Service::Ec2.iam_name(), name: operation, resource: &resource };
        let (mut all, mut tokens, mut next) = (Vec::new(), Tokens::default(), None::<String>);
        loop {
            let mut fields = vec![("Filter.1.Name".to_owned(), filter)];
            let numbered = values.iter().enumerate();
            fields.extend(numbered.map(|(at, value)| (format!("Filter.1.Value.{}", at + 1), value.as_str())));
            fields.extend(next.as_deref().map(|token| ("NextToken".to_owned(), token)));
            let answer = self.query(EC2, operation, &resource, &fields).await?;
            let page = page(&answer, operation, list, read).map_err(|why| {
                AwsError::new(of, INVALID_RESPONSE, format!("the answer is not that of EC2: {why}"))
            });
            let (items, token) = page?;
            all.extend(items);
            next = tokens.next(of, token.as_deref())?;
            if next.is_none() {
                return Ok(all);
            }
        }
    }
}

/// Reads `<OPERATIONResponse><LIST><item>...`, and the token of the next page.
fn page<T>(
    answer: &[u8],
    operation: &str,
    list: &str,
    read: Read<T>,
) -> Result<(Vec<T>, Option<String>), XmlDecodeError> {
    let mut document = Document::try_from(answer)?;
    let mut root = document.root_element()?;
    if !root.start_el().matches(&format!("{operation}Response")) {
        return Err(XmlDecodeError::custom("it has another name"));
    }
    let (mut items, mut token) = (Vec::new(), None);
    while let Some(mut part) = root.next_tag() {
        if part.start_el().matches("nextToken") {
            token = Some(text(&mut part)?).filter(|token| !token.is_empty());
        } else if part.start_el().matches(list) {
            while let Some(item) = part.next_tag() {
                items.push(read(item)?);
            }
        }
    }
    Ok((items, token))
}

fn text(element: &mut ScopedDecoder<'_, '_>) -> Result<String, XmlDecodeError> {
    try_data(element).map(|text| text.into_owned())
}

/// Hands each child of an element over by its name.
fn children(
    mut of: ScopedDecoder<'_, '_>,
    mut each: impl FnMut(&str, ScopedDecoder<'_, '_>) -> Result<(), XmlDecodeError>,
) -> Result<(), XmlDecodeError> {
    while let Some(child) = of.next_tag() {
        let name = child.start_el().local().to_owned();
        each(&name, child)?;
    }
    Ok(())
}

fn subnet(item: ScopedDecoder<'_, '_>) -> Result<Subnet, XmlDecodeError> {
    let mut subnet = Subnet::default();
    children(item, |name, mut child| {
        match name {
            "subnetId" => subnet.id = text(&mut child)?,
            "vpcId" => subnet.vpc = text(&mut child)?,
            "availableIpAddressCount" => subnet.free = text(&mut child)?.parse().unwrap_or_default(),
            _ => {}
        }
        Ok(())
    })?;
    Ok(subnet)
}

fn security_group(item: ScopedDecoder<'_, '_>) -> Result<SecurityGroup, XmlDecodeError> {
    let mut group = SecurityGroup::default();
    children(item, |name, mut child| {
        match name {
            "groupId" => group.id = text(&mut child)?,
            "vpcId" => group.vpc = text(&mut child)?,
            "ipPermissionsEgress" => children(child, |_, rule| {
                group.egress.push(egress(rule)?);
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(group)
}

fn egress(item: ScopedDecoder<'_, '_>) -> Result<Egress, XmlDecodeError> {
    let (mut rule, mut from, mut to) = (Egress::default(), None, None);
    children(item, |name, mut child| {
        match name {
            "ipProtocol" => rule.protocol = text(&mut child)?,
            "fromPort" => from = text(&mut child)?.parse().ok(),
            "toPort" => to = text(&mut child)?.parse().ok(),
            "ipRanges" | "ipv6Ranges" => children(child, |_, range| {
                rule.is_to_some = true;
                children(range, |name, mut cidr| {
                    let is_cidr = matches!(name, "cidrIp" | "cidrIpv6");
                    rule.is_to_all |= is_cidr && text(&mut cidr)?.ends_with("/0");
                    Ok(())
                })
            })?,
            "groups" | "prefixListIds" => children(child, |_, _| {
                rule.is_to_some = true;
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    })?;
    rule.ports = from.zip(to);
    Ok(rule)
}

fn route_table(item: ScopedDecoder<'_, '_>) -> Result<RouteTable, XmlDecodeError> {
    let mut table = RouteTable::default();
    children(item, |name, mut child| {
        match name {
            "routeTableId" => table.id = text(&mut child)?,
            "associationSet" => children(child, |_, one| {
                children(one, |name, mut child| {
                    match name {
                        "main" => table.is_main |= text(&mut child)? == "true",
                        "subnetId" => drop(table.subnets.insert(text(&mut child)?)),
                        _ => {}
                    }
                    Ok(())
                })
            })?,
            "routeSet" => children(child, |_, one| {
                table.routes.push(route(one)?);
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(table)
}

fn route(item: ScopedDecoder<'_, '_>) -> Result<Route, XmlDecodeError> {
    let mut route = Route::default();
    children(item, |name, mut child| {
        match name {
            "destinationCidrBlock" | "destinationIpv6CidrBlock" | "destinationPrefixListId" => {
                let to = text(&mut child)?;
                if !to.is_empty() {
                    route.to = to;
                }
            }
            "state" => route.is_blackhole = text(&mut child)? == "blackhole",
            // An instance is named together with its interface.
            "gatewayId"
            | "natGatewayId"
            | "transitGatewayId"
            | "networkInterfaceId"
            | "vpcPeeringConnectionId"
            | "egressOnlyInternetGatewayId"
            | "localGatewayId"
            | "carrierGatewayId"
            | "coreNetworkArn"
            | "instanceId" => {
                let by = text(&mut child)?;
                if !by.is_empty() {
                    route.by = by;
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(route)
}

fn endpoint(item: ScopedDecoder<'_, '_>) -> Result<VpcEndpoint, XmlDecodeError> {
    let mut endpoint = VpcEndpoint::default();
    children(item, |name, mut child| {
        match name {
            "vpcEndpointId" => endpoint.id = text(&mut child)?,
            "serviceName" => endpoint.service = text(&mut child)?,
            "vpcEndpointType" => endpoint.kind = text(&mut child)?,
            "state" => endpoint.state = text(&mut child)?,
            "privateDnsEnabled" => endpoint.has_private_dns = text(&mut child)? == "true",
            "routeTableIdSet" => children(child, |_, mut id| {
                endpoint.route_tables.insert(text(&mut id)?);
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(endpoint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Answer, FakeAws};

    fn answer(operation: &str, list: &str, items: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><{operation}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
             <requestId>r</requestId><{list}>{items}</{list}></{operation}Response>"
        )
    }

    #[test]
    fn the_answers_are_read_in_the_form_of_the_reference() {
        let items = "<item><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><tagSet><item><key>vpcId</key>\
                     <value>x</value></item></tagSet><availableIpAddressCount>251</availableIpAddressCount></item>";
        let text = answer("DescribeSubnets", "subnetSet", items);
        let (read, token) = page(text.as_bytes(), "DescribeSubnets", "subnetSet", subnet).expect("a page");
        assert_eq!(read, [Subnet { id: "subnet-1".into(), vpc: "vpc-1".into(), free: 251 }]);
        assert_eq!(token, None);

        let rule = |range: &str| {
            format!(
                "<item><ipProtocol>tcp</ipProtocol><fromPort>443</fromPort><toPort>444</toPort>{range}</item>"
            )
        };
        let all = "<ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges><groups/>";
        let some = "<groups><item><groupId>sg-2</groupId></item></groups><ipRanges/>";
        let items = format!(
            "<item><groupId>sg-1</groupId><ipPermissions><item><ipProtocol>-1</ipProtocol></item></ipPermissions>\
             <ipPermissionsEgress>{}{}</ipPermissionsEgress><vpcId>vpc-1</vpcId></item>",
            rule(all),
            rule(some)
        );
        let text = answer("DescribeSecurityGroups", "securityGroupInfo", &items);
        let (read, _) = page(text.as_bytes(), "DescribeSecurityGroups", "securityGroupInfo", security_group)
            .expect("a page");
        let egress = |is_to_all| Egress {
            protocol: "tcp".into(),
            ports: Some((443, 444)),
            is_to_all,
            is_to_some: true,
        };
        assert_eq!(
            read,
            [SecurityGroup {
                id: "sg-1".into(),
                vpc: "vpc-1".into(),
                egress: vec![egress(true), egress(false)]
            }]
        );

        let items = "<item><routeTableId>rtb-1</routeTableId><routeSet>\
             <item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId><state>active</state></item>\
             <item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><natGatewayId>nat-1</natGatewayId><state>blackhole</state></item>\
             </routeSet><associationSet><item><main>true</main></item><item><subnetId>subnet-1</subnetId><main>false</main></item>\
             </associationSet></item>";
        let text = answer("DescribeRouteTables", "routeTableSet", items);
        let (read, _) =
            page(text.as_bytes(), "DescribeRouteTables", "routeTableSet", route_table).expect("a page");
        let route = |to: &str, by: &str, is_blackhole| Route { to: to.into(), by: by.into(), is_blackhole };
        assert_eq!(
            read,
            [RouteTable {
                id: "rtb-1".into(),
                is_main: true,
                subnets: ["subnet-1".to_owned()].into(),
                routes: vec![route("10.0.0.0/16", "local", false), route("0.0.0.0/0", "nat-1", true)],
            }]
        );

        let items = "<item><vpcEndpointId>vpce-1</vpcEndpointId><vpcEndpointType>Gateway</vpcEndpointType>\
             <serviceName>com.amazonaws.eu-west-1.s3</serviceName><state>available</state>\
             <routeTableIdSet><item>rtb-1</item></routeTableIdSet><privateDnsEnabled>false</privateDnsEnabled></item>";
        let text = answer("DescribeVpcEndpoints", "vpcEndpointSet", items);
        let (read, _) =
            page(text.as_bytes(), "DescribeVpcEndpoints", "vpcEndpointSet", endpoint).expect("a page");
        assert_eq!(
            read,
            [VpcEndpoint {
                id: "vpce-1".into(),
                service: "com.amazonaws.eu-west-1.s3".into(),
                kind: "Gateway".into(),
                state: "available".into(),
                has_private_dns: false,
                route_tables: ["rtb-1".to_owned()].into(),
            }]
        );
        for other in ["<html>sign in</html>", "", "{}"] {
            assert!(page(other.as_bytes(), "DescribeSubnets", "subnetSet", subnet).is_err(), "{other}");
        }
    }

    #[tokio::test]
    async fn a_denied_call_names_the_action() {
        let aws = FakeAws::new(|_| Answer::Error(403, "UnauthorizedOperation", "You are not authorized"));
        let ids = ["subnet-1".to_owned()].into();
        let error = surroundings((&aws.session()).into(), &ids, &BTreeSet::new()).await.expect_err("denied");
        assert_eq!((error.service, error.operation), ("ec2", "DescribeSubnets"));
    }
}
