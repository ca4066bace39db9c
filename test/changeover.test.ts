/**
 * Every verb that changes a path cuts the open connections over the old one, also idle ones; new ones take the new path, and
 * those that are not affected live on. Source: PrivateLink guide, "Gateway endpoints: considerations".
 */

import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import * as sdk from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RegionProcess, startRegionProcess } from "../demo/region-process.ts";
import type { RequestLine } from "../src/api/underpass/server.ts";
import { serviceAddress } from "../src/network/service-address.ts";
import { dialText } from "./dial-program.ts";
import { onEachPlane } from "./on-plane.ts";

const connections = 200;
const s3 = serviceAddress("s3", "us-east-1")!;
/** A block of S3's own ranges that holds the address. */
const moreSpecific = s3.replace(/\.\d+$/, ".0/24");

/**
 * Told `open N`, opens N connections, makes a request over each and leaves them idle; tells `open` when all are, and
 * `closed` with the time and the errors when the last has ended. Told `ask`, makes a request over a new one.
 */
const clientProgram = `${dialText}
  const get = "GET / HTTP/1.1\\r\\nhost: s3.us-east-1.amazonaws.com\\r\\n";
  const ask = (then) => {
    const socket = dial(80, "${s3}");
    socket.once("data", then).write(get + "connection: close\\r\\n\\r\\n");
    socket.on("error", (error) => console.log("failed " + error.code));
  };
  require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
    const [verb, count] = line.split(" ");
    if (verb === "ask") return ask(() => console.log("asked"));
    let open = 0, over = 0;
    const errors = new Set();
    for (let at = 0; at < Number(count); at++) {
      const socket = dial(80, "${s3}");
      socket.once("data", () => ++open === Number(count) && console.log("open")).write(get + "\\r\\n");
      socket.on("error", (error) => errors.add(error.code)).on("close", () => {
        if (++over === 1) console.log("first");
        if (over === Number(count)) console.log("closed " + Date.now() + " " + [...errors]);
      });
    }
  });`;

/** Prints the port and the text of all that comes. */
const serverProgram = `
  const net = require("node:net");
  let up = 0;
  for (const port of [8080, 8081]) {
    const server = net.createServer((socket) => {
      socket.on("data", (data) => console.log(port + " " + data)).on("error", () => {});
    });
    server.listen(port, () => ++up === 2 && console.log("up"));
  }`;

/** Opens a connection to both ports, and writes each line that it is told to both. */
const callerProgram = `${dialText}
  const sockets = [8080, 8081].map((port) => dial(port, process.argv[1]).on("error", () => {}));
  const write = (text) => { for (const socket of sockets) socket.write(text); };
  write("hello");
  process.stdin.on("data", (data) => write(String(data).trim())).on("end", () => process.exit());`;

interface Program {
  readonly child: ChildProcess;
  /** The next line that it prints. */
  readonly next: () => Promise<string>;
}

interface Client extends Program {
  readonly instanceId: string;
  readonly tell: (line: string) => void;
}

let region: RegionProcess;
let ec2: sdk.EC2Client;
const id = { vpc: "", moved: "", other: "", table: "", spare: "", gateway: "", nat: "", endpoint: "", association: "" };
let moving: Client;
let staying: Client;

function clientIn(instanceId: string): Client {
  const child = region.exec(instanceId, [process.execPath, "--eval", clientProgram]);
  child.stderr?.pipe(process.stderr);
  return { ...linesOf(child), instanceId, tell: (line) => child.stdin?.write(`${line}\n`) };
}

function linesOf(child: ChildProcess): Program {
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return { child, next: async () => (await lines.next()).value as string };
}

async function instanceOf(instanceId: string): Promise<sdk.Instance> {
  const { Reservations } = await ec2.send(new sdk.DescribeInstancesCommand({ InstanceIds: [instanceId] }));
  return Reservations![0]!.Instances![0]!;
}

async function makeTable(): Promise<string> {
  const { RouteTable } = await ec2.send(new sdk.CreateRouteTableCommand({ VpcId: id.vpc }));
  const route = { DestinationCidrBlock: "0.0.0.0/0", GatewayId: id.gateway };
  await ec2.send(new sdk.CreateRouteCommand({ RouteTableId: RouteTable?.RouteTableId, ...route }));
  return RouteTable!.RouteTableId!;
}

