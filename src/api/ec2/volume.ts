/** Volumes on the wire, as part of their instances. Source: Amazon EC2 API Reference, "DescribeVolumes". */

import type {
  BlockDeviceMapping,
  DescribeVolumesRequest,
  DescribeVolumesResult,
  InstanceBlockDeviceMapping,
  Volume as WireVolume,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import type { Instance } from "../../model/instance.ts";
import { findZone } from "../../model/region.ts";
import type { State } from "../../model/state.ts";
import { type Volume, volumesOf, type VolumeWish } from "../../model/volume.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { always, type FilterTable, maybe, never, tagFilters } from "./filter.ts";
import { list } from "./listing.ts";
import { optionalTags } from "./tag-set.ts";
import { onAnything } from "./target.ts";

const describe: Handler<DescribeVolumesRequest, DescribeVolumesResult> = async (input, call) => {
  const listing = {
    kind: "volume",
    ids: input.VolumeIds,
    excluding: ["volumeSet", "maxResults"],
    filters,
    indexed: { "attachment.instance-id": "instanceId" },
  } as const;
  const page = list(listing, input, call);
  return page.ok ? ok({ Volumes: page.value.items.map(wireVolume), NextToken: page.value.nextToken }) : page;
};

/** What a launch says of volumes. A device that is suppressed or ephemeral makes none. */
export function readVolumes(mappings: readonly BlockDeviceMapping[]): readonly VolumeWish[] {
  return mappings.flatMap(({ DeviceName: deviceName = "", Ebs: ebs }) => {
    if (ebs === undefined) return [];
    return {
      deviceName,
      ...(ebs.VolumeSize !== undefined && { sizeGib: ebs.VolumeSize }),
      ...(ebs.VolumeType !== undefined && { volumeType: ebs.VolumeType }),
      ...(ebs.Iops !== undefined && { iops: ebs.Iops }),
      ...(ebs.Throughput !== undefined && { throughput: ebs.Throughput }),
      ...(ebs.Encrypted !== undefined && { encrypted: ebs.Encrypted }),
      ...(ebs.DeleteOnTermination !== undefined && { deleteOnTermination: ebs.DeleteOnTermination }),
    };
  });
}

/** The devices of an instance; none once it is terminated. */
export function wireDevices(state: State, instance: Instance): InstanceBlockDeviceMapping[] {
  return volumesOf(state, instance.id).flatMap(({ id, attachment }) =>
    attachment === undefined
      ? []
      : {
          DeviceName: attachment.deviceName,
          Ebs: {
            AttachTime: new Date(attachment.attachedAtMs),
            DeleteOnTermination: attachment.deleteOnTermination,
            Status: "attached" as const,
            VolumeId: id,
          },
        },
  );
}

function wireVolume(volume: Volume): WireVolume {
  const { attachment } = volume;
  return {
    Attachments:
      attachment === undefined
        ? []
        : [
            {
              AttachTime: new Date(attachment.attachedAtMs),
              DeleteOnTermination: attachment.deleteOnTermination,
              Device: attachment.deviceName,
              InstanceId: attachment.instanceId,
              State: "attached",
              VolumeId: volume.id,
            },
          ],
    AvailabilityZone: volume.availabilityZone,
    AvailabilityZoneId: findZone(volume.region, volume.availabilityZone)?.id,
    CreateTime: new Date(volume.createdAtMs),
    Encrypted: volume.encrypted,
    ...(volume.iops !== undefined && { Iops: volume.iops }),
    MultiAttachEnabled: false,
    Operator: { Managed: false },
    Size: volume.sizeGib,
    SnapshotId: "",
    State: stateOf(volume),
    ...optionalTags(volume.tags),
    ...(volume.throughput !== undefined && { Throughput: volume.throughput }),
    VolumeId: volume.id,
    VolumeType: volume.volumeType,
  };
}

function stateOf({ attachment }: Volume): "in-use" | "available" {
  return attachment === undefined ? "available" : "in-use";
}

const filters: FilterTable<Volume> = {
  ...tagFilters,
  "attachment.attach-time": (it) => maybe(it.attachment && new Date(it.attachment.attachedAtMs).toISOString()),
  "attachment.delete-on-termination": (it) => maybe(it.attachment && String(it.attachment.deleteOnTermination)),
  "attachment.device": (it) => maybe(it.attachment?.deviceName),
  "attachment.instance-id": (it) => maybe(it.attachment?.instanceId),
  "attachment.status": (it) => maybe(it.attachment && "attached"),
  "availability-zone": (it) => [it.availabilityZone],
  "availability-zone-id": (it) => maybe(findZone(it.region, it.availabilityZone)?.id),
  "create-time": (it) => [new Date(it.createdAtMs).toISOString()],
  encrypted: (it) => [String(it.encrypted)],
  "fast-restored": never,
  "multi-attach-enabled": always("false"),
  "operator.managed": always("false"),
  "operator.principal": never,
  size: (it) => [String(it.sizeGib)],
  "snapshot-id": never,
  status: (it) => [stateOf(it)],
  "volume-id": (it) => [it.id],
  "volume-type": (it) => [it.volumeType],
};

export const volumeActions: Actions = {
  DescribeVolumes: action(describe, (_, call) => onAnything("DescribeVolumes", call)),
};
