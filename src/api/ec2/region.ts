/** Regions and zones on the wire. Source: Amazon EC2 API Reference, "DescribeRegions", "DescribeAvailabilityZones". */

import type {
  AvailabilityZone,
  DescribeAvailabilityZonesRequest,
  DescribeAvailabilityZonesResult,
  DescribeRegionsRequest,
  DescribeRegionsResult,
  Region as WireRegion,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import { fail } from "../../model/error.ts";
import { allRegions, findRegion, type Region, type Zone } from "../../model/region.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { always, type FilterTable, never, readFilters } from "./filter.ts";
import { onAnything } from "./target.ts";

const describeRegions: Handler<DescribeRegionsRequest, DescribeRegionsResult> = async (input) => {
  const names = input.RegionNames ?? [];
  const unknown = names.find((name) => findRegion(name) === undefined);
  if (unknown !== undefined) {
    return fail("InvalidParameterValue", { message: `Invalid region provided: [${unknown}]` });
  }
  const passing = readFilters(input.Filters, regionFilters);
  if (!passing.ok) return passing;
  // ASSUMPTION: no account has opted in to a region, so regions that need it are listed only when asked for; calls to
  // them work.
  const shown = (region: Region): boolean =>
    names.length > 0 ? names.includes(region.name) : !region.optIn || input.AllRegions === true;
  return ok({
    Regions: allRegions()
      .filter((one) => shown(one) && passing.value.matches(one))
      .map(wireRegion),
  });
};

const describeZones: Handler<DescribeAvailabilityZonesRequest, DescribeAvailabilityZonesResult> = async (
  input,
  call,
) => {
  const zones = findRegion(call.region)?.zones ?? [];
  const wanted = [...(input.ZoneNames ?? []), ...(input.ZoneIds ?? [])];
  const unknown = wanted.find((text) => !zones.some((zone) => zone.name === text || zone.id === text));
  if (unknown !== undefined) {
    return fail("InvalidParameterValue", { message: `Invalid availability zone: [${unknown}]` });
  }
  const passing = readFilters(input.Filters, zoneFilters);
  if (!passing.ok) return passing;
  const shown = (zone: Zone): boolean => wanted.length === 0 || wanted.includes(zone.name) || wanted.includes(zone.id);
  return ok({ AvailabilityZones: zones.filter((one) => shown(one) && passing.value.matches(one)).map(wireZone) });
};

function wireRegion(region: Region): WireRegion {
  return { OptInStatus: optInStatus(region), RegionName: region.name, Endpoint: endpointOf(region) };
}

function wireZone(zone: Zone): AvailabilityZone {
  return {
    OptInStatus: "opt-in-not-required",
    Messages: [],
    RegionName: zone.region,
    ZoneName: zone.name,
    ZoneId: zone.id,
    GroupName: groupOf(zone),
    NetworkBorderGroup: zone.region,
    ZoneType: "availability-zone",
    GroupLongName: `${findRegion(zone.region)?.longName ?? ""} 1`,
    State: "available",
  };
}

function optInStatus(region: Region): string {
  return region.optIn ? "not-opted-in" : "opt-in-not-required";
}

function endpointOf(region: Region): string {
  return `ec2.${region.name}.amazonaws.com`;
}

function groupOf(zone: Zone): string {
  return `${zone.region}-zg-1`;
}

const regionFilters: FilterTable<Region> = {
  endpoint: (it) => [endpointOf(it)],
  "opt-in-status": (it) => [optInStatus(it)],
  "region-name": (it) => [it.name],
};

const zoneFilters: FilterTable<Zone> = {
  "group-name": (it) => [groupOf(it)],
  "group-long-name": (it) => [`${findRegion(it.region)?.longName ?? ""} 1`],
  message: never,
  "opt-in-status": always("opt-in-not-required"),
  "parent-zone-id": never,
  "parent-zone-name": never,
  "region-name": (it) => [it.region],
  state: always("available"),
  "zone-id": (it) => [it.id],
  "zone-name": (it) => [it.name],
  "zone-type": always("availability-zone"),
};

export const regionActions: Actions = {
  DescribeRegions: action(describeRegions, (_, call) => onAnything("DescribeRegions", call)),
  DescribeAvailabilityZones: action(describeZones, (_, call) => onAnything("DescribeAvailabilityZones", call)),
};
