/**
 * The services of AWS that offer interface endpoints, by the last part of their service names.
 * Source: AWS PrivateLink guide, "AWS services that integrate with AWS PrivateLink", and its example answers for what
 * supports no endpoint policy and what supports IPv6.
 */

/** Names after `com.amazonaws.<region>.`. */
export const interfaceServices: readonly string[] = `
  access-analyzer access-analyzer-fips account acm acm-fips acm-pca acm-pca-fips airflow.api airflow.api-fips airflow.env
  airflow.env-fips airflow.ops analytics-omics analytics-omics-fips apigateway app-integrations appconfig appconfig-fips
  appconfigdata appconfigdata-fips appflow application-autoscaling application-migration appmesh
  appmesh-envoy-management apprunner apprunner.requests appstream.api appstream.streaming appsync appsync-api apptest aps
  aps-workspaces athena athena-fips auditmanager autoscaling autoscaling-plans awsconnector b2bi backup backup-gateway
  batch batch-fips bedrock bedrock-agent bedrock-agent-runtime bedrock-data-automation bedrock-data-automation-runtime
  bedrock-runtime billing billingconductor braket cases cassandra cassandra-fips ce cleanrooms cleanrooms-ml
  cloudcontrolapi cloudcontrolapi-fips clouddirectory cloudformation cloudformation-fips cloudhsmv2 cloudtrail
  codeartifact.api codeartifact.repositories codebuild codebuild-fips codecommit codecommit-fips codeconnections.api
  codedeploy codedeploy-commands-secure codeguru-profiler codeguru-reviewer codepipeline codestar-connections.api
  codewhisperer cognito-identity cognito-idp comprehend comprehendmedical config connect-campaigns console
  control-storage-omics control-storage-omics-fips controltower controltower-fips cost-optimization-hub data-servicediscovery
  data-servicediscovery-fips databrew databrew-fips dataexchange datasync datazone deadline.management
  deadline.scheduling detective deviceadvisor.iot devicefarm devops-guru dicom-medical-imaging discovery dms dms-fips
  docdb-elastic drs ds dynamodb dynamodb-fips dynamodb-streams ebs ebs-fips ec2 ec2-fips ec2messages ecr.api ecr.dkr
  ecs ecs-agent ecs-fips ecs-telemetry eks eks-auth eks-fips elastic-inference.runtime elasticache elasticache-fips
  elasticbeanstalk elasticbeanstalk-health elasticfilesystem elasticfilesystem-fips elasticloadbalancing elasticmapreduce
  email-smtp emr-containers emr-serverless emr-serverless-services.livy emr-serverless.dashboard emrwal.prod
  entityresolution entityresolution-fips events events-fips evidently evidently-dataplane evs evs-fips execute-api
  finspace finspace-api fis fis-fips fms fms-fips forecast forecast-fips forecastquery forecastquery-fips frauddetector
  fsx fsx-fips gamelift gameliftstreams geo.geofencing geo.maps geo.metadata geo.places geo.routes geo.tracking
  git-codecommit git-codecommit-fips glue glue.dashboard grafana grafana-workspace greengrass groundstation
  groundstation-fips guardduty guardduty-data guardduty-data-fips guardduty-fips healthlake highlander identitystore
  imagebuilder inspector-scan inspector-scan-fips inspector2 inspector2-fips internetmonitor internetmonitor-fips
  invoicing iot-fips.api iot-fips.tunneling.api iot-fips.tunneling.data iot.api iot.credentials iot.data
  iot.tunneling.api iot.tunneling.data iotfleetwise iotmanagedintegrations-fips.api iotmanagedintegrations.api
  iotroborunner iotsitewise.api iotsitewise.data iottwinmaker.api iottwinmaker.data iotwireless.api ivs.contribute kafka
  kafka-fips kendra kinesis-firehose kinesis-streams kinesis-streams-fips kinesisanalytics kinesisanalytics-fips kms
  kms-fips lakeformation lambda launchwizard license-manager license-manager-fips license-manager-linux-subscriptions
  license-manager-linux-subscriptions-fips license-manager-user-subscriptions license-manager-user-subscriptions-fips
  lightsail logs lookoutequipment lookoutvision lorawan.cups lorawan.lns m2 macie2 macie2-fips mail-manager
  mail-manager-fips mail-manager-smtp.auth.fips mail-manager-smtp.open.fips managedblockchain-query
  managedblockchain.bitcoin.mainnet managedblockchain.bitcoin.testnet mediaconnect mediaconvert mediaconvert-fips
  medical-imaging memory-db memorydb-fips metering-marketplace mgn migrationhub-orchestrator migrationhub-strategy
  models-v2-lex monitoring mq mq-fips neptune-graph neptune-graph-data neptune-graph-fips network-firewall
  network-firewall-fips networkflowmonitor networkflowmonitorreports networkmanager networkmonitor notifications
  notifications-contacts organizations organizations-fips osis outposts panorama payment-cryptography.controlplane
  payment-cryptography.dataplane pca-connector-ad pca-connector-scep pcs pcs-fips personalize personalize-events
  personalize-runtime pi pi-fips pinpoint pinpoint-sms-voice-v2 pipes pipes-data pipes-fips polly polly-fips pricing.api
  profile proton q qapps qldb.session quicksight-website ram ram-fips rbin rbin-fips rds rds-data rds-fips redshift
  redshift-data redshift-data-fips redshift-fips redshift-serverless redshift-serverless-fips refactor-spaces rekognition
  rekognition-fips repostspace resource-explorer-2 resource-explorer-2-fips resource-groups resource-groups-fips
  robomaker rolesanywhere rolesanywhere-fips rum rum-dataplane runtime-medical-imaging runtime-v2-lex s3 s3-outposts
  s3tables sagemaker-data-science-assistant sagemaker.api sagemaker.api-fips sagemaker.featurestore-runtime
  sagemaker.featurestore-runtime-fips sagemaker.metrics sagemaker.runtime sagemaker.runtime-fips scheduler schemas scn
  secretsmanager securityhub securityhub-fips securitylake securitylake-fips serverlessrepo service.user-subscriptions
  servicecatalog servicecatalog-appregistry servicediscovery servicediscovery-fips servicequotas signin simspaceweaver
  snow-device-management sns social-messaging social-messaging-fips sqs sqs-fips ssm ssm-contacts ssm-incidents
  ssm-incidents-fips ssm-quicksetup ssm-sap ssm-sap-fips ssmmessages states storage-omics storagegateway
  streaming-rekognition streaming-rekognition-fips sts sts-fips swf swf-fips sync-states synthetics synthetics-fips tagging
  tags-omics tags-omics-fips tax textract textract-fips thinclient.api timestream-influxdb timestream-influxdb-fips
  timestream.ingest-cell1 timestream.query-cell1 tnb transcribe transcribestreaming transcribestreaming-fips transfer
  transfer.server transform transform-custom translate trustedadvisor verifiedpermissions verifiedpermissions-fips
  voiceid vpc-lattice wafv2 wafv2-fips wellarchitected wisdom workflows-omics workflows-omics-fips workmail
  workmailmessageflow workspaces workspaces-web workspaces-web-fips xray
`
  .trim()
  .split(/\s+/);

