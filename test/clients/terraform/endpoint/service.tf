# A service behind a network load balancer and one behind a gateway load balancer, each with an endpoint.

resource "aws_vpc" "provider" {
  cidr_block = "10.41.0.0/16"
}

resource "aws_subnet" "provider" {
  vpc_id            = aws_vpc.provider.id
  cidr_block        = "10.41.0.0/24"
  availability_zone = "us-east-1a"
}

resource "aws_instance" "backend" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  subnet_id     = aws_subnet.provider.id
  root_block_device {
    volume_size = 20
    volume_type = "gp3"
    tags        = { Name = "root" }
  }
}

resource "aws_lb" "service" {
  name               = "service"
  internal           = true
  load_balancer_type = "network"
  subnets            = [aws_subnet.provider.id]
}

resource "aws_lb_target_group" "service" {
  name     = "service"
  port     = 443
  protocol = "TCP"
  vpc_id   = aws_vpc.provider.id
}

resource "aws_lb_target_group_attachment" "service" {
  target_group_arn = aws_lb_target_group.service.arn
  target_id        = aws_instance.backend.id
}

resource "aws_lb_listener" "service" {
  load_balancer_arn = aws_lb.service.arn
  port              = 443
  protocol          = "TCP"
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.service.arn
  }
}

resource "aws_vpc_endpoint_service" "service" {
  acceptance_required        = true
  network_load_balancer_arns = [aws_lb.service.arn]
  private_dns_name           = "api.example.com"
  supported_ip_address_types = ["ipv4"]
  tags                       = { Name = var.changed ? "service-2" : "service" }
}

resource "aws_vpc_endpoint_service_private_dns_verification" "service" {
  service_id            = aws_vpc_endpoint_service.service.id
  wait_for_verification = true
}

resource "aws_vpc_endpoint_service_allowed_principal" "neighbour" {
  vpc_endpoint_service_id = aws_vpc_endpoint_service.service.id
  principal_arn           = "arn:aws:iam::111111111111:root"
}

resource "aws_sns_topic" "connection" {
  name = "connection"
}

resource "aws_vpc_endpoint_connection_notification" "service" {
  vpc_endpoint_service_id     = aws_vpc_endpoint_service.service.id
  connection_notification_arn = aws_sns_topic.connection.arn
  connection_events           = var.changed ? ["Accept", "Connect", "Reject"] : ["Accept", "Reject"]
}

resource "aws_vpc" "neighbour" {
  provider   = aws.neighbour
  cidr_block = "10.42.0.0/16"
}

resource "aws_subnet" "neighbour" {
  provider          = aws.neighbour
  vpc_id            = aws_vpc.neighbour.id
  cidr_block        = "10.42.0.0/24"
  availability_zone = "us-east-1a"
}

resource "aws_vpc_endpoint" "neighbour" {
  provider          = aws.neighbour
  vpc_id            = aws_vpc.neighbour.id
  vpc_endpoint_type = "Interface"
  service_name      = aws_vpc_endpoint_service.service.service_name
  subnet_ids        = [aws_subnet.neighbour.id]
  depends_on        = [aws_vpc_endpoint_service_allowed_principal.neighbour]
}

resource "aws_vpc_endpoint_connection_accepter" "neighbour" {
  vpc_endpoint_service_id = aws_vpc_endpoint_service.service.id
  vpc_endpoint_id         = aws_vpc_endpoint.neighbour.id
}

data "aws_vpc_endpoint_service" "service" {
  service_name = aws_vpc_endpoint_service.service.service_name
}

resource "aws_lb" "inspection" {
  name               = "inspection"
  load_balancer_type = "gateway"
  subnets            = [aws_subnet.provider.id]
}

resource "aws_lb_target_group" "inspection" {
  name     = "inspection"
  port     = 6081
  protocol = "GENEVE"
  vpc_id   = aws_vpc.provider.id
  health_check {
    protocol = "TCP"
    port     = 80
  }
}

resource "aws_lb_listener" "inspection" {
  load_balancer_arn = aws_lb.inspection.arn
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.inspection.arn
  }
}

resource "aws_vpc_endpoint_service" "inspection" {
  acceptance_required        = false
  gateway_load_balancer_arns = [aws_lb.inspection.arn]
}

resource "aws_vpc_endpoint" "inspection" {
  vpc_id            = aws_vpc.cloud.id
  vpc_endpoint_type = "GatewayLoadBalancer"
  service_name      = aws_vpc_endpoint_service.inspection.service_name
  subnet_ids        = [aws_subnet.cloud[0].id]
}

resource "aws_route" "inspection" {
  route_table_id         = aws_route_table.cloud.id
  destination_cidr_block = "198.51.100.0/24"
  vpc_endpoint_id        = aws_vpc_endpoint.inspection.id
}
