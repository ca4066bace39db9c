/** Blocks and addresses of IPv4 that have to do with the prefix lists of AWS's services. */

import { addToIp, type Ip, parseIp } from "../../src/base/ip.ts";
import { formatPrefix, maskIp, type Prefix, sizeOfPrefix } from "../../src/base/prefix.ts";
import { prefixListOfService } from "../../src/model/prefix-list.ts";
import { echoHost } from "../../src/network/echo-host.ts";
import { serviceAddress } from "../../src/network/service-address.ts";
import type { Dice } from "./dice.ts";

const lists = (["s3", "dynamodb"] as const).map((service) => {
  const list = prefixListOfService("us-east-1", `com.amazonaws.us-east-1.${service}`);
  if (list === undefined) throw new Error(`${service} has no prefix list`);
  return list;
});
/** Those of the lists of S3 and DynamoDB. */
export const listedPrefixes = lists.flatMap((list) => list.prefixes);

/** A block that has to do with the prefix lists: the same, wider, narrower, beside; or the default route. */
export function dealCidr(dice: Dice): string {
  const entry = dice.pick(listedPrefixes);
  switch (dice.below(7)) {
    case 0:
    case 6:
      return "0.0.0.0/0";
    case 1:
      return formatPrefix(entry);
    case 2:
      return cidrOf(entry.ip, Math.max(1, entry.bits - 1 - dice.below(10)));
    case 3:
      return cidrOf(inside(dice, entry), Math.min(32, entry.bits + 1 + dice.below(8)));
    case 4:
      return cidrOf(parseIp(someService(dice)) ?? entry.ip, 24 + dice.below(9));
    default:
      return cidrOf(addToIp(entry.ip, sizeOfPrefix(entry)), entry.bits);
  }
}

export function someService(dice: Dice): string {
  if (dice.chance(10)) return echoHost.ips[32];
  const [service, region] = dice.pick([
    ["s3", "us-east-1"],
    ["s3", "us-east-1"],
    ["dynamodb", "us-east-1"],
    ["ec2", "us-east-1"],
    ["sts", "us-east-1"],
    ["iam", "aws-global"],
    ["s3", "eu-west-1"],
    ["dynamodb", "ap-south-1"],
  ] as const);
  return serviceAddress(service, region) ?? "";
}

export function inside(dice: Dice, prefix: Prefix): Ip {
  return addToIp(prefix.ip, dice.below(Math.min(2 ** 31, sizeOfPrefix(prefix))));
}

function cidrOf(ip: Ip, bits: number): string {
  return formatPrefix({ ip: maskIp(ip, bits), bits });
}
