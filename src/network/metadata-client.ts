/**
 * Who asks the instance metadata service. Like the path of a request it is read off the socket alone: the listening socket
 * belongs to one VPC, and the peer's address is one that the network lets only its instance send from.
 */

import type { Width } from "../base/ip.ts";

export interface MetadataClient {
  readonly vpcId: string;
  /** One of the instance's addresses. */
  readonly sourceIp: string;
  /**
   * Of the service's address that was asked. An instance of IPv6 alone asks at the one of IPv4 from a link-local address, which
   * no state knows: `sourceIp` is its own then.
   */
  readonly width: Width;
  /** Lets what is sent on the connection from now on pass so many hops; absent where nothing can stand in between. */
  readonly limitHops?: (hops: number) => Promise<void>;
}
