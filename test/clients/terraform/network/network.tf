# Security groups, network ACLs, addresses, gateways, interfaces and instances of one VPC. The provider is set elsewhere.

variable "changed" {
  type    = bool
  default = false
}

resource "aws_vpc" "net" {
  cidr_block                       = "10.20.0.0/16"
  enable_dns_hostnames             = true
  assign_generated_ipv6_cidr_block = true
  tags                             = { Name = "net" }
}

resource "aws_vpc_ipv4_cidr_block_association" "second" {
  vpc_id     = aws_vpc.net.id
  cidr_block = "10.21.0.0/16"
}

resource "aws_subnet" "public" {
  vpc_id                          = aws_vpc.net.id
  cidr_block                      = "10.20.1.0/24"
  ipv6_cidr_block                 = cidrsubnet(aws_vpc.net.ipv6_cidr_block, 8, 1)
  availability_zone               = "us-east-1a"
  map_public_ip_on_launch         = true
  assign_ipv6_address_on_creation = true
}

# The provider waits ten seconds for each attribute: these are not on the way to an instance.
resource "aws_subnet" "named" {
  vpc_id                                         = aws_vpc.net.id
  cidr_block                                     = "10.20.3.0/24"
  ipv6_cidr_block                                = cidrsubnet(aws_vpc.net.ipv6_cidr_block, 8, 3)
  availability_zone                              = "us-east-1b"
  enable_dns64                                   = true
  enable_resource_name_dns_a_record_on_launch    = true
  enable_resource_name_dns_aaaa_record_on_launch = true
}

# Without IPv4. The three attributes are as the region sets them, so that the provider changes none.
resource "aws_subnet" "native" {
  vpc_id                                         = aws_vpc.net.id
  ipv6_cidr_block                                = cidrsubnet(aws_vpc.net.ipv6_cidr_block, 8, 4)
  ipv6_native                                    = true
  availability_zone                              = "us-east-1b"
  assign_ipv6_address_on_creation                = true
  enable_resource_name_dns_aaaa_record_on_launch = true
  private_dns_hostname_type_on_launch            = "resource-name"
}

resource "aws_network_interface" "native" {
  subnet_id          = aws_subnet.native.id
  ipv6_address_count = 1
}

resource "aws_subnet" "private" {
  vpc_id            = aws_vpc.net.id
  cidr_block        = "10.20.2.0/24"
  availability_zone = "us-east-1a"
}

resource "aws_subnet" "second" {
  vpc_id            = aws_vpc_ipv4_cidr_block_association.second.vpc_id
  cidr_block        = "10.21.1.0/24"
  availability_zone = "us-east-1b"
}

resource "aws_internet_gateway" "net" {
  vpc_id = aws_vpc.net.id
}

resource "aws_egress_only_internet_gateway" "net" {
  vpc_id = aws_vpc.net.id
  tags   = { Name = "out" }
}

resource "aws_eip" "nat" {
  domain     = "vpc"
  tags       = { Name = "nat" }
  depends_on = [aws_internet_gateway.net]
}

resource "aws_eip" "instance" {
  domain            = "vpc"
  network_interface = aws_instance.one.primary_network_interface_id
}

resource "aws_eip" "later" {
  domain = "vpc"
}

resource "aws_eip_association" "later" {
  allocation_id        = aws_eip.later.id
  network_interface_id = aws_network_interface.spare.id
  private_ip_address   = "10.20.2.51"
}

resource "aws_nat_gateway" "public" {
  allocation_id = aws_eip.nat.id
  subnet_id     = aws_subnet.public.id
  tags          = { Name = "nat" }
}

resource "aws_nat_gateway" "private" {
  connectivity_type                  = "private"
  subnet_id                          = aws_subnet.private.id
  private_ip                         = "10.20.2.100"
  secondary_private_ip_address_count = 2
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.net.id
  route {
    cidr_block     = "0.0.0.0/0"
    nat_gateway_id = aws_nat_gateway.public.id
  }
  route {
    ipv6_cidr_block        = "::/0"
    egress_only_gateway_id = aws_egress_only_internet_gateway.net.id
  }
}

resource "aws_route_table" "appliance" {
  vpc_id = aws_vpc.net.id
}

resource "aws_route" "appliance" {
  route_table_id         = aws_route_table.appliance.id
  destination_cidr_block = "192.168.0.0/16"
  network_interface_id   = aws_network_interface.spare.id
}

resource "aws_route_table_association" "private" {
  subnet_id      = aws_subnet.private.id
  route_table_id = aws_route_table.private.id
}

resource "aws_default_security_group" "net" {
  vpc_id = aws_vpc.net.id
}

