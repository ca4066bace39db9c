/** The kinds of policy that `underpass lint --type` takes: apart, since the command line names them without loading lint. */

/** What `--type` takes: every kind, and `endpoint` where it is left open which type of endpoint. */
export const lintTypes = [
  "endpoint",
  "gateway-endpoint",
  "interface-endpoint",
  "bucket",
  "identity",
  "permissions-boundary",
  "session",
  "trust",
  "service-control",
  "resource-control",
] as const;