/** The host part of the private name, where it is not the service's name; several where a service has several. */
export const privateHosts: Readonly<Record<string, readonly string[]>> = {
  "ecr.api": ["api.ecr"],
  "ecr.dkr": ["*.dkr.ecr"],
  "ecs-agent": ["ecs-a"],
  "ecs-telemetry": ["ecs-t"],
  "execute-api": ["*.execute-api"],
  "kinesis-firehose": ["firehose"],
  "kinesis-streams": ["kinesis"],
  "kinesis-streams-fips": ["kinesis-fips"],
  "pricing.api": ["api.pricing"],
  "sagemaker.api": ["api.sagemaker"],
  "sagemaker.api-fips": ["api-fips.sagemaker"],
  "sagemaker.featurestore-runtime": ["featurestore-runtime.sagemaker"],
  "sagemaker.metrics": ["metrics.sagemaker"],
  "sagemaker.runtime": ["runtime.sagemaker"],
  "sagemaker.runtime-fips": ["runtime-fips.sagemaker"],
  "codeartifact.api": ["codeartifact"],
  "codeartifact.repositories": ["*.d.codeartifact"],
  "iotsitewise.api": ["api.iotsitewise"],
  "iotsitewise.data": ["data.iotsitewise"],
  s3: ["*.s3", "s3", "*.s3-accesspoint", "s3-accesspoint", "*.s3-control", "s3-control"],
};

