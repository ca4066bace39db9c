# What stands around a VPC: load balancers, prefix lists, DHCP options, peering, VPN, flow logs, topics, images.

data "aws_caller_identity" "me" {}

data "aws_caller_identity" "other" {
  provider = aws.other
}

data "aws_availability_zones" "all" {
  state = "available"
}

data "aws_ssm_parameter" "image" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}

data "aws_prefix_list" "s3" {
  name = "com.amazonaws.us-east-1.s3"
}

data "aws_ec2_managed_prefix_list" "s3" {
  name = "com.amazonaws.us-east-1.s3"
}

resource "aws_vpc" "hub" {
  cidr_block = "10.30.0.0/16"
  tags       = { Name = var.changed ? "hub-2" : "hub" }
}

resource "aws_subnet" "hub" {
  count             = 2
  vpc_id            = aws_vpc.hub.id
  cidr_block        = "10.30.${count.index}.0/24"
  availability_zone = data.aws_availability_zones.all.names[count.index]
}

resource "aws_ec2_managed_prefix_list" "offices" {
  name           = "offices"
  address_family = "IPv4"
  max_entries    = 5

  entry {
    cidr        = "192.0.2.0/24"
    description = "first"
  }

  dynamic "entry" {
    for_each = var.changed ? ["198.51.100.0/24"] : []
    content {
      cidr = entry.value
    }
  }
}

resource "aws_ec2_managed_prefix_list" "partners" {
  name           = "partners"
  address_family = "IPv4"
  max_entries    = 3
}

resource "aws_ec2_managed_prefix_list_entry" "partner" {
  prefix_list_id = aws_ec2_managed_prefix_list.partners.id
  cidr           = "203.0.113.0/24"
}

resource "aws_vpc_dhcp_options" "hub" {
  domain_name         = "corp.example"
  domain_name_servers = ["AmazonProvidedDNS"]
  ntp_servers         = ["10.30.0.9"]
}

resource "aws_vpc_dhcp_options_association" "hub" {
  vpc_id          = aws_vpc.hub.id
  dhcp_options_id = aws_vpc_dhcp_options.hub.id
}

resource "aws_vpc" "spoke" {
  cidr_block = "10.31.0.0/16"
}

resource "aws_vpc_peering_connection" "near" {
  vpc_id      = aws_vpc.hub.id
  peer_vpc_id = aws_vpc.spoke.id
  auto_accept = true

  requester {
    allow_remote_vpc_dns_resolution = var.changed
  }
}

resource "aws_vpc" "far" {
  provider   = aws.other
  cidr_block = "10.32.0.0/16"
}

resource "aws_vpc_peering_connection" "far" {
  vpc_id        = aws_vpc.hub.id
  peer_vpc_id   = aws_vpc.far.id
  peer_owner_id = data.aws_caller_identity.other.account_id
  peer_region   = "eu-west-1"
}

resource "aws_vpc_peering_connection_accepter" "far" {
  provider                  = aws.other
  vpc_peering_connection_id = aws_vpc_peering_connection.far.id
  auto_accept               = true
}

resource "aws_vpn_gateway" "hub" {
  vpc_id = aws_vpc.hub.id
}

resource "aws_customer_gateway" "office" {
  type       = "ipsec.1"
  bgp_asn    = 65000
  ip_address = "203.0.113.12"
}

resource "aws_vpn_connection" "office" {
  type                = "ipsec.1"
  customer_gateway_id = aws_customer_gateway.office.id
  vpn_gateway_id      = aws_vpn_gateway.hub.id
  static_routes_only  = true
}

resource "aws_vpn_connection_route" "office" {
  vpn_connection_id      = aws_vpn_connection.office.id
  destination_cidr_block = "192.168.0.0/16"
}

resource "aws_route_table" "hub" {
  vpc_id = aws_vpc.hub.id

  route {
    cidr_block                = aws_vpc.spoke.cidr_block
    vpc_peering_connection_id = aws_vpc_peering_connection.near.id
  }

  route {
    cidr_block = "192.168.0.0/16"
    gateway_id = aws_vpn_gateway.hub.id
  }

  route {
    destination_prefix_list_id = aws_ec2_managed_prefix_list.partners.id
    vpc_peering_connection_id  = aws_vpc_peering_connection.near.id
  }
}

resource "aws_vpn_gateway_route_propagation" "spare" {
  vpn_gateway_id = aws_vpn_gateway.hub.id
  route_table_id = aws_vpc.hub.main_route_table_id
}

resource "aws_flow_log" "hub" {
  vpc_id               = aws_vpc.hub.id
  traffic_type         = "REJECT"
  log_destination_type = "s3"
  log_destination      = aws_s3_bucket.flows.arn
}

resource "aws_s3_bucket" "flows" {
  bucket        = "flow-logs-of-hub"
  force_destroy = true
}

# Not changed: the provider waits half a minute after each change of a load balancer.
resource "aws_lb" "inside" {
  name                             = "inside"
  internal                         = true
  load_balancer_type               = "network"
  subnets                          = aws_subnet.hub[*].id
  enable_cross_zone_load_balancing = true
}

resource "aws_lb_target_group" "inside" {
  name        = "inside"
  port        = 8443
  protocol    = "TCP"
  target_type = "ip"
  vpc_id      = aws_vpc.hub.id

  health_check {
    protocol = "TCP"
    interval = var.changed ? 10 : 30
  }
}

resource "aws_lb_target_group_attachment" "inside" {
  target_group_arn = aws_lb_target_group.inside.arn
  target_id        = "10.30.0.77"
}

resource "aws_lb_listener" "inside" {
  load_balancer_arn = aws_lb.inside.arn
  port              = var.changed ? 8443 : 443
  protocol          = "TCP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.inside.arn
  }
}

resource "aws_sns_topic" "events" {
  name         = "endpoint-events"
  display_name = var.changed ? "Events" : ""
  tags         = { team = "net" }
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id          = aws_vpc.hub.id
  service_name    = "com.amazonaws.us-east-1.s3"
  route_table_ids = [aws_route_table.hub.id]
  tags            = { Name = var.changed ? "s3-2" : "s3" }
}

output "found" {
  value = {
    account = data.aws_caller_identity.me.account_id
    image   = nonsensitive(data.aws_ssm_parameter.image.value)
    s3      = data.aws_prefix_list.s3.id == data.aws_ec2_managed_prefix_list.s3.id
    tunnel  = aws_vpn_connection.office.tunnel1_address != ""
  }
}
