/**
 * Machine images. Programs of this machine run as instances, so that an image is but a name.
 * Source: Amazon EC2 API Reference, "DescribeImages"; the names follow those that the owners publish.
 *
 * ASSUMPTION: every image id that is asked for exists; the few images that are listed stand for all public ones.
 */

import type { DescribeImagesRequest, DescribeImagesResult, Image } from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import { fail } from "../../model/error.ts";
import { stableHex } from "../../model/stable-id.ts";
import { rootVolume } from "../../model/volume.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { type FilterTable, always, maybe, never, readFilters } from "./filter.ts";
import { type PageBounds, pageOf } from "./page.ts";
import { onAnything } from "./target.ts";

interface Published {
  readonly name: string;
  readonly ownerId: string;
  readonly description: string;
  readonly architecture: "x86_64" | "arm64";
  readonly createdAt: string;
  readonly windows: boolean;
}

const amazonLinux = "137112412989";
const windowsOwner = "801119661308";
const canonical = "099720109477";
const debian = "136693071363";

/** Owner, name, architecture, day. */
const rows: readonly (readonly [string, string, "x86_64" | "arm64", string])[] = [
  [amazonLinux, "al2023-ami-2023.6.20250128.0-kernel-6.1-x86_64", "x86_64", "2025-01-28"],
  [amazonLinux, "al2023-ami-2023.6.20250128.0-kernel-6.1-arm64", "arm64", "2025-01-28"],
  [amazonLinux, "amzn2-ami-hvm-2.0.20250116.0-x86_64-gp2", "x86_64", "2025-01-16"],
  [amazonLinux, "amzn2-ami-hvm-2.0.20250116.0-arm64-gp2", "arm64", "2025-01-16"],
  [amazonLinux, "amzn2-ami-kernel-5.10-hvm-2.0.20250116.0-x86_64-gp2", "x86_64", "2025-01-16"],
  [windowsOwner, "Windows_Server-2022-English-Full-Base-2025.01.15", "x86_64", "2025-01-15"],
  [canonical, "ubuntu/images/hvm-ssd/ubuntu-focal-20.04-amd64-server-20250111", "x86_64", "2025-01-11"],
  [canonical, "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20250112", "x86_64", "2025-01-12"],
  [canonical, "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-arm64-server-20250112", "arm64", "2025-01-12"],
  [canonical, "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20250115", "x86_64", "2025-01-15"],
  [debian, "debian-12-amd64-20250115-1993", "x86_64", "2025-01-15"],
];

const published: readonly Published[] = rows.map(([ownerId, name, architecture, day]) => ({
  name,
  ownerId,
  description: name,
  architecture,
  createdAt: `${day}T00:00:00.000Z`,
  windows: ownerId === windowsOwner,
}));

interface Row {
  readonly image: Image;
  /** Other people's tags are not shown. */
  readonly tags: readonly [];
}

const bounds: PageBounds = { least: 1, most: 1000, above: "cut" };

const describe: Handler<DescribeImagesRequest, DescribeImagesResult> = async (input, call) => {
  const ids = input.ImageIds ?? [];
  const bad = ids.find((id) => !/^(ami|aki|ari)-[0-9a-z]+$/.test(id));
  if (bad !== undefined) return fail("InvalidAMIID.Malformed", { id: bad });
  const read = readFilters(input.Filters, filters);
  if (!read.ok) return read;
  const owners = input.Owners ?? [];
  const listed = published.map((one) => wireImage(one, publishedId(one, call.region)));
  const asked = ids.map((id) => listed.find((one) => one.ImageId === id) ?? wireImage(unlisted(id), id));
  const hits = (ids.length > 0 ? asked : listed).filter(
    (one) => isOf(one, owners) && read.value.matches({ image: one, tags: [] }),
  );
  const sorted = hits.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
  const page = pageOf(sorted, idOf, input, bounds);
  return page.ok ? ok({ Images: [...page.value.items], NextToken: page.value.nextToken }) : page;
};

function idOf(image: Image): string {
  return image.ImageId ?? "";
}

/** `self` and accounts of the region own none. */
function isOf(image: Image, owners: readonly string[]): boolean {
  return (
    owners.length === 0 || owners.some((owner) => owner === image.OwnerId || owner === (image.ImageOwnerAlias ?? ""))
  );
}

