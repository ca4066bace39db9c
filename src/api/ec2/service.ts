/** Amazon EC2: all operations that are served, joined from the files of the resources. */

import { ec2Table } from "../../wire/generated/ec2.ts";
import { knownOperations } from "../../wire/generated/known-operations.ts";
import type { QueryService } from "../handler.ts";
import { accountActions } from "./account.ts";
import type { Actions } from "./action.ts";
import { dhcpOptionsActions } from "./dhcp-options.ts";
import { flowLogActions } from "./flow-log.ts";
import { endpointConnectionActions } from "./endpoint-connection.ts";
import { endpointServiceConfigurationActions } from "./endpoint-service-configuration.ts";
import { endpointServicePermissionActions } from "./endpoint-service-permission.ts";
import { listedKeys } from "./authorization.ts";
import { catalogueActions } from "./catalogue.ts";
import { cidrBlockActions } from "./cidr-block.ts";
import { egressOnlyInternetGatewayActions } from "./egress-only-internet-gateway.ts";
import { elasticIpActions } from "./elastic-ip.ts";
import { imageActions } from "./image.ts";
import { instanceAttributeActions } from "./instance-attribute.ts";
import { instanceProfileAssociationActions } from "./instance-profile-association.ts";
import { instanceActions } from "./instance.ts";
import { interfaceAttachmentActions } from "./interface-attachment.ts";
import { internetGatewayActions } from "./internet-gateway.ts";
import { managedPrefixListActions } from "./managed-prefix-list.ts";
import { keyPairActions } from "./key-pair.ts";
import { natGatewayActions } from "./nat-gateway.ts";
import { networkAclActions } from "./network-acl.ts";
import { networkInterfaceActions } from "./network-interface.ts";
import { prefixListActions } from "./prefix-list.ts";
import { regionActions } from "./region.ts";
import { routeActions } from "./route.ts";
import { routeTableActions } from "./route-table.ts";
import { securityGroupRuleActions } from "./security-group-rule.ts";
import { securityGroupActions } from "./security-group.ts";
import { subnetActions } from "./subnet.ts";
import { tagActions } from "./tag.ts";
import { vpcActions } from "./vpc.ts";
import { vpcEndpointActions } from "./vpc-endpoint.ts";
import { vpcEndpointServiceActions } from "./vpc-endpoint-service.ts";
import { vpcPeeringActions } from "./vpc-peering.ts";
import { vpnConnectionActions } from "./vpn-connection.ts";
import { vpnGatewayActions } from "./vpn-gateway.ts";
import { volumeActions } from "./volume.ts";

const actions: Actions = {
  ...vpcActions,
  ...subnetActions,
  ...routeTableActions,
  ...routeActions,
  ...internetGatewayActions,
  ...instanceActions,
  ...networkInterfaceActions,
  ...interfaceAttachmentActions,
  ...instanceAttributeActions,
  ...elasticIpActions,
  ...natGatewayActions,
  ...egressOnlyInternetGatewayActions,
  ...cidrBlockActions,
  ...keyPairActions,
  ...instanceProfileAssociationActions,
  ...catalogueActions,
  ...imageActions,
  ...securityGroupActions,
  ...securityGroupRuleActions,
  ...networkAclActions,
  ...vpcEndpointActions,
  ...vpcEndpointServiceActions,
  ...endpointServiceConfigurationActions,
  ...endpointServicePermissionActions,
  ...endpointConnectionActions,
  ...prefixListActions,
  ...managedPrefixListActions,
  ...dhcpOptionsActions,
  ...volumeActions,
  ...vpcPeeringActions,
  ...vpnGatewayActions,
  ...vpnConnectionActions,
  ...flowLogActions,
  ...accountActions,
  ...tagActions,
  ...regionActions,
};

const served = Object.keys(actions);

export const ec2Service: QueryService = {
  name: "ec2",
  protocol: "ec2Query",
  opensAccounts: true,
  xmlNamespace: ec2Table.xmlNamespace,
  operations: Object.fromEntries(Object.entries(ec2Table.operations).filter(([name]) => served.includes(name))),
  unserved: new Set([...knownOperations.ec2].filter((name) => !served.includes(name))),
  handlers: Object.fromEntries(Object.entries(actions).map(([name, one]) => [name, one.handle])),
  targets: (operation, input, call) =>
    listedKeys(actions[operation]?.targets(input as never, call) ?? [], input as object),
};
