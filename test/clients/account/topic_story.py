"""SNS topics, and the public parameters of Systems Manager."""


def story(region):
    sns, ssm = region.sns, region.ssm
    arn = sns.create_topic(Name="news", Tags=[{"Key": "team", "Value": "blue"}])["TopicArn"]
    assert arn == f"arn:aws:sns:us-east-1:{region.account}:news"
    assert sns.items("list_topics", "Topics") == [{"TopicArn": arn}]
    sns.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="News")
    assert sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "News"
    sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "tier", "Value": "web"}])
    sns.untag_resource(ResourceArn=arn, TagKeys=["team"])
    assert sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "tier", "Value": "web"}]
    sns.delete_topic(TopicArn=arn)
    sns.refused("NotFound", "get_topic_attributes", TopicArn=arn)

    name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    image = ssm.get_parameter(Name=name)["Parameter"]["Value"]
    assert image.startswith("ami-")
    both = ssm.get_parameters(Names=[name, "/nowhere"])
    assert [one["Value"] for one in both["Parameters"]] == [image]
    assert both["InvalidParameters"] == ["/nowhere"]
    ssm.refused("ParameterNotFound", "get_parameter", Name="/nowhere")
