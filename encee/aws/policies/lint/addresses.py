"""Issues of conditions on the caller's address.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_deny-ip.html
"""

from collections.abc import Iterator

from encee.aws.policies.document import Statement
from encee.aws.policies.lint.issue import Issue, Severity
from encee.aws.policies.networks import Network, covers_all_addresses, read_network

_SOURCE_IP = "aws:sourceip"
_OUTSIDE, _INSIDE = ("NotIpAddress", "NotIpAddressIfExists"), ("IpAddress", "IpAddressIfExists")
_THROUGH_SERVICES = {"aws:viaawsservice", "aws:calledvia", "aws:calledviafirst", "aws:calledvialast"}
_THROUGH_ENDPOINTS = {"aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip"}


def address_issues(statement: Statement) -> Iterator[Issue]:
    """Find restrictions to addresses that restrict nothing, or more than intended."""
    keys = {key.lower() for _, key, _ in statement.conditions()}
    by_address = {operator: values for operator, key, values in statement.conditions() if key.lower() == _SOURCE_IP}
    for operator in (*_OUTSIDE, *_INSIDE):
        if operator in by_address:
            restricts = (statement.effect == "Deny") == (operator in _OUTSIDE)
            yield from _network_issues(by_address[operator], restricts=restricts)
    if statement.effect != "Deny" or by_address.keys().isdisjoint(_OUTSIDE):
        return
    if not keys & _THROUGH_SERVICES:
        yield Issue(
            "ip-deny-via-service",
            Severity.WARNING,
            "this Deny can hit services that act for the user, whose requests come from AWS's addresses",
            'add "Bool": {"aws:ViaAWSService": "false"} to its Condition',
        )
    if "NotIpAddress" in by_address and not keys & _THROUGH_ENDPOINTS:
        yield Issue(
            "ip-deny-vpc-endpoint",
            Severity.WARNING,
            "this Deny hits every request through a VPC endpoint, which carries no aws:SourceIp",
            'if you use endpoints, add "StringNotEquals": {"aws:SourceVpce": [yours]} to its Condition',
        )


def _network_issues(values: object, *, restricts: bool) -> Iterator[Issue]:
    networks: list[Network] = []
    for text in values if isinstance(values, list) else [values]:
        network = read_network(str(text))
        if network is None:
            yield Issue(
                "no-network",
                Severity.ERROR,
                f"{text} is neither a network nor an address",
                "write it as 203.0.113.0/24 or 2001:db8::/32",
            )
        else:
            networks.append(network)
    if restricts and covers_all_addresses(networks):
        yield Issue(
            "whole-world",
            Severity.ERROR,
            "these networks together contain every address: they restrict nothing",
            "name the networks that you work from",
        )
