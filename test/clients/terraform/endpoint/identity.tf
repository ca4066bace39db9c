# IAM's users, groups, roles and policies, and buckets that only an endpoint may read.

resource "aws_iam_user" "reader" {
  name          = "reader"
  path          = "/endpoint/"
  force_destroy = true
  tags          = { team = var.changed ? "b" : "a" }
}

resource "aws_iam_access_key" "reader" {
  user = aws_iam_user.reader.name
}

resource "aws_iam_user_policy" "reader" {
  name   = "inline"
  user   = aws_iam_user.reader.name
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_user_policy_attachment" "reader" {
  user       = aws_iam_user.reader.name
  policy_arn = aws_iam_policy.read.arn
}

resource "aws_iam_group" "readers" {
  name = "readers"
}

resource "aws_iam_group_membership" "readers" {
  name  = "readers"
  group = aws_iam_group.readers.name
  users = [aws_iam_user.reader.name]
}

resource "aws_iam_group_policy" "readers" {
  group  = aws_iam_group.readers.name
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_group_policy_attachment" "readers" {
  group      = aws_iam_group.readers.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
}

data "aws_iam_policy_document" "read" {
  statement {
    actions   = var.changed ? ["s3:GetObject", "s3:ListBucket"] : ["s3:GetObject"]
    resources = ["*"]
  }
}

resource "aws_iam_policy" "read" {
  name   = "read"
  policy = data.aws_iam_policy_document.read.json
  tags   = { team = "a" }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "reader" {
  name                 = "reader"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  description          = var.changed ? "reads, changed" : "reads"
  max_session_duration = var.changed ? 7200 : 3600
  permissions_boundary = aws_iam_policy.read.arn
}

resource "aws_iam_role_policy" "reader" {
  name   = "inline"
  role   = aws_iam_role.reader.id
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_role_policy_attachment" "reader" {
  role       = aws_iam_role.reader.name
  policy_arn = aws_iam_policy.read.arn
}

resource "aws_iam_instance_profile" "reader" {
  name = "reader"
  role = aws_iam_role.reader.name
}

data "aws_iam_role" "reader" {
  name = aws_iam_role.reader.name
}

data "aws_iam_user" "reader" {
  user_name = aws_iam_user.reader.name
}

resource "aws_s3_bucket" "data" {
  bucket        = "endpoint-data-of-cloud"
  force_destroy = true
  tags          = { team = var.changed ? "b" : "a" }
}

resource "aws_s3_bucket_policy" "data" {
  bucket = aws_s3_bucket.data.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyTheEndpoint"
      Effect    = "Deny"
      Principal = "*"
      Action    = ["s3:GetObject"]
      Resource  = "${aws_s3_bucket.data.arn}/private/*"
      Condition = { StringNotEquals = { "aws:SourceVpce" = aws_vpc_endpoint.s3_gateway.id } }
    }]
  })
}

resource "aws_s3_object" "data" {
  bucket       = aws_s3_bucket.data.id
  key          = "a/b.txt"
  content      = var.changed ? "changed" : "first"
  content_type = "text/plain"
  tags         = { team = "a" }
}

data "aws_s3_bucket" "data" {
  bucket = aws_s3_bucket.data.id
}

data "aws_s3_object" "data" {
  bucket = aws_s3_bucket.data.id
  key    = aws_s3_object.data.key
}