function unlisted(id: string): Published {
  return {
    name: id,
    ownerId: amazonLinux,
    description: "",
    architecture: "x86_64",
    createdAt: "2024-01-01T00:00:00.000Z",
    windows: false,
  };
}

/** The device that an image's root volume is. */
export function rootDeviceNameOf(imageId: string, region: string): string {
  return rootOf(published.find((one) => publishedId(one, region) === imageId) ?? unlisted(imageId));
}

function rootOf(image: Published): string {
  return image.windows || image.ownerId === canonical ? "/dev/sda1" : "/dev/xvda";
}

function publishedId({ name }: Published, region: string): string {
  return `ami-${stableHex(`${region}/${name}`, 17)}`;
}

function wireImage(image: Published, id: string): Image {
  const isAmazons = image.ownerId === amazonLinux || image.ownerId === windowsOwner;
  return {
    PlatformDetails: image.windows ? "Windows" : "Linux/UNIX",
    UsageOperation: image.windows ? "RunInstances:0002" : "RunInstances",
    BlockDeviceMappings: [
      {
        DeviceName: rootOf(image),
        Ebs: {
          DeleteOnTermination: true,
          SnapshotId: `snap-${stableHex(id, 17)}`,
          VolumeSize: rootVolume.sizeGib,
          VolumeType: rootVolume.volumeType,
          Encrypted: false,
        },
      },
    ],
    Description: image.description,
    EnaSupport: true,
    Hypervisor: "xen",
    ...(isAmazons && { ImageOwnerAlias: "amazon" }),
    Name: image.name,
    RootDeviceName: rootOf(image),
    RootDeviceType: "ebs",
    SriovNetSupport: "simple",
    VirtualizationType: "hvm",
    ImageId: id,
    ImageLocation: `${isAmazons ? "amazon" : image.ownerId}/${image.name}`,
    State: "available",
    OwnerId: image.ownerId,
    CreationDate: image.createdAt,
    Public: true,
    Architecture: image.architecture,
    ImageType: "machine",
    ...(image.windows && { Platform: "windows" as NonNullable<Image["Platform"]> }),
  };
}

const filters: FilterTable<Row> = {
  architecture: ({ image }) => maybe(image.Architecture),
  "creation-date": ({ image }) => maybe(image.CreationDate),
  description: ({ image }) => maybe(image.Description),
  "ena-support": ({ image }) => [String(image.EnaSupport)],
  hypervisor: ({ image }) => maybe(image.Hypervisor),
  "block-device-mapping.delete-on-termination": never,
  "block-device-mapping.device-name": never,
  "block-device-mapping.encrypted": never,
  "block-device-mapping.snapshot-id": never,
  "block-device-mapping.volume-size": never,
  "block-device-mapping.volume-type": never,
  "free-tier-eligible": always("true"),
  "image-allowed": always("true"),
  "image-id": ({ image }) => maybe(image.ImageId),
  "image-type": ({ image }) => maybe(image.ImageType),
  "is-public": ({ image }) => [String(image.Public)],
  "kernel-id": never,
  "manifest-location": ({ image }) => maybe(image.ImageLocation),
  name: ({ image }) => maybe(image.Name),
  "owner-alias": ({ image }) => maybe(image.ImageOwnerAlias),
  "owner-id": ({ image }) => maybe(image.OwnerId),
  platform: ({ image }) => maybe(image.Platform),
  "product-code": never,
  "product-code.type": never,
  "ramdisk-id": never,
  "root-device-name": ({ image }) => maybe(image.RootDeviceName),
  "root-device-type": ({ image }) => maybe(image.RootDeviceType),
  "source-image-id": never,
  "source-image-region": never,
  "source-instance-id": never,
  state: ({ image }) => maybe(image.State),
  "state-reason-code": never,
  "state-reason-message": never,
  "tag-key": never,
  "sriov-net-support": ({ image }) => maybe(image.SriovNetSupport),
  "virtualization-type": ({ image }) => maybe(image.VirtualizationType),
};

export const imageActions: Actions = {
  DescribeImages: action(describe, (_, call) => onAnything("DescribeImages", call)),
};
