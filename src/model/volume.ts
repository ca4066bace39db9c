/**
 * Volumes of instances as EC2 shows them: made with a launch, gone with the instance. No data stands behind them, since an
 * instance's programs use the disk of this machine. Source: EC2 API Reference, "EbsBlockDevice" and "Volume".
 */

import { type Id, makeId } from "../base/id.ts";
import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import type { Resource, Tags } from "./resource.ts";
import { type Change, findBy, put, remove, type State } from "./state.ts";
import type { Context } from "./verb.ts";

export interface Volume extends Resource {
  readonly id: Id<"vol">;
  readonly availabilityZone: string;
  readonly sizeGib: number;
  readonly volumeType: VolumeType;
  /** Absent for types that have none. */
  readonly iops?: number;
  /** In MiB a second, of gp3 alone. */
  readonly throughput?: number;
  readonly encrypted: boolean;
  /** Absent once its instance is gone. */
  readonly attachment?: VolumeAttachment;
}

export interface VolumeAttachment {
  readonly instanceId: Id<"i">;
  readonly deviceName: string;
  readonly deleteOnTermination: boolean;
  readonly attachedAtMs: number;
}

export type VolumeType = "standard" | "io1" | "io2" | "gp2" | "gp3" | "sc1" | "st1";

/** What a launch says about a device; the rest is the image's, or EC2's default. */
export interface VolumeWish {
  readonly deviceName: string;
  readonly sizeGib?: number;
  readonly volumeType?: string;
  readonly iops?: number;
  readonly throughput?: number;
  readonly encrypted?: boolean;
  readonly deleteOnTermination?: boolean;
}

/** A wish that can be fulfilled. */
interface VolumePlan extends VolumeWish {
  readonly sizeGib: number;
  readonly volumeType: VolumeType;
}

/** Of every image's root volume, as Amazon Linux 2023 has it. */
export const rootVolume = { sizeGib: 8, volumeType: "gp3" } as const;

/** Smallest and largest size in GiB. Source: EC2 API Reference, "EbsBlockDevice", VolumeSize. */
const sizes: Readonly<Record<VolumeType, readonly [number, number]>> = {
  gp2: [1, 16_384],
  gp3: [1, 65_536],
  io1: [4, 16_384],
  io2: [4, 65_536],
  sc1: [125, 16_384],
  st1: [125, 16_384],
  standard: [1, 1024],
};

/**
 * What every instance of a launch gets: the root volume first, then the other devices that the call names.
 * ASSUMPTION: a volume whose size is not given has the image's 8 GiB, whatever its device.
 */
export function planVolumes(
  rootDeviceName: string,
  wishes: readonly VolumeWish[],
): Result<readonly VolumePlan[], ApiError> {
  const root = wishes.find((one) => one.deviceName === rootDeviceName) ?? { deviceName: rootDeviceName };
  const plans: VolumePlan[] = [];
  for (const wish of [root, ...wishes.filter((one) => one !== root)]) {
    const planned = planOne(wish, wish === root);
    if (!planned.ok) return planned;
    plans.push(planned.value);
  }
  if (new Set(plans.map((one) => one.deviceName)).size < plans.length) {
    return refuse("The same device name is given more than once in the block device mapping");
  }
  return ok(plans);
}

/** The volumes of an instance, with tags of their own. */
export function makeVolumes(
  plans: readonly VolumePlan[],
  owner: { readonly instanceId: Id<"i">; readonly availabilityZone: string; readonly tags: Tags },
  context: Context,
): readonly Change[] {
  const { instanceId, availabilityZone, tags } = owner;
  return plans.map((plan) =>
    put("volume", {
      id: makeId("vol", context.hex),
      accountId: context.accountId,
      region: context.region,
      createdAtMs: context.nowMs,
      tags,
      availabilityZone,
      sizeGib: plan.sizeGib,
      volumeType: plan.volumeType,
      ...speedOf(plan),
      encrypted: plan.encrypted ?? false,
      attachment: {
        instanceId,
        deviceName: plan.deviceName,
        deleteOnTermination: plan.deleteOnTermination ?? true,
        attachedAtMs: context.nowMs,
      },
    }),
  );
}

/** The volumes of an instance, in the order of their device names. */
export function volumesOf(state: State, instanceId: string): readonly Volume[] {
  return findBy(state, "volume", "instanceId", instanceId).toSorted((a, b) =>
    (a.attachment?.deviceName ?? "") < (b.attachment?.deviceName ?? "") ? -1 : 1,
  );
}

/** What becomes of the volumes of an instance that ends: they go with it unless the launch said otherwise. */
export function releasedVolumes(state: State, instanceId: string): readonly Change[] {
  return volumesOf(state, instanceId).map((volume) => {
    if (volume.attachment?.deleteOnTermination !== false) return remove("volume", volume.id);
    const { attachment: _, ...rest } = volume;
    return put("volume", rest);
  });
}

function planOne(wish: VolumeWish, isRoot: boolean): Result<VolumePlan, ApiError> {
  const { volumeType = isRoot ? rootVolume.volumeType : "gp2", sizeGib = rootVolume.sizeGib, iops } = wish;
  if (!isVolumeType(volumeType)) {
    return fail("InvalidParameterValue", { message: `Value (${volumeType}) for parameter volumeType is invalid.` });
  }
  const [least, most] = sizes[volumeType];
  if (sizeGib < least || sizeGib > most) {
    return fail("InvalidParameterValue", {
      message: `Volume of ${sizeGib}GiB is invalid; volumes of type ${volumeType} must be between ${least} and ${most} GiB`,
    });
  }
  if (isRoot && sizeGib < rootVolume.sizeGib) {
    return refuse(
      `Volume of size ${sizeGib}GB is smaller than the image's snapshot, expect size >= ${rootVolume.sizeGib}GB`,
    );
  }
  if ((volumeType === "io1" || volumeType === "io2") && iops === undefined) {
    return fail("MissingParameter", { parameter: "iops" });
  }
  return ok({ ...wish, volumeType, sizeGib });
}

/** Source: EC2 API Reference, "EbsBlockDevice", Iops and Throughput: gp2 has three a GiB, from 100 to 16,000. */
function speedOf({ volumeType, sizeGib, iops, throughput }: VolumePlan): Pick<Volume, "iops" | "throughput"> {
  switch (volumeType) {
    case "gp2":
      return { iops: Math.min(16_000, Math.max(100, 3 * sizeGib)) };
    case "gp3":
      return { iops: iops ?? 3000, throughput: throughput ?? 125 };
    case "io1":
    case "io2":
      return iops === undefined ? {} : { iops };
    case "sc1":
    case "st1":
    case "standard":
      return {};
  }
}

function isVolumeType(text: string): text is VolumeType {
  return Object.hasOwn(sizes, text);
}

function refuse(message: string): Result<never, ApiError> {
  return fail("InvalidBlockDeviceMapping", { message });
}
