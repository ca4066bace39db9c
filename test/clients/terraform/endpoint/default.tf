# What every VPC or account has without asking, taken over, and what is joined by resources of its own.

# As at AWS, the default VPC stays when Terraform is done with it: its other subnets and its gateway hold it.
resource "aws_default_vpc" "default" {
  tags = { Name = var.changed ? "default-2" : "default" }
}

resource "aws_default_subnet" "default" {
  availability_zone       = "us-east-1a"
  map_public_ip_on_launch = !var.changed
  depends_on              = [aws_default_vpc.default]
}

resource "aws_default_security_group" "default" {
  vpc_id = aws_default_vpc.default.id
  ingress {
    protocol  = "-1"
    from_port = 0
    to_port   = 0
    self      = true
  }
}

resource "aws_default_network_acl" "default" {
  default_network_acl_id = aws_default_vpc.default.default_network_acl_id
  egress {
    protocol   = "-1"
    rule_no    = 100
    action     = "allow"
    cidr_block = "0.0.0.0/0"
    from_port  = 0
    to_port    = 0
  }
  lifecycle {
    ignore_changes = [subnet_ids]
  }
}

# The provider sets tags only when they change, not when it takes the set over.
resource "aws_default_vpc_dhcp_options" "default" {
  tags = var.changed ? { Name = "default" } : {}
}

resource "aws_default_route_table" "cloud" {
  default_route_table_id = aws_vpc.provider.default_route_table_id
  dynamic "route" {
    for_each = var.changed ? ["198.51.100.0/24"] : []
    content {
      cidr_block = route.value
      gateway_id = aws_internet_gateway.provider.id
    }
  }
}

resource "aws_internet_gateway" "provider" {}

resource "aws_internet_gateway_attachment" "provider" {
  internet_gateway_id = aws_internet_gateway.provider.id
  vpc_id              = aws_vpc.provider.id
}

resource "aws_main_route_table_association" "cloud" {
  vpc_id         = aws_vpc.cloud.id
  route_table_id = aws_route_table.cloud.id
}

resource "aws_vpn_gateway" "provider" {
  amazon_side_asn = 64600
}

resource "aws_vpn_gateway_attachment" "provider" {
  vpn_gateway_id = aws_vpn_gateway.provider.id
  vpc_id         = aws_vpc.provider.id
}

resource "aws_vpc_peering_connection" "provider" {
  vpc_id      = aws_vpc.cloud.id
  peer_vpc_id = aws_vpc.provider.id
  auto_accept = true
}

resource "aws_vpc_peering_connection_options" "provider" {
  vpc_peering_connection_id = aws_vpc_peering_connection.provider.id
  requester {
    allow_remote_vpc_dns_resolution = var.changed
  }
}

resource "aws_network_interface" "second" {
  subnet_id = aws_subnet.provider.id
  lifecycle {
    ignore_changes = [security_groups]
  }
}

resource "aws_security_group" "backend" {
  name   = "backend"
  vpc_id = aws_vpc.provider.id
}

# The provider waits 150 seconds for the end of an attachment, at AWS as well.
resource "aws_network_interface_attachment" "second" {
  instance_id          = aws_instance.backend.id
  network_interface_id = aws_network_interface.second.id
  device_index         = 1
  # An instance with two interfaces is no longer told which of them an address is for.
  depends_on = [aws_eip_association.backend]
}

resource "aws_network_interface_sg_attachment" "second" {
  security_group_id    = aws_security_group.backend.id
  network_interface_id = aws_network_interface.second.id
}

resource "aws_eip" "backend" {
  domain     = "vpc"
  depends_on = [aws_internet_gateway_attachment.provider]
}

resource "aws_eip_association" "backend" {
  allocation_id = aws_eip.backend.id
  instance_id   = aws_instance.backend.id
}

resource "aws_ec2_tag" "interface" {
  resource_id = data.aws_network_interface.sts.id
  key         = "owner"
  value       = var.changed ? "b" : "a"
}
