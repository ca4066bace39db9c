/**
 * Who asks the instance metadata service. Like the path of a request it is read off the socket alone: the listening socket
 * belongs to one VPC, and the peer's address is one that the network lets only its instance send from.
 */

export interface MetadataClient {
  readonly vpcId: string;
  /** A private address of the VPC. */
  readonly sourceIp: string;
  /** Lets what is sent on the connection from now on pass so many hops; absent where nothing can stand in between. */
  readonly limitHops?: (hops: number) => Promise<void>;
}
