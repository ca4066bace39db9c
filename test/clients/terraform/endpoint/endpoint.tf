# Endpoints of every type, what can be said about them by itself, and a service of one's own that another account uses.

variable "changed" {
  type    = bool
  default = false
}

resource "aws_vpc" "cloud" {
  cidr_block           = "10.40.0.0/16"
  enable_dns_hostnames = true
  tags                 = { Name = "cloud" }
}

resource "aws_subnet" "cloud" {
  count             = 2
  vpc_id            = aws_vpc.cloud.id
  cidr_block        = "10.40.${count.index}.0/24"
  availability_zone = ["us-east-1a", "us-east-1b"][count.index]
  tags              = { tier = "cloud" }
}

resource "aws_security_group" "endpoint" {
  name   = "endpoint"
  vpc_id = aws_vpc.cloud.id
  ingress {
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = [aws_vpc.cloud.cidr_block]
  }
}

resource "aws_security_group" "second" {
  name   = "second"
  vpc_id = aws_vpc.cloud.id
}

resource "aws_route_table" "cloud" {
  vpc_id = aws_vpc.cloud.id
}

resource "aws_vpc_endpoint" "sts" {
  vpc_id              = aws_vpc.cloud.id
  vpc_endpoint_type   = "Interface"
  service_name        = "com.amazonaws.us-east-1.sts"
  subnet_ids          = aws_subnet.cloud[*].id
  security_group_ids  = var.changed ? [aws_security_group.endpoint.id, aws_security_group.second.id] : [aws_security_group.endpoint.id]
  private_dns_enabled = !var.changed
  ip_address_type     = "ipv4"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "*" }
      Action    = var.changed ? "sts:GetCallerIdentity" : "sts:*"
      Resource  = "*"
    }]
  })
  dns_options {
    dns_record_ip_type = "ipv4"
  }
  tags = { Name = var.changed ? "sts-2" : "sts" }
}

# Its address is chosen by hand, and S3's private names need the gateway endpoint.
resource "aws_vpc_endpoint" "s3_interface" {
  vpc_id              = aws_vpc.cloud.id
  vpc_endpoint_type   = "Interface"
  service_name        = "com.amazonaws.us-east-1.s3"
  subnet_ids          = [aws_subnet.cloud[0].id]
  private_dns_enabled = true
  dns_options {
    private_dns_only_for_inbound_resolver_endpoint = true
  }
  subnet_configuration {
    subnet_id = aws_subnet.cloud[0].id
    ipv4      = "10.40.0.44"
  }
  depends_on = [aws_vpc_endpoint.s3_gateway]
}

# What follows says one thing each about an endpoint that says nothing itself.
resource "aws_vpc_endpoint" "s3_gateway" {
  vpc_id       = aws_vpc.cloud.id
  service_name = "com.amazonaws.us-east-1.s3"
}

resource "aws_vpc_endpoint_route_table_association" "s3" {
  vpc_endpoint_id = aws_vpc_endpoint.s3_gateway.id
  route_table_id  = aws_route_table.cloud.id
}

resource "aws_vpc_endpoint_policy" "s3" {
  vpc_endpoint_id = aws_vpc_endpoint.s3_gateway.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = var.changed ? "ReadAndList" : "Read"
      Effect    = "Allow"
      Principal = "*"
      Action    = var.changed ? ["s3:GetObject", "s3:ListBucket"] : ["s3:GetObject"]
      Resource  = "*"
    }]
  })
}

resource "aws_vpc_endpoint" "ec2" {
  vpc_id            = aws_vpc.cloud.id
  vpc_endpoint_type = "Interface"
  service_name      = "com.amazonaws.us-east-1.ec2"
  lifecycle {
    ignore_changes = [private_dns_enabled]
  }
}

resource "aws_vpc_endpoint_subnet_association" "ec2" {
  vpc_endpoint_id = aws_vpc_endpoint.ec2.id
  subnet_id       = aws_subnet.cloud[1].id
}

resource "aws_vpc_endpoint_security_group_association" "ec2" {
  vpc_endpoint_id             = aws_vpc_endpoint.ec2.id
  security_group_id           = aws_security_group.endpoint.id
  replace_default_association = true
}

resource "aws_vpc_endpoint_private_dns" "ec2" {
  vpc_endpoint_id     = aws_vpc_endpoint.ec2.id
  private_dns_enabled = var.changed
}

data "aws_vpc_endpoint_service" "s3" {
  service      = "s3"
  service_type = "Gateway"
}

data "aws_vpc_endpoint" "s3" {
  vpc_id       = aws_vpc.cloud.id
  service_name = "com.amazonaws.us-east-1.s3"
  filter {
    name   = "vpc-endpoint-type"
    values = ["Gateway"]
  }
  depends_on = [aws_vpc_endpoint.s3_gateway]
}

data "aws_vpc_endpoint_associations" "sts" {
  vpc_endpoint_id = aws_vpc_endpoint.sts.id
}

data "aws_prefix_list" "s3" {
  prefix_list_id = aws_vpc_endpoint.s3_gateway.prefix_list_id
}

data "aws_subnets" "cloud" {
  filter {
    name   = "vpc-id"
    values = [aws_vpc.cloud.id]
  }
  tags       = { tier = "cloud" }
  depends_on = [aws_subnet.cloud]
}

data "aws_network_interface" "sts" {
  id = tolist(aws_vpc_endpoint.sts.network_interface_ids)[0]
}