/** Services whose names only work with an address of one's own: they give no private name. */
export const withoutPrivateName: ReadonlySet<string> = new Set(
  `dynamodb dynamodb-fips dynamodb-streams apprunner.requests appstream.streaming awsconnector cassandra-fips emrwal.prod
   iot.api iot.data iot.credentials iot-fips.api transfer.server lorawan.cups lorawan.lns`.split(/\s+/),
);

export const withoutPolicy: ReadonlySet<string> = new Set([
  "appmesh-envoy-management",
  "apprunner.requests",
  "appstream.api",
  "appstream.streaming",
  "awsconnector",
  "transfer.server",
]);

/** Source also: Amazon S3 User Guide, "IP Address types for VPC endpoints". */
export const withIpv6: ReadonlySet<string> = new Set([
  "access-analyzer",
  "account",
  "monitoring",
  "resource-explorer-2",
  "resource-explorer-2-fips",
  "s3",
  "xray",
]);

/**
 * Hosts of public dual-stack names `HOST.REGION.api.aws`, by their service.
 * Source: the endpoint metadata of AWS's SDKs (botocore 1.43.11, endpoints.json, variants with the tag `dualstack`); "Dual-stack
 * endpoint support" of IAM (for STS), AWS KMS and AWS Private CA; AWS General Reference, "Amazon DynamoDB endpoints".
 */
export const dualStackHosts: ReadonlyMap<string, string> = new Map([
  ["ecr.api", "ecr"],
  ["kinesis-firehose", "firehose"],
  ...`access-analyzer acm-pca appmesh appsync aps athena braket cleanrooms cloudcontrolapi cloudhsmv2 comprehend datasync
  dynamodb ec2 elasticbeanstalk elasticmapreduce events glue groundstation internetmonitor iotfleetwise kms lakeformation
  lambda logs macie2 mediaconvert pi polly ram rbin rekognition s3-outposts secretsmanager securityhub servicediscovery sns
  sqs ssm-incidents ssm-sap sts synthetics textract transcribe transcribestreaming translate`
    .split(/\s+/)
    .map((service) => [service, service] as const),
]);

/**
 * Zone ids in which a service has no endpoint.
 * Source: Amazon SES Developer Guide, "Setting up VPC endpoints with Amazon SES".
 */
export const withoutZones: Readonly<Record<string, readonly string[]>> = {
  "email-smtp": ["use1-az2", "use1-az3", "use1-az5", "usw1-az2", "usw2-az4", "apne2-az4", "cac1-az3", "cac1-az4"],
};

/** Source: service ids that AWS's guides and public recordings of its answers show. */
export const knownServiceIds: Readonly<Record<string, string>> = {
  "com.amazonaws.us-east-1.s3 Gateway": "vpce-svc-0aa7c06513d4872d5",
  "com.amazonaws.us-east-1.s3 Interface": "vpce-svc-081d84efcdc7bac15",
  "com.amazonaws.us-east-1.dynamodb Gateway": "vpce-svc-099eb39957ebe7ecc",
  "com.amazonaws.us-east-1.dynamodb Interface": "vpce-svc-04b9ffcb9ee7ef983",
  "com.amazonaws.us-east-1.monitoring Interface": "vpce-svc-0fc975f3e7e5beba4",
};

/**
 * The hosted zones of `<region>.vpce.amazonaws.com`.
 * Source: public recordings of DescribeVpcEndpoints.
 */
export const endpointZoneIds: Readonly<Record<string, string>> = {
  "us-east-1": "Z7HUB22UULQXV",
  "us-east-2": "ZC8PG0KIFKBRI",
  "us-west-1": "Z12I86A8N7VCZO",
  "us-west-2": "Z1YSA3EXCYUU9Z",
  "eu-west-1": "Z38GZ743OKFT7T",
  "eu-central-1": "Z273ZU8SZ5RJPC",
};
