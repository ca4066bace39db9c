/**
 * The regions of the partition `aws` and their availability zones.
 * Source: AWS General Reference, "Regions and Zones"; Amazon EC2 User Guide, "AZ IDs".
 *
 * ASSUMPTION: zone names map to zone ids in the same way in every account; AWS shuffles them per account.
 */

export interface Region {
  /** `us-east-1`. */
  readonly name: string;
  /** `US East (N. Virginia)`. */
  readonly longName: string;
  /** Whether an account has to opt in before it can use the region. */
  readonly optIn: boolean;
  readonly zones: readonly Zone[];
}

export interface Zone {
  /** `us-east-1a`. */
  readonly name: string;
  /** `use1-az1`. */
  readonly id: string;
  readonly region: string;
}

/** The region, or undefined when AWS has none of that name. */
export function findRegion(name: string): Region | undefined {
  return byName.get(name);
}

/** Every region, sorted by name. */
export function allRegions(): readonly Region[] {
  return regions;
}

/** The zone with this name (`us-east-1a`) or id (`use1-az1`) in a region. */
export function findZone(region: string, nameOrId: string): Zone | undefined {
  return findRegion(region)?.zones.find((zone) => zone.name === nameOrId || zone.id === nameOrId);
}

/** The region's part of private host names: `ec2.internal` in us-east-1, else `<region>.compute.internal`. */
export function privateDnsSuffix(region: string): string {
  return region === "us-east-1" ? "ec2.internal" : `${region}.compute.internal`;
}

/** The region's part of public host names. */
export function publicDnsSuffix(region: string): string {
  return region === "us-east-1" ? "compute-1.amazonaws.com" : `${region}.compute.amazonaws.com`;
}

/** Name, zone id prefix, zones (letter and number), long name; a star for those that need an opt-in. */
const rows: readonly (readonly [string, string, string, string])[] = [
  ["af-south-1*", "afs1", "a1 b2 c3", "Africa (Cape Town)"],
  ["ap-east-1*", "ape1", "a1 b2 c3", "Asia Pacific (Hong Kong)"],
  ["ap-east-2*", "ape2", "a1 b2 c3", "Asia Pacific (Taipei)"],
  ["ap-northeast-1", "apne1", "a4 c1 d2", "Asia Pacific (Tokyo)"],
  ["ap-northeast-2", "apne2", "a1 b2 c3 d4", "Asia Pacific (Seoul)"],
  ["ap-northeast-3", "apne3", "a3 b1 c2", "Asia Pacific (Osaka)"],
  ["ap-south-1", "aps1", "a1 b3 c2", "Asia Pacific (Mumbai)"],
  ["ap-south-2*", "aps2", "a1 b2 c3", "Asia Pacific (Hyderabad)"],
  ["ap-southeast-1", "apse1", "a1 b2 c3", "Asia Pacific (Singapore)"],
  ["ap-southeast-2", "apse2", "a1 b3 c2", "Asia Pacific (Sydney)"],
  ["ap-southeast-3*", "apse3", "a1 b2 c3", "Asia Pacific (Jakarta)"],
  ["ap-southeast-4*", "apse4", "a1 b2 c3", "Asia Pacific (Melbourne)"],
  ["ap-southeast-5*", "apse5", "a1 b2 c3", "Asia Pacific (Malaysia)"],
  ["ap-southeast-6*", "apse6", "a1 b2 c3", "Asia Pacific (New Zealand)"],
  ["ap-southeast-7*", "apse7", "a1 b2 c3", "Asia Pacific (Thailand)"],
  ["ca-central-1", "cac1", "a1 b2 d4", "Canada (Central)"],
  ["ca-west-1*", "caw1", "a1 b2 c3", "Canada West (Calgary)"],
  ["eu-central-1", "euc1", "a2 b3 c1", "Europe (Frankfurt)"],
  ["eu-central-2*", "euc2", "a1 b2 c3", "Europe (Zurich)"],
  ["eu-north-1", "eun1", "a1 b2 c3", "Europe (Stockholm)"],
  ["eu-south-1*", "eus1", "a1 b2 c3", "Europe (Milan)"],
  ["eu-south-2*", "eus2", "a1 b2 c3", "Europe (Spain)"],
  ["eu-west-1", "euw1", "a1 b2 c3", "Europe (Ireland)"],
  ["eu-west-2", "euw2", "a2 b3 c1", "Europe (London)"],
  ["eu-west-3", "euw3", "a1 b2 c3", "Europe (Paris)"],
  ["il-central-1*", "ilc1", "a1 b2 c3", "Israel (Tel Aviv)"],
  ["me-central-1*", "mec1", "a1 b2 c3", "Middle East (UAE)"],
  ["me-south-1*", "mes1", "a1 b2 c3", "Middle East (Bahrain)"],
  ["mx-central-1*", "mxc1", "a1 b2 c3", "Mexico (Central)"],
  ["sa-east-1", "sae1", "a1 b2 c3", "South America (Sao Paulo)"],
  ["us-east-1", "use1", "a1 b2 c3 d4 e5 f6", "US East (N. Virginia)"],
  ["us-east-2", "use2", "a1 b2 c3", "US East (Ohio)"],
  ["us-west-1", "usw1", "a1 b3", "US West (N. California)"],
  ["us-west-2", "usw2", "a1 b2 c3 d4", "US West (Oregon)"],
];

const regions: readonly Region[] = rows.map(([star, prefix, zones, longName]) => {
  const name = star.replace("*", "");
  return {
    name,
    longName,
    optIn: star.endsWith("*"),
    zones: zones.split(" ").map((zone) => zoneOf(name, prefix, zone)),
  };
});

const byName: ReadonlyMap<string, Region> = new Map(regions.map((region) => [region.name, region]));

function zoneOf(region: string, prefix: string, zone: string): Zone {
  return { name: `${region}${zone.slice(0, 1)}`, id: `${prefix}-az${zone.slice(1)}`, region };
}