resource "aws_default_network_acl" "net" {
  default_network_acl_id = aws_vpc.net.default_network_acl_id
  ingress {
    protocol   = -1
    rule_no    = 100
    action     = "allow"
    cidr_block = "10.20.0.0/16"
    from_port  = 0
    to_port    = 0
  }
  lifecycle {
    ignore_changes = [subnet_ids]
  }
}

resource "aws_security_group" "web" {
  name        = "web"
  description = "web servers"
  vpc_id      = aws_vpc.net.id
  ingress {
    description      = "web"
    protocol         = "tcp"
    from_port        = 443
    to_port          = var.changed ? 8443 : 443
    cidr_blocks      = ["0.0.0.0/0", "10.0.0.0/8"]
    ipv6_cidr_blocks = ["::/0"]
  }
  ingress {
    protocol  = "icmp"
    from_port = 8
    to_port   = -1
    self      = true
  }
  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
  tags = { Name = "web" }
}

resource "aws_security_group" "database" {
  name_prefix = "database-"
  vpc_id      = aws_vpc.net.id
}

resource "aws_vpc_security_group_ingress_rule" "database" {
  security_group_id            = aws_security_group.database.id
  referenced_security_group_id = aws_security_group.web.id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = var.changed ? 5433 : 5432
  description                  = "from the web"
  tags                         = { Name = "database" }
}

resource "aws_vpc_security_group_egress_rule" "database" {
  security_group_id = aws_security_group.database.id
  cidr_ipv6         = "::/0"
  ip_protocol       = "-1"
}

resource "aws_security_group_rule" "old" {
  type              = "ingress"
  security_group_id = aws_security_group.database.id
  protocol          = "udp"
  from_port         = 53
  to_port           = 53
  cidr_blocks       = ["10.20.0.0/16"]
  description       = var.changed ? "names, changed" : "names"
}

resource "aws_network_acl" "private" {
  vpc_id = aws_vpc.net.id
  ingress {
    protocol   = "tcp"
    rule_no    = 100
    action     = "allow"
    cidr_block = "10.20.0.0/16"
    from_port  = 22
    to_port    = var.changed ? 23 : 22
  }
  egress {
    protocol        = "-1"
    rule_no         = 100
    action          = "allow"
    ipv6_cidr_block = "::/0"
    from_port       = 0
    to_port         = 0
  }
  tags = { Name = "private" }
}

resource "aws_network_acl_association" "private" {
  network_acl_id = aws_network_acl.private.id
  subnet_id      = aws_subnet.private.id
}

resource "aws_network_acl" "rules" {
  vpc_id = aws_vpc.net.id
}

resource "aws_network_acl_rule" "icmp" {
  network_acl_id = aws_network_acl.rules.id
  rule_number    = 200
  egress         = true
  protocol       = "icmp"
  rule_action    = "deny"
  cidr_block     = "10.0.0.0/8"
  icmp_type      = 8
  icmp_code      = -1
}

resource "aws_network_interface" "spare" {
  subnet_id         = aws_subnet.private.id
  private_ips       = ["10.20.2.50", "10.20.2.51"]
  security_groups   = var.changed ? [aws_security_group.web.id] : [aws_security_group.web.id, aws_security_group.database.id]
  source_dest_check = false
  description       = "spare"
}

resource "aws_network_interface" "own" {
  subnet_id = aws_subnet.private.id
}

resource "aws_iam_role" "instance" {
  name = "network-instance"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_instance_profile" "instance" {
  name = "network-instance"
  role = aws_iam_role.instance.name
}

resource "aws_key_pair" "one" {
  key_name   = "one"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHcQj1tqPZZbLYcIAzGPkrCZZqGVoUeGMFjVyLNG3FYk one@example"
}

resource "aws_instance" "one" {
  ami                     = "ami-0abcdef1234567890"
  instance_type           = "t3.micro"
  subnet_id               = aws_subnet.public.id
  vpc_security_group_ids  = [aws_security_group.web.id]
  iam_instance_profile    = aws_iam_instance_profile.instance.name
  key_name                = aws_key_pair.one.key_name
  monitoring              = var.changed
  disable_api_termination = false
  source_dest_check       = false
  user_data               = "#!/bin/sh"
  metadata_options {
    http_tokens   = "required"
    http_endpoint = "enabled"
  }
  tags = { Name = "one" }
}

resource "aws_instance" "two" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t2.micro"
  network_interface {
    network_interface_id = aws_network_interface.own.id
    device_index         = 0
  }
}

output "facts" {
  value = [aws_vpc.net.default_security_group_id, aws_eip.nat.public_ip, aws_instance.one.ipv6_addresses]
}
