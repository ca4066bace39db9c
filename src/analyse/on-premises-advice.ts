/**
 * What would let an on-premises host reach a service of AWS's: it comes over the VPN into a VPC, and no further than that.
 * Source: AWS PrivateLink guide, "Access AWS services through AWS PrivateLink"; Amazon S3 User Guide, "AWS PrivateLink for
 * Amazon S3" (gateway and interface endpoints; endpoint-specific DNS names).
 */

import { dnsEntriesOf } from "../model/endpoint-dns.ts";
import type { OnPremisesHost } from "../model/on-premises-host.ts";
import type { State } from "../model/state.ts";
import { vpcBehindVpn } from "../network/on-premises.ts";
import type { Reach } from "../network/reach.ts";
import { globalRegion, serviceAt } from "../network/service-address.ts";
import { networkOf } from "../network/vpc-network.ts";

/** None where the packets arrive, or the host has no VPC to come into. */
export function adviceOnPremises(
  state: State,
  host: OnPremisesHost,
  { destinationIp, reached }: { readonly destinationIp: string; readonly reached: Reach },
): readonly string[] {
  const network = networkOf(state, vpcBehindVpn(state, host) ?? "");
  const service = serviceAt(destinationIp);
  if (network === undefined || service === undefined || reached.exit.kind !== "none") return [];
  const { vpc } = network;
  if (service.region === globalRegion) return [];
  if (service.region !== vpc.region) {
    return [
      `${destinationIp} is ${service.service} of ${service.region}: endpoints of ${vpc.id} serve ${vpc.region} alone`,
    ];
  }
  const serviceName = `com.amazonaws.${service.region}.${service.service}`;
  const endpoint = network.interfaceEndpoints.find((one) => one.serviceName === serviceName);
  if (endpoint !== undefined) {
    const [first] = dnsEntriesOf(state, endpoint);
    // At S3 what stands before the endpoint's name says what is called. Source: as above, "Accessing buckets".
    const host = first?.dnsName.replace("*.", "bucket.") ?? "";
    return [
      `call ${service.service} by a name of ${endpoint.id}, which leads into ${vpc.id}: --endpoint-url https://${host}`,
    ];
  }
  const subnetIds = network.subnets.slice(0, 1).map((one) => one.id);
  return [
    `${vpc.id} has no interface endpoint for ${serviceName}, and gateway endpoints serve their own VPC alone: ` +
      `aws ec2 create-vpc-endpoint --vpc-id ${vpc.id} --vpc-endpoint-type Interface --service-name ${serviceName} ` +
      `--subnet-ids ${subnetIds.join(" ")} --no-private-dns-enabled`,
  ];
}