async function makeSubnet(
  CidrBlock: string,
  RouteTableId: string,
): Promise<{ SubnetId: string; associationId: string }> {
  const { Subnet } = await ec2.send(new sdk.CreateSubnetCommand({ VpcId: id.vpc, CidrBlock }));
  const SubnetId = Subnet!.SubnetId!;
  const { AssociationId } = await ec2.send(new sdk.AssociateRouteTableCommand({ RouteTableId, SubnetId }));
  return { SubnetId, associationId: AssociationId! };
}

async function launch(SubnetId: string): Promise<string> {
  const { Instances } = await ec2.send(
    new sdk.RunInstancesCommand({
      ImageId: "ami-1",
      MinCount: 1,
      MaxCount: 1,
      NetworkInterfaces: [{ DeviceIndex: 0, SubnetId, AssociatePublicIpAddress: true }],
    }),
  );
  return Instances![0]!.InstanceId!;
}

onEachPlane("paths change", (dataplane) => {
  beforeAll(async () => {
    region = await startRegionProcess({ dataplane });
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    ec2 = new sdk.EC2Client({ endpoint: region.endpoint, region: "us-east-1", credentials });
    id.vpc = (await ec2.send(new sdk.CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).Vpc!.VpcId!;
    const { InternetGateway } = await ec2.send(new sdk.CreateInternetGatewayCommand({}));
    id.gateway = InternetGateway!.InternetGatewayId!;
    await ec2.send(new sdk.AttachInternetGatewayCommand({ InternetGatewayId: id.gateway, VpcId: id.vpc }));
    id.table = await makeTable();
    id.spare = await makeTable();
    const { SubnetId: moved, associationId } = await makeSubnet("10.0.1.0/24", id.table);
    const { SubnetId: other } = await makeSubnet("10.0.2.0/24", await makeTable());
    Object.assign(id, { moved, other, association: associationId });
    const { AllocationId } = await ec2.send(new sdk.AllocateAddressCommand({ Domain: "vpc" }));
    const { NatGateway } = await ec2.send(new sdk.CreateNatGatewayCommand({ SubnetId: other, AllocationId }));
    id.nat = NatGateway!.NatGatewayId!;
    const { VpcEndpoint } = await ec2.send(
      new sdk.CreateVpcEndpointCommand({ VpcId: id.vpc, ServiceName: "com.amazonaws.us-east-1.s3" }),
    );
    id.endpoint = VpcEndpoint!.VpcEndpointId!;
    moving = clientIn(await launch(moved));
    staying = clientIn(await launch(other));
    staying.tell("open 20");
    expect(await staying.next()).toBe("open");
  });

  afterAll(async () => {
    for (const { child } of [moving, staying]) child.stdin?.end();
    expect(await region.stop()).toBe(0);
  });

  /** The verbs in turn, each with the door of new connections behind it: they start by the internet gateway. */
  const verbs: readonly (readonly [string, () => Promise<unknown>, "gateway-endpoint" | "internet"])[] = [
    ["an endpoint is put on the route table", () => attach({ AddRouteTableIds: [id.table] }), "gateway-endpoint"],
    ["a more specific route is made", () => ec2.send(new sdk.CreateRouteCommand(special())), "internet"],
    [
      "it is replaced",
      () => ec2.send(new sdk.ReplaceRouteCommand({ ...special(), GatewayId: undefined, NatGatewayId: id.nat })),
      "internet",
    ],
    ["it is deleted", () => ec2.send(new sdk.DeleteRouteCommand(special())), "gateway-endpoint"],
    ["another table is put in its place", () => replaceTable(() => id.spare), "internet"],
    ["an endpoint is put on that table", () => attach({ AddRouteTableIds: [id.spare] }), "gateway-endpoint"],
    ["an endpoint is taken off a table", () => attach({ RemoveRouteTableIds: [id.spare] }), "internet"],
    ["the first table is put back", () => replaceTable(() => id.table), "gateway-endpoint"],
    ["the subnet's table is put off, and the main one leads to the gateway", () => putOff(), "internet"],
    ["the subnet is associated again", () => associate(), "gateway-endpoint"],
    [
      "the endpoint is deleted",
      () => ec2.send(new sdk.DeleteVpcEndpointsCommand({ VpcEndpointIds: [id.endpoint] })),
      "internet",
    ],
  ];

  const special = () => ({
    RouteTableId: id.table,
    DestinationCidrBlock: moreSpecific,
    GatewayId: id.gateway as string | undefined,
  });

  const attach = (change: Partial<sdk.ModifyVpcEndpointRequest>): Promise<unknown> =>
    ec2.send(new sdk.ModifyVpcEndpointCommand({ VpcEndpointId: id.endpoint, ...change }));

  async function replaceTable(table: () => string): Promise<void> {
    const { NewAssociationId } = await ec2.send(
      new sdk.ReplaceRouteTableAssociationCommand({ AssociationId: id.association, RouteTableId: table() }),
    );
    id.association = NewAssociationId!;
  }

  async function putOff(): Promise<void> {
    const Filters = [
      { Name: "vpc-id", Values: [id.vpc] },
      { Name: "association.main", Values: ["true"] },
    ];
    const { RouteTables } = await ec2.send(new sdk.DescribeRouteTablesCommand({ Filters }));
    const route = { DestinationCidrBlock: "0.0.0.0/0", GatewayId: id.gateway };
    await ec2.send(new sdk.CreateRouteCommand({ RouteTableId: RouteTables![0]!.RouteTableId, ...route }));
    await ec2.send(new sdk.DisassociateRouteTableCommand({ AssociationId: id.association }));
  }

  const associate = (): Promise<unknown> =>
    ec2.send(new sdk.AssociateRouteTableCommand({ RouteTableId: id.table, SubnetId: id.moved }));

  test.each(verbs)("%s", async (what, change, door) => {
    moving.tell(`open ${connections}`);
    expect(await moving.next()).toBe("open");
    await change();
    const answeredMs = Date.now();
    expect(await moving.next()).toBe("first");
    const closed = await moving.next();
    expect(closed).toMatch(/^closed \d+ ECONNRESET$/);
    // After the answer, since the change is in force by then; before it, a negative number.
    console.log(
      `${what}: the last of ${connections} connections reset ${Number(closed.split(" ")[1]) - answeredMs} ms after the answer`,
    );
    moving.tell("ask");
    expect(await moving.next()).toBe("asked");
    const lines = await region.own<RequestLine[]>("requests?last=1");
    expect(lines.at(-1)?.path).toMatchObject({ kind: door });
  });

  test("a connection that everyone may open goes with its security group rule, a tracked one stays", async () => {
    const { GroupId } = await ec2.send(
      new sdk.CreateSecurityGroupCommand({ VpcId: id.vpc, GroupName: "server", Description: "server" }),
    );
    const { NetworkInterfaces, PrivateIpAddress: serverIp = "" } = await instanceOf(staying.instanceId);
    const NetworkInterfaceId = NetworkInterfaces![0]!.NetworkInterfaceId;
    await ec2.send(new sdk.ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, Groups: [GroupId!] }));
    const rule = (port: number, CidrIp: string) => ({
      GroupId,
      IpPermissions: [{ IpProtocol: "tcp", FromPort: port, ToPort: port, IpRanges: [{ CidrIp }] }],
    });
    const [open, narrow] = [rule(8080, "0.0.0.0/0"), rule(8081, "10.0.0.0/16")];
    for (const one of [open, narrow]) await ec2.send(new sdk.AuthorizeSecurityGroupIngressCommand(one));
    const server = linesOf(region.exec(staying.instanceId, [process.execPath, "--eval", serverProgram]));
    expect(await server.next()).toBe("up");
    const client = region.exec(moving.instanceId, [process.execPath, "--eval", callerProgram, serverIp]);
    expect([await server.next(), await server.next()].toSorted()).toEqual(["8080 hello", "8081 hello"]);
    for (const one of [open, narrow]) await ec2.send(new sdk.RevokeSecurityGroupIngressCommand(one));
    // It writes to 8080 first.
    client.stdin?.write("again\n");
    expect(await server.next()).toBe("8081 again");
    client.stdin?.end();
    server.child.kill("SIGKILL");
  });

  test("the connections of another subnet live on", async () => {
    staying.tell("ask");
    // Had one of them ended, that would have been said first.
    expect(await staying.next()).toBe("asked");
  });
});
